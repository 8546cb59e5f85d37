//! A finished image looked into from outside, without starting it: its filesystem read by
//! e2fsprogs' debugfs, which needs no mount and no rights.

use std::{path::Path, process::Command};

use serde_json::Value;
use tempfile::NamedTempFile;

pub struct Filesystem {
    raw: NamedTempFile,
    /// Of the largest partition, in bytes.
    offset: u64,
}

pub fn manifest(folder: &Path) -> Value {
    serde_json::from_str(&std::fs::read_to_string(folder.join("manifest.json")).unwrap()).unwrap()
}

/// What `qemu-img info` says of a disk.
pub fn info(disk: &Path) -> Value {
    serde_json::from_str(&output(Command::new("qemu-img").args(["info", "--output=json"]).arg(disk))).unwrap()
}

pub fn output(command: &mut Command) -> String {
    let output = command.output().unwrap();
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn raw_copy(disk: &Path) -> NamedTempFile {
    let raw = NamedTempFile::new().unwrap();
    output(Command::new("qemu-img").args(["convert", "-O", "raw"]).arg(disk).arg(raw.path()));
    raw
}

impl Filesystem {
    pub fn open(disk: &Path) -> Self {
        let raw = raw_copy(disk);
        let table: Value =
            serde_json::from_str(&output(Command::new("sfdisk").arg("--json").arg(raw.path()))).unwrap();
        let partitions = table["partitiontable"]["partitions"].as_array().unwrap();
        let largest = partitions.iter().max_by_key(|partition| partition["size"].as_u64()).unwrap();
        Self { offset: largest["start"].as_u64().unwrap() * 512, raw }
    }

    /// The text of a file; empty when there is none.
    pub fn read(&self, path: &str) -> String {
        self.ask(&format!("cat {path}"))
    }

    pub fn exists(&self, path: &str) -> bool {
        self.ask(&format!("stat {path}")).contains("Inode:")
    }

    /// Names in a folder.
    pub fn list(&self, path: &str) -> Vec<String> {
        let listing = self.ask(&format!("ls -p {path}"));
        let names = listing.lines().filter_map(|line| line.split('/').nth(5));
        names.filter(|name| !matches!(*name, "" | "." | "..")).map(Into::into).collect()
    }

    /// Mode, uid and gid.
    pub fn owner(&self, path: &str) -> (u32, u32, u32) {
        let stat = self.ask(&format!("stat {path}"));
        let word = |name: &str| {
            let rest = stat.split(&format!("{name}:")).nth(1).unwrap_or_else(|| panic!("{path}: {stat}"));
            rest.split_whitespace().next().unwrap().to_owned()
        };
        let mode = u32::from_str_radix(&word("Mode"), 8).unwrap();
        (mode & 0o7777, word("User").parse().unwrap(), word("Group").parse().unwrap())
    }

    /// Copies everything in it into a folder.
    pub fn copy(&self, folder: &Path) {
        self.ask(&format!("rdump / {}", folder.display()));
    }

    fn ask(&self, request: &str) -> String {
        let device = format!("{}?offset={}", self.raw.path().display(), self.offset);
        // debugfs lives where an ordinary user's PATH may not look.
        let path = format!("{}:/usr/sbin:/sbin", std::env::var("PATH").unwrap());
        output(Command::new("debugfs").env("PATH", path).args(["-R", request]).arg(device))
    }
}
