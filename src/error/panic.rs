//! Panics: a mistake of hornero's own. What it was in the midst of ends as by every other error, with everything undone
//! that it has begun; the error says where the mistake is and what to do about it.

use std::{
    any::Any,
    panic::{AssertUnwindSafe, PanicHookInfo, set_hook},
    sync::{Mutex, PoisonError},
};

use futures::FutureExt;

use super::{Error, Kind};

/// Where something panicked last.
static LAST_PLACE: Mutex<Option<String>> = Mutex::new(None);

const HINT: &str = "this is a mistake in hornero and not in your template: report it where you have hornero from, with \
                    this message and the log of the run; `hornero log` shows the log, and `hornero runs` where it lies";

/// From now on `tell` hears where something panics, in place of what the standard library prints. The message may hold
/// anything, so it is told with the error alone, which goes through redaction.
pub fn note_panics(tell: fn(&str)) {
    set_hook(Box::new(move |info: &PanicHookInfo<'_>| {
        let place = info.location().map_or_else(|| "an unknown place".to_owned(), ToString::to_string);
        tell(&format!("error: hornero has come upon a mistake of its own, at {place}\n"));
        *LAST_PLACE.lock().unwrap_or_else(PoisonError::into_inner) = Some(place);
    }));
}

/// Does `work`; where it panics, that is an error like others.
///
/// # Errors
/// As `work`; [`Kind::Internal`] when it panics.
pub async fn caught<T>(work: impl Future<Output = Result<T, Error>>) -> Result<T, Error> {
    // Whatever a panic has left half-done is only cleaned up afterwards; our locks know no poison.
    AssertUnwindSafe(work).catch_unwind().await.unwrap_or_else(|panic| Err(internal(panic.as_ref())))
}

fn internal(panic: &(dyn Any + Send)) -> Error {
    let why = match (panic.downcast_ref::<&str>(), panic.downcast_ref::<String>()) {
        (Some(text), _) => text,
        (None, Some(text)) => text.as_str(),
        (None, None) => "nothing is known of it",
    };
    let place = LAST_PLACE.lock().unwrap_or_else(PoisonError::into_inner).clone();
    let place = place.map(|place| format!(" at {place}")).unwrap_or_default();
    Error::new(Kind::Internal, format!("hornero has come upon a mistake of its own{place}: {why}")).hint(HINT)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_panic_becomes_an_error_that_says_what_to_do() {
        let text = String::from("no such arm");
        let error = caught::<()>(async move { panic!("{text}") }).await.unwrap_err();
        assert_eq!((error.kind, error.kind.exit_code()), (Kind::Internal, 101));
        assert!(error.to_string().contains("no such arm"), "{error}");
        assert!(error.hint.unwrap().contains("report it"));
        assert_eq!(caught(async { Ok(7) }).await.unwrap(), 7);
    }
}
