//! hornero as a user runs it: the optimised program, its templates, and what its events tell.

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result};
use serde_json::Value;
use tokio::process::Command;

use super::{
    cloud::{BASE, Cloud, REGION},
    job::Line,
};

pub const PROGRAM: &str = env!("CARGO_BIN_EXE_hornero");

/// What is baked: one-line steps, and something that is carried before them.
#[derive(Clone, Copy)]
pub struct Content<'a> {
    pub steps: &'a [&'a str],
    /// From here to there.
    pub carried: Option<(&'a Path, &'a Path)>,
    pub region: &'a str,
}

impl Default for Content<'_> {
    fn default() -> Self {
        Self { steps: &[], carried: None, region: REGION }
    }
}

impl Content<'_> {
    /// As the end of a template.
    pub fn tables(&self) -> String {
        let files = self.carried.iter().map(|(from, to)| {
            format!("[[files]]\nsource = \"{}\"\ndestination = \"{}\"\n", from.display(), to.display())
        });
        files.chain(self.steps.iter().map(|step| format!("[[steps]]\nrun = '''{step}'''\n"))).collect()
    }
}

/// The program with a state of its own in `room`, and nothing of the user's.
pub fn program(room: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(PROGRAM);
    command.args(arguments).current_dir(room).env_remove("NO_COLOR").env_remove("HORNERO_COLD");
    command.env("HORNERO_DATA_DIR", room.join("data")).env("HORNERO_STATE_DIR", room.join("state"));
    command.env("HORNERO_PLATFORM", "qemu").env("HORNERO_OUTPUT", "json");
    command
}

/// The program pointed at this cloud, by way of `endpoint`.
pub fn in_cloud(cloud: &Cloud<'_>, endpoint: &str, arguments: &[&str]) -> Command {
    let mut command = program(cloud.room(), arguments);
    for (key, value) in [
        ("HORNERO_PLATFORM", "ec2"),
        ("AWS_ENDPOINT_URL", endpoint),
        ("AWS_ACCESS_KEY_ID", "testing"),
        ("AWS_SECRET_ACCESS_KEY", "testing"),
        ("AWS_REGION", REGION),
        ("AWS_EC2_METADATA_DISABLED", "true"),
        ("AWS_CONFIG_FILE", "/dev/null"),
        ("AWS_SHARED_CREDENTIALS_FILE", "/dev/null"),
    ] {
        command.env(key, value);
    }
    command
}

/// A template whose builder is reached at `port` of this computer. Cloud-init and the seal are off:
/// the peers have nothing like them, and the machine is the one that measures.
pub fn template(cloud: &Cloud<'_>, name: &str, port: u16, content: Content<'_>) -> Result<PathBuf> {
    let sshd = &cloud.sshd;
    let text = format!(
        "[image]\nname = \"{name}\"\n[base]\nec2 = {{ ami = \"{BASE}\" }}\n\
         [cloud_init]\nenabled = false\n[seal]\nenabled = false\n\
         [ssh]\nuser = \"{}\"\nprivate_key = \"{}\"\nhost_key = \"{}\"\nhost = \"127.0.0.1\"\nport = {port}\n\
         timeout = \"60s\"\n[ec2]\nregion = \"{}\"\nssh_cidrs = [\"127.0.0.1/32\"]\n{}",
        sshd.user,
        sshd.key.display(),
        sshd.host_key,
        content.region,
        content.tables(),
    );
    let path = cloud.room().join(format!("{name}.toml"));
    fs::write(&path, text).with_context(|| format!("writing {}", path.display()))?;
    Ok(path)
}

/// An event, where the line is one.
pub fn event(line: &Line) -> Option<Value> {
    serde_json::from_str(&line.text).ok()
}

/// How long a phase took, by hornero's own clock.
pub fn phase(lines: &[Line], phase: &str) -> Result<f64> {
    let finished = |event: &Value| event["type"] == "phase_finished" && event["phase"] == phase;
    let found = lines.iter().filter_map(event).find(finished);
    found
        .and_then(|event| event["seconds"].as_f64())
        .with_context(|| format!("hornero told no phase `{phase}`"))
}
