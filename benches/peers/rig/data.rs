//! What is carried: folders of many small files, one file of noise, one of a web server's log. Made
//! from fixed seeds, so that every run has the same bytes.

use std::{
    fs::{self, File},
    io::{BufWriter, Write},
    path::{Path, PathBuf},
};

use anyhow::{Context, Result};
use rand::{Rng, RngExt, SeedableRng, rngs::SmallRng};

pub const MIB: usize = 1024 * 1024;

/// So many files of so many bytes of noise, a hundred in a folder.
pub fn folder(within: &Path, files: usize, bytes: usize) -> Result<PathBuf> {
    let path = within.join(format!("files-{files}-{bytes}"));
    if path.is_dir() {
        return Ok(path);
    }
    let (mut random, mut content) = (SmallRng::seed_from_u64(1), vec![0; bytes]);
    for number in 0..files {
        let folder = path.join(format!("part-{:04}", number / 100));
        if number % 100 == 0 {
            fs::create_dir_all(&folder).with_context(|| format!("making {}", folder.display()))?;
        }
        random.fill_bytes(&mut content);
        let file = folder.join(format!("file-{number:06}.bin"));
        fs::write(&file, &content).with_context(|| format!("writing {}", file.display()))?;
    }
    Ok(path)
}

pub fn noise(within: &Path, mib: usize) -> Result<PathBuf> {
    let mut random = SmallRng::seed_from_u64(2);
    file(within.join(format!("noise-{mib}.bin")), mib * MIB, |content| {
        let start = content.len();
        content.resize(start + MIB, 0);
        random.fill_bytes(&mut content[start..]);
    })
}

/// Lines as a busy web server writes them: addresses, times, paths, sizes and browsers vary.
pub fn log(within: &Path, mib: usize) -> Result<PathBuf> {
    let (mut random, mut second) = (SmallRng::seed_from_u64(3), 0);
    file(within.join(format!("access-{mib}.log")), mib * MIB, |content| {
        while content.len() < MIB {
            second += u32::from(random.random_bool(0.1));
            line(content, &mut random, second);
        }
    })
}

fn line(content: &mut Vec<u8>, random: &mut SmallRng, second: u32) {
    let pick = |random: &mut SmallRng, from: &[&'static str]| from[random.random_range(0..from.len())];
    let (hour, minute, second) = (second / 3600 % 24, second / 60 % 60, second % 60);
    let [a, b, c]: [u8; 3] = random.random();
    let (first, size) = (random.random_range(10..220), random.random_range(180..90_000));
    let (item, took) = (random.random_range(1..60_000), random.random_range(0.001..0.9));
    let path = pick(
        random,
        &["/course/view.php?id=", "/mod/quiz/attempt.php?id=", "/theme/image.php/", "/api/v2/grades/"],
    );
    let (code, agent) =
        (pick(random, &["200", "200", "200", "304", "302", "404", "500"]), pick(random, AGENTS));
    let method = pick(random, &["GET", "GET", "GET", "POST"]);
    let id: u64 = random.random();
    let text = format!(
        "{first}.{a}.{b}.{c} - - [21/Nov/2026:{hour:02}:{minute:02}:{second:02} +0000] \"{method} {path}{item} HTTP/1.1\" \
         {code} {size} \"https://campus.example.org/my/\" \"{agent}\" rt={took:.3} id={id:016x}\n"
    );
    content.extend_from_slice(text.as_bytes());
}

const AGENTS: &[&str] = &[
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36",
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/19.1 Safari/605.1.15",
    "Mozilla/5.0 (X11; Linux x86_64; rv:144.0) Gecko/20100101 Firefox/144.0",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 19_1 like Mac OS X) AppleWebKit/605.1.15 Mobile/15E148",
    "MoodleMobile 5.1.0 (51000) okhttp/4.12.0",
];

/// Written piece by piece until it is so long, and cut there.
fn file(path: PathBuf, bytes: usize, mut piece: impl FnMut(&mut Vec<u8>)) -> Result<PathBuf> {
    if path.is_file() {
        return Ok(path);
    }
    let writing = || format!("writing {}", path.display());
    let mut file = BufWriter::new(File::create(&path).with_context(writing)?);
    let (mut content, mut left) = (Vec::new(), bytes);
    while left > 0 {
        content.clear();
        piece(&mut content);
        let part = content.len().min(left);
        file.write_all(&content[..part]).with_context(writing)?;
        left -= part;
    }
    file.flush().with_context(writing)?;
    Ok(path)
}
