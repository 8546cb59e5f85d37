//! The texts of one template: the file itself, its includes, its provisioners and what they render.
//! All of them share one line of offsets, so that a `Place` alone says which file it lies in and
//! values from several files can be merged without forgetting where they came from.

use std::{
    ops::Range,
    path::{Path, PathBuf},
    sync::Arc,
};

/// Byte offsets on the common line.
pub type Place = Range<usize>;

#[derive(Clone, Debug)]
pub struct Source {
    pub path: PathBuf,
    /// Paths written in this file may not leave this folder.
    pub root: PathBuf,
    pub text: Arc<str>,
    base: usize,
}

#[derive(Clone, Debug, Default)]
pub struct Sources {
    files: Vec<Source>,
}

impl Source {
    /// What relative paths in this file are relative to.
    pub fn folder(&self) -> &Path {
        self.path.parent().unwrap_or(Path::new(""))
    }

    pub fn base(&self) -> usize {
        self.base
    }
}

impl Sources {
    /// Adds a text and returns where it begins; one already there keeps its place.
    pub fn add(&mut self, path: &Path, root: &Path, text: &str) -> usize {
        if let Some(known) = self.files.iter().find(|file| file.path == path && *file.text == *text) {
            return known.base;
        }
        let base = self.files.last().map_or(0, |last| last.base + last.text.len() + 1);
        self.files.push(Source { path: path.into(), root: root.into(), text: text.into(), base });
        base
    }

    /// The file that a place lies in, and where inside it.
    pub fn locate(&self, place: &Place) -> Option<(&Source, Range<usize>)> {
        let at = self.files.partition_point(|file| file.base <= place.start).checked_sub(1)?;
        let file = &self.files[at];
        let inside = |offset: usize| (offset - file.base).min(file.text.len());
        Some((file, inside(place.start)..inside(place.end.max(place.start))))
    }

    /// What is written at a place.
    pub fn text(&self, place: &Place) -> Option<&str> {
        let (file, range) = self.locate(place)?;
        file.text.get(range)
    }

    /// The file that everything began with.
    pub fn main(&self) -> Option<&Source> {
        self.files.first()
    }

    pub fn iter(&self) -> impl Iterator<Item = &Source> {
        self.files.iter()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_says_which_file_it_lies_in() {
        let mut sources = Sources::default();
        assert_eq!(sources.add(Path::new("t/a.toml"), Path::new("t"), "abc"), 0);
        let second = sources.add(Path::new("t/sub/b.toml"), Path::new("t"), "defg");
        let (file, range) = sources.locate(&(second + 1..second + 3)).expect("it lies in the second file");
        assert_eq!((file.folder(), range), (Path::new("t/sub"), 1..3));
        assert_eq!(sources.text(&(0..2)), Some("ab"));
        assert_eq!(sources.add(Path::new("t/a.toml"), Path::new("t"), "abc"), 0);
    }
}
