//! Guests on this computer: the base that hornero built, and Packer's QEMU builder started from it.

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result};
use serde_json::{Value, json};

/// Where bases stay from run to run: building one takes minutes and is not what is measured.
pub fn data_folder() -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join("bench-data")
}

/// The disk of the one base that hornero has built.
pub fn base() -> Result<PathBuf> {
    let bases = data_folder().join("bases");
    let found = walkdir::WalkDir::new(&bases).into_iter().filter_map(Result::ok);
    let mut disks = found.filter(|entry| entry.file_name() == "disk").map(walkdir::DirEntry::into_path);
    disks.next().with_context(|| format!("no base lies in {}", bases.display()))
}

/// The same machine as hornero's (`src/platform/qemu/machine.rs`), as far as Packer lets it be.
pub fn builder(user: &str, base: &Path, seed: &Path, key: &Path, out: &Path) -> Value {
    let disk = "file={{ .OutputDir }}/{{ .Name }},if=virtio,cache=unsafe,discard=unmap,format=qcow2,detect-zeroes=unmap";
    let [accelerator, accel, cpu] = if kvm() == Some(true) {
        ["kvm", "kvm", "host"]
    } else {
        ["tcg", "tcg,thread=multi,tb-size=128", "max,erms=off,fsrm=off"]
    };
    json!({
        "type": "qemu",
        "accelerator": accelerator,
        "iso_url": base,
        "iso_checksum": "none",
        "disk_image": true,
        "skip_resize_disk": true,
        "format": "qcow2",
        "disk_cache": "unsafe",
        "disk_discard": "unmap",
        "headless": true,
        "disable_vnc": true,
        "boot_wait": "0s",
        "memory": 2048,
        "cpus": 2,
        "machine_type": "q35",
        "vm_name": "packer",
        "output_directory": out,
        "ssh_username": user,
        "ssh_private_key_file": key,
        "ssh_timeout": "10m",
        "shutdown_command": "sudo systemctl poweroff",
        "qemuargs": [
            ["-accel", accel],
            ["-machine", "q35,graphics=off"],
            ["-cpu", cpu],
            ["-drive", disk],
            ["-drive", format!("file={},if=virtio,format=raw,readonly=on", seed.display())],
            ["-device", "virtio-rng-pci"],
            ["-device", "virtio-net,netdev=user.0,romfile="],
        ],
    })
}

/// Whether KVM works here; known once hornero has started its first machine.
pub fn kvm() -> Option<bool> {
    let found = fs::read_to_string(data_folder().join("accelerator.json")).ok()?;
    serde_json::from_str::<Value>(&found).ok()?["kvm"].as_bool()
}

/// The same for people.
pub fn kvm_told() -> Option<String> {
    kvm()
        .map(|works| if works { "works" } else { "does not work here: guests are emulated (TCG)" }.to_owned())
}
