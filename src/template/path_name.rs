//! Names of local files as text. File names are bytes, and two different ones never become the same text.

use std::{
    os::unix::ffi::OsStrExt,
    path::{Component, Path, PathBuf},
};

/// Writes a path as text: as it is where a terminal can show it, else with its odd bytes escaped.
pub fn path_name(path: &Path) -> String {
    const ESCAPED: &str = "b\"";
    match path.to_str() {
        Some(text) if !text.contains(char::is_control) && !text.starts_with(ESCAPED) => text.to_owned(),
        Some(_) | None => format!("{ESCAPED}{}\"", path.as_os_str().as_bytes().escape_ascii()),
    }
}

/// The folder that a path lies in, as the operating system takes it: that of a bare name is the current one.
pub fn folder_of(path: &Path) -> &Path {
    on_disk(path.parent().unwrap_or(Path::new("")))
}

/// A path as the operating system takes it: no part at all stands for the current folder.
pub fn on_disk(path: &Path) -> &Path {
    if path.as_os_str().is_empty() { Path::new(".") } else { path }
}

/// The way from `folder` to `path`: `../roles/web` for what lies beside it. A path that shares no folder
/// with it stays as it is.
pub fn relative_path(path: &Path, folder: &Path) -> PathBuf {
    let normal = |component: &Component<'_>| matches!(component, Component::Normal(_));
    let named = |part: &Component<'_>| *part != Component::CurDir;
    let shared: Vec<Component<'_>> = path
        .components()
        .filter(named)
        .zip(folder.components().filter(named))
        .take_while(|(one, other)| one == other)
        .map(|(one, _)| one)
        .collect();
    if path.is_absolute() && !shared.iter().any(normal) && folder.components().any(|part| normal(&part)) {
        return path.to_owned();
    }
    let up = folder.components().filter(named).skip(shared.len()).filter(normal);
    up.map(|_| Component::ParentDir).chain(path.components().filter(named).skip(shared.len())).collect()
}

/// The same path without `.` and `..`, as far as that can be told without the disk.
pub fn tidy_path(path: &Path) -> PathBuf {
    let mut tidy = PathBuf::new();
    for part in path.components() {
        match (part, tidy.components().next_back()) {
            (Component::CurDir, _) => {}
            (Component::ParentDir, Some(Component::Normal(_))) => drop(tidy.pop()),
            (Component::ParentDir, Some(Component::RootDir)) => {}
            (Component::ParentDir | Component::Normal(_) | Component::RootDir | Component::Prefix(_), _) => {
                tidy.push(part)
            }
        }
    }
    tidy
}

#[cfg(test)]
mod tests {
    use std::ffi::OsStr;

    use super::*;

    #[test]
    fn two_names_are_never_one_text() {
        let names: [&[u8]; 6] = [
            b"caf\xe9.txt",
            b"caf\xe8.txt",
            "café.txt".as_bytes(),
            b"caf\\xe9.txt",
            b"a\nb",
            b"b\"caf\\xe9.txt\"",
        ];
        let texts: std::collections::BTreeSet<String> =
            names.iter().map(|name| path_name(Path::new(OsStr::from_bytes(name)))).collect();
        assert_eq!(texts.len(), names.len(), "{texts:?}");
        assert!(texts.contains("café.txt") && texts.contains("b\"caf\\xe9.txt\""), "{texts:?}");
    }

    #[test]
    fn a_bare_name_lies_in_the_current_folder() {
        assert_eq!(folder_of(Path::new("t.toml")), Path::new("."));
        assert_eq!(folder_of(Path::new("t/t.toml")), Path::new("t"));
        assert_eq!(folder_of(Path::new("/t.toml")), Path::new("/"));
        assert_eq!((on_disk(Path::new("")), on_disk(Path::new("t"))), (Path::new("."), Path::new("t")));
    }

    #[test]
    fn files_are_named_from_a_folder_wherever_it_lies() {
        let from = |path, folder| relative_path(Path::new(path), Path::new(folder));
        assert_eq!(from("t/roles/web", "t"), Path::new("roles/web"));
        assert_eq!(from("/repo/roles/web", "/repo/images"), Path::new("../roles/web"));
        assert_eq!(from("/etc/ansible/roles", "/repo/images"), Path::new("/etc/ansible/roles"));
        assert_eq!(from("roles/web", ""), Path::new("roles/web"));
        assert_eq!(from("./roles/web", ""), Path::new("roles/web"));
        assert_eq!(from("./roles/web", "."), Path::new("roles/web"));
    }

    #[test]
    fn dots_are_taken_out_as_far_as_they_can_be() {
        let tidy = |path| tidy_path(Path::new(path));
        assert_eq!(tidy("t/ansible/../roles/./web"), Path::new("t/roles/web"));
        assert_eq!(tidy("../../a"), Path::new("../../a"));
        assert_eq!(tidy("/../a"), Path::new("/a"));
    }
}
