//! Which image may be taken for the one that a bake would make, and why one may not.

use std::path::Path;

use jiff::{SignedDuration, Timestamp};

use super::{Names, Wanted, Why};
use crate::{
    engine::manifest::Manifest, plan::Fingerprint, platform::Content, store::ImageRecord,
    template::model::PlatformKind,
};

/// Of those with this fingerprint the newest that may be taken; else why the newest of them may not.
pub fn same<'a>(
    images: &'a [ImageRecord],
    names: Names<'_>,
    fingerprint: &Fingerprint,
    wanted: &Wanted,
) -> Result<&'a ImageRecord, Option<Why>> {
    let mut first = None;
    let own = images.iter().filter(|image| image.platform == names.platform.name());
    for image in own.filter(|image| is_of(image, fingerprint)) {
        match unfit(image, wanted) {
            None => return Ok(image),
            Some(why) => first = first.or(Some(why)),
        }
    }
    Err(first)
}

/// AMIs are tagged with the short form.
fn is_of(image: &ImageRecord, fingerprint: &Fingerprint) -> bool {
    image.fingerprint.as_deref().is_some_and(|own| own == fingerprint.sum || own == fingerprint.short())
}

fn unfit(image: &ImageRecord, wanted: &Wanted) -> Option<Why> {
    let id = || image.id.clone();
    if let Some(what) = missing(image) {
        return Some(Why::Gone { image: id(), what });
    }
    if !image.proved {
        return Some(Why::Unproved { image: id() });
    }
    let age = Timestamp::now().duration_since(image.created);
    let allowed = wanted.max_age?;
    let too_old = age > SignedDuration::try_from(allowed.0).unwrap_or(SignedDuration::MAX);
    too_old.then(|| Why::TooOld { image: id(), days: age.as_hours() / 24, allowed })
}

/// What of an image's files is not there. An image that a platform keeps was listed because it is.
fn missing(image: &ImageRecord) -> Option<String> {
    if image.platform != PlatformKind::Qemu.name() {
        return None;
    }
    let folder = Path::new(&image.location);
    let manifest = match Manifest::read(folder) {
        Ok(manifest) => manifest,
        Err(error) => return Some(error.to_string()),
    };
    manifest.disks.iter().find_map(|disk| {
        let Content::File { file, file_bytes, .. } = &disk.content else { return None };
        let path = folder.join(file);
        let there = path.metadata().is_ok_and(|found| found.len() == *file_bytes);
        (!there).then(|| format!("`{}` is missing or incomplete", path.display()))
    })
}
