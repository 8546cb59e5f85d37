//! The rows of the table, one file each, and in which order they are run.

mod bake;
mod carry;
mod growth;
mod local;
mod many;
mod print;
mod reaction;
mod start;
mod uploads;

use anyhow::Result;
use clap::ValueEnum;

use crate::{outcome::Fresh, rig::bench::Bench};

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Row {
    /// EC2 bake of three one-line steps
    Bake,
    /// Upload of a folder of 2,000 small files
    Files,
    /// Upload of a folder of 50,000 small files
    Forest,
    /// Upload of one large file of noise
    Noise,
    /// Upload of one large log
    Log,
    /// From state change to reaction
    Reaction,
    /// Start of the program
    Start,
    /// 50 bakes at once
    Many,
    /// A step that prints a gigabyte
    Print,
    /// Bakes on QEMU
    Local,
    /// Plots: more and more files, more and more bakes at once
    Growth,
}

impl Row {
    pub fn name(self) -> &'static str {
        match self {
            Self::Bake => "bake",
            Self::Files => "files",
            Self::Forest => "forest",
            Self::Noise => "noise",
            Self::Log => "log",
            Self::Reaction => "reaction",
            Self::Start => "start",
            Self::Many => "many",
            Self::Print => "print",
            Self::Local => "local",
            Self::Growth => "growth",
        }
    }

    pub fn what(self) -> &'static str {
        match self {
            Self::Bake => "three one-line steps on EC2, against Packer",
            Self::Files => "2,000 files of 4 KiB, against tar | ssh, rsync and Packer",
            Self::Forest => "50,000 files of 1 KiB, against tar | ssh",
            Self::Noise => "256 MiB of noise, against cat | ssh",
            Self::Log => "256 MiB of a web server's log, against cat | ssh",
            Self::Reaction => "from state change to reaction, in a cloud with known times",
            Self::Start => "start of the program, and 200 templates",
            Self::Many => "50 bakes at once in one process",
            Self::Print => "steps that print a gigabyte: memory",
            Self::Local => "bakes on QEMU, cold and warm, against Packer",
            Self::Growth => "more and more files, more and more bakes at once",
        }
    }

    pub async fn run(self, bench: &Bench<'_>) -> Result<Fresh> {
        let mut fresh = match self {
            Self::Bake => bake::run(bench).await?,
            Self::Files => uploads::files(bench).await?,
            Self::Forest => uploads::forest(bench).await?,
            Self::Noise => uploads::noise(bench).await?,
            Self::Log => uploads::log(bench).await?,
            Self::Reaction => reaction::run(bench).await?,
            Self::Start => start::run(bench).await?,
            Self::Many => many::run(bench).await?,
            Self::Print => print::run(bench).await?,
            Self::Local => local::run(bench).await?,
            Self::Growth => growth::run(bench).await?,
        };
        self.name().clone_into(&mut fresh.row);
        fresh.outcomes.iter_mut().for_each(|outcome| self.name().clone_into(&mut outcome.row));
        fresh.plots.iter_mut().for_each(|plot| self.name().clone_into(&mut plot.row));
        Ok(fresh)
    }
}
