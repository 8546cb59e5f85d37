//! Whether a bake is due: the image that a plan would make is known by its fingerprint before it is made.

mod changed;
mod reuse;

use serde::Serialize;

use crate::{
    error::Error,
    plan::{Difference, Fingerprint, MadeOf},
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
    let why = match reuse::same(&images, names, fingerprint, wanted) {
        Ok(image) => return Ok(Verdict::UpToDate { image: Box::new(image.clone()) }),
        Err(Some(why)) => why,
        Err(None) => changed::since(store, names, images, made_of).await?,
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
    Ok(reuse::same(&images, names, fingerprint, wanted).ok().cloned())
}
