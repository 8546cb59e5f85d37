//! What the ends of an upload's lines come to.

use futures::future::{Either, select};

use super::refusal;
use crate::remote::{Exit, RemoteError};

/// How the lines ended. When the first one is done, so is the upload; why it failed the others may know.
pub(super) async fn of(
    first: impl Future<Output = Result<Exit, RemoteError>> + Unpin,
    rest: impl Future<Output = Vec<Result<Exit, RemoteError>>> + Unpin,
) -> (Result<Exit, RemoteError>, Vec<Result<Exit, RemoteError>>) {
    match select(first, rest).await {
        Either::Left((Ok(exit), rest)) if !exit.success() => (Ok(exit), rest.await),
        Either::Left((first, _)) => (first, Vec::new()),
        Either::Right((rest, first)) => (first.await, rest),
    }
}

/// A line that was cut explains all that the others have to say; then the builder's own words count.
pub(super) fn judge(
    first: Result<Exit, RemoteError>,
    rest: Vec<Result<Exit, RemoteError>>,
    said: &[String],
) -> Result<(), RemoteError> {
    let (lost, others): (Vec<_>, Vec<_>) =
        rest.into_iter().filter_map(Result::err).partition(|error| matches!(error, RemoteError::Lost { .. }));
    match (first, lost.into_iter().next()) {
        (Ok(exit), _) if exit.success() => Ok(()),
        (Err(error @ RemoteError::Lost { .. }), _) | (_, Some(error)) => Err(error),
        (Err(error), None) => Err(error),
        (Ok(exit), None) => match (refusal::told(said), others.into_iter().next()) {
            (Some(refused), _) => Err(refused),
            (None, Some(error)) => Err(error),
            (None, None) => Err(RemoteError::Upload(format!(
                "unpacking the uploaded files failed with {exit}: {}",
                said.join("; ")
            ))),
        },
    }
}
