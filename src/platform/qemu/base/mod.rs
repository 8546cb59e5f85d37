//! The images that bakes start from: built from packages, a file, or a download. Built and
//! downloaded bases are cached under the data folder, one folder for each content.

mod bootstrap;
mod cache;
mod disk;
mod download;
mod sources;

use std::path::Path;

pub use sources::of_suite as package_sources;

use super::{digest, foreign_disk};
use crate::{
    event::Events,
    platform::{BaseImage, PlatformError},
    template::model::{Arch, Base, QemuBase},
};

/// What the base is, without making it.
pub async fn look_up(base: &Base, data: &Path) -> Result<Option<BaseImage>, PlatformError> {
    Ok(match &base.qemu {
        Some(QemuBase::Bootstrap(suite)) => bootstrap::look_up(suite, data).await?,
        Some(QemuBase::Image(file)) => Some(image_file(file).await?),
        Some(QemuBase::Made { image, disk, sha256 }) => Some(described(image, disk, sha256)),
        Some(QemuBase::Url { url, sha256 }) => Some(download::look_up(url, sha256)),
        Some(QemuBase::Template(_)) | None => None,
    })
}

/// Finds the base, or makes it.
pub async fn prepare(base: &Base, data: &Path, events: &Events) -> Result<BaseImage, PlatformError> {
    if base.arch != Arch::X86_64 {
        return Err(PlatformError::new("preparing the base", "QEMU builders are x86_64 only, so far")
            .hint("set `arch = \"x86_64\"` under [base], or bake on EC2"));
    }
    match &base.qemu {
        Some(QemuBase::Bootstrap(suite)) => bootstrap::prepare(suite, data, events).await,
        Some(QemuBase::Image(file)) => image_file(file).await,
        Some(QemuBase::Made { image, disk, sha256 }) => made(image, disk, sha256).await,
        Some(QemuBase::Url { url, sha256 }) => download::prepare(url, sha256, data, events).await,
        Some(QemuBase::Template(template)) => {
            let why = format!("it is the image of `{}`, which is not baked yet", template.display());
            Err(PlatformError::new("preparing the base", why).hint("bake that template first"))
        }
        None => Err(PlatformError::new("preparing the base", "the template names none for QEMU")
            .hint("set `os`, or `qemu` under [base]")),
    }
}

/// A file is used where it lies, under an overlay, and never written to.
async fn image_file(file: &Path) -> Result<BaseImage, PlatformError> {
    foreign_disk::inspect(file).await?;
    let sum = digest::of_file(file).await?;
    let description = format!("the disk image {}", file.display());
    Ok(BaseImage { id: format!("sha256:{sum}"), description, disk: Some(file.to_owned()) })
}

fn described(image: &str, disk: &Path, sha256: &str) -> BaseImage {
    let description = format!("the image {image}");
    BaseImage { id: format!("sha256:{sha256}"), description, disk: Some(disk.to_owned()) }
}

/// The root disk of an image, as its manifest says, and as it is.
async fn made(image: &str, disk: &Path, sha256: &str) -> Result<BaseImage, PlatformError> {
    let found = image_file(disk).await?;
    let base = described(image, disk, sha256);
    match found.id == base.id {
        true => Ok(base),
        false => {
            let what = format!("using the image {image} as a base");
            let why = format!("`{}` is not what its manifest says", disk.display());
            Err(PlatformError::new(what, why).hint("it was changed or damaged: bake it anew with --force"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{platform::qemu::disk_image, template::units::Size};

    #[tokio::test]
    async fn an_overlay_or_an_empty_file_is_no_base() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = |name: &str| folder.path().join(name);
        disk_image::empty(&file("whole"), Size(1 << 20)).await.expect("a disk");
        let whole = disk_image::own(&file("whole")).await.expect("readable");
        disk_image::overlay(&whole, &file("over"), None).await.expect("an overlay");
        std::fs::write(file("empty"), "").expect("a file");
        assert!(image_file(&file("whole")).await.expect("usable").id.starts_with("sha256:"));
        assert!(image_file(&file("over")).await.expect_err("an overlay").hint.is_some());
        let error = image_file(&file("empty")).await.expect_err("nothing in it");
        assert!(error.to_string().contains("it is empty"), "{error}");
    }
}
