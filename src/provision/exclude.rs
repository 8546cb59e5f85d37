//! Which files of a folder stay at home: globs that match the path inside the folder or a file's name.

use std::path::Path;

use globset::{Glob, GlobSet, GlobSetBuilder};

#[derive(Debug)]
pub struct Excluded(GlobSet);

impl Excluded {
    /// # Errors
    /// When a glob cannot be read.
    pub fn of(globs: &[String]) -> Result<Self, globset::Error> {
        let mut set = GlobSetBuilder::new();
        for glob in globs {
            set.add(Glob::new(glob)?);
        }
        set.build().map(Self)
    }

    /// The entry itself, by its path inside the folder.
    pub fn names(&self, inside: &Path) -> bool {
        let name = inside.file_name().map_or(inside, Path::new);
        !inside.as_os_str().is_empty() && (self.0.is_match(inside) || self.0.is_match(name))
    }

    /// The entry, or a folder that it is in.
    pub fn holds(&self, inside: &Path) -> bool {
        inside.ancestors().any(|path| self.names(path))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_takes_with_it_what_is_in_it() {
        let excluded = Excluded::of(&["*.md".into(), ".git".into(), "sub/skip".into()]).unwrap();
        let named = |path: &str| (excluded.names(Path::new(path)), excluded.holds(Path::new(path)));
        assert_eq!(named("deep/README.md"), (true, true));
        assert_eq!(named(".git/objects/1"), (false, true));
        assert_eq!(named("other/skip"), (false, false));
        assert_eq!(named(""), (false, false));
    }
}
