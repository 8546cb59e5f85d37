//! From a launch's description to a running QEMU: overlays on the origin's disks, the seed, the
//! firmware, then the program and its control line.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use rustix::process::Signal;

use super::{
    builder::QemuBuilder,
    control, disk_image, fat,
    leftovers::remove_disks,
    machine::{self, Accel, Boot, Drive, Machine},
    process,
    qmp::Qmp,
    running::Running,
};
use crate::{
    journal::{Effect, Journal, Thing},
    platform::{BaseImage, LaunchSpec, Origin, PlatformError, last_lines},
    private,
    template::model::Firmware,
};

/// Firmware for UEFI and the template of its variables, where distributions put them.
const UEFI: [(&str, &str); 3] = [
    ("/usr/share/OVMF/OVMF_CODE_4M.fd", "/usr/share/OVMF/OVMF_VARS_4M.fd"),
    ("/usr/share/OVMF/OVMF_CODE.fd", "/usr/share/OVMF/OVMF_VARS.fd"),
    ("/usr/share/edk2/ovmf/OVMF_CODE.fd", "/usr/share/edk2/ovmf/OVMF_VARS.fd"),
];
/// The root disk's name, in the guest and in an image's folder.
const ROOT: &str = "root";
/// virtio-blk cuts a serial here.
const LONGEST_SERIAL: usize = 20;

/// Starts the machine. What was started is ended again on an error.
pub async fn launch(spec: LaunchSpec, accel: Accel) -> Result<QemuBuilder, PlatformError> {
    let intent = spec.journal.intend(Effect::Machine { folder: spec.folder.clone() })?;
    let (folder, journal) = (spec.folder.clone(), spec.journal.clone());
    let launched = make(spec, accel).await.and_then(|builder| {
        journal.made(Thing::Machine { pid: builder.pid(), folder: folder.clone() })?;
        Ok(builder)
    });
    if launched.is_err() {
        // What stays is found by the journal; the error that counts is another.
        remove_disks(&folder).ok();
    }
    intent.result(launched.is_ok())?;
    launched
}

async fn make(spec: LaunchSpec, accel: Accel) -> Result<QemuBuilder, PlatformError> {
    let settings = spec.settings.qemu()?;
    let disks = disks(&spec).await?;
    let seed = seed(&spec)?;
    let machine = Machine {
        name: spec.name.clone(),
        memory: settings.memory,
        cpus: settings.cpus,
        accel,
        boot: boot(settings.firmware, &spec.folder)?,
        disks,
        seed,
        console: spec.folder.join("console.log"),
        may_be_kept: spec.may_be_kept,
    };
    start(machine, &spec.folder, spec.journal).await
}

async fn start(machine: Machine, folder: &Path, journal: Journal) -> Result<QemuBuilder, PlatformError> {
    let what = format!("starting the virtual machine `{}`", machine.name);
    let log = folder.join("qemu.log");
    let mut command = Command::new(super::QEMU);
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
    match control(folder, &mut running).await {
        Ok((qmp, port)) => Ok(QemuBuilder::new(machine, folder, running, (qmp, port), journal)),
        Err(error) => {
            running.kill().await;
            let said = fs::read_to_string(&log).unwrap_or_default();
            Err(PlatformError::new(what, error).tail(last_lines(&said, 20)))
        }
    }
}

async fn control(folder: &Path, running: &mut Running) -> std::io::Result<(Qmp, u16)> {
    let mut qmp = control::opened(folder, running).await?;
    let port = qmp.ssh_port().await?;
    Ok((qmp, port))
}

/// The root disk first, then the origin's extra disks or new ones.
async fn disks(spec: &LaunchSpec) -> Result<Vec<Drive>, PlatformError> {
    let mut drives = Vec::new();
    for (name, disk) in origin_disks(&spec.origin)? {
        let file = spec.folder.join(format!("{name}.qcow2"));
        let size = if name == ROOT { spec.root_size } else { None };
        disk_image::overlay(&disk, &file, size).await?;
        drives.push(drive(name, file)?);
    }
    for disk in &spec.disks {
        let file = spec.folder.join(format!("{}.qcow2", disk.name));
        let drive = drive(disk.name.clone(), file)?;
        if drives.contains(&drive) {
            return Err(PlatformError::new(
                format!("adding the disk `{}`", disk.name),
                "there is one already",
            ));
        }
        disk_image::empty(&drive.file, disk.size).await?;
        drives.push(drive);
    }
    Ok(drives)
}

