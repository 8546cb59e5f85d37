//! What the user asks for.

use std::path::{Path, PathBuf};

use clap::{Parser, ValueEnum};

use crate::rows::Row;

const ROOT: &str = env!("CARGO_MANIFEST_DIR");

/// Measures hornero against its peers at the same work.
#[derive(Debug, Parser)]
#[command(name = "cargo bench --bench peers --")]
pub struct Args {
    /// Only these rows, and no page unless `--page` names a folder
    #[arg(value_enum)]
    rows: Vec<Row>,

    /// How often each program does each work
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..))]
    pairs: u32,

    /// Each program does each work once: shows that everything works, and measures little
    #[arg(long)]
    quick: bool,

    /// Where `peers.json` and what rows leave for a closer look are written
    #[arg(long, default_value_os_t = Path::new(ROOT).join("target/bench"))]
    pub output: PathBuf,

    /// Where `benchmarks.md` and its plots are written, from these and earlier rows in `peers.json`
    /// [default after all rows: docs]
    #[arg(long)]
    page: Option<PathBuf>,

    /// Passed by cargo
    #[arg(long, hide = true)]
    bench: bool,
}

impl Args {
    pub fn rows(&self) -> Vec<Row> {
        if self.rows.is_empty() { Row::value_variants().to_vec() } else { self.rows.clone() }
    }

    /// How often something is done that is done `most` times at most.
    pub fn pairs(&self, most: u32) -> u32 {
        if self.quick { 1 } else { self.pairs.min(most) }
    }

    pub fn quick(&self) -> bool {
        self.quick
    }

    pub fn page(&self) -> Option<PathBuf> {
        let all = self.rows.is_empty() && !self.quick;
        self.page.clone().or_else(|| all.then(|| Path::new(ROOT).join("docs")))
    }
}
