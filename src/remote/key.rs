//! The keys of a run: an ed25519 key for the builder account and one for the builder itself, made
//! in memory, and the pin that a builder's host key is held against.

use base64::{Engine as _, engine::general_purpose::STANDARD_NO_PAD};
use sha2::{Digest, Sha256};
use ssh_key::{Algorithm, LineEnding, PrivateKey, rand_core::OsRng};

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

    pub fn pin(&self) -> HostKeyPin {
        HostKeyPin::Key(self.wire.clone())
    }
}

impl HostKeyPin {
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
    fn the_private_half_stays_out_of_debug_output() {
        assert!(!format!("{:?}", KeyPair::generate("x").unwrap()).contains("PRIVATE"));
    }
}
