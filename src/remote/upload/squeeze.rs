//! Compression of what is sent, where it pays.

use std::io;

/// What is looked at before a decision.
const SAMPLE: usize = 1 << 20;

/// Compressed, the sample must not be more than this of itself: less than a third saved is not worth
/// the work at both ends.
const PAYS: f64 = 0.7;

/// zstd's fastest usual level: it keeps up with the line where that is fast.
const LEVEL: i32 = 1;

/// Whether what begins like this shrinks.
///
/// # Errors
/// When there is no memory for it.
pub(super) fn pays(beginning: &[u8]) -> io::Result<bool> {
    let sample = &beginning[..beginning.len().min(SAMPLE)];
    let compressed = compress(sample)?;
    Ok((compressed.len() as f64) < sample.len() as f64 * PAYS)
}

/// # Errors
/// When there is no memory for it.
pub(super) fn compress(bytes: &[u8]) -> io::Result<Vec<u8>> {
    zstd::bulk::compress(bytes, LEVEL)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_compressed_and_what_is_random_is_not() {
        let text = "GET /index.html 200\n".repeat(1000);
        assert!(pays(text.as_bytes()).unwrap());
        let random: Vec<u8> = rand::random_iter().take(100_000).collect();
        assert!(!pays(&random).unwrap());
        assert!(!pays(&[]).unwrap());
    }
}
