//! Compression of what is sent, where it pays.

use std::{collections::BTreeMap, io, num::NonZero, os::unix::fs::FileExt, path::Path};

use super::archive::open;
use crate::remote::entries::{Content, Entry};

/// What is looked at of an archive before a decision.
const SAMPLE: usize = 1 << 20;

/// What is looked at of a large file in each of three places: few files are alike from end to end.
const PROBE: usize = 128 << 10;

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
fn pays(beginning: &[u8]) -> io::Result<bool> {
    let sample = &beginning[..beginning.len().min(SAMPLE)];
    Ok(is_worth_it(compress(sample)?.len(), sample.len()))
}

/// The whole compressed, where that pays.
///
/// # Errors
/// When there is no memory for it.
pub(super) fn compress_if_it_pays(bytes: &[u8]) -> io::Result<Option<Vec<u8>>> {
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

/// The places of the files that are larger than this and are worth compressing, and the bytes that each is
/// likely to come to.
pub(super) fn weigh(entries: &[Entry], larger: u64) -> BTreeMap<usize, u64> {
    let weighed = entries.iter().enumerate().filter_map(|(place, entry)| match &entry.content {
        // One that cannot be read is told when it is sent.
        Content::File { path, size, .. } if *size > larger => Some((place, estimate(path, *size).ok()??)),
        _ => None,
    });
    weighed.collect()
}

fn estimate(path: &Path, size: u64) -> io::Result<Option<u64>> {
    let (file, mut probe) = (open(path)?, vec![0; PROBE]);
    let last = size.saturating_sub(PROBE as u64);
    let mut compressed = 0;
    for offset in [0, last / 2, last] {
        file.read_exact_at(&mut probe, offset)?;
        compressed += compress(&probe)?.len();
    }
    let likely = size / (3 * PROBE as u64) * compressed as u64;
    Ok(is_worth_it(compressed, 3 * PROBE).then_some(likely))
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
        // What does not shrink stands in the frame as it is: nothing but its sum shows that a bit is wrong.
        let random: Vec<u8> = rand::random_iter().take(JOB + 1).collect();
        let mut compressed = compress(&random).unwrap();
        assert!(zstd::bulk::decompress(&compressed, random.len()).unwrap() == random);
        let middle = compressed.len() / 2;
        compressed[middle] ^= 1;
        assert!(zstd::bulk::decompress(&compressed, random.len()).is_err());
    }

    #[test]
    fn a_large_file_is_weighed_by_what_is_in_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name| folder.path().join(name);
        let (text, random, both) = (path("text"), path("random"), path("both"));
        std::fs::write(&text, "GET /index.html 200\n".repeat(200_000)).unwrap();
        let noise: Vec<u8> = rand::random_iter().take(4_000_000).collect();
        std::fs::write(&random, &noise).unwrap();
        std::fs::write(&both, [&vec![0; 1_500_000], &noise[1_500_000..]].concat()).unwrap();
        let entry = |path: &std::path::Path, size| Entry {
            destination: "/there".into(),
            owner: crate::template::model::Owner::default(),
            mode: 0o644,
            modified: 0,
            content: Content::file(path, size),
        };
        let gone = path("gone");
        let entries = [&random, &text, &gone, &both].map(|path| entry(path, 4_000_000));
        let weighed = weigh(&entries, 3_000_000);
        assert!(weighed.contains_key(&1) && weighed[&1] < 100_000, "{weighed:?}");
        assert!(
            weighed.get(&3).is_none_or(|bytes| *bytes > 2_000_000),
            "its beginning says too much: {weighed:?}"
        );
        assert!(!weighed.contains_key(&0) && !weighed.contains_key(&2), "{weighed:?}");
        assert!(weigh(&entries, 4_000_000).is_empty(), "small ones travel with others");
    }
}
