mod text;

use std::{
    path::{Path, PathBuf},
    process::ExitCode,
};

use clap::Args;

use super::{Context, images::recorded, show, wiring};
use crate::{
    engine::manifest::{self, FILE, Manifest},
    error::{Error, Kind},
};

/// Shows what differs between two images, by their manifests
///
/// Whether both were made of the same inputs comes first, then the base, the system, packages, users,
/// files, parts of the fingerprint, checks, disks: only what differs.
#[derive(Debug, Args)]
pub struct Diff {
    /// ID of an image or a beginning of it that no other has, the image's folder, or its manifest.json
    a: String,
    /// The image that it is compared with, named in the same ways
    b: String,
    /// Ends with 2 when anything differs, and with 1 for an image that there is none of
    #[arg(long)]
    detailed_exitcode: bool,
}

impl Diff {
    pub async fn run(self, context: &Context) -> Result<ExitCode, Error> {
        let differ = match self.compare(context).await {
            // Whoever asks for it takes 2 for a difference.
            Err(error) if self.detailed_exitcode && error.kind == Kind::Usage => {
                show::error(&error, context);
                return Ok(ExitCode::from(1));
            }
            result => result?,
        };
        Ok(ExitCode::from(if self.detailed_exitcode && differ { 2 } else { 0 }))
    }

    /// Tells what differs, and whether anything does.
    async fn compare(&self, context: &Context) -> Result<bool, Error> {
        let (a, b) = (find(&self.a, context).await?, find(&self.b, context).await?);
        let diff = manifest::Diff::of(&a, &b);
        if context.json() {
            show::stdout_json(&diff)?;
        } else {
            show::stdout(&text::of(&diff))?;
        }
        Ok(!diff.is_empty())
    }
}

/// What lies on this computer needs no store, on no platform.
async fn find(named: &str, context: &Context) -> Result<Manifest, Error> {
    if let Some(path) = file(named, context)? {
        return Manifest::open(&path).map_err(|error| {
            error.or_hint("name the `manifest.json` of an image, or the folder that it lies in")
        });
    }
    let store = wiring::store(context, &Default::default()).await?;
    let record = recorded(named, &*store, context).await?;
    Manifest::open(&record.manifest).map_err(|error| {
        error.or_hint(
            "a manifest stays on the computer that baked the image: copy it from there, and name the file in place of the ID",
        )
    })
}

/// The manifest that a path leads to, or that of an image in the data directory.
fn file(named: &str, context: &Context) -> Result<Option<PathBuf>, Error> {
    let path = Path::new(named);
    let inside = |folder: &Path| Some(folder.join(FILE)).filter(|file| file.is_file());
    let found = if path.is_file() { Some(path.to_owned()) } else { inside(path) };
    match found {
        // It cannot be an ID: what is wrong with the path is told when it is opened.
        None if named.contains('/') => Ok(Some(path.to_owned())),
        None => Ok(inside(&context.data()?.join("images").join(named))),
        found => Ok(found),
    }
}
