//! The last lines of output of whatever is running.

use std::collections::VecDeque;

use super::text;

/// A window on the newest lines of one source at a time: a new source starts it afresh.
#[derive(Debug)]
pub struct Tail {
    source: String,
    lines: VecDeque<String>,
    /// The line that is being written, below the others.
    unfinished: Option<String>,
    limit: usize,
}

impl Tail {
    pub fn new(limit: usize) -> Self {
        Self { source: String::new(), lines: VecDeque::with_capacity(limit), unfinished: None, limit }
    }

    /// Adds a line, cleaned. Empty lines tell nothing in so small a window.
    pub fn push(&mut self, source: &str, line: &str) {
        self.turn_to(source);
        self.unfinished = None;
        let line = text::clean(line);
        if line.is_empty() {
            return;
        }
        if self.lines.len() == self.limit {
            self.lines.pop_front();
        }
        self.lines.push_back(line);
    }

    /// Shows the line that is being written, cleaned, until it is whole or another state of it comes.
    pub fn set_unfinished(&mut self, source: &str, line: &str) {
        self.turn_to(source);
        self.unfinished = Some(text::last_state(line)).filter(|line| !line.is_empty());
    }

    fn turn_to(&mut self, source: &str) {
        if self.source != source {
            self.clear();
            self.source = source.to_owned();
        }
    }

    pub fn clear(&mut self) {
        self.source.clear();
        self.lines.clear();
        self.unfinished = None;
    }

    /// Whose lines these are; empty when there are none.
    pub fn source(&self) -> &str {
        &self.source
    }

    pub fn lines(&self) -> impl Iterator<Item = &str> {
        let all = self.lines.len() + self.unfinished.iter().len();
        self.lines.iter().chain(&self.unfinished).skip(all.saturating_sub(self.limit)).map(String::as_str)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keeps_the_newest_lines_of_one_source() {
        let mut tail = Tail::new(2);
        for line in ["1", "2", "", "\x1b[31m3"] {
            tail.push("a", line);
        }
        assert_eq!(tail.lines().collect::<Vec<_>>(), ["2", "3"]);
        tail.push("b", "4");
        assert_eq!((tail.source(), tail.lines().collect::<Vec<_>>()), ("b", vec!["4"]));
    }

    #[test]
    fn an_unfinished_line_is_the_last_one_until_it_is_whole() {
        let mut tail = Tail::new(2);
        let shown = |tail: &Tail| tail.lines().map(str::to_owned).collect::<Vec<_>>();
        ["1", "2"].into_iter().for_each(|line| tail.push("a", line));
        tail.set_unfinished("a", "10 %\r");
        assert_eq!(shown(&tail), ["2", "10 %"]);
        tail.set_unfinished("a", "10 %\r\x1b[2J50 %\r");
        assert_eq!(shown(&tail), ["2", "50 %"]);
        tail.push("a", "10 %\r50 %\r100 %");
        assert_eq!(shown(&tail), ["2", "100 %"]);
    }
}
