//! Provisioners that hornero brings along. They are in the binary, so that they are there wherever it is
//! installed; their paths begin with [`ROOT`], at which nothing lies on a disk.

use std::path::Path;

use include_dir::{Dir, include_dir};

static PROVISIONERS: Dir<'static> = include_dir!("$CARGO_MANIFEST_DIR/provisioners");

/// The folder that they seem to lie in.
pub const ROOT: &str = "<hornero>/provisioners";

/// Permission bits of each of their files.
pub const MODE: u32 = 0o644;

pub fn is_shipped(path: &Path) -> bool {
    path.starts_with(ROOT)
}

/// The content of one of their files.
pub fn content(path: &Path) -> Option<&'static [u8]> {
    Some(PROVISIONERS.get_file(path.strip_prefix(ROOT).ok()?)?.contents())
}

pub fn is_folder(path: &Path) -> bool {
    path.strip_prefix(ROOT).is_ok_and(|inside| PROVISIONERS.get_dir(inside).is_some())
}

/// The names of all of them, in order.
pub fn names() -> Vec<String> {
    let folders = PROVISIONERS.dirs().filter_map(|folder| folder.path().file_name());
    let mut names: Vec<String> = folders.map(|name| name.to_string_lossy().into_owned()).collect();
    names.sort();
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_file_of_every_provisioner_is_in_the_binary() {
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("provisioners");
        let files = walkdir::WalkDir::new(&source).into_iter().map(Result::unwrap);
        let mut count = 0;
        for file in files.filter(|entry| entry.file_type().is_file()) {
            let inside = file.path().strip_prefix(&source).unwrap();
            let shipped = content(&Path::new(ROOT).join(inside));
            assert_eq!(shipped, Some(std::fs::read(file.path()).unwrap().as_slice()), "{}", inside.display());
            count += 1;
        }
        assert!(count >= 6 && names() == ["hardening", "nginx"], "{count}: {:?}", names());
        assert!(content(Path::new("provisioners/nginx/provisioner.toml")).is_none());
    }
}
