//! Carrying something to the machine, by each program, as long as the carrying itself takes.

use std::{fs, path::Path};

use anyhow::{Result, ensure};
use walkdir::WalkDir;

use crate::rig::{
    cloud::{Cloud, Trip},
    hornero::{self, Content},
    job::{Ran, run},
    packer, plain,
};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum By {
    Hornero,
    Packer,
    /// `tar | ssh` of a folder, `cat | ssh` of a file.
    Pipe,
    Rsync,
}

/// What one carrying took.
#[derive(Clone, Copy)]
pub struct Carried {
    pub seconds: f64,
    /// MiB of the program that carried, at most.
    pub peak: f64,
}

/// To an empty folder, and looks that everything has arrived.
pub async fn carry(cloud: &Cloud<'_>, trip: Trip, by: By, from: &Path) -> Result<Carried> {
    let folder = cloud.empty_destination()?;
    let to = if from.is_dir() { folder } else { folder.join("file") };
    let carried = match by {
        By::Hornero => baked(cloud, trip, from, &to).await?,
        By::Packer => {
            let content = Content { steps: &["true"], carried: Some((from, &to)), ..Content::default() };
            let template = packer::template(cloud, "carried", cloud.port(trip), content)?;
            let ran = run("packer", packer::build(cloud.room(), &template)).await?;
            Carried { seconds: packer::upload(&ran.lines)?, peak: ran.peak }
        }
        By::Pipe if from.is_dir() => whole(&plain::tar(cloud, trip, from, &to).await?),
        By::Pipe => whole(&plain::cat(cloud, trip, from, &to).await?),
        By::Rsync => whole(&plain::rsync(cloud, trip, from, &to).await?),
    };
    let (sent, there) = (size(from), size(&to));
    ensure!(sent == there, "{by:?} carried {there:?} files and bytes of {sent:?} to {}", to.display());
    cloud.empty_destination()?;
    Ok(carried)
}

async fn baked(cloud: &Cloud<'_>, trip: Trip, from: &Path, to: &Path) -> Result<Carried> {
    let content = Content { steps: &["true"], carried: Some((from, to)), ..Content::default() };
    let ran = bake(cloud, trip, content).await?;
    Ok(Carried { seconds: hornero::phase(&ran.lines, "upload")?, peak: ran.peak })
}

/// A bake of hornero's with this content.
pub async fn bake(cloud: &Cloud<'_>, trip: Trip, content: Content<'_>) -> Result<Ran> {
    let template = hornero::template(cloud, "carried", cloud.port(trip), content)?;
    let (template, allowed) = (template.display().to_string(), cloud.bench.folder().display().to_string());
    let arguments = ["bake", "--force", "--allow-path", &allowed, &template];
    run("hornero", hornero::in_cloud(cloud, &cloud.moto.endpoint(), &arguments)).await
}

fn whole(ran: &Ran) -> Carried {
    Carried { seconds: ran.seconds, peak: ran.peak }
}

/// How many files, and how many bytes in all.
fn size(path: &Path) -> (u64, u64) {
    let entries = WalkDir::new(path).into_iter().filter_map(Result::ok);
    let files = entries.filter_map(|entry| fs::metadata(entry.path()).ok()).filter(fs::Metadata::is_file);
    files.fold((0, 0), |(count, bytes), file| (count + 1, bytes + file.len()))
}
