//! Between cloud-init and the steps: mount points get their owners, packages are removed, and all
//! files of the template go up in one stream. Those from the web were fetched before the launch.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    time::Duration,
};

use super::{follow, machine::Machine};
use crate::{
    error::{Error, Kind},
    event::Events,
    fetch,
    plan::Content,
    provision::{
        machine::{Names, early_script, late_script},
        script::Job,
        snapshot,
    },
    remote::{
        RemoteError,
        entries::{ChangedFile, Entry, FileSum, KnownFile, KnownFiles, expand},
        upload::Upload,
    },
    template::model::{FileSource, FileSpec, Template},
};

/// Removing many packages on a slow machine takes long.
const TIMEOUT: Duration = Duration::from_secs(60 * 60);

/// After so many lines in a row over which nothing arrived, an upload is given up.
const LINES_IN_VAIN: u32 = 5;

/// Where the files of a template come from.
#[derive(Clone, Copy)]
pub struct FileSources<'a> {
    /// Those of the web lie here, by their sums.
    pub downloads: &'a Path,
    /// What the others were when the bake began.
    pub known: &'a [Content],
}

/// # Errors
/// When a script fails on the builder, or a file cannot be read or unpacked there.
pub async fn run(
    machine: &mut Machine<'_>,
    template: &Template,
    sources: FileSources<'_>,
    events: &Events,
) -> Result<(), Error> {
    // With cloud-init this one has run already, early in the boot.
    if !template.cloud_init.enabled
        && let Some(text) =
            early_script(&template.groups, &template.disks, Names::Given(&machine.builder.disks()))?
    {
        script(machine, &text, "making groups and disks", events).await?;
    }
    if !template.cloud_init.enabled
        && let Some(moment) = &template.packages.snapshot
    {
        script(machine, &snapshot::begin(moment)?, "taking packages from the snapshot", events).await?;
    }
    if let Some(text) = late_script(&template.packages, &template.disks, &template.users)? {
        script(
            machine,
            &text,
            "removing packages, setting groups of users and owners of mount points",
            events,
        )
        .await?;
    }
    files(machine, template.files.iter().filter(|file| file.after == 0), sources, events).await
}

/// Sends some of the files.
///
/// # Errors
/// When one cannot be read or put at its place.
pub async fn files(
    machine: &mut Machine<'_>,
    files: impl Iterator<Item = &FileSpec>,
    sources: FileSources<'_>,
    events: &Events,
) -> Result<(), Error> {
    let entries = entries(files, sources, events)?;
    match entries.is_empty() {
        true => Ok(()),
        false => upload(machine, entries, events).await,
    }
}

/// Sends the files, over further lines where one is cut.
async fn upload(machine: &mut Machine<'_>, entries: Vec<Entry>, events: &Events) -> Result<(), Error> {
    let teller = events.clone();
    let mut upload = Upload::of(entries, move |sent, total| teller.progress("upload", sent, Some(total)));
    let mut in_vain = 0;
    loop {
        let done = upload.done();
        match upload.send(machine.remote.as_ref()).await {
            Ok(()) => return Ok(()),
            Err(lost @ RemoteError::Lost { .. }) if in_vain < LINES_IN_VAIN => {
                in_vain = if upload.done() > done { 0 } else { in_vain + 1 };
                machine.restore(&lost, events).await?;
            }
            Err(error) => {
                let kind = machine.explain(error).await;
                return Err(Error { message: format!("uploading files: {}", kind.message), ..kind });
            }
        }
    }
}

/// Makes the disks of a builder whose user-data could not know their serials. cloud-init waits for
/// this before it installs anything.
///
/// # Errors
/// When a disk is not there or cannot be made.
pub async fn disks(machine: &mut Machine<'_>, template: &Template, events: &Events) -> Result<(), Error> {
    match early_script(&[], &template.disks, Names::Given(&machine.builder.disks()))? {
        Some(text) => script(machine, &text, "making disks", events).await,
        None => Ok(()),
    }
}

/// Brings back the package sources that a snapshot has stood in for.
///
/// # Errors
/// When the packages cannot have come from it, or something still names it.
pub async fn snapshot_over(
    machine: &mut Machine<'_>,
    template: &Template,
    events: &Events,
) -> Result<(), Error> {
    match &template.packages.snapshot {
        Some(moment) => {
            script(machine, &snapshot::over(moment)?, "bringing the package sources back", events).await
        }
        None => Ok(()),
    }
}

async fn script(machine: &mut Machine<'_>, text: &str, what: &str, events: &Events) -> Result<(), Error> {
    let job = Job { text, user: "root", env: &BTreeMap::new() };
    let (end, tail) = follow::script(machine, &job, Some(TIMEOUT), "prepare", events).await?;
    end.succeeded(what, tail)
}

fn known_files(contents: &[Content]) -> Result<KnownFiles, Error> {
    let known = |content: &Content| {
        let mut sum = FileSum::default();
        hex::decode_to_slice(&content.sum, &mut sum).map_err(|error| {
            Error::new(Kind::Local, format!("reading the sum of `{}`", content.path.display()))
                .because(&error)
        })?;
        Ok(KnownFile { path: content.path.clone(), mode: content.mode, sum })
    };
    contents.iter().map(known).collect()
}

/// Named in one warning, of files that lose something on their way.
const NAMED: usize = 5;

fn entries<'f>(
    files: impl Iterator<Item = &'f FileSpec>,
    sources: FileSources<'_>,
    events: &Events,
) -> Result<Vec<Entry>, Error> {
    let (mut entries, mut loses) = (Vec::new(), Vec::new());
    let known = known_files(sources.known)?;
    for spec in files {
        let fetched = match &spec.source {
            FileSource::Url { url: _, sha256 } => Some(fetch::kept(sha256, sources.downloads)),
            FileSource::Path(_) | FileSource::Content(_) => None,
        };
        let expanded = expand(spec, fetched.as_deref(), Some(&known)).map_err(|error| {
            let what = format!("reading what goes to `{}`", spec.destination);
            match ChangedFile::behind(&error) {
                Some(changed) => {
                    Error::new(Kind::Template, format!("{what}: {changed}")).hint(ChangedFile::HINT)
                }
                None => Error::new(Kind::Bake, what).because(&error),
            }
        })?;
        entries.extend(expanded.entries);
        loses.extend(expanded.loses);
    }
    tell_losses(&loses, events);
    Ok(entries)
}

fn tell_losses(loses: &[PathBuf], events: &Events) {
    if loses.is_empty() {
        return;
    }
    let names: Vec<String> = loses.iter().take(NAMED).map(|path| format!("`{}`", path.display())).collect();
    let more = match loses.len().saturating_sub(NAMED) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    events.warn(format!(
        "setuid, setgid and sticky bits and capabilities of local files are not sent: {}{more}; declare a `mode` \
         such as \"4755\", or set them in a step",
        names.join(", ")
    ));
}
