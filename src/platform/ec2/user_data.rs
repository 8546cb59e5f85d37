//! User-data as EC2 takes it: compressed, which cloud-init undoes, and not above EC2's limit.

use crate::{
    platform::PlatformError,
    provision::packed::{self, MOST_USER_DATA_BYTES as LIMIT},
};

/// # Errors
/// When it stays above the limit.
pub fn packed(name: &str, user_data: &[u8]) -> Result<Vec<u8>, PlatformError> {
    let what = || format!("packing the user-data of the builder `{name}`");
    let packed = packed::packed(user_data).map_err(|error| PlatformError::new(what(), error))?;
    if packed.len() <= LIMIT {
        return Ok(packed);
    }
    let (size, all) = (packed.len(), user_data.len());
    Err(PlatformError::new(what(), format!("it has {all} bytes, {size} compressed, and EC2 takes {LIMIT}")).hint(
        "bring what is large with [[files]] or a step, and keep [cloud_init] user_data and the keys of [[users]] short",
    ))
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use super::*;

    #[test]
    fn text_that_compresses_well_may_be_longer_than_the_limit() {
        let text = "#cloud-config\n".repeat(4000);
        let bytes = packed("run", text.as_bytes()).unwrap();
        let mut back = String::new();
        flate2::read::GzDecoder::new(bytes.as_slice()).read_to_string(&mut back).unwrap();
        assert_eq!(back, text);
        assert_eq!(bytes, packed("run", text.as_bytes()).unwrap());
    }

    #[test]
    fn what_stays_above_the_limit_is_refused_with_its_size() {
        let noise: Vec<u8> = (0..20_000).map(|_| rand::random()).collect();
        let error = packed("web-1", &noise).unwrap_err();
        assert!(error.to_string().contains("`web-1`: it has 20000 bytes"), "{error}");
        assert!(error.to_string().contains("EC2 takes 16384"), "{error}");
    }
}
