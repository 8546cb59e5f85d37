//! Whether a bake is due: the image that a plan would make is known by its fingerprint before it is made.

use std::{collections::BTreeMap, path::Path};

use jiff::{SignedDuration, Timestamp};
use serde::Serialize;

use super::manifest::Manifest;
use crate::{
    error::Error,
    plan::{Difference, Fingerprint, MadeOf, ShortParts, differences},
    platform::Content,
    store::{ImageRecord, Store},
    template::{
        model::{PlatformKind, Publish},
        units::Span,
    },
};

/// What makes a bake due although there is an image of the same fingerprint.
#[derive(Clone, Copy, Debug, Default)]
pub struct Wanted {
    /// Whatever there is.
    pub anew: bool,
    /// An older one counts as changed.
    pub max_age: Option<Span>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "verdict", rename_all = "snake_case")]
pub enum Verdict {
    /// This image is what a bake would make.
    UpToDate {
        image: Box<ImageRecord>,
    },
    /// So is this one, and its stage does not point at it, or a copy of it is not there.
    Unpublished {
        image: Box<ImageRecord>,
    },
    Due {
        why: Why,
    },
}

/// Why there has to be a bake.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "because", rename_all = "snake_case")]
pub enum Why {
    Forced,
    /// There is no image of this name yet.
    First,
    TooOld {
        image: String,
        days: i64,
        allowed: Span,
    },
    /// It was made, and did not pass its checks or was not tested.
    Unproved {
        image: String,
    },
    /// It is known, and is no longer there.
    Gone {
        image: String,
        what: String,
    },
    /// What the last image was made of is not what the next one is made of.
    Changed {
        image: String,
        differences: Vec<Difference>,
    },
    /// The last image was made of something else; what, only the computer knows that made it.
    Other {
        image: String,
    },
    /// The image of another template is its base and is baked anew.
    Base {
        template: String,
    },
    /// Its base has to be made first.
    NoBase,
    /// The value of a secret that it uses cannot be looked up here.
    Secret {
        why: String,
    },
}

/// The names of a template by which its images are found.
#[derive(Clone, Copy, Debug)]
pub struct Names<'a> {
    pub image: &'a str,
    pub publish: &'a Publish,
    pub platform: PlatformKind,
}

/// # Errors
/// When the store cannot be read.
pub async fn judge(
    store: &dyn Store,
    names: Names<'_>,
    (fingerprint, made_of): (&Fingerprint, &MadeOf<'_>),
    wanted: &Wanted,
) -> Result<Verdict, Error> {
    if wanted.anew {
        return Ok(Verdict::Due { why: Why::Forced });
    }
    let images = store.list(Some(names.image)).await?;
    let why = match same(&images, names, fingerprint, wanted) {
        Ok(image) => return Ok(Verdict::UpToDate { image: Box::new(image.clone()) }),
        Err(Some(why)) => why,
        Err(None) => changed(store, names, images, made_of).await?,
    };
    Ok(Verdict::Due { why })
}

/// The image that a bake would make, if it is there and may be taken.
///
/// # Errors
/// When the store cannot be read.
pub async fn there(
    store: &dyn Store,
    names: Names<'_>,
    fingerprint: &Fingerprint,
    wanted: &Wanted,
) -> Result<Option<ImageRecord>, Error> {
    if wanted.anew {
        return Ok(None);
    }
    let images = store.list(Some(names.image)).await?;
    Ok(same(&images, names, fingerprint, wanted).ok().cloned())
}

/// Of those with this fingerprint the newest that may be taken; else why the newest of them may not.
fn same<'a>(
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

async fn changed(
    store: &dyn Store,
    names: Names<'_>,
    images: Vec<ImageRecord>,
    now: &MadeOf<'_>,
) -> Result<Why, Error> {
    let Some(last) = last(store, names, images).await? else { return Ok(Why::First) };
    let folder = last.manifest.parent().unwrap_or(Path::new(""));
    let Ok(manifest) = Manifest::read(folder) else { return Ok(changed_by_tags(last, now)) };
    let then =
        MadeOf { parts: &manifest.decided_by, base: &manifest.base.shown(), variables: &manifest.variables };
    Ok(Why::Changed { differences: differences(&then, now), image: last.id })
}

/// By what the image itself says. The values of variables are not among it.
fn changed_by_tags(last: ImageRecord, now: &MadeOf<'_>) -> Why {
    let told = last.made_from.as_ref().and_then(|from| Some((from, ShortParts::unpacked(&from.inputs)?)));
    let Some((from, short)) = told else { return Why::Other { image: last.id } };
    let (none, parts) = (BTreeMap::new(), short.like(now.parts));
    let then = MadeOf { parts: short.parts(), base: &from.base, variables: &none };
    let now = MadeOf { parts: &parts, base: now.base, variables: &none };
    Why::Changed { differences: differences(&then, &now), image: last.id }
}

/// The one that the stage points at, else the newest.
pub async fn last(
    store: &dyn Store,
    names: Names<'_>,
    images: Vec<ImageRecord>,
) -> Result<Option<ImageRecord>, Error> {
    let pointer = store.get(&names.publish.parameter).await?;
    let pointed = |image: &&ImageRecord| pointer.as_ref().is_some_and(|pointer| pointer.value == image.id);
    Ok(images.iter().find(pointed).or(images.first()).cloned())
}
