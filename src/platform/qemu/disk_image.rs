//! Disk image files, through `qemu-img`: what they are, overlays on them, empty ones. The format of every file is
//! said, for QEMU's guess is the guess of whoever made the file; and every path is absolute, for `nbd:x` is no file.

use std::{ffi::OsString, path::Path};

use serde::Deserialize;

use super::{
    foreign_disk::{DiskFormat, WholeDisk},
    process,
};
use crate::{platform::PlatformError, private, template::units::Size};

/// What `qemu-img` says of a disk image.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Info {
    pub virtual_size: u64,
}

/// What is told of a qcow2 disk that hornero has made.
pub async fn info(file: &Path) -> Result<Info, PlatformError> {
    let what = format!("reading the disk image `{}`", file.display());
    let words = ["info", "-f", DiskFormat::Qcow2.name(), "--output=json", "--force-share"];
    let arguments = [words.map(OsString::from).to_vec(), vec![absolute(file, &what)?]].concat();
    let output = process::run(&what, "qemu-img", &arguments).await?;
    serde_json::from_slice(&output.stdout).map_err(|error| PlatformError::new(what, error))
}

/// A qcow2 disk that hornero has made; it may itself be an overlay.
pub async fn own(file: &Path) -> Result<WholeDisk, PlatformError> {
    let virtual_size = info(file).await?.virtual_size;
    Ok(WholeDisk { file: file.to_owned(), format: DiskFormat::Qcow2, virtual_size })
}

/// A copy-on-write overlay; its size is the larger of `size` and the base's own.
pub async fn overlay(base: &WholeDisk, file: &Path, size: Option<Size>) -> Result<(), PlatformError> {
    let what = format!("making an overlay on `{}`", base.file.display());
    let bytes = size.map_or(0, |size| size.0).max(base.virtual_size).to_string();
    private::create(file).map_err(|error| PlatformError::new(&*what, error))?;
    let words = ["create", "-q", "-f", DiskFormat::Qcow2.name(), "-F", base.format.name(), "-b"];
    let paths = vec![absolute(&base.file, &what)?, absolute(file, &what)?, bytes.into()];
    let arguments = [words.map(OsString::from).to_vec(), paths].concat();
    process::run(&what, "qemu-img", &arguments).await.map(drop)
}

pub async fn empty(file: &Path, size: Size) -> Result<(), PlatformError> {
    let what = format!("making the disk `{}`", file.display());
    private::create(file).map_err(|error| PlatformError::new(&*what, error))?;
    let words = ["create", "-q", "-f", DiskFormat::Qcow2.name()];
    let paths = vec![absolute(file, &what)?, size.0.to_string().into()];
    let arguments = [words.map(OsString::from).to_vec(), paths].concat();
    process::run(&what, "qemu-img", &arguments).await.map(drop)
}

/// A path that QEMU's programs take for a file, whatever is in it.
pub fn absolute(file: &Path, what: &str) -> Result<OsString, PlatformError> {
    let path = std::path::absolute(file).map_err(|error| PlatformError::new(what, error))?;
    Ok(path.into_os_string())
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;
    use crate::platform::qemu::foreign_disk;

    #[tokio::test]
    async fn an_overlay_is_never_smaller_than_its_base() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = |name: &str| folder.path().join(name);
        empty(&file("base.qcow2"), Size(8 << 20)).await.expect("a base");
        for (size, expected) in
            [(None, 8 << 20), (Some(Size(4 << 20)), 8 << 20), (Some(Size(32 << 20)), 32 << 20)]
        {
            let base = own(&file("base.qcow2")).await.expect("readable");
            overlay(&base, &file("over.qcow2"), size).await.expect("an overlay");
            let info = info(&file("over.qcow2")).await.expect("readable");
            assert_eq!(info.virtual_size, expected);
            let told = foreign_disk::inspect(&file("over.qcow2")).await.expect_err("an overlay").why;
            assert!(told.contains("base.qcow2"), "{told}");
            let mode = std::fs::metadata(file("over.qcow2")).expect("there").permissions().mode();
            assert_eq!(mode & 0o777, 0o600, "whatever qemu-img would have given it");
        }
    }

    /// QEMU takes `nbd:x` for a server.
    #[tokio::test]
    async fn a_name_that_looks_like_an_address_is_a_file() {
        let folder = tempfile::tempdir().expect("a folder");
        for name in ["nbd:x", "-f", "json:{}", "a,b=c"] {
            let file = folder.path().join(name);
            empty(&file, Size(1 << 20)).await.expect("a disk");
            assert_eq!(own(&file).await.expect("readable").virtual_size, 1 << 20, "{name}");
        }
        let here = Path::new("nbd:unix:/nowhere");
        let told = info(here).await.expect_err("nothing is there").to_string();
        assert!(told.contains("No such file"), "{told}");
    }

    #[tokio::test]
    async fn a_file_that_is_not_there_is_named() {
        let error = info(Path::new("/nonexistent/a.qcow2")).await.expect_err("nothing is there");
        assert!(error.to_string().contains("/nonexistent/a.qcow2"), "{error}");
    }
}
