//! The keys of a run: an ed25519 key for the builder account and one for the builder itself, made
//! in memory, and the pin that a builder's host key is held against.

use std::net::SocketAddr;

use base64::{Engine as _, engine::general_purpose::STANDARD_NO_PAD};
use sha2::{Digest, Sha256};
pub use ssh_key::Error as KeyError;
use ssh_key::{Algorithm, LineEnding, PrivateKey, PublicKey, rand_core::OsRng};

/// An ed25519 key pair in OpenSSH's text forms.
#[derive(Clone)]
pub struct KeyPair {
    /// `-----BEGIN OPENSSH PRIVATE KEY-----` ...
    pub private: String,
    /// `ssh-ed25519 AAAA... comment`
    pub public: String,
    /// The public key as it goes over the wire (RFC 4253, section 6.6).
    wire: Vec<u8>,
}

/// What a builder's host key must be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HostKeyPin {
    /// The very key, as it goes over the wire.
    Key(Vec<u8>),
    /// `SHA256:...`, as `ssh-keygen -l` prints it.
    Fingerprint(String),
}

impl KeyPair {
    /// # Errors
    /// When the operating system gives no random bytes.
    pub fn generate(comment: &str) -> Result<Self, ssh_key::Error> {
        let mut key = PrivateKey::random(&mut OsRng, Algorithm::Ed25519)?;
        key.set_comment(comment);
        Ok(Self {
            private: key.to_openssh(LineEnding::LF)?.to_string(),
            public: key.public_key().to_openssh()?,
            wire: key.public_key().to_bytes()?,
        })
    }

    /// # Errors
    /// When the text is no private key of OpenSSH.
    pub fn from_private(text: &str) -> Result<Self, ssh_key::Error> {
        let key = PrivateKey::from_openssh(text)?;
        Ok(Self {
            private: text.to_owned(),
            public: key.public_key().to_openssh()?,
            wire: key.public_key().to_bytes()?,
        })
    }

    /// Of somebody else: the private half is empty.
    ///
    /// # Errors
    /// When the text is no public key of OpenSSH.
    pub fn from_public(text: &str) -> Result<Self, ssh_key::Error> {
        let wire = PublicKey::from_openssh(text)?.to_bytes()?;
        Ok(Self { private: String::new(), public: text.to_owned(), wire })
    }

    pub fn pin(&self) -> HostKeyPin {
        HostKeyPin::Key(self.wire.clone())
    }
}

/// The kinds of host keys, as SSH asks for them: a server shows one key of the first kind that it has.
const ED25519: &str = "ssh-ed25519";
const ECDSA: &str = "ecdsa-sha2-nistp256,ecdsa-sha2-nistp384,ecdsa-sha2-nistp521";
const RSA: &str = "rsa-sha2-512,rsa-sha2-256,ssh-rsa";

impl HostKeyPin {
    /// The kinds of keys to ask a server for, one after the other. A fingerprint does not say of which kind its key
    /// is, and a server that has several shows only one.
    pub(super) fn kinds(&self) -> &'static [&'static str] {
        let Self::Key(wire) = self else { return &[ED25519, ECDSA, RSA] };
        // A string with its length before it (RFC 4253, section 6.6).
        match wire.get(4..).unwrap_or_default() {
            name if name.starts_with(b"ssh-ed25519") => &[ED25519],
            name if name.starts_with(b"ecdsa-sha2-nistp256") => &["ecdsa-sha2-nistp256"],
            name if name.starts_with(b"ecdsa-sha2-nistp384") => &["ecdsa-sha2-nistp384"],
            name if name.starts_with(b"ecdsa-sha2-nistp521") => &["ecdsa-sha2-nistp521"],
            name if name.starts_with(b"ssh-rsa") => &[RSA],
            _ => &[ED25519, ECDSA, RSA],
        }
    }

    /// The line by which OpenSSH's client knows a builder that it finds at `address`; empty where only the
    /// fingerprint of its key is known.
    pub fn known_hosts(&self, address: SocketAddr) -> String {
        let Self::Key(wire) = self else { return String::new() };
        let Ok(key) = PublicKey::from_bytes(wire).and_then(|key| key.to_openssh()) else {
            return String::new();
        };
        // It looks for one at the usual port under its bare address.
        match address.port() {
            22 => format!("{} {key}\n", address.ip()),
            port => format!("[{}]:{port} {key}\n", address.ip()),
        }
    }

    /// Whether `wire`, the key that a builder shows, is the pinned one.
    pub fn accepts(&self, wire: &[u8]) -> bool {
        match self {
            Self::Key(pinned) => pinned == wire,
            Self::Fingerprint(pinned) => *pinned == fingerprint(wire),
        }
    }
}

impl std::fmt::Display for HostKeyPin {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Key(wire) => f.write_str(&fingerprint(wire)),
            Self::Fingerprint(text) => f.write_str(text),
        }
    }
}

/// `SHA256:` and the unpadded base64 of the key's SHA-256, as OpenSSH prints it.
pub fn fingerprint(wire: &[u8]) -> String {
    format!("SHA256:{}", STANDARD_NO_PAD.encode(Sha256::digest(wire)))
}

/// A private key must not reach a log through `{:?}`.
impl std::fmt::Debug for KeyPair {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("KeyPair").field("public", &self.public).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pin_accepts_its_own_key_only() {
        let (one, two) = (KeyPair::generate("one").unwrap(), KeyPair::generate("two").unwrap());
        assert!(one.pin().accepts(&one.wire));
        assert!(!one.pin().accepts(&two.wire));
        let by_fingerprint = HostKeyPin::Fingerprint(fingerprint(&one.wire));
        assert!(by_fingerprint.accepts(&one.wire));
        assert!(!by_fingerprint.accepts(&two.wire));
    }

    #[test]
    fn a_server_is_asked_for_keys_of_the_pinned_kind_alone_where_that_is_known() {
        let one = KeyPair::generate("one").unwrap();
        assert_eq!(one.pin().kinds(), [ED25519]);
        let wire = [&[0, 0, 0, 7][..], b"ssh-rsa", &[0; 9]].concat();
        assert_eq!(HostKeyPin::Key(wire).kinds(), [RSA]);
        assert_eq!(HostKeyPin::Fingerprint(fingerprint(&one.wire)).kinds().len(), 3);
    }

    #[test]
    fn a_key_that_was_written_down_is_the_same_when_it_is_read() {
        let made = KeyPair::generate("hornero account web-1").unwrap();
        let read = KeyPair::from_private(&made.private).unwrap();
        assert_eq!((&read.public, read.pin()), (&made.public, made.pin()));
        assert_eq!(KeyPair::from_public(&made.public).unwrap().pin(), made.pin());
    }

    #[test]
    fn openssh_is_told_the_key_under_the_name_that_it_looks_for() {
        let key = KeyPair::generate("host").unwrap();
        let known = |address: &str| key.pin().known_hosts(address.parse().unwrap());
        let words: Vec<_> = key.public.split(' ').take(2).collect();
        assert_eq!(known("127.0.0.1:2222"), format!("[127.0.0.1]:2222 {}\n", words.join(" ")));
        assert_eq!(known("10.0.0.7:22"), format!("10.0.0.7 {}\n", words.join(" ")));
    }

    #[test]
    fn the_private_half_stays_out_of_debug_output() {
        assert!(!format!("{:?}", KeyPair::generate("x").unwrap()).contains("PRIVATE"));
    }
}
