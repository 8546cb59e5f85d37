//! The last lines of output of whatever is running.

use std::collections::VecDeque;

use super::text;

/// A window on the newest lines of one source at a time: a new source starts it afresh.
#[derive(Debug)]
pub struct Tail {
    source: String,
    lines: VecDeque<String>,
    limit: usize,
}

impl Tail {
    pub fn new(limit: usize) -> Self {
        Self { source: String::new(), lines: VecDeque::with_capacity(limit), limit }
    }

    /// Adds a line, cleaned. Empty lines tell nothing in so small a window.
    pub fn push(&mut self, source: &str, line: &str) {
        if self.source != source {
            self.clear();
            self.source = source.to_owned();
        }
        let line = text::clean(line);
        if line.is_empty() {
            return;
        }
        if self.lines.len() == self.limit {
            self.lines.pop_front();
        }
        self.lines.push_back(line);
    }

    pub fn clear(&mut self) {
        self.source.clear();
        self.lines.clear();
    }

    /// Whose lines these are; empty when there are none.
    pub fn source(&self) -> &str {
        &self.source
    }

    pub fn lines(&self) -> impl Iterator<Item = &str> {
        self.lines.iter().map(String::as_str)
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
}
