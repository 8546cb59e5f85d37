//! Settings of the platforms, of the way to the builder, of secrets and of what comes after.

use serde::Deserialize;
use toml::Spanned;

use super::{Flag, List, Number, Text};

/// One of `[secrets]`
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default, expecting = "a table such as { env = \"DB_PASSWORD\" }")]
pub struct Secret {
    pub env: Option<Text>,
    pub file: Option<Text>,
    pub parameter: Option<Text>,
    pub secret: Option<Text>,
    pub key: Option<Text>,
    pub in_image: Option<Text>,
}

/// `[cloud_init]`
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default, expecting = "a table")]
pub struct CloudInit {
    pub enabled: Option<Spanned<Flag>>,
    pub user_data: Option<Spanned<List>>,
}

/// `[ssh]`
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default, expecting = "a table")]
pub struct Ssh {
    pub timeout: Option<Text>,
    pub user: Option<Text>,
    pub private_key: Option<Text>,
    pub host_key: Option<Text>,
    pub host: Option<Text>,
    pub port: Option<Spanned<Number>>,
    pub via: Option<Text>,
    pub bastion: Option<Spanned<Bastion>>,
    pub endpoint: Option<Text>,
}

/// `bastion` of `[ssh]`
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default, expecting = "a table")]
pub struct Bastion {
    pub host: Option<Text>,
    pub port: Option<Spanned<Number>>,
    pub user: Option<Text>,
    pub host_key: Option<Text>,
    pub private_key: Option<Text>,
}

/// `[seal]`
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default, expecting = "a table")]
pub struct Seal {
    pub enabled: Option<Spanned<Flag>>,
    pub keep: Option<Spanned<List>>,
}

/// `[ec2]`
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default, expecting = "a table")]
pub struct Ec2 {
    pub region: Option<Text>,
    pub role_arn: Option<Text>,
    pub instance_types: Option<Spanned<List>>,
    pub spot: Option<Spanned<Flag>>,
    pub subnets: Option<Spanned<List>>,
    pub public_ip: Option<Spanned<Flag>>,
    pub security_groups: Option<Spanned<List>>,
    pub instance_profile: Option<Text>,
    pub ssh_cidrs: Option<Spanned<List>>,
    pub address_service: Option<Text>,
    pub kms_key: Option<Text>,
    pub copy_to: Option<Spanned<List>>,
    pub share_with: Option<Spanned<Share>>,
    pub deprecate_after: Option<Text>,
}

/// `share_with` of `[ec2]`
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default, expecting = "a table")]
pub struct Share {
    pub accounts: Option<Spanned<List>>,
    pub organizations: Option<Spanned<List>>,
    pub organizational_units: Option<Spanned<List>>,
}

/// `[qemu]`
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default, expecting = "a table")]
pub struct Qemu {
    pub memory: Option<Text>,
    pub cpus: Option<Spanned<Number>>,
    pub accelerator: Option<Text>,
    pub firmware: Option<Text>,
}

/// `[publish]`
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default, expecting = "a table")]
pub struct Publish {
    pub parameter: Option<Text>,
    pub stage: Option<Text>,
    pub data_type: Option<Text>,
}

/// `[notify]`
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default, expecting = "a table")]
pub struct Notify {
    pub slack: Option<Spanned<Slack>>,
}

/// `slack` of `[notify]`
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default, expecting = "a table such as { webhook_env = \"SLACK_WEBHOOK_URL\" }")]
pub struct Slack {
    pub webhook_env: Option<Text>,
}
