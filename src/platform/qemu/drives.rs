//! The disks of a machine: overlays on what it starts from, and empty ones. None of them is written to
//! but by this machine.

use std::{
    fs,
    path::{Path, PathBuf},
};

use super::{disk_image, foreign_disk, machine::Drive};
use crate::{
    platform::{BaseImage, LaunchSpec, Origin, PlatformError},
    template::model::Disk,
};

/// The root disk's name, in the guest and in an image's folder.
pub const ROOT: &str = "root";
/// virtio-blk cuts a serial here.
const LONGEST_SERIAL: usize = 20;

/// Makes them in `folder`: the root disk first, then the origin's extra disks or new ones.
///
/// # Errors
/// When the origin cannot be read, or a disk has a name that a guest would not see.
pub async fn make(spec: &LaunchSpec, folder: &Path) -> Result<Vec<Drive>, PlatformError> {
    let mut drives = Vec::new();
    for (name, disk) in origin_disks(&spec.origin)? {
        // Whoever has made an image may have made it elsewhere.
        let disk = foreign_disk::inspect(&disk).await?;
        let file = folder.join(format!("{name}.qcow2"));
        let size = if name == ROOT { spec.root_size } else { None };
        disk_image::overlay(&disk, &file, size).await?;
        drives.push(drive(name, file)?);
    }
    add_empty(&mut drives, &spec.disks, folder).await?;
    Ok(drives)
}

/// Adds the empty disks of the template.
///
/// # Errors
/// When there is one of that name already, or it cannot be made.
pub async fn add_empty(drives: &mut Vec<Drive>, disks: &[Disk], folder: &Path) -> Result<(), PlatformError> {
    for disk in disks {
        let file = folder.join(format!("{}.qcow2", disk.name));
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
    Ok(())
}

/// # Errors
/// When the guest would see its name cut.
pub fn drive(name: String, file: PathBuf) -> Result<Drive, PlatformError> {
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
    fn a_name_that_a_guest_would_see_cut_is_refused() {
        let error = drive("a".repeat(21), PathBuf::new()).expect_err("too long");
        assert!(error.hint.is_some());
    }
}
