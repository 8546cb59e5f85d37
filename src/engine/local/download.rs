//! Files fetched from the builder.

use std::{
    fs::File,
    io::{self, Read, Seek, SeekFrom},
    os::unix::fs::PermissionsExt,
    path::Path,
};

use crate::{
    engine::machine::Machine,
    error::{Error, Kind},
    provision::quote,
    remote::{Command, RemoteError, purpose::Purpose, upload::cksum::Cksum},
    template::{model::Step, path_name::folder_of},
};

/// Prints a file as long as it is now, and after it how long that was, with its sum. A file that grows meanwhile is
/// fetched as it was.
const PRINT: &str =
    r#"size=$(wc -c <"$1") && head -c "$size" <"$1" && printf "\\n%s\\n" "$(head -c "$size" <"$1" | cksum)""#;

/// The longest end after a file: two numbers and two line ends.
const LONGEST_END: u64 = 64;

/// Fetches a file from the builder; it appears under its name only when it is complete.
///
/// # Errors
/// When it is not there, cannot be read, did not arrive as it was sent, or cannot be written here.
pub async fn download(
    step: &Step,
    machine: &Machine<'_>,
    source: &str,
    destination: &Path,
) -> Result<(), Error> {
    let what = || format!("step `{}`: fetching `{source}` from the builder", step.name);
    let local = |error: &io::Error| {
        let error_kind = error.kind();
        let message = format!("{}: it cannot be written to `{}`", what(), destination.display());
        Error { hint: hint(error_kind, destination), ..Error::new(Kind::Bake, message).because(error) }
    };
    if destination.is_dir() {
        return Err(local(&io::ErrorKind::IsADirectory.into()));
    }
    let folder = folder_of(destination);
    std::fs::create_dir_all(folder).map_err(|error| local(&error))?;
    let mut part = tempfile::NamedTempFile::new_in(folder).map_err(|error| local(&error))?;
    let out = part.reopen().map_err(|error| local(&error))?;
    let timeout = step.timeout.map(|timeout| timeout.0);
    let line = format!("{}sh -c '{PRINT}' sh {}", machine.remote.sudo(), quote(source)?);
    let command = Command::new(Purpose::Download, line).timeout(timeout);
    let exit = match machine.remote.fetch(command, Box::new(out)).await {
        Ok(exit) => exit,
        Err(RemoteError::Received(error)) => return Err(local(&error)),
        Err(error) => return Err(machine.explain(error).await),
    };
    if !exit.success() {
        return Err(Error::new(Kind::Bake, what()).hint("the file is not there, or is no plain file"));
    }
    if !take_end_off(part.as_file_mut()).map_err(|error| local(&error))? {
        let message = format!("{}: it did not arrive as it was sent", what());
        return Err(Error::new(Kind::Bake, message).hint(
            "a file that is written anew while it is fetched is copied first, by a step before this one",
        ));
    }
    let readable = std::fs::Permissions::from_mode(0o644);
    std::fs::set_permissions(part.path(), readable).map_err(|error| local(&error))?;
    part.persist(destination).map(drop).map_err(|error| local(&error.error))
}

/// What to do about a file that cannot be written.
fn hint(why: io::ErrorKind, destination: &Path) -> Option<String> {
    let folder = folder_of(destination).display();
    match why {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
            Some(format!("free space for it in `{folder}`, or name a place on another disk"))
        }
        io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => {
            Some(format!("let the user who bakes write into `{folder}`, or name another place"))
        }
        io::ErrorKind::IsADirectory => {
            Some("there is a folder of this name: `destination` names the file itself".to_owned())
        }
        io::ErrorKind::NotADirectory | io::ErrorKind::AlreadyExists => {
            Some(format!("something that is no folder stands where `{folder}` is to be"))
        }
        _ => None,
    }
}

/// Takes off what `PRINT` prints after a file. Says whether that was the sum and the length of what is before it.
fn take_end_off(file: &mut File) -> io::Result<bool> {
    let whole = file.metadata()?.len();
    let mut end = Vec::new();
    file.seek(SeekFrom::Start(whole.saturating_sub(LONGEST_END)))?;
    file.read_to_end(&mut end)?;
    let Some(text) = end.strip_suffix(b"\n") else { return Ok(false) };
    let Some(start) = text.iter().rposition(|&byte| byte == b'\n') else { return Ok(false) };
    let told = String::from_utf8_lossy(&text[start + 1..]).into_owned();
    let length = whole - (end.len() - start) as u64;
    file.set_len(length)?;
    file.seek(SeekFrom::Start(0))?;
    let (mut sum, mut buffer) = (Cksum::default(), vec![0; 1 << 16]);
    loop {
        match file.read(&mut buffer)? {
            0 => return Ok(sum.line() == told),
            count => sum.update(&buffer[..count]),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::process::Command as Program;

    use super::*;

    /// What arrives of a file with this content after `change`, when it is taken for whole.
    fn fetched(content: &[u8], change: impl Fn(Vec<u8>) -> Vec<u8>) -> Option<Vec<u8>> {
        let (source, mut part) =
            (tempfile::NamedTempFile::new().unwrap(), tempfile::NamedTempFile::new().unwrap());
        std::fs::write(source.path(), content).unwrap();
        let printed = Program::new("sh").args(["-c", PRINT, "sh"]).arg(source.path()).output().unwrap();
        std::fs::write(part.path(), change(printed.stdout)).unwrap();
        take_end_off(part.as_file_mut()).unwrap().then(|| std::fs::read(part.path()).unwrap())
    }

    #[test]
    fn a_file_arrives_byte_for_byte_whatever_it_holds() {
        for content in [&b""[..], b"\n", b"no end", b"\n1 2\n", &[0, 1, 255, b'\r', b'\n'].repeat(50_000)] {
            assert_eq!(fetched(content, |bytes| bytes).as_deref(), Some(content));
        }
    }

    #[test]
    fn a_file_that_was_changed_on_the_way_is_not_taken() {
        let content = b"first\nsecond\nthird\n";
        assert_eq!(fetched(content, |bytes| bytes[6..].to_vec()), None, "the beginning is missing");
        assert_eq!(fetched(content, |bytes| [&bytes[..6], &bytes[13..]].concat()), None, "a line is missing");
        assert_eq!(fetched(content, |bytes| bytes[..10].to_vec()), None, "the end is missing");
        assert_eq!(fetched(content, |_| Vec::new()), None, "all is missing");
        assert_eq!(fetched(content, |bytes| [b"welcome\n", &bytes[..]].concat()), None, "a greeting");
    }
}
