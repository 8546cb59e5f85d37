//! The sum that `cksum` prints (POSIX, "cksum"): every builder has that program, and it keeps up with the
//! line. It shows that pieces and files that are fetched arrived whole; against attackers there is SSH.

use crc_fast::{CrcAlgorithm, Digest};

pub struct Cksum {
    digest: Digest,
    bytes: u64,
}

impl Default for Cksum {
    fn default() -> Self {
        Self { digest: Digest::new(CrcAlgorithm::Crc32Cksum), bytes: 0 }
    }
}

impl Cksum {
    pub fn update(&mut self, bytes: &[u8]) {
        self.digest.update(bytes);
        self.bytes += bytes.len() as u64;
    }

    /// The same where these bytes stand in the file; holes before them count as the zeros that they read as.
    pub fn update_at(&mut self, offset: u64, bytes: &[u8]) {
        self.zeros_until(offset);
        self.update(bytes);
    }

    fn zeros_until(&mut self, offset: u64) {
        static ZEROS: [u8; 1 << 16] = [0; 1 << 16];
        while self.bytes < offset {
            let count = (offset - self.bytes).min(ZEROS.len() as u64) as usize;
            self.update(&ZEROS[..count]);
        }
    }

    /// What `cksum` prints for a file of this size that may end in a hole.
    pub fn line_at(mut self, size: u64) -> String {
        self.zeros_until(size);
        self.line()
    }

    /// What `cksum` prints for its standard input.
    pub fn line(mut self) -> String {
        let length = self.bytes.to_le_bytes();
        let significant = length.len() - self.bytes.leading_zeros() as usize / 8;
        self.digest.update(&length[..significant]);
        format!("{} {}", self.digest.finalize(), self.bytes)
    }
}

pub fn of(bytes: &[u8]) -> String {
    let mut sum = Cksum::default();
    sum.update(bytes);
    sum.line()
}

#[cfg(test)]
mod tests {
    use std::{
        io::Write,
        process::{Command, Stdio},
    };

    use super::*;

    #[test]
    fn the_sum_is_the_one_that_the_program_prints() {
        for size in [0, 1, 255, 256, 65_535, 65_536, 300_000] {
            let bytes: Vec<u8> = (0..size).map(|number| (number % 251) as u8).collect();
            let mut child =
                Command::new("cksum").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
            child.stdin.take().unwrap().write_all(&bytes).unwrap();
            let printed = String::from_utf8(child.wait_with_output().unwrap().stdout).unwrap();
            assert_eq!(of(&bytes), printed.trim_end(), "{size} bytes");
        }
    }

    #[test]
    fn holes_count_as_zeros() {
        let mut holey = Cksum::default();
        holey.update_at(100_000, b"data");
        let plain = [&[0; 100_000][..], b"data", &[0; 7]].concat();
        assert_eq!(holey.line_at(100_011), of(&plain));
    }
}
