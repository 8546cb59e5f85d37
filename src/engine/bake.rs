//! One bake from its plan to a finished, tested image.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use jiff::Timestamp;

use super::{
    Interrupt, Rooms, RunFolders, TestedImage, checks, cloud_init,
    image::Staging,
    machine::{self, LaunchKeys, Machine},
    manifest::{BaseEntry, FORMAT, InputEntry, Manifest},
    outcome::Outcome,
    phases::{Timings, phase},
    prepare, publish, seal,
    secrets::filled,
    steps,
    survey::{self, Survey},
    test_image,
};
use crate::{
    error::{Error, Kind},
    event::{Event, Events, Phase},
    plan::Plan,
    platform::{BaseImage, Builder, CaptureSpec, Captured, LaunchSpec, Origin, Settings},
    provision::{seal::parts, user_data},
};

/// How long a guest may take to shut down.
const STOP: std::time::Duration = std::time::Duration::from_secs(3 * 60);

/// What a bake has made.
#[derive(Debug)]
pub struct Baked {
    pub manifest: Manifest,
    /// Where the manifest lies, and the disks if they are files.
    pub folder: PathBuf,
}

impl Baked {
    /// A folder, or a region.
    pub fn location(&self) -> String {
        self.manifest.region.clone().unwrap_or_else(|| self.folder.display().to_string())
    }
}

/// A bake under way: what does not change in it.
struct Bake<'a> {
    plan: &'a Plan,
    rooms: &'a Rooms,
    folders: &'a RunFolders,
    inputs: BakeInputs,
    keys: LaunchKeys,
    events: &'a Events,
}

/// What a bake is given beside its plan.
#[derive(Debug, Default)]
pub struct BakeInputs {
    /// Every file that decides the image.
    pub files: Vec<InputEntry>,
    /// Values by name.
    pub secrets: BTreeMap<String, String>,
}

/// Bakes `plan`. The image is captured, has passed its checks and is published when this comes back.
///
/// # Errors
/// The first thing that failed. Whatever was started is gone by then, except an image that was
/// captured: that one stays.
pub async fn bake(
    plan: &Plan,
    rooms: &Rooms,
    folders: &RunFolders,
    inputs: BakeInputs,
    interrupt: Interrupt,
    events: &Events,
) -> Result<Baked, Error> {
    let keys = LaunchKeys::generate(&folders.id)?;
    let bake = Bake { plan, rooms, folders, inputs, keys, events };
    let mut timings = Timings::default();
    let baked = bake.make(&mut timings, interrupt.clone()).await?;
    let (image, folder) = (baked.manifest.image.clone(), baked.folder.clone());
    let outcome = Outcome { image, folder, passed: false };
    outcome.write(&folders.run)?;
    publish::record(rooms, &baked).await?;
    bake.test(&baked, &mut timings, interrupt).await?;
    Outcome { passed: true, ..outcome }.write(&folders.run)?;
    let work = publish::publish(rooms, &baked.manifest, &plan.template.publish, events);
    phase(events, &mut timings, Phase::Publish, work).await?;
    Ok(baked)
}

