//! The line of a run that tells how long it goes on, and how long earlier ones took.

use std::time::Instant;

use indicatif::ProgressBar;

use super::{NAME, look};
use crate::ui::{screen::Screen, text};

/// There is a line from the beginning of the run to its end.
#[derive(Default)]
pub struct Total {
    line: Option<(ProgressBar, Instant)>,
    expected_seconds: Option<f64>,
}

impl Total {
    pub fn expecting(expected_seconds: Option<f64>) -> Self {
        Self { line: None, expected_seconds }
    }

    pub fn start(&mut self, screen: &Screen) {
        let bar = screen.insert(usize::MAX, look::bar(look::TOTAL));
        bar.set_prefix(text::pad("total", NAME));
        self.line = Some((bar, Instant::now()));
        self.tick();
    }

    pub fn tick(&self) {
        if let Some((bar, began)) = &self.line {
            bar.set_message(self.message(began.elapsed().as_secs()));
            bar.tick();
        }
    }

    pub fn clear(&mut self, screen: &Screen) {
        if let Some((bar, _)) = self.line.take() {
            screen.remove(&bar);
        }
    }

    /// In whole seconds: it stands beside what changes ten times a second.
    fn message(&self, seconds: u64) -> String {
        let so_far = whole(seconds as f64);
        match self.expected_seconds {
            Some(expected) => format!("{so_far} of about {}", whole(expected)),
            None => so_far,
        }
    }
}

fn whole(seconds: f64) -> String {
    match seconds.round() as u64 {
        seconds @ 0..60 => format!("{seconds}s"),
        _ => text::seconds(seconds),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_tells_what_earlier_runs_took_where_that_is_known() {
        assert_eq!(Total::expecting(Some(249.6)).message(62), "1m 02s of about 4m 10s");
        assert_eq!(Total::expecting(Some(12.3)).message(5), "5s of about 12s");
        assert_eq!(Total::default().message(5), "5s");
    }
}
