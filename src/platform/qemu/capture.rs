//! The disks of a stopped builder as an image's files: flattened, so that they need no base, and
//! compact.

use std::{ffi::OsString, path::Path};

use super::{digest, disk_image, machine::Drive, process};
use crate::{
    event::Events,
    platform::{CapturedDisk, Content, PlatformError},
    private,
    template::units::Size,
};

/// Writes each disk as `<name>.qcow2` into `folder`.
pub async fn capture(
    disks: &[Drive],
    folder: &Path,
    events: &Events,
) -> Result<Vec<CapturedDisk>, PlatformError> {
    let mut captured = Vec::new();
    for drive in disks {
        let (disk, bytes) = capture_disk(drive, folder).await?;
        events.note(format!("the disk `{}` takes {}", disk.name, Size(bytes)));
        captured.push(disk);
    }
    Ok(captured)
}

/// The disk, and the bytes of its file.
async fn capture_disk(drive: &Drive, folder: &Path) -> Result<(CapturedDisk, u64), PlatformError> {
    let name = drive.serial.clone();
    let file = format!("{name}.qcow2");
    let to = folder.join(&file);
    convert(&drive.file, &to, &name).await?;
    let what = format!("reading the captured disk `{}`", to.display());
    let file_bytes = std::fs::metadata(&to).map_err(|error| PlatformError::new(what, error))?.len();
    let virtual_bytes = disk_image::info(&to).await?.virtual_size;
    let content = Content::File { file, file_bytes, sha256: digest::of_file(&to).await? };
    Ok((CapturedDisk { name, content, virtual_bytes }, file_bytes))
}

/// Compressed clusters are written as they come (`-W`), which uses every processor.
async fn convert(from: &Path, to: &Path, name: &str) -> Result<(), PlatformError> {
    let what = format!("capturing the disk `{name}`");
    private::create(to).map_err(|error| PlatformError::new(&*what, error))?;
    let zstd = ["-c", "-W", "-m", "8", "-O", "qcow2", "-o", "compression_type=zstd"];
    let words = ["convert", "-f", "qcow2"].into_iter().chain(zstd).map(OsString::from);
    let paths = [disk_image::absolute(from, &what)?, disk_image::absolute(to, &what)?];
    let arguments: Vec<OsString> = words.chain(paths).collect();
    process::run(&what, "qemu-img", &arguments).await.map(drop)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;
    use crate::platform::qemu::foreign_disk;

    #[tokio::test]
    async fn a_captured_disk_needs_no_base() {
        let folder = tempfile::tempdir().expect("a folder");
        let (base, over) = (folder.path().join("base.qcow2"), folder.path().join("over.qcow2"));
        disk_image::empty(&base, Size(4 << 20)).await.expect("a base");
        let base = disk_image::own(&base).await.expect("readable");
        disk_image::overlay(&base, &over, None).await.expect("an overlay");
        let out = folder.path().join("out");
        std::fs::create_dir(&out).expect("a folder");
        let drives = [Drive { file: over, serial: "root".into() }];
        let (events, _listener) = Events::channel();
        let disks = capture(&drives, &out, &events).await.expect("captured");
        foreign_disk::inspect(&out.join("root.qcow2")).await.expect("all of it is in its file");
        let mode = std::fs::metadata(out.join("root.qcow2")).expect("there").permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        assert_eq!((disks.len(), disks[0].virtual_bytes), (1, 4 << 20));
    }
}
