//! What the builder says when something cannot be put at its place, in words for people.

use crate::remote::RemoteError;

/// What such a line begins with; the cause and the path follow, with a tab between them.
const MARK: &str = "failed ";

/// What the system's words mean here, and what can be done about it.
const CAUSES: [(&str, &str, Option<&str>); 14] = [
    (
        "a folder is there",
        "a folder is there",
        Some("end `destination` with the name that the file is to have in it"),
    ),
    ("a device is there", "a device is there, or a socket or pipe", None),
    (
        "no folder is there",
        "something is there that is no folder",
        Some("remove it in the base, or choose another `destination`"),
    ),
    (
        "Is a directory",
        "a folder is there",
        Some("end `destination` with the name that the file is to have in it"),
    ),
    ("Not a directory", "a part of its path is a file, not a folder", None),
    (
        "File exists",
        "what is there cannot be replaced",
        Some("find out whether it is a mount point or in use"),
    ),
    ("Device or resource busy", "what is there cannot be replaced, for it is a mount point", None),
    (
        "Read-only file system",
        "its file system is mounted read-only",
        Some("choose another `destination`, or mount it writable in the base"),
    ),
    (
        "No space left on device",
        "there is no room left on its disk",
        Some("give the disk a larger `size`, or send less"),
    ),
    ("Disk quota exceeded", "the quota of its disk is used up", None),
    ("Permission denied", "the builder does not permit it", None),
    (
        "Operation not permitted",
        "the builder does not permit it",
        Some("look whether it is immutable (`lsattr`), or its file system knows no owners"),
    ),
    ("File name too long", "its name is longer than the file system takes", None),
    ("Too many levels of symbolic links", "its path leads through links in a circle", None),
];

/// The refusal among the lines that the builder has printed.
pub(super) fn told(said: &[String]) -> Option<RemoteError> {
    let line = said.iter().find_map(|line| line.strip_prefix(MARK))?;
    let (cause, path) = line.split_once('\t')?;
    // zstd ends its words with a blank.
    let cause = cause.trim();
    let known = CAUSES.iter().find(|(words, _, _)| *words == cause);
    let (why, hint) = known.map_or((cause, None), |(_, why, hint)| (*why, *hint));
    let path = if path.is_empty() { "/" } else { path };
    Some(RemoteError::Refused { path: path.to_owned(), why: why.to_owned(), hint: hint.map(Into::into) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_words_of_the_system_become_a_sentence_with_the_path() {
        let said =
            |line: &str| told(&["tar: noise".to_owned(), line.to_owned()]).map(|error| error.to_string());
        assert_eq!(
            said("failed Read-only file system\t/media/x").unwrap(),
            "`/media/x` cannot be written: its file system is mounted read-only"
        );
        assert_eq!(
            said("failed Stale file handle\t/x").unwrap(),
            "`/x` cannot be written: Stale file handle"
        );
        assert!(said("failed No space left on device \t/x").unwrap().contains("no room left"));
        assert!(said("tar: Exiting").is_none());
    }
}
