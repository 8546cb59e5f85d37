//! What is left of runs that were killed, and who removes it.

pub mod elsewhere;
mod kept;
mod killed;

use std::process::{Command, Stdio};

use serde_json::{Value, json};

use crate::{
    ec2::Cloud,
    rig::{hornero::Ran, moto::REGION, python::Server},
};

/// Where copies go.
const OTHER: &str = "eu-south-2";

/// What there is in a cloud.
pub struct Inventory(Server);

impl Inventory {
    pub fn of(cloud: &Cloud) -> Self {
        Self(Server::start("inventory.py", &[&cloud.proxy.endpoint()]))
    }

    /// What must not outlive a run.
    pub fn left(&mut self) -> Vec<String> {
        let answer = self.0.ask(&json!({ "regions": [REGION, OTHER] }));
        let text = |one: &Value| one.as_str().unwrap().to_owned();
        answer["left"].as_array().unwrap().iter().map(text).collect()
    }
}

/// The calls that changed something, in order.
pub fn changes(cloud: &mut Cloud) -> Vec<String> {
    let calls = cloud.proxy.calls().into_iter().map(|(name, _)| name);
    let reads = |name: &String| {
        let action = name.split(':').nth(1).unwrap_or_default();
        ["Describe", "Get", "List", "Assume"].iter().any(|verb| action.starts_with(verb))
    };
    calls.filter(|name| !reads(name)).collect()
}

/// Runs the program and kills it at its changing call of this number; tells whether that came.
pub fn killed(cloud: &mut Cloud, state: &str, template: &str, at: usize, when: &str) -> bool {
    let hornero = cloud.command(&["bake", template]);
    // The shell becomes the program, so that its number is known before it begins.
    let mut held = Command::new("sh");
    held.args(["-c", "read go; exec \"$@\"", "sh"]).arg(hornero.get_program()).args(hornero.get_args());
    for (name, value) in hornero.get_envs() {
        match value {
            Some(value) => held.env(name, value),
            None => held.env_remove(name),
        };
    }
    held.env("HORNERO_STATE_DIR", state).current_dir(cloud.hornero.folder.path());
    let mut child = held.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    cloud.proxy.kill(child.id(), at, when);
    std::io::Write::write_all(&mut child.stdin.take().unwrap(), b"go\n").unwrap();
    std::os::unix::process::ExitStatusExt::signal(&child.wait().unwrap()) == Some(9)
}

/// `hornero clean` with a state directory of its own.
pub fn clean(cloud: &Cloud, state: &str, arguments: &[&str]) -> Ran {
    let mut command = cloud.command(&[&["clean"], arguments].concat());
    Ran::from(command.env("HORNERO_STATE_DIR", state).output().unwrap())
}
