//! The flags of a virtual machine, as a pure function from its description. Nothing comes from
//! QEMU's own defaults or configuration files, so that a machine is the same on every computer.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use serde_json::json;

use super::control::{PORT_SOCKET, SOCKET};
use crate::{quote::qemu_option, template::units::Size};

/// What the guest calls the line to hornero.
pub const PORT: &str = "org.hornero.warm";

/// A virtual machine, described.
#[derive(Clone, Debug)]
pub struct Machine {
    pub name: String,
    pub memory: Size,
    pub cpus: u32,
    pub accel: Accel,
    pub boot: Boot,
    /// The root disk first.
    pub disks: Vec<Drive>,
    /// The volume that cloud-init reads.
    pub seed: Option<PathBuf>,
    /// Where the serial console is written.
    pub console: PathBuf,
    /// It does not end with hornero.
    pub may_be_kept: bool,
    pub start: Start,
}

/// How the guest comes to life.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Start {
    /// It boots.
    Cold,
    /// It boots, and is saved when it waits on its port. What it remembers is in this file.
    ToBeSaved { memory: PathBuf },
    /// It goes on from where one was saved that had the same memory; what it changes of that is its own.
    Saved { memory: PathBuf },
}

/// What runs the guest's instructions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Accel {
    Kvm,
    Tcg,
}

/// What starts the boot loader.
#[derive(Clone, Debug)]
pub enum Boot {
    Bios,
    /// The firmware, and this machine's own copy of its variables.
    Uefi {
        code: PathBuf,
        variables: PathBuf,
    },
}

/// A qcow2 disk. The guest sees it as `/dev/disk/by-id/virtio-<serial>`; virtio-blk cuts a serial
/// after 20 characters.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Drive {
    pub file: PathBuf,
    pub serial: String,
}

/// QEMU's argument vector, for a process that is started in the machine's folder. There is the socket of
/// its control line (QMP), by its bare name: the address of a socket must be short. SSH is
/// forwarded on loopback, on a port that QEMU picks, for a port chosen here could be taken by the
/// time QEMU binds it.
pub fn arguments(machine: &Machine) -> Vec<String> {
    let mut arguments = fixed(machine);
    arguments.extend(memory(machine));
    arguments.extend(accelerator(machine.accel));
    arguments.extend(firmware(&machine.boot));
    for (number, drive) in machine.disks.iter().enumerate() {
        arguments.extend(disk(number, drive));
    }
    if let Some(seed) = &machine.seed {
        arguments.extend(seed_disk(seed));
    }
    arguments.extend(port(&machine.start));
    arguments
}

fn fixed(machine: &Machine) -> Vec<String> {
    words(&[
        "-nodefaults",
        "-no-user-config",
        "-display",
        "none",
        "-name",
        &qemu_option(&machine.name),
        "-smp",
        &machine.cpus.to_string(),
        "-chardev",
        &format!("socket,id=control,path={SOCKET},server=on,wait=off"),
        "-mon",
        "chardev=control,mode=control",
        "-chardev",
        &format!("file,id=console,path={}", path(&machine.console)),
        "-serial",
        "chardev:console",
        "-device",
        "virtio-rng-pci",
        // A guest that knows of it draws fresh random numbers whenever another start is seen here.
        "-device",
        "vmgenid,guid=auto",
        "-netdev",
        "user,id=net,hostfwd=tcp:127.0.0.1:0-:22",
        // Without its boot program the card cannot delay the start by asking the network.
        "-device",
        "virtio-net-pci,netdev=net,romfile=",
    ])
}

/// The firmware speaks on the serial line too, so that a boot that fails says why. Memory that is saved is a
/// file, shared while it is written and private to each machine that begins with it.
fn memory(machine: &Machine) -> Vec<String> {
    let megabytes = machine.memory.0.div_ceil(1 << 20);
    let size = format!("{megabytes}M");
    let (file, share) = match &machine.start {
        Start::Cold => return words(&["-machine", "q35,graphics=off", "-m", &size]),
        Start::ToBeSaved { memory } => (memory, true),
        Start::Saved { memory } => (memory, false),
    };
    let object = json!({
        "qom-type": "memory-backend-file",
        "id": "ram",
        "size": megabytes << 20,
        "mem-path": file,
        "share": share,
    });
    let machine = "q35,graphics=off,memory-backend=ram";
    words(&["-object", &object.to_string(), "-machine", machine, "-m", &size])
}

/// The line between hornero and a guest that is saved or was.
fn port(start: &Start) -> Vec<String> {
    let line = format!("socket,id=warm,path={PORT_SOCKET},server=on,wait=off");
    let device = format!("virtserialport,chardev=warm,name={PORT}");
    let port = words(&["-device", "virtio-serial-pci", "-chardev", &line, "-device", &device]);
    match start {
        Start::Cold => Vec::new(),
        Start::ToBeSaved { .. } => port,
        Start::Saved { .. } => [port, words(&["-incoming", "defer"])].concat(),
    }
}

/// QEMU keeps the code that it has translated in a buffer and throws it away when that is full. With one of its
/// usual size (1 GiB) what is left of the boot before makes a restart take five times as long: the guest's kernel
/// writes over pages of which QEMU still has lists of code.
const EMULATION: &str = "tcg,thread=multi,tb-size=128";

/// What the guest's kernel copies memory with where a processor says that it does so fast (`rep movsb`) is emulated byte
/// by byte: without these two features it takes half the time to copy, and a boot a tenth less.
const EMULATED_CPU: &str = "max,erms=off,fsrm=off";

