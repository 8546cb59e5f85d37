//! How long a bake will take, as earlier bakes of the same image on this computer tell.

use super::{
    Context, known,
    run_summary::{RunState, RunSummary},
};
use crate::error::Error;

/// So many of the last bakes are looked at.
const LAST_BAKES: usize = 5;

/// The median of the last bakes that made an image; `None` where there was none.
///
/// # Errors
/// When the runs of this computer cannot be read.
pub fn expected_seconds(image: &str, context: &Context) -> Result<Option<f64>, Error> {
    let mut folders: Vec<_> = known::folders_of(image, context)?.into_iter().collect();
    // The second part of an ID is a time.
    folders.sort_by(|one, other| other.file_name().cmp(&one.file_name()));
    let platform = context.global.platform.name();
    let mut known = Vec::new();
    for folder in folders {
        let run = RunSummary::read(&folder)?.filter(|run| run.image == image && run.platform == platform);
        known.extend(run.filter(made_an_image).map(|run| run.seconds));
        if known.len() == LAST_BAKES {
            break;
        }
    }
    known.sort_by(f64::total_cmp);
    Ok(known.get(known.len() / 2).copied())
}

fn made_an_image(run: &RunSummary) -> bool {
    run.state == RunState::Finished && run.image_id.is_some()
}