fn drive(name: String, file: PathBuf) -> Result<Drive, PlatformError> {
    if name.len() <= LONGEST_SERIAL {
        return Ok(Drive { file, serial: name });
    }
    let why = format!("its name is longer than {LONGEST_SERIAL} characters, more than a guest can see");
    Err(PlatformError::new(format!("adding the disk `{name}`"), why).hint("give it a shorter name"))
}

/// Names and files of the disks that the origin brings.
fn origin_disks(origin: &Origin) -> Result<Vec<(String, PathBuf)>, PlatformError> {
    match origin {
        Origin::Base(BaseImage { disk: Some(disk), .. }) => Ok(vec![(ROOT.into(), disk.clone())]),
        Origin::Base(BaseImage { description, .. }) => Err(PlatformError::new(
            format!("using {description} as a base"),
            "it is no file on this computer",
        )),
        Origin::Image { folder, .. } => image_disks(folder),
    }
}

fn image_disks(folder: &Path) -> Result<Vec<(String, PathBuf)>, PlatformError> {
    let what = || format!("reading the image `{}`", folder.display());
    let entries = fs::read_dir(folder).map_err(|error| PlatformError::new(what(), error))?;
    let mut disks = Vec::new();
    for entry in entries {
        let path = entry.map_err(|error| PlatformError::new(what(), error))?.path();
        let name = path.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
        if path.extension().is_some_and(|extension| extension == "qcow2") {
            disks.push((name, path));
        }
    }
    // The root disk is the one that boots; the others are found by name, in any order.
    disks.sort_by_key(|(name, _)| (name != ROOT, name.clone()));
    match disks.first() {
        Some((name, _)) if name == ROOT => Ok(disks),
        Some(_) | None => Err(PlatformError::new(what(), "there is no `root.qcow2` in it")),
    }
}

/// cloud-init looks for a volume with this label. The instance ID is the launch's own, so that an
/// image's earlier life is not taken for this one.
fn seed(spec: &LaunchSpec) -> Result<Option<PathBuf>, PlatformError> {
    let Some(user_data) = &spec.user_data else { return Ok(None) };
    let file = spec.folder.join("seed.img");
    let meta_data = format!("instance-id: {}\nlocal-hostname: {}\n", spec.name, hostname(&spec.name));
    let files = [("meta-data", meta_data.as_bytes()), ("user-data", user_data.as_slice())];
    let bytes = (user_data.len() as u64).next_multiple_of(1 << 20) + (1 << 20);
    fat::volume(bytes, "CIDATA", &files)
        .and_then(|volume| private::write(&file, volume))
        .map_err(|error| PlatformError::new(format!("writing the seed `{}`", file.display()), error))?;
    Ok(Some(file))
}

/// A host name has letters, digits and hyphens, and at most 63 of them.
fn hostname(name: &str) -> String {
    let allowed = |c: char| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '-' };
    let name: String = name.chars().map(allowed).take(63).collect();
    name.trim_matches('-').to_owned()
}

fn boot(firmware: Firmware, folder: &Path) -> Result<Boot, PlatformError> {
    match firmware {
        Firmware::Bios => Ok(Boot::Bios),
        Firmware::Uefi => uefi(folder),
    }
}

fn uefi(folder: &Path) -> Result<Boot, PlatformError> {
    let what = "preparing the UEFI firmware";
    let found =
        UEFI.iter().find(|(code, variables)| Path::new(code).exists() && Path::new(variables).exists());
    let (code, template) = found.ok_or_else(|| {
        PlatformError::new(what, "none is installed")
            .hint("install the package `ovmf`, or use the firmware `bios`")
    })?;
    let variables = folder.join("firmware-variables.fd");
    fs::read(template)
        .and_then(|bytes| private::write(&variables, bytes))
        .map_err(|error| PlatformError::new(what, error))?;
    Ok(Boot::Uefi { code: code.into(), variables })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_disks_of_an_image_start_with_the_root() {
        let folder = tempfile::tempdir().expect("a folder");
        let error = image_disks(folder.path()).expect_err("it is empty");
        assert!(error.to_string().contains("root.qcow2"), "{error}");
        for name in ["a.qcow2", "root.qcow2", "manifest.json"] {
            fs::write(folder.path().join(name), "").expect("written");
        }
        let names: Vec<_> =
            image_disks(folder.path()).expect("disks").into_iter().map(|(name, _)| name).collect();
        assert_eq!(names, ["root", "a"]);
    }

    #[test]
    fn a_host_name_is_made_of_any_name() {
        assert_eq!(hostname("01JX_hello.web-"), "01jx-hello-web");
    }

    #[test]
    fn a_name_that_a_guest_would_see_cut_is_refused() {
        let error = drive("a".repeat(21), PathBuf::new()).expect_err("too long");
        assert!(error.hint.is_some());
    }
}
