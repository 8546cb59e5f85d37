//! Values as text that is short enough for the tags of an image: letters, digits, `+` and `/`, in pieces.

use base64::{Engine, engine::general_purpose::STANDARD_NO_PAD};
use serde::{Serialize, de::DeserializeOwned};

/// What a text may hold at most when it is unpacked; nobody has so much.
const LARGEST_BYTES: usize = 4 << 20;

/// Beyond this the packing takes longer and saves hardly anything.
const EFFORT: i32 = 19;

/// `None` for what JSON cannot hold.
pub fn pack(value: &impl Serialize) -> Option<String> {
    let bytes = zstd::bulk::compress(&serde_json::to_vec(value).ok()?, EFFORT).ok()?;
    Some(STANDARD_NO_PAD.encode(bytes))
}

/// `None` for what is no such text, or holds something else.
pub fn unpack<T: DeserializeOwned>(text: &str) -> Option<T> {
    let bytes = STANDARD_NO_PAD.decode(text).ok()?;
    serde_json::from_slice(&zstd::bulk::decompress(&bytes, LARGEST_BYTES).ok()?).ok()
}
