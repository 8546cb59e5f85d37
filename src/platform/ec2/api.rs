//! The wire to EC2, in our words: what a builder needs of it and nothing else. `sdk` is the real
//! one.

use std::{collections::BTreeMap, net::IpAddr};

use async_trait::async_trait;
use jiff::Timestamp;

use super::capture::Volume;
use crate::{aws::AwsError, template::model::Arch};

/// An AMI that a builder can be launched from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ami {
    pub id: String,
    pub name: String,
    pub created: Option<Timestamp>,
    pub arch: Option<Arch>,
    /// `available`, or why it cannot be used.
    pub state: String,
    pub root_device: String,
    /// Of the root's snapshot.
    pub root_gib: i32,
    /// Names in its block device mapping.
    pub devices: Vec<String>,
}

/// One try to get an instance.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Order {
    /// The same order with the same token gives the same instance.
    pub token: String,
    pub ami: String,
    pub instance_type: String,
    pub spot: bool,
    pub subnet: Option<String>,
    pub groups: Vec<String>,
    /// The groups were made a moment ago, so EC2 may not know them everywhere.
    pub new_groups: bool,
    pub public_ip: Option<bool>,
    pub instance_profile: Option<String>,
    /// Gzip, before base64.
    pub user_data: Option<Vec<u8>>,
    pub volumes: Vec<VolumeOrder>,
    pub tags: BTreeMap<String, String>,
    /// After this a spot request brings no terminated instance back.
    pub expires: Timestamp,
}

/// The root volume, or an empty one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct VolumeOrder {
    pub device: String,
    pub gib: Option<i32>,
    pub volume_type: String,
    pub iops: Option<i32>,
    pub throughput: Option<i32>,
    pub encrypted: Option<bool>,
    pub kms_key: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Instance {
    pub id: String,
    pub state: State,
    /// Why it is in that state, as EC2 says.
    pub reason: Option<String>,
    pub public_ip: Option<IpAddr>,
    pub private_ip: Option<IpAddr>,
    pub volumes: Vec<Volume>,
    pub vpc: Option<String>,
    pub spot_request: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    Pending,
    Running,
    Stopping,
    Stopped,
    ShuttingDown,
    Terminated,
}

/// A security group to make.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GroupOrder {
    pub name: String,
    /// The default VPC when `None`.
    pub vpc: Option<String>,
    pub tags: BTreeMap<String, String>,
}

#[async_trait]
pub trait Images: Send + Sync {
    async fn ami(&self, id: &str) -> Result<Ami, AwsError>;
    /// Those of an owner whose name fits.
    async fn amis(&self, owner: &str, name: &str, arch: Arch) -> Result<Vec<Ami>, AwsError>;
    /// The value of a parameter, which names an AMI.
    async fn parameter(&self, name: &str) -> Result<String, AwsError>;
}

#[async_trait]
pub trait Machines: Send + Sync {
    async fn run(&self, order: &Order) -> Result<Instance, AwsError>;
    /// The instance that was made for one of these tokens.
    async fn ordered(&self, tokens: &[String]) -> Result<Option<Instance>, AwsError>;
    async fn instance(&self, id: &str) -> Result<Instance, AwsError>;
    /// It is launched so that it is terminated when its guest goes off; from now on it only stops.
    async fn keep_when_off(&self, id: &str) -> Result<(), AwsError>;
    async fn stop(&self, id: &str) -> Result<(), AwsError>;
    async fn terminate(&self, id: &str) -> Result<(), AwsError>;
    /// So that it does not bring a terminated instance back.
    async fn cancel_spot(&self, request: &str) -> Result<(), AwsError>;
    async fn console(&self, id: &str) -> Result<String, AwsError>;
}

#[async_trait]
pub trait Network: Send + Sync {
    /// The VPCs of subnets, in their order.
    async fn vpcs_of(&self, subnets: &[String]) -> Result<Vec<String>, AwsError>;
    /// The ranges of addresses of a VPC; of the default one when `None`.
    async fn ranges(&self, vpc: Option<&str>) -> Result<Vec<String>, AwsError>;
    async fn make_group(&self, group: &GroupOrder) -> Result<String, AwsError>;
    /// The group that was made for such an order.
    async fn made_group(&self, group: &GroupOrder) -> Result<Option<String>, AwsError>;
    /// One that is open already is no error.
    async fn open_port(&self, group: &str, port: u16, ranges: &[String]) -> Result<(), AwsError>;
    async fn delete_group(&self, group: &str) -> Result<(), AwsError>;
}

/// An EC2 Instance Connect Endpoint.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Gate {
    pub id: String,
    pub dns: Option<String>,
    /// `create-complete` when it can be used.
    pub state: String,
    /// Why it is in that state, as EC2 says.
    pub reason: Option<String>,
}

/// Which of them.
#[derive(Clone, Copy, Debug)]
pub enum Gates<'a> {
    Id(&'a str),
    InVpc(&'a str),
}

#[async_trait]
pub trait Endpoints: Send + Sync {
    async fn gates(&self, wanted: Gates<'_>) -> Result<Vec<Gate>, AwsError>;
}

/// All of it.
pub trait Ec2: Images + Machines + Network {}

impl<T: Images + Machines + Network> Ec2 for T {}
