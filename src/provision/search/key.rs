//! Private keys as other programs write them: the same numbers stand in a key's PEM text, in its DER bytes, in another
//! container for them and in JSON, but not the same lines. So a number of the key is looked for that it alone has.

use std::collections::BTreeSet;

use base64::{
    Engine as _,
    engine::general_purpose::{STANDARD, URL_SAFE},
};
use der::{Reader as _, SliceReader, Tag, Tagged as _, asn1::AnyRef};
use ssh_key::{PrivateKey, private::KeypairData};

/// Versions, algorithms and exponents are shorter.
const SHORTEST_NUMBER_BYTES: usize = 20;

/// Leading zeros, and how long the rest of a number is written, differ between programs; its end does not.
const ENOUGH_BYTES: usize = 48;

/// Containers in containers.
const MAX_DEPTH: usize = 8;

/// The forms of the private numbers in a key of any of the usual kinds; none where `secret` is no key, or where the key
/// is encrypted.
pub fn forms(secret: &str) -> BTreeSet<Vec<u8>> {
    let number = numbers(secret).into_iter().next_back();
    number.map(|number| of_bytes(&number[number.len().saturating_sub(ENOUGH_BYTES)..])).unwrap_or_default()
}

/// The long numbers of a key, in the order of its container. The last one is private in all of them.
fn numbers(secret: &str) -> Vec<Vec<u8>> {
    if let Ok(key) = PrivateKey::from_openssh(secret) {
        return of_openssh(key.key_data()).into_iter().collect();
    }
    let mut numbers = Vec::new();
    for block in pem_blocks(secret) {
        if let Ok((label, bytes)) = pem_rfc7468::decode_vec(block.as_bytes())
            && label.ends_with("PRIVATE KEY")
            && label != "ENCRYPTED PRIVATE KEY"
        {
            collect(&bytes, MAX_DEPTH, &mut numbers);
        }
    }
    numbers
}

/// Parameters, certificates and comments may stand before a key and after it.
fn pem_blocks(secret: &str) -> impl Iterator<Item = &str> {
    secret.match_indices("-----BEGIN ").filter_map(|(begin, _)| {
        let label = secret[begin..].find("-----END ")? + begin + "-----END ".len();
        let end = secret[label..].find("-----")? + label + "-----".len();
        Some(&secret[begin..end])
    })
}

fn of_openssh(key: &KeypairData) -> Option<Vec<u8>> {
    match key {
        KeypairData::Ed25519(pair) => Some(pair.private.to_bytes().to_vec()),
        KeypairData::Rsa(pair) => Some(pair.private.iqmp.as_bytes().to_vec()),
        KeypairData::Dsa(pair) => Some(pair.private.as_bytes().to_vec()),
        // Of the others the crate does not tell the numbers, or there are none: the key is in a token.
        _ => None,
    }
}

fn collect(bytes: &[u8], depth: usize, numbers: &mut Vec<Vec<u8>>) {
    let Ok(mut reader) = SliceReader::new(bytes) else { return };
    while !reader.is_finished() {
        let Ok(part) = reader.decode::<AnyRef<'_>>() else { return };
        let before = numbers.len();
        if depth > 0 && matches!(part.tag(), Tag::Sequence | Tag::OctetString) {
            collect(part.value(), depth - 1, numbers);
        }
        let is_number = matches!(part.tag(), Tag::Integer | Tag::OctetString);
        if is_number && numbers.len() == before && part.value().len() >= SHORTEST_NUMBER_BYTES {
            numbers.push(part.value().to_vec());
        }
    }
}

fn of_bytes(bytes: &[u8]) -> BTreeSet<Vec<u8>> {
    let mut forms =
        BTreeSet::from([bytes.to_vec(), hex::encode(bytes).into(), hex::encode_upper(bytes).into()]);
    for engine in [STANDARD, URL_SAFE] {
        for before in 0..3 {
            let shifted = [&[0; 2][..before], bytes].concat();
            let (first, last) = ((before * 8).div_ceil(6), shifted.len() * 8 / 6);
            forms.extend(engine.encode(&shifted).get(first..last).map(|form| form.as_bytes().to_vec()));
        }
    }
    forms
}
