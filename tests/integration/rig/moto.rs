//! AWS in memory, one for each test: moto, on a free port of the loopback.

use std::process::{Command, Output};

use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_sdk_ec2::config::Credentials;
use serde_json::Value;

use super::python::{self, Server};

/// Where everything is made unless a test says otherwise.
pub const REGION: &str = "eu-west-1";

/// A base that is there from the start: Debian 12, x86_64, `/dev/xvda`.
pub const BASE: &str = "ami-0d000000000000012";

pub struct Moto(Server);

impl Moto {
    pub fn start() -> Self {
        Self(Server::start("cloud.py", &[]))
    }

    pub fn endpoint(&self) -> String {
        self.0.endpoint()
    }
}

/// What leads a program to this endpoint and to nothing of the user's own.
pub fn environment(endpoint: &str) -> [(&'static str, String); 9] {
    [
        ("AWS_ENDPOINT_URL", endpoint.into()),
        ("AWS_ACCESS_KEY_ID", "testing".into()),
        ("AWS_SECRET_ACCESS_KEY", "testing".into()),
        ("AWS_REGION", REGION.into()),
        ("AWS_DEFAULT_REGION", REGION.into()),
        ("AWS_EC2_METADATA_DISABLED", "true".into()),
        ("AWS_CONFIG_FILE", "/dev/null".into()),
        ("AWS_SHARED_CREDENTIALS_FILE", "/dev/null".into()),
        ("AWS_PAGER", String::new()),
    ]
}

/// For the SDK's own clients.
pub async fn config(endpoint: &str, region: &str) -> SdkConfig {
    aws_config::defaults(BehaviorVersion::latest())
        .endpoint_url(endpoint)
        .region(Region::new(region.to_owned()))
        .credentials_provider(Credentials::new("testing", "testing", None, None, "rig"))
        .load()
        .await
}

/// The AWS CLI, as an outside reader.
pub fn aws(endpoint: &str, arguments: &[&str]) -> Output {
    let mut command = Command::new(python::program("aws"));
    command.args(arguments).args(["--output", "json"]).envs(environment(endpoint));
    command.output().unwrap()
}

/// What the AWS CLI answers; a failure fails the test.
pub fn aws_json(endpoint: &str, arguments: &[&str]) -> Value {
    let output = aws(endpoint, arguments);
    assert!(output.status.success(), "aws {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap_or(Value::Null)
}
