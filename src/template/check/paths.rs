//! Local paths: relative to the folder of the file that names them, and never out of its root.

use std::path::{Component, Path, PathBuf};

use super::{Trouble, cx::Cx};
use crate::{
    quote::shell_word,
    template::{
        diagnose::{Fault, holds_private_key, visible},
        path_name::{folder_of, on_disk},
        raw::Text,
        sources::Place,
    },
};

impl Cx<'_> {
    /// The root that a path written here may not leave, and the folder it is relative to.
    pub fn ground(&self, place: &Place) -> (PathBuf, PathBuf) {
        let sources = self.shared.sources.borrow();
        let file = sources.locate(place).map(|(file, _)| file);
        file.map(|file| (file.root.clone(), file.folder().to_owned())).unwrap_or_default()
    }

    /// A path inside the root, or one that the user allows; whether something is there is not looked at.
    pub fn path(&self, text: &Text) -> Option<PathBuf> {
        self.path_written(&self.text(text)?, text.span())
    }

    /// The same of a path that was written at `place`, or is a part of what stands there.
    pub fn path_written(&self, written: &str, place: Place) -> Option<PathBuf> {
        let (root, folder) = self.ground(&place);
        let why = match confined(&root, &folder, written) {
            Ok(path) => return Some(path),
            Err(why) => why,
        };
        let path = folder.join(self.at_home(written).unwrap_or_else(|| written.into()));
        if is_path(written) && self.shared.files.allows(&path) {
            return Some(path);
        }
        self.fault(stray(place, written, why, &root, &path));
        None
    }

    /// A path that nothing may be at yet, and that no link leads out of the root.
    pub fn own_path(&self, text: &Text) -> Option<PathBuf> {
        let path = self.path(text)?;
        let (root, _) = self.ground(&text.span());
        let within = self.shared.files.within(&root, &path);
        within.map_err(|trouble| self.fault(unusable(text.span(), &path, trouble))).ok()?;
        Some(path)
    }

    fn at_home(&self, written: &str) -> Option<PathBuf> {
        Some(self.shared.files.home()?.join(written.strip_prefix("~/")?))
    }

    /// A file or folder that must be there, without what is excluded.
    pub fn existing(&self, text: &Text, exclude: &[String]) -> Option<PathBuf> {
        let path = self.path(text)?;
        let (root, _) = self.ground(&text.span());
        let looked = self.shared.files.look(&root, &path, exclude);
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

    /// A file that may lie anywhere must be an ordinary one.
    pub fn ordinary(&self, path: &Path, place: Place) {
        if let Err(trouble) = self.shared.files.judge(path) {
            self.fault(unusable(place, path, trouble));
        }
    }

    /// The path of a private key that can be logged in with.
    pub fn login_key(&self, text: &Text) -> Option<PathBuf> {
        let path = self.any_path(text)?;
        if let Err(trouble) = self.shared.files.login_key(&path) {
            self.fault(unusable(text.span(), &path, trouble));
        }
        Some(path)
    }

    /// A path that may lie anywhere on this computer: that of a key to log in with or of a disk image.
    pub fn any_path(&self, text: &Text) -> Option<PathBuf> {
        let written = self.text(text)?;
        if holds_private_key(&written) {
            let fault = Fault::at(text.span(), "this is a private key itself, not the name of its file");
            self.fault(fault.hint("put the key into a file outside the template and write its path"));
            return None;
        }
        if written.starts_with('/') {
            return Some(written.into());
        }
        self.at_home(&written).or_else(|| self.path(text))
    }
}

/// Joins without touching the disk.
pub fn confined(root: &Path, folder: &Path, written: &str) -> Result<PathBuf, &'static str> {
    let written = Path::new(written);
    if !is_path(&written.to_string_lossy()) {
        return Err("is not a path");
    }
    if written.starts_with("~") {
        return Err("leads out of the template's folder");
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
    Ok(on_disk(&root.join(parts.iter().collect::<PathBuf>())).to_owned())
}

fn is_path(written: &str) -> bool {
    !written.is_empty() && !written.contains(char::is_control)
}

fn stray(place: Place, written: &str, why: &str, root: &Path, path: &Path) -> Fault {
    let inside = format!(
        "write a path relative to this file, inside `{}`; put what is needed into that folder",
        on_disk(root).display()
    );
    Fault::at(place, format!("`{}` {why}", visible(written))).hint(outside(&inside, path))
}

/// Advice that ends with what the user can do from outside of the template.
pub fn outside(advice: &str, path: &Path) -> String {
    let folder = folder_of(path).display().to_string();
    // It is copied into a shell.
    let folder = shell_word(&folder).unwrap_or(folder);
    format!("{advice}, or allow it with --allow-path {folder}")
}

pub fn unusable(place: Place, path: &Path, trouble: Trouble) -> Fault {
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
        // Of a template that is named without a folder.
        assert_eq!(confined(Path::new(""), Path::new(""), "."), Ok(".".into()));
        assert_eq!(confined(Path::new(""), Path::new("sub"), ".."), Ok(".".into()));
        for bad in ["../a", "a/../../b", "/etc/passwd", "~/a", "", "a\nb"] {
            assert!(joined("t", bad).is_err(), "{bad} was taken");
        }
        assert!(joined("t/sub", "../../a").is_err());
    }
}
