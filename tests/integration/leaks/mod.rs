//! What is left of runs that were killed, and who removes it.

mod bases;
mod effects;
pub mod elsewhere;
mod faults;
mod full;
mod here;
mod kept;
mod killed;
mod machines;
mod points;
mod random;
mod remains;
mod signals;
mod terminal;

use std::{
    io::{Read, Seek, Write},
    os::unix::process::ExitStatusExt,
    path::Path,
    process::{Command, Stdio},
};

use serde_json::json;

use crate::{
    ec2::Cloud,
    rig::{
        hornero::Ran,
        moto::REGION,
        proxy::{Point, Proxy},
        server::Server,
    },
};

/// Where copies go.
const OTHER: &str = "eu-south-2";

/// A bake that makes every call that changes something.
const SETTINGS: &str = "copy_to = [\"eu-south-2\"]\nshare_with = { accounts = [\"111122223333\"] }\n\
                        deprecate_after = \"30d\"";
const CHECK: &str = "[[checks]]\ncommand = \"true\"\n";

/// What there is in a cloud.
pub struct Inventory(Server);

/// At one time.
#[derive(serde::Deserialize)]
pub struct There {
    /// What must not outlive a run.
    pub left: Vec<String>,
    /// AMIs that are complete.
    pub complete: Vec<String>,
    /// How many instances were ever made.
    pub instances: usize,
}

impl Inventory {
    /// As it is behind the proxy, whatever that one does to calls.
    pub fn of(cloud: &Cloud) -> Self {
        Self::at(&cloud.endpoint())
    }

    pub fn at(endpoint: &str) -> Self {
        Self(Server::start("inventory", &[endpoint]))
    }

    pub fn all(&mut self) -> There {
        serde_json::from_value(self.0.ask(&json!({ "regions": [REGION, OTHER] }))).unwrap()
    }

    /// What must not outlive a run.
    pub fn left(&mut self) -> Vec<String> {
        self.all().left
    }
}

/// The calls that changed something, in order.
pub fn changes(cloud: &mut Cloud) -> Vec<String> {
    let calls = cloud.proxy.calls().into_iter().map(|(name, _)| name);
    calls.filter(|name| !is_read(name)).collect()
}

pub fn is_read(name: &str) -> bool {
    let action = name.split(':').nth(1).unwrap_or_default();
    ["Describe", "Get", "List", "Assume"].iter().any(|verb| action.starts_with(verb))
}

/// Runs a command of the program and kills it at this call.
///
/// # Errors
/// What it said, when it ended otherwise.
pub fn killed(hornero: &Command, proxy: &mut Proxy, point: &Point) -> Result<(), String> {
    // The shell becomes the program, so that its number is known before it begins.
    let mut held = Command::new("sh");
    held.args(["-c", "read go; exec \"$@\"", "sh"]).arg(hornero.get_program()).args(hornero.get_args());
    for (name, value) in hornero.get_envs() {
        match value {
            Some(value) => held.env(name, value),
            None => held.env_remove(name),
        };
    }
    if let Some(folder) = hornero.get_current_dir() {
        held.current_dir(folder);
    }
    let mut said = tempfile::tempfile().unwrap();
    held.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(said.try_clone().unwrap());
    let mut child = held.spawn().unwrap();
    proxy.kill(child.id(), point);
    child.stdin.take().unwrap().write_all(b"go\n").unwrap();
    match child.wait().unwrap().signal() {
        Some(9) => Ok(()),
        _ => {
            let mut text = String::new();
            said.rewind().unwrap();
            said.read_to_string(&mut text).unwrap();
            Err(text)
        }
    }
}

/// The only run of a bake in a state directory.
pub fn run_in(state: &Path) -> String {
    let runs = std::fs::read_dir(state.join("runs")).unwrap();
    let mut names = runs.map(|run| run.unwrap().file_name().into_string().unwrap());
    names.find(|run| !run.starts_with("clean-")).unwrap()
}

/// `hornero clean` with a state directory of its own.
pub fn clean(cloud: &Cloud, state: &str, arguments: &[&str]) -> Ran {
    let mut command = cloud.command(&[&["clean"], arguments].concat());
    Ran::from(command.env("HORNERO_STATE_DIR", state).output().unwrap())
}
