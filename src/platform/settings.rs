//! The table of a template that is a platform's own.

use serde::{Deserialize, Serialize};

use super::PlatformError;
use crate::{
    sum,
    template::model::{Ec2, PlatformKind, Qemu, Template},
};

/// `[qemu]` or `[ec2]`. Kept in the manifest, so that a machine can be started from the image.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Settings {
    // First, for it has keys that must be there, and the other has none.
    Qemu(Qemu),
    Ec2(Box<Ec2>),
}

impl Settings {
    pub fn of(template: &Template, platform: PlatformKind) -> Self {
        match platform {
            PlatformKind::Qemu => Self::Qemu(template.qemu.clone()),
            PlatformKind::Ec2 => Self::Ec2(Box::new(template.ec2.clone())),
        }
    }

    /// An image stays where it was made, whatever the environment says later.
    pub fn in_region(self, region: Option<&str>) -> Self {
        match self {
            Self::Qemu(qemu) => Self::Qemu(qemu),
            Self::Ec2(ec2) => {
                let region = region.map(str::to_owned).or(ec2.region.clone());
                Self::Ec2(Box::new(Ec2 { region, ..*ec2 }))
            }
        }
    }

    /// The regions that get a copy of the image.
    pub fn copies(&self) -> &[String] {
        match self {
            Self::Qemu(_) => &[],
            Self::Ec2(ec2) => &ec2.copy_to,
        }
    }

    /// Of what is wanted of an image beside its content and its copies; empty where that is nothing.
    pub fn finish(&self) -> String {
        match self {
            Self::Qemu(_) => String::new(),
            Self::Ec2(ec2) => {
                // A plain tree with texts as keys, which JSON always takes.
                let wanted = serde_json::to_string(&(&ec2.share_with, &ec2.deprecate_after));
                sum::of_text(&wanted.unwrap_or_default())[..16].to_owned()
            }
        }
    }

    /// # Errors
    /// When the image or template was made for another platform.
    pub fn qemu(&self) -> Result<&Qemu, PlatformError> {
        match self {
            Self::Qemu(qemu) => Ok(qemu),
            Self::Ec2(_) => Err(foreign("qemu", "ec2")),
        }
    }

    /// # Errors
    /// When the image or template was made for another platform.
    pub fn ec2(&self) -> Result<&Ec2, PlatformError> {
        match self {
            Self::Ec2(ec2) => Ok(ec2),
            Self::Qemu(_) => Err(foreign("ec2", "qemu")),
        }
    }
}

fn foreign(here: &str, there: &str) -> PlatformError {
    PlatformError::new(format!("starting a machine on {here}"), format!("the image is one of {there}"))
        .hint(format!("add `--platform {there}`"))
}
