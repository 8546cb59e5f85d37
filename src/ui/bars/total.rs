//! The line of a run that tells how long it goes on, and how long earlier ones took.

use std::time::Instant;

use indicatif::ProgressBar;

use super::{NAME, look};
use crate::{
    amount,
    ui::{screen::Screen, text},
};

/// There is a line from the beginning of the run to its end.
#[derive(Default)]
pub struct Total {
    line: Option<(ProgressBar, Instant)>,
    expected_seconds: Option<f64>,
}

impl Total {
    pub fn start(&mut self, screen: &Screen, expected_seconds: Option<f64>) {
        self.expected_seconds = expected_seconds;
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

    fn message(&self, seconds: u64) -> String {
        let so_far = amount::elapsed(seconds as f64);
        match self.expected_seconds {
            Some(expected) => format!("{so_far} of about {}", amount::elapsed(expected)),
            None => so_far,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_tells_what_earlier_runs_took_where_that_is_known() {
        let expecting = |seconds| Total { line: None, expected_seconds: Some(seconds) };
        assert_eq!(expecting(249.6).message(62), "1m 02s of about 4m 10s");
        assert_eq!(expecting(12.3).message(5), "5s of about 12s");
        assert_eq!(Total::default().message(5), "5s");
    }
}
