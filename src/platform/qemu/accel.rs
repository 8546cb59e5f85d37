//! What runs a guest's instructions. KVM can be present, open and create a machine, and still not
//! run a guest, so `auto` believes it only after a small guest has used paging, the floating
//! point unit and vector instructions on it. The answer is remembered until something changes.

use std::{fs, io, path::Path, process::Command, time::Duration};

use rustix::process::Signal;
use serde::{Deserialize, Serialize};
use tokio::time::timeout;

use super::{machine::Accel, process};
use crate::{event::Events, platform::PlatformError, template::model::Accelerator};

/// A guest that works needs a tenth of a second, a loaded computer some more.
const PROBE: Duration = Duration::from_secs(5);
/// The probe writes 16 to the exit device, which QEMU turns into 2 * 16 + 1.
const SUCCESS: i32 = 33;

/// What was found, and the circumstances it holds for.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Remembered {
    circumstances: String,
    kvm: bool,
}

/// The accelerator for a machine; `data` is where the answer is remembered.
pub async fn choose(wanted: Accelerator, data: &Path, events: &Events) -> Result<Accel, PlatformError> {
    let (accel, pity) = look(wanted, data).await?;
    if let Some(why) = pity {
        events.warn(format!("{why}: the guest is emulated, which is many times slower"));
    }
    Ok(accel)
}

/// The same, with the reason beside it where it is not the wanted one.
pub async fn look(wanted: Accelerator, data: &Path) -> Result<(Accel, Option<&'static str>), PlatformError> {
    match wanted {
        Accelerator::Tcg => Ok((Accel::Tcg, None)),
        Accelerator::Kvm if kvm_present() => Ok((Accel::Kvm, None)),
        Accelerator::Kvm => {
            Err(PlatformError::new("choosing the accelerator", "`/dev/kvm` cannot be opened")
                .hint("set `accelerator = \"auto\"` under [qemu], or join the group `kvm`"))
        }
        Accelerator::Auto => automatic(data).await,
    }
}

async fn automatic(data: &Path) -> Result<(Accel, Option<&'static str>), PlatformError> {
    if !kvm_present() {
        return Ok((Accel::Tcg, Some("no usable /dev/kvm")));
    }
    let circumstances = circumstances().await?;
    let file = data.join("accelerator.json");
    let (works, fresh) = match recall(&file, &circumstances) {
        Some(works) => (works, false),
        None => (runs_a_guest().await?, true),
    };
    if fresh {
        remember(&file, &Remembered { circumstances, kvm: works }).map_err(|error| {
            PlatformError::new(format!("remembering the accelerator in `{}`", file.display()), error)
        })?;
    }
    Ok(if works { (Accel::Kvm, None) } else { (Accel::Tcg, Some("KVM is present but does not run a guest")) })
}

fn kvm_present() -> bool {
    fs::OpenOptions::new().read(true).write(true).open("/dev/kvm").is_ok()
}

/// A new kernel or a new QEMU may answer otherwise.
async fn circumstances() -> Result<String, PlatformError> {
    let kernel = rustix::system::uname();
    let release = kernel.release().to_string_lossy();
    Ok(format!("kernel {release}, {}", version().await?))
}

/// Of QEMU, with its distribution's own number.
pub async fn version() -> Result<String, PlatformError> {
    let output = process::run("asking QEMU for its version", super::QEMU, &["--version"]).await?;
    Ok(String::from_utf8_lossy(&output.stdout).lines().next().unwrap_or_default().to_owned())
}

fn recall(file: &Path, circumstances: &str) -> Option<bool> {
    let remembered: Remembered = serde_json::from_slice(&fs::read(file).ok()?).ok()?;
    (remembered.circumstances == circumstances).then_some(remembered.kvm)
}

fn remember(file: &Path, answer: &Remembered) -> io::Result<()> {
    let folder = file.parent().unwrap_or(Path::new("."));
    crate::private::folder(folder)?;
    let mut staged = tempfile::NamedTempFile::new_in(folder)?;
    serde_json::to_writer(&mut staged, answer)?;
    staged.persist(file)?;
    Ok(())
}

async fn runs_a_guest() -> Result<bool, PlatformError> {
    let what = "trying KVM with a small guest";
    let disk = probe_disk().map_err(|error| PlatformError::new(what, error))?;
    let mut command = Command::new(super::QEMU);
    command
        .args(["-nodefaults", "-no-user-config", "-display", "none", "-machine", "q35", "-m", "128M"])
        .args(["-accel", "kvm", "-cpu", "host", "-device", "isa-debug-exit,iobase=0xf4,iosize=4"])
        .args([
            "-blockdev",
            "driver=raw,node-name=disk,read-only=on,file.driver=file,file.filename=/dev/stdin",
        ])
        .args(["-device", "virtio-blk-pci,drive=disk,bootindex=0"])
        .stdin(disk)
        .stdout(std::process::Stdio::null())
        .stderr(std::process::Stdio::null());
    let mut child = process::spawn(command, Signal::KILL)
        .await
        .map_err(|error| process::not_started(what, super::QEMU, &error))?;
    let ended = timeout(PROBE, child.wait()).await;
    if ended.is_err() {
        child.kill().await.map_err(|error| PlatformError::new(what, error))?;
    }
    Ok(matches!(ended, Ok(Ok(status)) if status.code() == Some(SUCCESS)))
}

