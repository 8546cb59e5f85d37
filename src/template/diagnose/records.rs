//! Mistakes for machines: one record each, with line and column counted from 1.

use std::path::PathBuf;

use serde::Serialize;

use super::{Edit, Mistake, Mistakes};

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "type", rename = "mistake")]
pub struct Record {
    pub file: PathBuf,
    pub line: Option<usize>,
    /// In characters, as editors count them.
    pub column: Option<usize>,
    pub message: String,
    pub hint: Option<String>,
    /// What the hint says, for editors; nothing where it takes thought.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub edits: Vec<EditRecord>,
}

/// One change, from a line and column to before another.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct EditRecord {
    pub line: usize,
    pub column: usize,
    pub end_line: usize,
    pub end_column: usize,
    pub replacement: String,
}

impl Mistakes {
    pub fn records(&self) -> Vec<Record> {
        self.list.iter().map(|mistake| self.record(mistake)).collect()
    }

    fn record(&self, mistake: &Mistake) -> Record {
        let text = self.sources.get(&mistake.file);
        let edits = mistake.edits.iter().filter_map(|edit| Some(edit_record(text?, edit)));
        let place = text.zip(mistake.span.as_ref()).map(|(text, span)| line_and_column(text, span.start));
        Record {
            file: mistake.file.clone(),
            line: place.map(|(line, _)| line),
            column: place.map(|(_, column)| column),
            message: mistake.message.clone(),
            hint: mistake.hint.clone(),
            edits: edits.collect(),
        }
    }
}

fn edit_record(text: &str, edit: &Edit) -> EditRecord {
    let (line, column) = line_and_column(text, edit.place.start);
    let (end_line, end_column) = line_and_column(text, edit.place.end);
    EditRecord { line, column, end_line, end_column, replacement: edit.replacement.clone() }
}

fn line_and_column(text: &str, offset: usize) -> (usize, usize) {
    let before = &text[..text.floor_char_boundary(offset)];
    let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
    (before.matches('\n').count() + 1, before[line_start..].chars().count() + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_and_columns_count_from_one_in_characters() {
        assert_eq!(line_and_column("abc", 0), (1, 1));
        assert_eq!(line_and_column("é = 1\nxü = 2", 11), (2, 4));
        assert_eq!(line_and_column("abc\n", 99), (2, 1));
    }
}
