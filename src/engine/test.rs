//! Starts a machine from a finished image and runs the image's checks on it.

use std::{
    path::PathBuf,
    time::{Duration, Instant},
};

use super::{
    Interrupt, Rooms,
    alive::Alive,
    checks, cloud_init,
    launch_keys::LaunchKeys,
    leftover,
    machine::Machine,
    manifest::Manifest,
    phases::{Timings, phase},
};
use crate::{
    error::{Error, Kind, caught},
    event::{CheckPlace, Events, Phase},
    journal::Journal,
    platform::{Builder, LaunchSpec, Origin},
    provision::user_data,
    remote::{Command, purpose::Purpose},
    template::model::Image,
};

/// An image, and what a launch of it is called.
pub struct TestedImage<'a> {
    pub folder: PathBuf,
    pub manifest: &'a Manifest,
    /// The run's ID.
    pub run: String,
    /// For this launch alone.
    pub launch_folder: PathBuf,
    /// Of the run that tests it.
    pub journal: Journal,
}

/// # Errors
/// When the machine does not come up, or a check does not hold on it. The image is left as it is.
pub async fn test_image(
    rooms: &Rooms,
    image: TestedImage<'_>,
    mut interrupt: Interrupt,
    events: &Events,
) -> Result<(), Error> {
    let manifest = image.manifest;
    if !manifest.cloud_init && manifest.ssh.private_key.is_none() {
        return Err(Error::new(Kind::Usage, format!("image {} has no cloud-init to give hornero an account", manifest.image))
            .hint("its template's [ssh] user, private_key and host_key are the way in: bake the template again to test it"));
    }
    let keys = LaunchKeys::generate(&manifest.image)?;
    let user_data = manifest.cloud_init.then(|| user_data::for_test(keys.for_cloud_init())).transpose()?;
    let spec = LaunchSpec {
        // Two tests of one image may run at once.
        name: format!("{}-test", image.run),
        run: image.run.clone(),
        origin: Origin::Image { id: manifest.image.clone(), folder: image.folder.clone() },
        root_size: None,
        root_volume: Default::default(),
        disks: Vec::new(),
        user_data,
        settings: manifest.machine.clone(),
        image: manifest.name.clone(),
        tags: Default::default(),
        ttl: Image::USUAL_TTL.0,
        may_be_kept: false,
        // It is started to show that the image boots.
        may_be_warm: false,
        ssh: manifest.ssh.clone(),
        folder: image.launch_folder.clone(),
        journal: image.journal.clone(),
    };
    // What a launch that is left half-done has made is removed by whoever ends the run.
    let mut builder = tokio::select! {
        launched = rooms.platform.launch(spec, events) => launched?,
        error = interrupt.wanted("testing the image") => return Err(error),
    };
    let result = tokio::select! {
        result = caught(look(rooms, builder.as_mut(), &image, &keys, events)) => result,
        error = interrupt.wanted("testing the image") => Err(error),
    };
    if let Err(left) = builder.destroy().await {
        leftover::tell("the machine that was started from the image", left.into(), events);
    }
    result
}

/// The same as a phase of its own.
///
/// # Errors
/// As `test_image`.
pub async fn test_phase(
    rooms: &Rooms,
    image: TestedImage<'_>,
    interrupt: Interrupt,
    events: &Events,
) -> Result<(), Error> {
    let work = test_image(rooms, image, interrupt, events);
    phase(events, &mut Timings::default(), Phase::Test, work).await
}

async fn look(
    rooms: &Rooms,
    builder: &mut dyn Builder,
    image: &TestedImage<'_>,
    keys: &LaunchKeys,
    events: &Events,
) -> Result<(), Error> {
    let launched = Instant::now();
    let mut machine = Machine::connect(
        builder,
        rooms.connect.as_ref(),
        &image.manifest.ssh,
        keys,
        image.manifest.cloud_init,
        events,
    )
    .await?;
    if !image.manifest.cloud_init {
        return judge(&mut machine, image.manifest, events).await;
    }
    let time = (Image::USUAL_TTL.0, Some(launched.elapsed()));
    let alive = Alive::on(&machine, rooms.connect.as_ref(), time, events).await;
    alive.during(judge(&mut machine, image.manifest, events)).await
}

/// Holds the machine against the checks as soon as it has booted.
async fn judge(machine: &mut Machine<'_>, manifest: &Manifest, events: &Events) -> Result<(), Error> {
    if manifest.cloud_init {
        cloud_init::wait(machine, events).await?;
    }
    booted(machine).await?;
    checks::run(machine, &manifest.checks, CheckPlace::TestMachine, events).await
}

/// Waits until everything that starts at boot has been started, as far as the image can tell.
async fn booted(machine: &Machine<'_>) -> Result<(), Error> {
    let line = "command -v systemctl >/dev/null && systemctl is-system-running --wait; true";
    let command = Command::new(Purpose::Boot, line).timeout(Some(Duration::from_secs(300)));
    machine.ask(command, "waiting for the end of the boot").await.map(drop)
}
