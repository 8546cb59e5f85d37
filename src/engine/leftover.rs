//! What could not be removed, told beside whatever else happened.

use crate::{error::Error, event::Events};

/// It is named with the way to remove it, and neither hides an error nor spoils a success.
pub fn tell(what: &str, left: Error, events: &Events) {
    events.warn(format!("{what} could not be removed: {left}"));
    left.hint.into_iter().for_each(|hint| events.warn(hint));
}
