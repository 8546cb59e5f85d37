//! An EC2 of real machines: `tests/rig` in front of moto. Everything in it ends with the handle.

use std::{
    io::{BufRead, BufReader},
    net::Ipv4Addr,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};

use hornero::{
    event::Events,
    platform::{Platform, Settings, qemu::QemuPlatform},
    template::model::{Arch, Base, QemuBase},
};
use serde::Deserialize;

use super::{hornero::Hornero, moto, python};

pub struct Ec2 {
    process: Child,
    pub url: String,
}

/// What there is at the moment.
#[derive(Debug, Deserialize)]
pub struct State {
    pub machines: Vec<Machine>,
    pub images: Vec<Image>,
    /// Files that hold what the machines and images have on their disks.
    pub disks: Vec<PathBuf>,
}

#[derive(Debug, Deserialize)]
pub struct Machine {
    pub id: String,
    pub state: String,
    pub address: Ipv4Addr,
    pub image_id: String,
    pub metadata_url: String,
    /// Every path that its metadata service has told.
    pub told: Vec<String>,
    pub history: Vec<Change>,
    pub volumes: Vec<Volume>,
    /// Why it is in its state, as EC2 says.
    pub reason: Option<String>,
    /// Why it could not be started.
    pub failure: Option<String>,
}

/// When, in seconds since 1970, a machine came into a state.
#[derive(Debug, Deserialize)]
pub struct Change {
    pub state: String,
    pub at: f64,
}

#[derive(Debug, Deserialize)]
pub struct Volume {
    pub device: String,
    pub gib: u64,
}

#[derive(Debug, Deserialize)]
pub struct Image {
    pub id: String,
    pub name: String,
    pub state: String,
    pub disks: Vec<ImageDisk>,
}

#[derive(Debug, Deserialize)]
pub struct ImageDisk {
    pub device: String,
    /// The file that holds it.
    pub layer: PathBuf,
}

impl Ec2 {
    /// Offers Debian's image, on the base that hornero makes itself. `options` are those of
    /// `tests/rig/__main__.py`.
    pub async fn start(options: &[&str]) -> Self {
        Self::start_over(&base().await, options).await
    }

    /// The same with another disk behind Debian's image.
    pub async fn start_over(base: &Path, options: &[&str]) -> Self {
        let rig = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/rig");
        let mut process = Command::new(python::program("python"))
            .arg("-B")
            .arg(rig)
            .arg("--base")
            .arg(base)
            .args(options)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(process.stdout.take().unwrap()).read_line(&mut line).unwrap();
        assert!(line.starts_with("http://"), "the rig did not start, its error stands above: {line}");
        Self { process, url: line.trim().to_owned() }
    }

    /// The SDK's own client.
    pub async fn client(&self) -> aws_sdk_ec2::Client {
        aws_sdk_ec2::Client::new(&moto::config(&self.url, moto::REGION).await)
    }

    pub async fn state(&self) -> State {
        let answer = reqwest::get(format!("{}/rig/state", self.url)).await.unwrap();
        serde_json::from_str(&answer.text().await.unwrap()).unwrap()
    }

    pub async fn machine(&self, id: &str) -> Machine {
        let machines = self.state().await.machines;
        machines.into_iter().find(|machine| machine.id == id).unwrap_or_else(|| panic!("{id} is unknown"))
    }

    pub async fn image(&self, id: &str) -> Image {
        let images = self.state().await.images;
        images.into_iter().find(|image| image.id == id).unwrap_or_else(|| panic!("{id} is unknown"))
    }
}

/// The disk of Debian 12 that hornero makes itself, and keeps for all tests.
pub async fn base() -> PathBuf {
    let suite = Some(QemuBase::Bootstrap("bookworm".into()));
    let base = Base { arch: Arch::X86_64, os: None, ec2: None, qemu: suite };
    let settings = Settings::Ec2(Box::default());
    let (events, _receiver) = Events::channel();
    QemuPlatform::new(Hornero::new().data())
        .prepare_base(&base, &settings, &events)
        .await
        .unwrap()
        .disk
        .unwrap()
}

impl Drop for Ec2 {
    /// The rig ends when its standard input does, and takes its machines and files along.
    fn drop(&mut self) {
        drop(self.process.stdin.take());
        self.process.wait().unwrap();
    }
}

impl Machine {
    pub fn states(&self) -> Vec<&str> {
        self.history.iter().map(|change| change.state.as_str()).collect()
    }
}
