//! How long a bake will take, as far as the last ones tell.

use crate::{
    cli::{
        Context,
        judge::{Judge, Judged},
    },
    engine::manifest::Manifest,
    error::Error,
    journal,
    store::ImageRecord,
};

/// So many of the last bakes are looked at.
const LAST: usize = 5;

/// The median of the last bakes; `None` where nothing is to be baked, or nothing is known.
///
/// # Errors
/// When the store or a journal cannot be read.
pub async fn seconds(judged: &Judged, judge: &Judge<'_>, context: &Context) -> Result<Option<f64>, Error> {
    if !judged.is_due() {
        return Ok(None);
    }
    let template = &judged.plan.template;
    let images = judge.rooms(&template.ec2).await?.store.list(Some(&template.image.name)).await?;
    let mut known = Vec::new();
    for image in images.iter().take(LAST) {
        known.extend(of_run(image, context)?.or_else(|| of_phases(image)));
    }
    known.sort_by(f64::total_cmp);
    Ok(known.get(known.len() / 2).copied())
}

/// From the first line of its journal to the last, if the run was here and in one go.
fn of_run(image: &ImageRecord, context: &Context) -> Result<Option<f64>, Error> {
    let folder = context.state()?.join("runs").join(&image.run);
    let Some(history) = journal::read(&folder)?.filter(|history| history.taken_up.is_empty()) else {
        return Ok(None);
    };
    let began = history.header.map(|header| header.at);
    Ok(began.zip(history.ended_at).map(|(began, ended)| ended.duration_since(began).as_secs_f64()))
}

/// What its manifest tells: everything but the test of the image, and publishing it.
fn of_phases(image: &ImageRecord) -> Option<f64> {
    let manifest = Manifest::read(image.manifest.parent()?).ok()?;
    Some(manifest.timings.phases.iter().map(|phase| phase.seconds).sum())
}
