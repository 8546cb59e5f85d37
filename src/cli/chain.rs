//! Bases that are images of other templates: found in the store when their bake is due.

use std::path::Path;

use super::{Context, inputs};
use crate::{
    engine::{Rooms, manifest::Manifest},
    error::{Error, Kind},
    platform::{CapturedDisk, Content},
    store::ImageRecord,
    template::model::{Ec2Base, PlatformKind, QemuBase, Template},
};

/// Puts the image that `[base] template` stands for in its place: the one that the other template's
/// parameter points at.
///
/// # Errors
/// When the other template has a mistake, or is not baked yet on this platform.
pub async fn resolve(template: &mut Template, rooms: &Rooms, context: &Context) -> Result<(), Error> {
    let platform = context.global.platform;
    let path = match (platform, &template.base.ec2, &template.base.qemu) {
        (PlatformKind::Ec2, Some(Ec2Base::Template(path)), _)
        | (PlatformKind::Qemu, _, Some(QemuBase::Template(path))) => path.clone(),
        (PlatformKind::Ec2 | PlatformKind::Qemu, ..) => return Ok(()),
    };
    let image = published(&path, rooms, context).await?;
    match platform {
        PlatformKind::Ec2 => template.base.ec2 = Some(Ec2Base::Ami(image.id)),
        PlatformKind::Qemu => template.base.qemu = Some(QemuBase::Image(root_disk(&path, &image)?)),
    }
    Ok(())
}

async fn published(path: &Path, rooms: &Rooms, context: &Context) -> Result<ImageRecord, Error> {
    let loaded = inputs::load(&[path.to_owned()], context)?;
    let shown = path.display();
    let missing = || {
        let platform = context.global.platform.name();
        Error::new(Kind::Store, format!("finding the base: `{shown}` has no image on {platform} yet"))
            .hint(format!("bake it first: hornero bake {shown} --platform {platform}"))
    };
    let parameter = loaded.first().map(|one| one.template.publish.parameter.clone()).ok_or_else(missing)?;
    let pointer = rooms.store.get(&parameter).await?.ok_or_else(missing)?;
    rooms.store.find(&pointer.value).await?.ok_or_else(missing)
}

/// A base on this computer is one disk.
fn root_disk(path: &Path, image: &ImageRecord) -> Result<std::path::PathBuf, Error> {
    let folder = std::path::PathBuf::from(&image.location);
    let manifest = Manifest::read(&folder)?;
    match manifest.disks.as_slice() {
        [CapturedDisk { content: Content::File { file, .. }, .. }] => Ok(folder.join(file)),
        disks => {
            let names: Vec<&str> = disks.iter().skip(1).map(|disk| disk.name.as_str()).collect();
            let (shown, names) = (path.display(), names.join("`, `"));
            Err(Error::new(
                Kind::Template,
                format!("using the image of `{shown}` as a base: it has further disks, `{names}`, which a base on qemu cannot have"),
            )
            .hint("declare these disks in the template that builds on it, and not in its base"))
        }
    }
}
