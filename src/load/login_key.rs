//! Private keys to log in with: whether one is of use is known before any machine is launched.

use std::path::Path;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use ssh_key::PrivateKey;

use super::text::refused;
use crate::{
    open_file::{self, Confinement, LARGEST_KEY_BYTES},
    template::check::Trouble,
};

/// Looks whether `path` holds a private key that can be used without asking anybody.
pub fn look(path: &Path) -> Result<(), Trouble> {
    let read = open_file::read(path, Confinement::Anywhere, LARGEST_KEY_BYTES).map_err(|error| {
        let hint = Some("give the path of the private key itself".into());
        Trouble { hint, ..refused(error) }
    })?;
    judge(&String::from_utf8_lossy(&read.bytes), path)
}

fn judge(text: &str, path: &Path) -> Result<(), Trouble> {
    let first = text.lines().next().unwrap_or_default().trim();
    match first.trim_start_matches('-').trim_end_matches('-').trim() {
        "BEGIN OPENSSH PRIVATE KEY" => openssh(text, path),
        "BEGIN ENCRYPTED PRIVATE KEY" => has_passphrase(path),
        "BEGIN RSA PRIVATE KEY" | "BEGIN EC PRIVATE KEY" | "BEGIN PRIVATE KEY" => pem(text, path),
        label if is_public(label) => {
            let (stem, name) = (path.with_extension(""), path.display());
            let is_named_so = path.extension().is_some_and(|extension| extension == "pub");
            refuse(
                "it is a public key",
                &match is_named_so {
                    true => format!("give the private key: `{}`", stem.display()),
                    false => format!("give the private key that `{name}` was made with"),
                },
            )
        }
        label if label.starts_with("PuTTY-User-Key-File") => refuse(
            "it is a key of PuTTY",
            "write it as OpenSSH does: `puttygen KEY -O private-openssh -o COPY`",
        ),
        _ => refuse("it is no private key", "make one with `ssh-keygen -t ed25519 -N \"\" -f KEY`"),
    }
}

fn is_public(label: &str) -> bool {
    let kinds = ["ssh-", "ecdsa-sha2-", "sk-ssh-", "sk-ecdsa-"];
    kinds.iter().any(|kind| label.starts_with(kind)) || label.contains("PUBLIC KEY")
}

fn openssh(text: &str, path: &Path) -> Result<(), Trouble> {
    match PrivateKey::from_openssh(text) {
        Ok(key) if key.is_encrypted() => has_passphrase(path),
        Ok(key) if key.algorithm().as_str().starts_with("sk-") => {
            refuse("it lies on a security key, which somebody has to touch", "use a key that is a file")
        }
        Ok(_) => Ok(()),
        // Of a kind that is not read here: SSH knows it.
        Err(ssh_key::Error::AlgorithmUnknown | ssh_key::Error::AlgorithmUnsupported { .. }) => {
            if is_ciphered(text) { has_passphrase(path) } else { Ok(()) }
        }
        Err(error) => {
            refuse(&format!("it is no whole private key: {error}"), "copy the file anew, with its line ends")
        }
    }
}

/// Whether the first name in it, after what all of them begin with, is that of a cipher (OpenSSH's `PROTOCOL.key`).
fn is_ciphered(text: &str) -> bool {
    let body: String = text.lines().filter(|line| !line.starts_with('-')).map(str::trim).collect();
    let bytes = STANDARD.decode(body).unwrap_or_default();
    bytes.strip_prefix(b"openssh-key-v1\0").is_some_and(|rest| !rest.starts_with(b"\0\0\0\x04none"))
}

fn pem(text: &str, path: &Path) -> Result<(), Trouble> {
    match (text.contains("Proc-Type: 4,ENCRYPTED"), text.contains("-----END ")) {
        (true, _) => has_passphrase(path),
        (false, false) => refuse("it is no whole private key: its end is missing", "copy the file anew"),
        (false, true) => Ok(()),
    }
}

fn has_passphrase(path: &Path) -> Result<(), Trouble> {
    let name = path.display();
    refuse(
        "it has a passphrase, which nobody is asked for",
        &format!(
            "make a copy without one: `cp {name} COPY && ssh-keygen -p -N \"\" -f COPY`, or use a key made for this"
        ),
    )
}

fn refuse(why: &str, hint: &str) -> Result<(), Trouble> {
    Err(Trouble { why: why.into(), hint: Some(hint.into()) })
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::*;

    /// What is said of a key that `ssh-keygen` makes with these options.
    fn made(name: &str, options: &[&str]) -> Result<(), Trouble> {
        let folder = tempfile::tempdir().unwrap();
        let key = folder.path().join("key");
        let done = Command::new("ssh-keygen").args(["-q", "-f"]).arg(&key).args(options).status().unwrap();
        assert!(done.success());
        look(&folder.path().join(name))
    }

    #[test]
    fn keys_without_a_passphrase_are_of_use_in_each_form() {
        for options in [
            &["-t", "ed25519", "-N", ""][..],
            &["-t", "rsa", "-b", "2048", "-N", ""],
            &["-t", "ecdsa", "-N", ""],
            &["-t", "rsa", "-b", "2048", "-m", "PEM", "-N", ""],
            &["-t", "ecdsa", "-m", "PKCS8", "-N", ""],
        ] {
            assert_eq!(made("key", options), Ok(()), "{options:?}");
        }
    }

    #[test]
    fn a_passphrase_is_told_in_each_form() {
        for (kind, form) in [("rsa", "RFC4716"), ("rsa", "PEM"), ("rsa", "PKCS8"), ("ecdsa", "RFC4716")] {
            let why = made("key", &["-t", kind, "-m", form, "-N", "secret"]).unwrap_err().why;
            assert!(why.contains("passphrase"), "{kind}, {form}: {why}");
        }
    }

    #[test]
    fn what_is_no_private_key_is_told_as_what_it_is() {
        let public = made("key.pub", &["-t", "ed25519", "-N", ""]).unwrap_err();
        assert!(
            public.why.contains("public key") && public.hint.unwrap().ends_with("/key`"),
            "{}",
            public.why
        );
        let path = Path::new("/k");
        for (text, why) in [
            ("", "no private key"),
            ("hello", "no private key"),
            ("PuTTY-User-Key-File-3: ssh-ed25519\n", "PuTTY"),
            ("-----BEGIN OPENSSH PRIVATE KEY-----\nAAAA\n-----END OPENSSH PRIVATE KEY-----\n", "no whole"),
            ("-----BEGIN RSA PRIVATE KEY-----\nAAAA\n", "no whole"),
            ("-----BEGIN PUBLIC KEY-----\nAAAA\n", "public key"),
        ] {
            let told = judge(text, path).unwrap_err();
            assert!(told.why.contains(why), "{text}: {}", told.why);
        }
        assert!(look(Path::new("/nowhere/key")).is_err());
        assert!(look(Path::new("/")).unwrap_err().why.contains("folder"));
    }
}
