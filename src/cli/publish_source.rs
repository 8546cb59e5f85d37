//! Where an image that is to be published is known from: the folder of its run on this computer, or the tags of the
//! image itself, which any computer sees.

use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::{
    Context,
    find_run::{self, FoundRun, RunFilter},
    wiring,
};
use crate::{
    engine::{
        delivery_note::DeliveryNote,
        manifest::{FILE, Manifest},
        outcome::{Outcome, Proof},
    },
    error::{Error, Kind},
    journal::{self, FIRST_FORMAT, Journal, check_format},
    platform::CloudImage,
    store::ImageRecord,
    template::model::{Ec2, PlatformKind, Publish},
};

/// An image, and what is to become of it.
pub struct PublishSource {
    /// ID of the run that made it.
    pub run: String,
    /// The folder of that run, and its journal, which is held: nobody else goes on with it meanwhile. A run that was
    /// made before there were journals has none.
    pub here: Option<(PathBuf, Option<Journal>)>,
    pub platform: PlatformKind,
    pub outcome: Outcome,
    pub manifest: Manifest,
    pub target: Publish,
}

/// What publishing needs of a run's plan.
#[derive(Debug, Deserialize)]
struct Plan {
    platform: PlatformKind,
    template: Template,
}

#[derive(Debug, Deserialize)]
struct Template {
    publish: Publish,
}

/// The image of the run that `typed` means; `region` is where to look for that of another computer.
///
/// # Errors
/// When there is no such run, it lives, or it has made no image.
pub async fn find(typed: &str, region: Option<&str>, context: &Context) -> Result<PublishSource, Error> {
    let Some(FoundRun { id, folder }) = find_run::find_any(typed, RunFilter::WITH_UNFINISHED_IMAGE, context)?
    else {
        let found = by_tags(typed, region, context).await?;
        return match found {
            Some(source) => Ok(source),
            None => Err(find_run::no_such_run(typed, context)?),
        };
    };
    let journal = take_over(&folder, &id)?;
    match Outcome::read(&folder) {
        Ok(outcome) => of_folder(id, (folder, journal), outcome),
        // Killed, or without a disk to write on, before it could say so.
        Err(unknown) if unknown.kind == Kind::Usage => match by_tags(&id, region, context).await? {
            Some(source) => Ok(PublishSource { here: Some((folder, journal)), ..source }),
            None => Err(unknown),
        },
        Err(unreadable) => Err(unreadable),
    }
}

fn of_folder(
    run: String,
    here: (PathBuf, Option<Journal>),
    outcome: Outcome,
) -> Result<PublishSource, Error> {
    let plan = read_plan(&here.0)?;
    let manifest = Manifest::read(&outcome.folder)
        .or_else(|error| Manifest::open(&here.0.join(FILE)).map_err(|_| error))?;
    let (platform, target) = (plan.platform, plan.template.publish);
    Ok(PublishSource { run, here: Some(here), platform, outcome, manifest, target })
}

/// `None` where no image says that the run has made it.
async fn by_tags(run: &str, region: Option<&str>, context: &Context) -> Result<Option<PublishSource>, Error> {
    if context.global.platform != PlatformKind::Ec2 || !find_run::is_run_id(run) {
        return Ok(None);
    }
    let ec2 = Ec2 { region: region.map(str::to_owned), ..Ec2::default() };
    let store = match wiring::store_of(PlatformKind::Ec2, context, &ec2).await {
        // Nothing is set up for AWS here.
        Err(error) if error.kind == Kind::Usage && region.is_none() => return Ok(None),
        store => store?,
    };
    let record = store.list(None).await?.into_iter().find(|image| image.run == run);
    record.map(|record| of_record(record, context)).transpose()
}

fn of_record(record: ImageRecord, context: &Context) -> Result<PublishSource, Error> {
    let ImageRecord { id, run, location, .. } = record;
    let Some(note) = record.delivery.as_deref().and_then(DeliveryNote::unpacked) else {
        let message = format!("publishing the image {id} of {run}: its tags do not say how");
        return Err(Error::new(Kind::Usage, message).hint(
            "it was published already, or its tags had no room for that: look with `hornero history`; the computer \
             that baked it can publish it",
        ));
    };
    let machine = note.manifest.machine.in_region(Some(&location));
    let CloudImage { unfinished, copies, .. } = CloudImage::new(&id, &location, machine.copies());
    let manifest = Manifest {
        image: id.clone(),
        region: Some(location),
        unfinished,
        copies,
        machine,
        created: record.created,
        ..note.manifest
    };
    let folder = context.data()?.join("images").join(&id);
    let outcome = Outcome { image: id, folder, proof: Proof::Untested };
    let (platform, target) = (PlatformKind::Ec2, note.publish);
    Ok(PublishSource { run, here: None, platform, outcome, manifest, target })
}

/// `None` for a run that was made before there were journals.
fn take_over(folder: &Path, run: &str) -> Result<Option<Journal>, Error> {
    if !folder.join(journal::FILE).is_file() {
        return Ok(None);
    }
    match Journal::take_over(folder)? {
        Some((journal, _)) => Ok(Some(journal)),
        None => Err(Error::new(Kind::Usage, format!("publishing the image of {run}: that run is alive"))
            .hint("it publishes its image itself; wait for its end")),
    }
}

fn read_plan(folder: &Path) -> Result<Plan, Error> {
    let path = folder.join("plan.json");
    let reading = format!("reading the plan `{}`", path.display());
    let failed = |error: &std::io::Error| Error::new(Kind::Local, &reading).because(error);
    let text = std::fs::read_to_string(&path).map_err(|error| failed(&error))?;
    check_format(text.as_bytes(), FIRST_FORMAT).map_err(|newer| Error::newer(&reading, &newer))?;
    serde_json::from_str(&text).map_err(|error| failed(&error.into()))
}
