//! The most memory that a program and what it started had at a time each, as the kernel counts it.

use std::{collections::HashMap, fs};

/// Of processes that may be gone already.
pub struct Peak {
    first: Option<u32>,
    /// By process: the kernel's own high-water mark, in KiB.
    seen: HashMap<u32, u64>,
}

impl Peak {
    pub fn of(first: Option<u32>) -> Self {
        Self { first, seen: HashMap::new() }
    }

    pub fn look(&mut self) {
        let mut open: Vec<u32> = self.first.into_iter().collect();
        while let Some(id) = open.pop() {
            if let Some(kib) = high_water(id) {
                let seen = self.seen.entry(id).or_default();
                *seen = kib.max(*seen);
            }
            open.extend(children(id));
        }
    }

    /// The sum over all processes that were seen.
    pub fn mib(&self) -> f64 {
        let kib: u64 = self.seen.values().sum();
        kib as f64 / 1024.0
    }
}

fn high_water(id: u32) -> Option<u64> {
    let status = fs::read_to_string(format!("/proc/{id}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.trim().strip_suffix(" kB")?.trim().parse().ok()
}

/// Those that any of its threads started.
fn children(id: u32) -> Vec<u32> {
    let threads = fs::read_dir(format!("/proc/{id}/task")).into_iter().flatten().flatten();
    let lists = threads.filter_map(|thread| fs::read_to_string(thread.path().join("children")).ok());
    lists
        .flat_map(|list| list.split_whitespace().filter_map(|id| id.parse().ok()).collect::<Vec<_>>())
        .collect()
}
