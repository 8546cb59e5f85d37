//! Bases that are images of other templates.

use std::path::PathBuf;

use super::set;
use crate::{
    engine::{Rooms, kept::Kept, manifest::Manifest},
    error::{Error, Kind},
    plan::PlannedBase,
    platform::{CapturedDisk, Content},
    store::ImageRecord,
    template::model::{Ec2Base, PlatformKind, QemuBase, Template},
};

/// Puts the image that a kept builder was started from in the place of `[base] template`, whatever that
/// stands for now.
///
/// # Errors
/// When what is kept of it cannot be read.
pub fn as_before(template: &mut Template, platform: PlatformKind, kept: &Kept) -> Result<(), Error> {
    if set::base(template, platform).is_none() {
        return Ok(());
    }
    let base = serde_json::from_value(kept.declared_base.clone()).map_err(|error| {
        Error::new(Kind::Local, format!("reading what {} was started from", kept.run)).because(&error)
    })?;
    match base {
        PlannedBase::Ec2(base) => template.base.ec2 = Some(base),
        PlannedBase::Qemu(base) => template.base.qemu = Some(base),
    }
    Ok(())
}

/// Puts this image in the place of `[base] template`.
///
/// # Errors
/// When it cannot be a base, or what it is made of is not there.
pub fn put(template: &mut Template, platform: PlatformKind, image: &ImageRecord) -> Result<(), Error> {
    match platform {
        PlatformKind::Ec2 => template.base.ec2 = Some(Ec2Base::Ami(image.id.clone())),
        PlatformKind::Qemu => template.base.qemu = Some(root_disk(image)?),
    }
    Ok(())
}

/// The same image where the template that is made from it is baked: it may be another region.
///
/// # Errors
/// When it has no copy there.
pub async fn near(image: &ImageRecord, rooms: &Rooms) -> Result<ImageRecord, Error> {
    if image.platform == PlatformKind::Qemu.name() {
        return Ok(image.clone());
    }
    if let Some(same) = rooms.store.find(&image.id).await? {
        return Ok(same);
    }
    // A copy has the tags of what it is a copy of.
    let there = rooms.store.list(Some(&image.name)).await?;
    there.into_iter().find(|copy| copy.run == image.run).ok_or_else(|| {
        let message =
            format!("using {} of {} as a base: it has no copy in this region", image.id, image.location);
        Error::new(Kind::Template, message)
            .hint(format!("add the region to `copy_to` in the template of `{}` and bake that", image.name))
    })
}

/// A base on this computer is one disk.
fn root_disk(image: &ImageRecord) -> Result<QemuBase, Error> {
    let folder = PathBuf::from(&image.location);
    let manifest = Manifest::read(&folder)?;
    match manifest.disks.as_slice() {
        [CapturedDisk { content: Content::File { file, sha256, .. }, .. }] => {
            Ok(QemuBase::Made { image: image.id.clone(), disk: folder.join(file), sha256: sha256.clone() })
        }
        disks => {
            let names: Vec<&str> = disks.iter().skip(1).map(|disk| disk.name.as_str()).collect();
            let (shown, names) = (&image.name, names.join("`, `"));
            Err(Error::new(
                Kind::Template,
                format!("using the image of `{shown}` as a base: it has further disks, `{names}`, which a base on qemu cannot have"),
            )
            .hint("declare these disks in the template that builds on it, and not in its base"))
        }
    }
}
