//! What a login prints in place of an answer, kept for messages: the beginning of it, on one line, without anything
//! that a terminal would act on.

use super::exchange::Exchange;

/// So much of it is shown.
const SHOWN_CHARACTERS: usize = 300;

/// More than this is not needed to show that.
const KEPT_BYTES: usize = Exchange::FirstQuestion.limit().bytes as usize;

#[derive(Default)]
pub(super) struct Said(Vec<u8>);

impl Said {
    pub fn push(&mut self, bytes: &[u8]) {
        let room = KEPT_BYTES.saturating_sub(self.0.len());
        self.0.extend_from_slice(&bytes[..room.min(bytes.len())]);
    }

    pub fn text(&self) -> String {
        let text = String::from_utf8_lossy(&self.0);
        let lines: Vec<&str> = text.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
        let harmless = |character: &char| !character.is_control();
        let mut shown: String =
            lines.join(" / ").chars().filter(harmless).take(SHOWN_CHARACTERS + 1).collect();
        if shown.chars().count() > SHOWN_CHARACTERS {
            shown.pop();
            shown += "...";
        }
        shown
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_shown_is_bounded_harmless_and_one_line() {
        let mut said = Said::default();
        said.push(b"\x1b[31mPlease\r\n\n login \n");
        assert_eq!(said.text(), "[31mPlease / login");
        (0..100).for_each(|_| said.push(&[b'x'; 1000]));
        assert!(said.text().len() < 400 && said.text().ends_with("..."));
    }
}
