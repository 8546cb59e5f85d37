//! From a launch's description to a running QEMU, which boots or goes on from a saved machine.

use std::{fs, path::Path, process::Stdio};

use rustix::process::Signal;

use super::{
    builder::QemuBuilder,
    control, drives, firmware,
    leftovers::remove_disks,
    machine::{self, Accel, Drive, Machine, Start},
    process,
    qmp::Qmp,
    running::Running,
    seed,
    warm::{self, Saved},
};
use crate::{
    event::Events,
    journal::{Effect, Thing},
    platform::{LaunchSpec, PlatformError, last_lines},
    private,
};

/// A machine that runs, and the ways to it.
pub struct Launched {
    pub machine: Machine,
    pub running: Running,
    pub qmp: Qmp,
}

/// Starts the machine, from `saved` if there is one. What was started is ended again on an error.
pub async fn launch(
    spec: LaunchSpec,
    accel: Accel,
    saved: Option<Saved>,
    events: &Events,
) -> Result<QemuBuilder, PlatformError> {
    let intent = spec.journal.intend(Effect::Machine { folder: spec.folder.clone() })?;
    let launched = started(&spec, accel, saved, events).await.and_then(|builder| {
        let (pid, folder) = (builder.pid(), spec.folder.clone());
        spec.journal.made(Thing::Machine { pid, folder })?;
        Ok(builder)
    });
    if launched.is_err() {
        // What stays is found by the journal; the error that counts is another.
        remove_disks(&spec.folder).ok();
    }
    intent.result(launched.is_ok())?;
    launched
}

async fn started(
    spec: &LaunchSpec,
    accel: Accel,
    saved: Option<Saved>,
    events: &Events,
) -> Result<QemuBuilder, PlatformError> {
    if let Some(saved) = saved {
        match warm::resume(spec, accel, &saved).await {
            Ok(launched) => return builder(launched, spec).await,
            Err(error) => saved.give_up(&error, events),
        }
        remove_disks(&spec.folder).map_err(|error| {
            PlatformError::new(format!("removing what is left in `{}`", spec.folder.display()), error)
        })?;
    }
    let disks = drives::make(spec, &spec.folder).await?;
    let boot = firmware::boot(spec.settings.qemu()?.firmware, &spec.folder, None)?;
    let machine = machine(spec, accel, (disks, boot), &spec.folder, Start::Cold)?;
    builder(run(machine, &spec.folder).await?, spec).await
}

/// What the launch asks for, with files in `folder`. The seed is written.
pub fn machine(
    spec: &LaunchSpec,
    accel: Accel,
    (disks, boot): (Vec<Drive>, machine::Boot),
    folder: &Path,
    start: Start,
) -> Result<Machine, PlatformError> {
    let settings = spec.settings.qemu()?;
    let seed = match &spec.user_data {
        Some(user_data) => Some(seed::write(folder, &spec.name, user_data, seed::size(user_data.len()))?),
        None => None,
    };
    Ok(Machine {
        name: spec.name.clone(),
        memory: settings.memory,
        cpus: settings.cpus,
        accel,
        boot,
        disks,
        seed,
        console: folder.join("console.log"),
        may_be_kept: spec.may_be_kept,
        start,
    })
}

/// Starts QEMU in the machine's folder and opens its control line. It is ended again on an error.
pub async fn run(machine: Machine, folder: &Path) -> Result<Launched, PlatformError> {
    let what = format!("starting the virtual machine `{}`", machine.name);
    let log = folder.join("qemu.log");
    let mut command = std::process::Command::new(super::QEMU);
    command.args(machine::arguments(&machine)).current_dir(folder).stdin(Stdio::null()).stdout(Stdio::null());
    let private = |file: &Path| private::create(file).map_err(|error| PlatformError::new(&*what, error));
    command.stderr(private(&log)?);
    // QEMU would make it readable for all.
    private(&machine.console)?;
    let child = match machine.may_be_kept {
        true => process::spawn_free(command).await,
        false => process::spawn(command, Signal::KILL).await,
    };
    let child = child.map_err(|error| process::not_started(&what, super::QEMU, &error))?;
    let mut running = Running::watch(child);
    match control::opened(folder, &mut running).await {
        Ok(qmp) => Ok(Launched { machine, running, qmp }),
        Err(error) => {
            running.kill().await;
            let said = fs::read_to_string(&log).unwrap_or_default();
            Err(PlatformError::new(what, error).tail(last_lines(&said, 20)))
        }
    }
}

async fn builder(launched: Launched, spec: &LaunchSpec) -> Result<QemuBuilder, PlatformError> {
    let Launched { machine, mut running, mut qmp } = launched;
    match qmp.ssh_port().await {
        Ok(port) => Ok(QemuBuilder::new(machine, &spec.folder, running, (qmp, port), spec.journal.clone())),
        Err(error) => {
            running.kill().await;
            let what = format!("looking for the way to the virtual machine `{}`", machine.name);
            Err(PlatformError::new(what, error))
        }
    }
}
