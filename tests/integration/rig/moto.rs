//! AWS in memory, one for each test: moto, on a free port of the loopback.

use std::sync::{Arc, Mutex, PoisonError};

use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_sdk_ec2::config::Credentials;
use serde_json::{Value, json};

use super::{guests::place_for_servers, hornero::Ran, places::Place, server::Server};

/// Where everything is made unless a test says otherwise.
pub const REGION: &str = "eu-west-1";

/// A base that is there from the start: Debian 12, x86_64, `/dev/xvda`.
pub const BASE: &str = "ami-0d000000000000012";

pub struct Moto {
    server: Server,
    #[expect(dead_code, reason = "it is held")]
    place: Option<Arc<Place>>,
}

impl Moto {
    pub fn start() -> Self {
        let place = place_for_servers();
        Self { server: Server::start("cloud", &[]), place }
    }

    /// From now on its clock shows so many seconds more than this computer's: nobody has to wait for a lock's end.
    pub fn set_ahead(&mut self, seconds: u64) {
        self.server.ask(&json!({ "ahead": seconds }));
    }

    /// Every machine that runs has powered itself off, as EC2 sees it.
    pub fn power_off(&mut self) {
        self.server.ask(&json!({ "off": true }));
    }

    pub fn endpoint(&self) -> String {
        self.server.endpoint()
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

/// The AWS CLI, as an outside reader. One for all tests: it takes longer to start than to ask.
pub fn aws(endpoint: &str, arguments: &[&str]) -> Ran {
    static CLI: Mutex<Option<Server>> = Mutex::new(None);
    let mut cli = CLI.lock().unwrap_or_else(PoisonError::into_inner);
    let cli = cli.get_or_insert_with(|| Server::start("cli", &[]));
    let request = json!({ "endpoint": endpoint, "region": REGION, "arguments": arguments });
    serde_json::from_value(cli.ask(&request)).unwrap()
}

/// What the AWS CLI answers; a failure fails the test.
pub fn aws_json(endpoint: &str, arguments: &[&str]) -> Value {
    let Ran { code, stdout, stderr } = aws(endpoint, arguments);
    assert_eq!(code, 0, "aws {arguments:?}: {stderr}");
    serde_json::from_str(&stdout).unwrap_or(Value::Null)
}
