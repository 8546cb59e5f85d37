//! The plan: everything a bake will do, as data, before anything happens. `compile` makes it from
//! a checked template; `hornero plan` prints it and the engine walks it. Pure.

mod changes;
mod compile;
mod difference;
mod fingerprint;
pub mod graph;
mod outline;
pub mod tag_text;

use serde::{Deserialize, Serialize};

pub use changes::{Done, changed};
pub use compile::compile;
pub use difference::{Difference, How, MadeOf, differences};
pub use fingerprint::{Content, Fingerprint, Given, ShortParts, fingerprint};
pub use outline::{Detail, Known, Section, Surroundings};

use crate::template::model::{Arch, Ec2Base, PlatformKind, QemuBase, Template};

/// Everything one bake will do on one platform.
#[derive(Clone, Debug, Serialize)]
pub struct Plan {
    pub platform: PlatformKind,
    pub arch: Arch,
    pub base: PlannedBase,
    /// What happens, in order, as a person reads it.
    pub actions: Vec<Action>,
    pub template: Template,
}

/// The base of the platform that is baked on.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PlannedBase {
    Ec2(Ec2Base),
    Qemu(QemuBase),
}

/// One line of a plan: the phase it belongs to and what is done.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Action {
    pub phase: &'static str,
    pub what: String,
}

/// Why a template cannot be baked on a platform, and what to do about it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("planning image `{image}` for {platform}: {why}")]
pub struct PlanError {
    pub image: String,
    pub platform: &'static str,
    pub why: String,
    pub hint: String,
}

impl Plan {
    /// How the template names its base, whatever that stands for today.
    pub fn declared_base(&self) -> serde_json::Value {
        // A plain tree with texts as keys, which JSON always takes.
        serde_json::to_value(&self.base).unwrap_or_default()
    }

    /// The name and, if there is one, the version of the image.
    pub fn title(&self) -> String {
        let image = &self.template.image;
        match &image.version {
            Some(version) => format!("{} {version}", image.name),
            None => image.name.clone(),
        }
    }
}

impl std::fmt::Display for PlannedBase {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Ec2(Ec2Base::Ami(id)) => f.write_str(id),
            Self::Ec2(Ec2Base::Parameter(name)) => write!(f, "the AMI that {name} names"),
            Self::Ec2(Ec2Base::Newest { owner, name }) => write!(f, "the newest {name} of {owner}"),
            Self::Ec2(Ec2Base::Template(path)) | Self::Qemu(QemuBase::Template(path)) => {
                write!(f, "the image of {}", path.display())
            }
            Self::Qemu(QemuBase::Bootstrap(suite)) => write!(f, "{suite}, built from packages"),
            Self::Qemu(QemuBase::Image(path)) => path.display().fmt(f),
            Self::Qemu(QemuBase::Made { image, .. }) => f.write_str(image),
            Self::Qemu(QemuBase::Url { url, .. }) => f.write_str(url),
        }
    }
}
