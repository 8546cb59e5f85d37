//! The disk of a bootstrapped base, made from outside: partition table, boot sectors for legacy
//! BIOS, and the FAT volume that UEFI starts from. The root file system is put in by
//! `filesystem.sh`; nothing here needs a loop device, a mount or a running guest.

use std::{
    collections::BTreeMap,
    fs::File,
    io::{self, Read, Seek, SeekFrom, Write},
};

use gpt::{GptConfig, mbr::ProtectiveMBR, partition_types};

const SECTOR: u64 = 512;
const MIB: u64 = 1 << 20;
/// The whole disk; the guest grows its root file system when the builder's disk is larger.
pub const DISK_BYTES: u64 = 4096 * MIB;
const BIOS_BOOT: Span = Span { start: MIB, bytes: MIB };
const ESP: Span = Span { start: 2 * MIB, bytes: 62 * MIB };
/// The last partition, so that it can grow. The table's copy needs the disk's last sectors.
pub const ROOT: Span = Span { start: 64 * MIB, bytes: DISK_BYTES - 65 * MIB };

/// Where GRUB's first sector keeps the address of the second stage.
const BOOT_KERNEL_SECTOR: usize = 0x5c;
/// A jump that GRUB's own installer replaces by no-operations on anything but a floppy disk, so
/// that the disk number given by the BIOS is believed.
const BOOT_DRIVE_CHECK: usize = 0x66;
/// The first sector holds code up to here; the protective partition entry comes after.
const BOOT_CODE_BYTES: usize = 440;
/// Where the second stage's first sector keeps the address of its remaining sectors.
const CORE_BLOCK_LIST: usize = 0x1f4;

/// A range of bytes on the disk.
#[derive(Clone, Copy, Debug)]
pub struct Span {
    pub start: u64,
    pub bytes: u64,
}

/// The boot loader, as `customize.sh` left it in the tree.
#[derive(Debug, Default)]
pub struct BootFiles {
    /// GRUB's boot sector.
    pub boot: Vec<u8>,
    /// GRUB's second stage for BIOS.
    pub core: Vec<u8>,
    /// The UEFI program.
    pub efi: Vec<u8>,
}

impl BootFiles {
    /// Picks the three files out of the tree's tar.
    pub fn from_tar(tar: impl Read) -> io::Result<Self> {
        let mut found = Self::default();
        for entry in tar::Archive::new(tar).entries()? {
            let mut entry = entry?;
            let path = entry.path()?.to_string_lossy().into_owned();
            let slot = match path.trim_start_matches("./") {
                "boot/grub/i386-pc/boot.img" => &mut found.boot,
                "boot/grub/i386-pc/core.img" => &mut found.core,
                "boot/efi/EFI/BOOT/BOOTX64.EFI" => &mut found.efi,
                _ => continue,
            };
            entry.read_to_end(slot)?;
        }
        found.checked()
    }

    fn checked(self) -> io::Result<Self> {
        let whole = self.boot.len() == SECTOR as usize
            && self.core.len() > SECTOR as usize
            && self.core.len() as u64 <= BIOS_BOOT.bytes
            && !self.efi.is_empty();
        if whole {
            return Ok(self);
        }
        Err(io::Error::other(format!(
            "the tree's boot loader is incomplete: boot.img {} bytes, core.img {}, BOOTX64.EFI {}",
            self.boot.len(),
            self.core.len(),
            self.efi.len()
        )))
    }

    /// The boot sector, told where on the disk the second stage lies.
    fn boot_sector(&self) -> Vec<u8> {
        let mut sector = self.boot.clone();
        let at = BIOS_BOOT.start / SECTOR;
        sector[BOOT_KERNEL_SECTOR..BOOT_KERNEL_SECTOR + 8].copy_from_slice(&at.to_le_bytes());
        sector[BOOT_DRIVE_CHECK..BOOT_DRIVE_CHECK + 2].copy_from_slice(&[0x90, 0x90]);
        sector.truncate(BOOT_CODE_BYTES);
        sector
    }

