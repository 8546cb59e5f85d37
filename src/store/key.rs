//! The key under which secrets enter fingerprints. Whoever sees a fingerprint, or its parts in a manifest,
//! can try out values only with this key too; so it lies where images are recorded, and nowhere else.

use async_trait::async_trait;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use super::StoreError;

/// Bytes of a key; as many as its hash has.
const LENGTH: usize = 32;

/// Random, and the same for everybody who uses the store.
#[derive(Clone, PartialEq, Eq)]
pub struct Key(Vec<u8>);

#[async_trait]
pub trait Keys: Send + Sync {
    /// The store's key; where there is none yet, it is made or is `None`.
    async fn key(&self, make: bool) -> Result<Option<Key>, StoreError>;
}

impl Key {
    pub fn random() -> Self {
        Self(rand::random::<[u8; LENGTH]>().to_vec())
    }

    /// As it is kept.
    pub fn to_text(&self) -> String {
        hex::encode(&self.0)
    }

    /// `None` for a text that is no key of ours.
    pub fn of_text(text: &str) -> Option<Self> {
        hex::decode(text).ok().filter(|bytes| bytes.len() == LENGTH).map(Self)
    }

    /// Tells values of one secret apart, in lower-case hex. The same value of another secret looks
    /// different.
    pub fn sum(&self, name: &str, value: &str) -> String {
        // Any length of key will do for HMAC.
        let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(&self.0) else { return String::new() };
        mac.update(&(name.len() as u64).to_be_bytes());
        mac.update(name.as_bytes());
        mac.update(value.as_bytes());
        hex::encode(mac.finalize().into_bytes())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sum_tells_values_apart_and_needs_the_key() {
        let key = Key::of_text(&Key::random().to_text()).unwrap();
        assert_eq!(key.sum("db", "s3cret"), key.sum("db", "s3cret"));
        let others = [key.sum("db", "s3cres"), key.sum("d", "bs3cret"), Key::random().sum("db", "s3cret")];
        assert!(others.iter().all(|other| *other != key.sum("db", "s3cret") && other.len() == 64));
        assert!(Key::of_text("00").is_none() && Key::of_text("no hex").is_none());
    }
}
