//! What an error was caused by.

use std::{error::Error, iter::successors};

/// The error and its causes, from the nearest to the farthest.
pub fn of<'a>(error: &'a (dyn Error + 'static)) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    successors(Some(error), |&error| error.source())
}