/// A disk of 1 MiB whose first sector is the probe. It has no name, so nothing is left behind.
fn probe_disk() -> io::Result<fs::File> {
    let mut disk = tempfile::tempfile()?;
    disk.set_len(1 << 20)?;
    io::Write::write_all(&mut disk, &boot_sector())?;
    Ok(disk)
}

fn boot_sector() -> [u8; 512] {
    let mut sector = [0; 512];
    sector[..PROBE_CODE.len()].copy_from_slice(PROBE_CODE);
    sector[510..].copy_from_slice(&[0x55, 0xaa]);
    sector
}

/// The probe, assembled for address 0x7c00. It ends QEMU by writing 16 to port 0xf4, or stays.
#[rustfmt::skip]
const PROBE_CODE: &[u8] = &[
    0xfa,                                           // cli
    0x31, 0xc0, 0x8e, 0xd8,                         // xor ax, ax; mov ds, ax
    0x0f, 0x01, 0x16, 0xa0, 0x7c,                   // lgdt [gdt_register]
    0x0f, 0x20, 0xc0, 0x0c, 0x01, 0x0f, 0x22, 0xc0, // protected mode: cr0 |= 1
    0x66, 0xea, 0x1a, 0x7c, 0x00, 0x00, 0x08, 0x00, // jmp 8:protected
    // protected:
    0x66, 0xb8, 0x10, 0x00,                         // mov ax, 16
    0x8e, 0xd8, 0x8e, 0xc0, 0x8e, 0xd0,             // mov ds, ax; mov es, ax; mov ss, ax
    0xfc, 0xbf, 0x00, 0x80, 0x00, 0x00,             // cld; mov edi, 0x8000: the page directory
    0xb8, 0x83, 0x00, 0x00, 0x00,                   // mov eax, 0x83: a page of 4 MiB, writable
    0xb9, 0x00, 0x04, 0x00, 0x00,                   // mov ecx, 1024
    0xab, 0x05, 0x00, 0x00, 0x40, 0x00, 0xe2, 0xf8, // each: stosd; add eax, 4 MiB; loop each
    0x0f, 0x20, 0xe0, 0x0d, 0x10, 0x02, 0x00, 0x00, // large pages and SSE: cr4 |= 0x210
    0x0f, 0x22, 0xe0,
    0xb8, 0x00, 0x80, 0x00, 0x00, 0x0f, 0x22, 0xd8, // mov eax, 0x8000; mov cr3, eax
    0x0f, 0x20, 0xc0, 0x24, 0xfb,                   // paging and no emulated floating point:
    0x0d, 0x02, 0x00, 0x00, 0x80, 0x0f, 0x22, 0xc0, //   cr0 = cr0 & ~4 | 0x80000002
    0x9b, 0xdb, 0xe3,                               // finit
    0xd9, 0xe8, 0xd9, 0xe8, 0xde, 0xc1,             // fld1; fld1; faddp
    0xdb, 0x1d, 0x00, 0x70, 0x00, 0x00,             // fistp dword [0x7000]
    0x31, 0xc0, 0x0f, 0xa2,                         // xor eax, eax; cpuid
    0x66, 0x0f, 0x6e, 0x05, 0x00, 0x70, 0x00, 0x00, // movd xmm0, [0x7000]
    0x66, 0x0f, 0xfe, 0xc0, 0x66, 0x0f, 0x7e, 0xc0, // paddd xmm0, xmm0; movd eax, xmm0
    0x04, 0x0c, 0xe6, 0xf4,                         // add al, 12; out 0xf4, al
    0xf4, 0xeb, 0xfd,                               // halt: hlt; jmp halt
    0x66, 0x90,                                     // (alignment)
    // gdt: nothing; code; data: all of memory, 32 bits
    0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
    0xff, 0xff, 0x00, 0x00, 0x00, 0x9a, 0xcf, 0x00,
    0xff, 0xff, 0x00, 0x00, 0x00, 0x92, 0xcf, 0x00,
    // gdt_register: its last byte and its address
    0x17, 0x00, 0x88, 0x7c, 0x00, 0x00,
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_answer_holds_for_its_circumstances_only() {
        let data = tempfile::tempdir().expect("a folder");
        let file = data.path().join("deeper/accelerator.json");
        assert_eq!(recall(&file, "kernel 1"), None);
        remember(&file, &Remembered { circumstances: "kernel 1".into(), kvm: true }).expect("written");
        assert_eq!(recall(&file, "kernel 1"), Some(true));
        assert_eq!(recall(&file, "kernel 2"), None);
        fs::write(&file, "{").expect("spoilt");
        assert_eq!(recall(&file, "kernel 1"), None);
    }

    #[test]
    fn the_probe_is_a_boot_sector() {
        let sector = boot_sector();
        assert_eq!(sector[510..], [0x55, 0xaa]);
        // The descriptor table register points at the table.
        let register = usize::from(u16::from_le_bytes([sector[8], sector[9]])) - 0x7c00;
        let table = usize::from(u16::from_le_bytes([sector[register + 2], sector[register + 3]])) - 0x7c00;
        assert_eq!(sector[table..table + 8], [0; 8]);
    }

    #[tokio::test]
    async fn an_order_is_obeyed_without_asking() {
        let (events, _listener) = Events::channel();
        let chosen = choose(Accelerator::Tcg, Path::new("/nonexistent"), &events).await;
        assert_eq!(chosen.expect("nothing to find out"), Accel::Tcg);
    }
}
