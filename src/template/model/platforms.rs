//! Settings of the two platforms, of the way to the builder, and of the seal.

use std::{path::PathBuf, time::Duration};

use serde::{Deserialize, Serialize};

use super::Arch;
use crate::template::units::{Size, Span};

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum PlatformKind {
    Ec2,
    Qemu,
}

/// `[cloud_init]`
#[derive(Clone, Debug, Serialize)]
pub struct CloudInit {
    pub enabled: bool,
    /// The user's own parts: file name and text, in order.
    pub user_data: Vec<(String, String)>,
}

/// `[ssh]`; what is `None` is decided by hornero.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Ssh {
    /// How long the builder may take to answer.
    pub timeout: Option<Span>,
    pub user: Option<String>,
    pub private_key: Option<PathBuf>,
    /// `SHA256:...`, as `ssh-keygen -l` prints it.
    pub host_key: Option<String>,
    pub host: Option<String>,
    pub port: Option<u16>,
    /// Which of the builder's addresses, or what leads to it.
    pub via: Option<Via>,
    /// `eice-...`; one in the builder's network is found when `None`.
    pub endpoint: Option<String>,
    pub bastion: Option<Bastion>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Via {
    PublicIp,
    PrivateIp,
    InstanceConnectEndpoint,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Bastion {
    pub host: String,
    pub port: u16,
    pub user: String,
    pub host_key: String,
    pub private_key: Option<PathBuf>,
}

/// `[seal]`
#[derive(Clone, Debug, Serialize)]
pub struct Seal {
    pub enabled: bool,
    /// Names of parts that are left out; see `provision::seal`.
    pub keep: Vec<String>,
}

/// `[ec2]`
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Ec2 {
    /// The environment's when there is none.
    pub region: Option<String>,
    /// A role to take on for everything that is done there.
    pub role_arn: Option<String>,
    /// Tried in order; a small one of the image's architecture when empty.
    pub instance_types: Vec<String>,
    /// Spot first, on demand where there is none.
    pub spot: bool,
    /// Tried in order; the default subnet of the region when empty.
    pub subnets: Vec<String>,
    /// Whether the builder gets a public address; the subnet's own setting when `None`.
    pub public_ip: Option<bool>,
    /// Given ones; a temporary one when empty.
    pub security_groups: Vec<String>,
    /// Name or ARN.
    pub instance_profile: Option<String>,
    /// Who may reach the builder's SSH; empty for the caller's own address alone.
    pub ssh_cidrs: Vec<String>,
    /// Answers with the address of whoever asks.
    pub address_service: Option<String>,
    /// Of every volume that names no other.
    pub kms_key: Option<String>,
    /// That all volumes with a key have; `None` where they have none or several.
    pub volume_key: Option<String>,
    pub copy_to: Vec<String>,
    pub share_with: Share,
    /// From its making on; nobody is stopped from using it.
    pub deprecate_after: Option<Span>,
}

#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Share {
    pub accounts: Vec<String>,
    pub organizations: Vec<String>,
    pub organizational_units: Vec<String>,
}

/// `[qemu]`
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Qemu {
    /// Default 2 GiB.
    pub memory: Size,
    /// Default 2.
    pub cpus: u32,
    pub accelerator: Accelerator,
    pub firmware: Firmware,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Accelerator {
    /// KVM when it really works, else TCG.
    #[default]
    Auto,
    Kvm,
    Tcg,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Firmware {
    #[default]
    Bios,
    Uefi,
}

impl Ssh {
    /// How long a builder may take to answer where the template says nothing.
    pub const USUAL_TIMEOUT: Span = Span(Duration::from_secs(5 * 60));
}

impl Ec2 {
    /// The instance types in the order of trying; where the template names none, a small one that is
    /// offered everywhere.
    pub fn types_to_try(&self, arch: Arch) -> Vec<&str> {
        match (self.instance_types.as_slice(), arch) {
            ([], Arch::X86_64) => vec!["t3.medium"],
            ([], Arch::Arm64) => vec!["t4g.medium"],
            (types, _) => types.iter().map(String::as_str).collect(),
        }
    }

    /// The service that is asked for the caller's address.
    pub fn address_service(&self) -> &str {
        self.address_service.as_deref().unwrap_or("https://checkip.amazonaws.com")
    }

    /// The key of copies in other regions: EC2 takes one for all volumes of a copy.
    pub fn copy_key(&self) -> Option<&str> {
        self.volume_key.as_deref().or(self.kms_key.as_deref())
    }
}

impl PlatformKind {
    pub fn name(self) -> &'static str {
        match self {
            Self::Ec2 => "ec2",
            Self::Qemu => "qemu",
        }
    }
}
