//! The bars of the transfers of one run.

use indicatif::ProgressBar;

use super::{NAME, look};
use crate::ui::{screen::Screen, text};

/// Those that are under way, in the order in which they began.
#[derive(Default)]
pub struct Transfers(Vec<(String, ProgressBar)>);

impl Transfers {
    /// How far one is. A new one stands below the others, and they below `above`.
    pub fn progress(
        &mut self,
        (screen, above): (&Screen, Option<&ProgressBar>),
        task: &str,
        done: u64,
        total: Option<u64>,
    ) {
        let over = total.is_some_and(|total| done >= total);
        let known = self.0.iter().position(|(known, _)| known == task);
        match (known, over) {
            (Some(index), true) => screen.remove(&self.0.remove(index).1),
            (Some(index), false) => self.0[index].1.set_position(done),
            (None, true) => {}
            (None, false) => {
                let above = self.0.last().map(|(_, bar)| bar).or(above);
                let bar = start((screen, above), task, done, total);
                self.0.push((task.to_owned(), bar));
            }
        }
    }

    pub fn clear(&mut self, screen: &Screen) {
        self.0.drain(..).for_each(|(_, bar)| screen.remove(&bar));
    }
}

fn start(
    (screen, above): (&Screen, Option<&ProgressBar>),
    task: &str,
    done: u64,
    total: Option<u64>,
) -> ProgressBar {
    let width = screen.width();
    let bar = look::bar(look::transfer(total, width));
    let bar = match above {
        Some(above) => screen.insert_below(above, bar),
        None => screen.insert(0, bar),
    };
    bar.set_prefix(text::fit(task, (width / 4).max(NAME)).into_owned());
    if let Some(total) = total {
        bar.set_length(total);
    }
    // What was there before, as in a resumed download, is no work of this run's rate.
    bar.set_position(done);
    bar.reset_eta();
    bar
}
