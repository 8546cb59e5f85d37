//! Disk image files, through `qemu-img`: what they are, overlays on them, empty ones.

use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::process;
use crate::{platform::PlatformError, private, template::units::Size};

/// What `qemu-img` says of a disk image.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Info {
    pub format: String,
    pub virtual_size: u64,
    /// The file that holds the rest of the content.
    #[serde(default)]
    pub backing_filename: Option<PathBuf>,
}

pub async fn info(file: &Path) -> Result<Info, PlatformError> {
    let what = format!("reading the disk image `{}`", file.display());
    let path = file.to_string_lossy();
    let output = process::run(&what, "qemu-img", &["info", "--output=json", "--force-share", &path]).await?;
    serde_json::from_slice(&output.stdout).map_err(|error| PlatformError::new(what, error))
}

/// A copy-on-write overlay; its size is the larger of `size` and the base's own.
pub async fn overlay(base: &Path, file: &Path, size: Option<Size>) -> Result<(), PlatformError> {
    let under = info(base).await?;
    let what = format!("making an overlay on `{}`", base.display());
    let absolute = std::path::absolute(base).map_err(|error| PlatformError::new(&*what, error))?;
    let bytes = size.map_or(0, |size| size.0).max(under.virtual_size).to_string();
    private::create(file).map_err(|error| PlatformError::new(&*what, error))?;
    let (base, file) = (absolute.to_string_lossy(), file.to_string_lossy());
    let arguments = ["create", "-q", "-f", "qcow2", "-F", &under.format, "-b", &base, &file, &bytes];
    process::run(&what, "qemu-img", &arguments).await.map(drop)
}

pub async fn empty(file: &Path, size: Size) -> Result<(), PlatformError> {
    let what = format!("making the disk `{}`", file.display());
    private::create(file).map_err(|error| PlatformError::new(&*what, error))?;
    let arguments = ["create", "-q", "-f", "qcow2", &file.to_string_lossy(), &size.0.to_string()];
    process::run(&what, "qemu-img", &arguments).await.map(drop)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[tokio::test]
    async fn an_overlay_is_never_smaller_than_its_base() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = |name: &str| folder.path().join(name);
        empty(&file("base.qcow2"), Size(8 << 20)).await.expect("a base");
        for (size, expected) in
            [(None, 8 << 20), (Some(Size(4 << 20)), 8 << 20), (Some(Size(32 << 20)), 32 << 20)]
        {
            overlay(&file("base.qcow2"), &file("over.qcow2"), size).await.expect("an overlay");
            let info = info(&file("over.qcow2")).await.expect("readable");
            assert_eq!(info.virtual_size, expected);
            assert!(info.backing_filename.is_some());
            let mode = std::fs::metadata(file("over.qcow2")).expect("there").permissions().mode();
            assert_eq!(mode & 0o777, 0o600, "whatever qemu-img would have given it");
        }
    }

    #[tokio::test]
    async fn a_file_that_is_not_there_is_named() {
        let error = info(Path::new("/nonexistent/a.qcow2")).await.expect_err("nothing is there");
        assert!(error.to_string().contains("/nonexistent/a.qcow2"), "{error}");
    }
}
