//! The table of a template that is a platform's own.

use serde::{Deserialize, Serialize};

use super::PlatformError;
use crate::template::model::{Ec2, PlatformKind, Qemu, Template};

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