    /// The second stage, told where its own second sector lies.
    fn second_stage(&self) -> Vec<u8> {
        let mut core = self.core.clone();
        let rest = BIOS_BOOT.start / SECTOR + 1;
        core[CORE_BLOCK_LIST..CORE_BLOCK_LIST + 8].copy_from_slice(&rest.to_le_bytes());
        core
    }
}

/// Writes everything but the root file system onto the empty disk.
pub fn write(disk: &mut File, boot: &BootFiles) -> io::Result<()> {
    disk.set_len(DISK_BYTES)?;
    write_partitions(disk)?;
    write_at(disk, 0, &boot.boot_sector())?;
    write_at(disk, BIOS_BOOT.start, &boot.second_stage())?;
    write_at(disk, ESP.start, &esp(&boot.efi)?)
}

fn write_partitions(disk: &mut File) -> io::Result<()> {
    let sectors = u32::try_from(DISK_BYTES / SECTOR - 1).unwrap_or(u32::MAX);
    ProtectiveMBR::with_lb_size(sectors).overwrite_lba0(disk).map_err(io::Error::other)?;
    let mut table = GptConfig::new()
        .writable(true)
        .logical_block_size(gpt::disk::LogicalBlockSize::Lb512)
        .create_from_device(disk, None)
        .map_err(io::Error::other)?;
    table.update_partitions(BTreeMap::new()).map_err(io::Error::other)?;
    let partitions = [
        ("bios", BIOS_BOOT, partition_types::BIOS),
        ("esp", ESP, partition_types::EFI),
        ("root", ROOT, partition_types::LINUX_ROOT_X64),
    ];
    for (number, (name, span, kind)) in (1..).zip(partitions) {
        let (first, length) = (span.start / SECTOR, span.bytes / SECTOR);
        table.add_partition_at(name, number, first, length, kind, 0).map_err(io::Error::other)?;
    }
    table.write().map(drop).map_err(io::Error::other)
}

/// The FAT volume with the UEFI program under the name that firmware looks for by itself.
fn esp(program: &[u8]) -> io::Result<Vec<u8>> {
    let files = [("EFI/BOOT/BOOTX64.EFI", program)];
    super::super::fat::volume(ESP.bytes, "ESP", &files)
}

fn write_at(disk: &mut File, start: u64, bytes: &[u8]) -> io::Result<()> {
    disk.seek(SeekFrom::Start(start))?;
    disk.write_all(bytes)
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use super::*;

    fn boot_files() -> BootFiles {
        BootFiles { boot: vec![1; 512], core: vec![2; 2048], efi: b"MZ".to_vec() }
    }

    #[test]
    fn the_boot_sector_names_the_second_stage_and_spares_the_partition_table() {
        let sector = boot_files().boot_sector();
        assert_eq!(sector.len(), 440);
        assert_eq!(sector[0x5c..0x64], 2048_u64.to_le_bytes());
        assert_eq!(sector[0x66..0x68], [0x90, 0x90]);
        assert_eq!(boot_files().second_stage()[0x1f4..0x1fc], 2049_u64.to_le_bytes());
    }

    #[test]
    fn the_disk_has_three_partitions_and_the_root_is_the_last() {
        let mut disk = tempfile::tempfile().expect("a temporary file");
        write(&mut disk, &boot_files()).expect("the disk is written");
        let table = GptConfig::new().open_from_device(disk).expect("a valid table");
        let last = table.partitions().values().max_by_key(|p| p.first_lba).expect("partitions");
        assert_eq!((table.partitions().len(), last.name.as_str()), (3, "root"));
        assert_eq!(last.first_lba * SECTOR, ROOT.start);
    }

    #[test]
    fn a_tree_without_a_boot_loader_is_refused() {
        let tar = tar::Builder::new(Vec::new()).into_inner().expect("an empty tar");
        let error = BootFiles::from_tar(Cursor::new(tar)).expect_err("nothing was in it");
        assert!(error.to_string().contains("boot.img 0 bytes"), "{error}");
    }
}