impl Bake<'_> {
    async fn make(&self, timings: &mut Timings, mut interrupt: Interrupt) -> Result<Baked, Error> {
        let Self { plan, rooms, events, .. } = self;
        let interrupted = || Error::new(Kind::Interrupted, "the bake was interrupted");
        let base = tokio::select! {
            base = phase(events, timings, Phase::Base, async {
                Ok(rooms.platform.prepare_base(&plan.template.base, &self.settings(), events).await?)
            }) => base?,
            () = interrupt.wanted() => return Err(interrupted()),
        };
        let spec = self.launch_spec(&base)?;
        let mut builder =
            phase(events, timings, Phase::Launch, async { Ok(rooms.platform.launch(spec, events).await?) })
                .await?;
        let work = self.work(builder.as_mut(), &base, timings);
        let result = tokio::select! {
            result = work => result,
            () = interrupt.wanted() => Err(interrupted()),
        };
        let cleaned =
            phase(events, &mut Timings::default(), Phase::Cleanup, async { Ok(builder.destroy().await?) })
                .await;
        match (result, cleaned) {
            (Ok(_), Err(error)) => Err(error),
            (Err(error), Err(left)) => {
                events.warn(format!("the builder could not be removed: {left}"));
                left.hint.iter().for_each(|hint| events.warn(hint.clone()));
                Err(error)
            }
            (result, Ok(())) => result,
        }
    }

    /// Everything between a launched builder and a finished image folder.
    async fn work(
        &self,
        builder: &mut dyn Builder,
        base: &BaseImage,
        timings: &mut Timings,
    ) -> Result<Baked, Error> {
        let survey = self.provision(builder, timings).await?;
        let events = self.events;
        phase(events, timings, Phase::Stop, async { Ok(builder.stop(STOP).await?) }).await?;
        let staging = Staging::new(&self.folders.images)?;
        let captured = phase(events, timings, Phase::Capture, async {
            Ok(builder.capture(&self.capture_spec(base, staging.path()), events).await?)
        })
        .await?;
        let manifest = self.manifest(base, captured, survey, timings);
        let folder = staging.finish(&manifest)?;
        let baked = Baked { manifest, folder };
        let (image, bytes) = (baked.manifest.image.clone(), baked.manifest.bytes());
        events.send(Event::ImageCaptured { image, location: baked.location(), bytes });
        Ok(baked)
    }

    /// Makes the running builder what the template says, and seals it.
    async fn provision(&self, builder: &mut dyn Builder, timings: &mut Timings) -> Result<Survey, Error> {
        let (events, template) = (self.events, &self.plan.template);
        let connect = self.rooms.connect.as_ref();
        let mut machine = phase(events, timings, Phase::Connect, async {
            Machine::connect(builder, connect, &template.ssh, &self.keys).await
        })
        .await?;
        if template.cloud_init.enabled {
            let work = async {
                // cloud-init waits for disks that it could not make itself.
                if !self.rooms.platform.names_disks() {
                    prepare::disks(&machine, template, events).await?;
                }
                cloud_init::wait(&machine, events).await
            };
            phase(events, timings, Phase::CloudInit, work).await?;
        }
        phase(
            events,
            timings,
            Phase::Upload,
            prepare::run(&machine, template, &self.folders.downloads, events),
        )
        .await?;
        if !template.steps.is_empty() {
            let steps = filled(&template.steps, &self.inputs.secrets)?;
            let mut steps_timings = Timings::default();
            let work = steps::run(&mut machine, &steps, &mut steps_timings, events);
            let result = phase(events, timings, Phase::Steps, work).await;
            timings.steps = steps_timings.steps;
            result?;
        }
        if !template.checks.is_empty() {
            phase(
                events,
                timings,
                Phase::Checks,
                checks::run(&machine, &template.checks, "the builder", events),
            )
            .await?;
        }
        let survey = survey::run(&machine).await?;
        phase(events, timings, Phase::Seal, seal::run(&machine, &template.seal, &self.keys, events)).await?;
        Ok(survey)
    }

    fn launch_spec(&self, base: &BaseImage) -> Result<LaunchSpec, Error> {
        let template = &self.plan.template;
        let user_data = match template.cloud_init.enabled {
            true => {
                let named = self.rooms.platform.names_disks();
                Some(user_data::for_builder(template, self.keys.for_cloud_init(), named)?)
            }
            false => None,
        };
        Ok(LaunchSpec {
            name: self.folders.id.clone(),
            run: self.folders.id.clone(),
            origin: Origin::Base(base.clone()),
            root_size: template.root_disk.size,
            root_volume: template.root_disk.ec2.clone(),
            disks: template.disks.clone(),
            user_data,
            settings: self.settings(),
            image: template.image.name.clone(),
            tags: template.image.tags.clone(),
            ssh: template.ssh.clone(),
            folder: machine::folder(&self.folders.run, "builder")?,
        })
    }

    fn settings(&self) -> Settings {
        Settings::of(&self.plan.template, self.plan.platform)
    }

    fn capture_spec<'b>(&'b self, base: &'b BaseImage, folder: &'b Path) -> CaptureSpec<'b> {
        let image = &self.plan.template.image;
        CaptureSpec {
            folder,
            name: &image.name,
            version: image.version.as_deref(),
            description: image.description.as_deref(),
            run: &self.folders.id,
            base: (&base.id, &base.description),
            tags: &image.tags,
        }
    }

    fn manifest(&self, base: &BaseImage, captured: Captured, survey: Survey, timings: &Timings) -> Manifest {
        let template = &self.plan.template;
        let (id, region, copies) = match captured.cloud {
            Some(cloud) => (cloud.id, Some(cloud.region), cloud.copies),
            None => (format!("img-{}", ulid::Ulid::generate().to_string().to_lowercase()), None, Vec::new()),
        };
        Manifest {
            format: FORMAT,
            tool: env!("CARGO_PKG_VERSION").into(),
            image: id,
            name: template.image.name.clone(),
            version: template.image.version.clone(),
            description: template.image.description.clone(),
            run: self.folders.id.clone(),
            platform: self.plan.platform.name().into(),
            created: Timestamp::now(),
            base: BaseEntry { id: base.id.clone(), description: base.description.clone() },
            system: survey.system,
            kernel: survey.kernel,
            disks: captured.disks,
            region,
            copies,
            sealed: parts(&template.seal).map(|part| part.name.into()).collect(),
            inputs: self.inputs.files.clone(),
            packages: survey.packages,
            users: survey.users,
            checks: template.checks.clone(),
            machine: self.settings(),
            cloud_init: template.cloud_init.enabled,
            timings: timings.clone(),
        }
    }

    /// A parameter must only ever point at an image that comes up and passes its checks.
    async fn test(&self, baked: &Baked, timings: &mut Timings, interrupt: Interrupt) -> Result<(), Error> {
        if baked.manifest.checks.is_empty() {
            return Ok(());
        }
        let image = TestedImage {
            folder: baked.folder.clone(),
            manifest: &baked.manifest,
            ssh: self.plan.template.ssh.clone(),
            run: self.folders.id.clone(),
            launch_folder: machine::folder(&self.folders.run, "test")?,
        };
        let work = test_image(self.rooms, image, interrupt, self.events);
        phase(self.events, timings, Phase::Test, work).await.map_err(|error| {
            let stays =
                format!("the image {} stays, unpublished: {}", baked.manifest.image, baked.location());
            match error.hint {
                Some(_) => error,
                None => error.hint(stays),
            }
        })
    }
}