fn accelerator(accel: Accel) -> Vec<String> {
    match accel {
        Accel::Kvm => words(&["-accel", "kvm", "-cpu", "host"]),
        Accel::Tcg => words(&["-accel", EMULATION, "-cpu", EMULATED_CPU]),
    }
}

fn firmware(boot: &Boot) -> Vec<String> {
    match boot {
        Boot::Bios => Vec::new(),
        Boot::Uefi { code, variables } => {
            let flash = "if=pflash,format=raw";
            words(&[
                "-drive",
                &format!("{flash},unit=0,readonly=on,file={}", path(code)),
                "-drive",
                &format!("{flash},unit=1,file={}", path(variables)),
            ])
        }
    }
}

/// A builder is thrown away when this computer fails, so its disks need not survive that: what the
/// guest flushes is not flushed here. What it trims leaves the file.
fn disk(number: usize, drive: &Drive) -> Vec<String> {
    let node = format!("disk{number}");
    let cache = json!({"direct": false, "no-flush": true});
    let block = json!({
        "driver": "qcow2",
        "node-name": node,
        "cache": cache,
        "discard": "unmap",
        "detect-zeroes": "unmap",
        "file": {"driver": "file", "filename": drive.file, "cache": cache, "discard": "unmap"},
    });
    let boot = if number == 0 { ",bootindex=0" } else { "" };
    let device = format!("virtio-blk-pci,drive={node},serial={}{boot}", qemu_option(&drive.serial));
    words(&["-blockdev", &block.to_string(), "-device", &device])
}

fn seed_disk(seed: &Path) -> Vec<String> {
    let block = json!({
        "driver": "raw",
        "node-name": "seed",
        "read-only": true,
        "file": {"driver": "file", "filename": seed, "read-only": true},
    });
    words(&["-blockdev", &block.to_string(), "-device", "virtio-blk-pci,drive=seed,serial=seed"])
}

fn words(words: &[&str]) -> Vec<String> {
    words.iter().map(ToString::to_string).collect()
}

fn path(path: &Path) -> String {
    qemu_option(&path.to_string_lossy())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn machine() -> Machine {
        let drive = |name: &str| Drive { file: format!("/run/{name}.qcow2").into(), serial: name.into() };
        Machine {
            name: "run, one".into(),
            memory: Size(2 << 30),
            cpus: 2,
            accel: Accel::Tcg,
            boot: Boot::Bios,
            disks: vec![drive("root"), drive("data")],
            seed: Some("/run/seed.img".into()),
            console: "/run/a,b/console.log".into(),
            may_be_kept: false,
            start: Start::Cold,
        }
    }

    fn line(machine: &Machine) -> String {
        arguments(machine).join(" ")
    }

    #[test]
    fn ssh_is_forwarded_on_loopback_only() {
        let forwards: Vec<_> =
            arguments(&machine()).into_iter().filter(|argument| argument.contains("hostfwd")).collect();
        assert_eq!(forwards, ["user,id=net,hostfwd=tcp:127.0.0.1:0-:22"]);
    }

    #[test]
    fn disks_come_in_order_with_their_names_and_only_the_first_boots() {
        let line = line(&machine());
        assert!(line.contains("virtio-blk-pci,drive=disk0,serial=root,bootindex=0"), "{line}");
        assert!(line.contains("virtio-blk-pci,drive=disk1,serial=data "), "{line}");
        assert!(line.contains(r#""filename":"/run/data.qcow2""#), "{line}");
    }

    #[test]
    fn commas_in_names_and_paths_do_not_end_an_option() {
        let line = line(&machine());
        assert!(line.contains("-name run,, one"), "{line}");
        assert!(line.contains("path=/run/a,,b/console.log"), "{line}");
    }

    #[test]
    fn each_accelerator_has_the_processor_that_suits_it() {
        assert!(line(&machine()).contains("-accel tcg,thread=multi,tb-size=128 -cpu max,erms=off,fsrm=off"));
        let kvm = Machine { accel: Accel::Kvm, ..machine() };
        assert!(line(&kvm).contains("-accel kvm -cpu host"));
    }

    #[test]
    fn memory_that_was_saved_stays_as_it_is() {
        let memory = std::path::PathBuf::from("/warm/a,b/memory");
        let saved = line(&Machine { start: Start::Saved { memory: memory.clone() }, ..machine() });
        assert!(
            saved.contains(r#""mem-path":"/warm/a,b/memory""#) && saved.contains(r#""share":false"#),
            "{saved}"
        );
        assert!(saved.ends_with("-incoming defer"), "{saved}");
        let first = line(&Machine { start: Start::ToBeSaved { memory }, ..machine() });
        assert!(first.contains(r#""share":true"#) && !first.contains("-incoming"), "{first}");
        assert!(!line(&machine()).contains("warm"), "a cold machine has nothing of it");
    }

    #[test]
    fn uefi_gets_read_only_firmware_and_variables_of_its_own() {
        let boot = Boot::Uefi { code: "/fw/code.fd".into(), variables: "/run/vars.fd".into() };
        let line = line(&Machine { boot, seed: None, ..machine() });
        assert!(line.contains("unit=0,readonly=on,file=/fw/code.fd"), "{line}");
        assert!(line.contains("unit=1,file=/run/vars.fd"), "{line}");
        assert!(!line.contains("seed"), "{line}");
    }
}
