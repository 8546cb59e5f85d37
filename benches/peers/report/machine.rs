//! On which computer and against which versions was measured.

use std::{fs, thread::available_parallelism};

use serde::{Deserialize, Serialize};

use crate::rig::bench::{ROOT, ground, said};

/// Each line is a word and what it is: `kernel`, `6.1.0`.
#[derive(Default, Deserialize, Serialize)]
pub struct Machine {
    pub facts: Vec<(String, String)>,
    /// What hornero's first local bake found out.
    pub kvm: Option<String>,
}

/// All but what only a local bake finds out.
pub async fn facts() -> Vec<(String, String)> {
    let cores = available_parallelism().map_or(0, usize::from);
    let ground = ground().display().to_string();
    let mut facts = vec![
        ("taken".to_owned(), said("date", &["-u", "+%F"]).await),
        ("hornero".to_owned(), said("git", &["-C", ROOT, "describe", "--always", "--dirty"]).await),
        ("processor".to_owned(), format!("{cores} x {}", field("/proc/cpuinfo", "model name"))),
        ("memory".to_owned(), field("/proc/meminfo", "MemTotal")),
        ("kernel".to_owned(), said("uname", &["-sr"]).await),
        ("files in".to_owned(), format!("{ground} ({})", said("stat", &["-f", "-c", "%T", &ground]).await)),
    ];
    for (name, program, argument) in [
        ("Packer", "packer", "--version"),
        ("OpenSSH", "ssh", "-V"),
        ("tar", "tar", "--version"),
        ("rsync", "rsync", "--version"),
        ("QEMU", "qemu-system-x86_64", "--version"),
    ] {
        let version = said(program, &[argument]).await;
        facts.push((name.to_owned(), version.lines().next().unwrap_or("not there").to_owned()));
    }
    facts
}

/// What follows this word in a file of lines.
fn field(file: &str, name: &str) -> String {
    let text = fs::read_to_string(file).unwrap_or_default();
    let line = text.lines().find(|line| line.starts_with(name));
    line.and_then(|line| line.split_once(':'))
        .map_or_else(|| "unknown".into(), |(_, value)| value.trim().into())
}
