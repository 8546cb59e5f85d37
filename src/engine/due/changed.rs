//! What has changed since the last image: by its manifest, or by what the image itself says.

use std::{collections::BTreeMap, path::Path};

use super::{Names, Why};
use crate::{
    engine::manifest::Manifest,
    error::Error,
    plan::{MadeOf, ShortParts, differences},
    store::{ImageRecord, Store},
};

/// # Errors
/// When the store cannot be read.
pub async fn since(
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
async fn last(
    store: &dyn Store,
    names: Names<'_>,
    images: Vec<ImageRecord>,
) -> Result<Option<ImageRecord>, Error> {
    let pointer = store.get(&names.publish.parameter).await?;
    let pointed = |image: &&ImageRecord| pointer.as_ref().is_some_and(|pointer| pointer.value == image.id);
    Ok(images.iter().find(pointed).or(images.first()).cloned())
}
