//! Compression of what is sent, where it pays.

use std::{
    collections::BTreeMap,
    io::{self, Read},
    num::NonZero,
    path::Path,
};

use super::archive::open;
use crate::remote::entries::{Content, Entry};

/// What is looked at before a decision.
const SAMPLE: usize = 1 << 20;

/// Compressed, the sample must not be more than this of itself: less than a third saved is not worth
/// the work at both ends.
const PAYS: f64 = 0.7;

/// zstd's fastest usual level: it keeps up with the line where that is fast.
const LEVEL: i32 = 1;

/// What zstd hands to one processor at this level (`ZSTDMT_computeTargetJobLog`): four windows of 512 KiB.
const JOB: usize = 2 << 20;

/// A piece is cut into as many parts at most.
const WORKERS: usize = 4;

/// Whether what begins like this shrinks.
///
/// # Errors
/// When there is no memory for it.
pub(super) fn pays(beginning: &[u8]) -> io::Result<bool> {
    let sample = &beginning[..beginning.len().min(SAMPLE)];
    Ok(is_worth_it(compress(sample)?.len(), sample.len()))
}

/// The whole compressed, where that pays.
///
/// # Errors
/// When there is no memory for it.
pub(super) fn squeezed(bytes: &[u8]) -> io::Result<Option<Vec<u8>>> {
    // A look at half of it would cost as much as the rest.
    if bytes.len() > 2 * SAMPLE && !pays(bytes)? {
        return Ok(None);
    }
    let compressed = compress(bytes)?;
    Ok(is_worth_it(compressed.len(), bytes.len()).then_some(compressed))
}

fn is_worth_it(compressed: usize, plain: usize) -> bool {
    (compressed as f64) < plain as f64 * PAYS
}

/// The files, by their places, that are larger than this and are worth compressing; and what they come to
/// by how they begin.
pub(super) fn weigh(entries: &[Entry], larger: u64) -> BTreeMap<usize, u64> {
    let weighed = entries.iter().enumerate().filter_map(|(place, entry)| match &entry.content {
        // One that cannot be read is told when it is sent.
        Content::File { path, size } if *size > larger => Some((place, after(path, *size).ok()??)),
        _ => None,
    });
    weighed.collect()
}

fn after(path: &Path, size: u64) -> io::Result<Option<u64>> {
    let mut sample = Vec::with_capacity(SAMPLE);
    open(path)?.take(SAMPLE as u64).read_to_end(&mut sample)?;
    let compressed = compress(&sample)?.len();
    let expected = size / SAMPLE as u64 * compressed as u64;
    Ok(is_worth_it(compressed, sample.len()).then_some(expected))
}

/// With a sum of the plain bytes, which is checked when they are unpacked.
///
/// # Errors
/// When there is no memory for it.
pub(super) fn compress(bytes: &[u8]) -> io::Result<Vec<u8>> {
    let mut compressor = zstd::bulk::Compressor::new(LEVEL)?;
    compressor.include_checksum(true)?;
    if bytes.len() > JOB {
        // One processor alone is slower than several lines.
        let processors = std::thread::available_parallelism().map_or(1, NonZero::get).min(WORKERS);
        compressor.multithread(u32::try_from(processors).unwrap_or(1))?;
    }
    let mut compressed = compressor.compress(bytes)?;
    // It was made for the worst case, and may wait in memory for its turn.
    compressed.shrink_to_fit();
    Ok(compressed)
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

    #[test]
    fn what_is_not_as_it_was_is_not_unpacked() {
        let text = "GET /index.html 200\n".repeat(1000);
        let mut compressed = compress(text.as_bytes()).unwrap();
        assert_eq!(zstd::bulk::decompress(&compressed, text.len()).unwrap(), text.as_bytes());
        *compressed.last_mut().unwrap() ^= 1;
        assert!(zstd::bulk::decompress(&compressed, text.len()).is_err());
    }

    #[test]
    fn a_large_file_is_weighed_by_how_it_begins() {
        let folder = tempfile::tempdir().unwrap();
        let (text, random) = (folder.path().join("text"), folder.path().join("random"));
        std::fs::write(&text, "GET /index.html 200\n".repeat(200_000)).unwrap();
        std::fs::write(&random, rand::random_iter().take(4_000_000).collect::<Vec<u8>>()).unwrap();
        let entry = |path: &std::path::Path, size| Entry {
            destination: "/there".into(),
            owner: crate::template::model::Owner::default(),
            mode: 0o644,
            modified: 0,
            content: Content::File { path: path.into(), size },
        };
        let gone = folder.path().join("gone");
        let entries = [&random, &text, &gone].map(|path| entry(path, 4_000_000));
        let weighed = weigh(&entries, 3_000_000);
        assert!(weighed.keys().eq([&1]) && weighed[&1] < 100_000, "{weighed:?}");
        assert!(weigh(&entries, 4_000_000).is_empty(), "small ones travel with others");
    }
}
