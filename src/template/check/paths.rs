//! Local paths: relative to the folder of the file that names them, and never out of its root.

use std::path::{Component, Path, PathBuf};

use super::{Trouble, cx::Cx};
use crate::template::{diagnose::Fault, raw::Text, sources::Place};

impl Cx<'_> {
    /// The root that a path written here may not leave, and the folder it is relative to.
    pub fn ground(&self, place: &Place) -> (PathBuf, PathBuf) {
        let sources = self.shared.sources.borrow();
        let file = sources.locate(place).map(|(file, _)| file);
        file.map(|file| (file.root.clone(), file.folder().to_owned())).unwrap_or_default()
    }

    /// A path inside the root; whether something is there is not looked at.
    pub fn path(&self, text: &Text) -> Option<PathBuf> {
        let written = self.text(text)?;
        let (root, folder) = self.ground(&text.span());
        let path = confined(&root, &folder, &written);
        path.map_err(|why| self.fault(stray(text.span(), &written, why, &root))).ok()
    }

    /// A file or folder that must be there.
    pub fn existing(&self, text: &Text) -> Option<PathBuf> {
        let path = self.path(text)?;
        let (root, _) = self.ground(&text.span());
        let looked = self.shared.files.look(&root, &path);
        looked.map_err(|trouble| self.fault(unusable(text.span(), &path, trouble))).ok()?;
        Some(path)
    }

    /// The text of a file.
    pub fn file(&self, text: &Text) -> Option<(PathBuf, String)> {
        let path = self.path(text)?;
        let (root, _) = self.ground(&text.span());
        let read = self.shared.files.read(&root, &path);
        let content = read.map_err(|trouble| self.fault(unusable(text.span(), &path, trouble))).ok()?;
        Some((path, content))
    }

    /// A path that may lie anywhere on this computer, such as that of a key or a disk image.
    pub fn any_path(&self, text: &Text) -> Option<PathBuf> {
        let written = self.text(text)?;
        if written.starts_with('/') {
            return Some(written.into());
        }
        let (root, folder) = self.ground(&text.span());
        let path = confined(&root, &folder, &written);
        path.map_err(|why| self.fault(stray(text.span(), &written, why, &root))).ok()
    }
}

/// Joins without touching the disk.
pub fn confined(root: &Path, folder: &Path, written: &str) -> Result<PathBuf, &'static str> {
    let written = Path::new(written);
    if written.as_os_str().is_empty() || written.to_string_lossy().contains(char::is_control) {
        return Err("is not a path");
    }
    let inside = folder.strip_prefix(root).unwrap_or(Path::new(""));
    let mut parts: Vec<Component<'_>> = inside.components().collect();
    for part in written.components() {
        match part {
            Component::Normal(_) => parts.push(part),
            Component::CurDir => {}
            Component::ParentDir => {
                parts.pop().ok_or("leads out of the template's folder")?;
            }
            Component::RootDir | Component::Prefix(_) => return Err("is an absolute path"),
        }
    }
    Ok(root.join(parts.iter().collect::<PathBuf>()))
}

fn stray(place: Place, written: &str, why: &str, root: &Path) -> Fault {
    let shown = if root.as_os_str().is_empty() { Path::new(".") } else { root };
    Fault::at(place, format!("`{}` {why}", written.escape_debug())).hint(format!(
        "write a path relative to this file, inside `{}`; put what is needed into that folder",
        shown.display()
    ))
}

fn unusable(place: Place, path: &Path, trouble: Trouble) -> Fault {
    Fault::at(place, format!("cannot use `{}`: {}", path.display(), trouble.why)).maybe_hint(trouble.hint)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_stay_inside_their_root() {
        let joined = |folder, path| confined(Path::new("t"), Path::new(folder), path);
        assert_eq!(joined("t", "a/./b"), Ok("t/a/b".into()));
        assert_eq!(joined("t/sub", "../a"), Ok("t/a".into()));
        for bad in ["../a", "a/../../b", "/etc/passwd", "", "a\nb"] {
            assert!(joined("t", bad).is_err(), "{bad} was taken");
        }
        assert!(joined("t/sub", "../../a").is_err());
    }
}
