//! What becomes of a builder when hornero is gone: killed in the middle of its work, it can end
//! nothing itself.

use std::{
    io::{BufRead, BufReader},
    path::Path,
    process::{Child, Command, Stdio},
    time::Duration,
};

use crate::rig::{ec2::Ec2, guests, hornero::Hornero, image::output, moto};

/// A guest under emulation, on a computer that has other things to do.
const PATIENCE: Duration = Duration::from_secs(900);

/// The first step does not end before a live run has put the builder's end off beside it.
const STEPS: &str = r#"
[image]
name = "alone"
builder_ttl = "5m"
[base]
os = "debian-12"
[ec2]
ssh_cidrs = ["127.0.0.1/32"]
[[steps]]
name = "as long as it takes"
run = """
ends=$(cat /run/hornero/ends)
until [ "$(cat /run/hornero/ends)" -gt "$ends" ]; do sleep 0.5; done
echo put off
"""
[[steps]]
name = "without an end"
run = "echo now; sleep 86400"
"#;

/// Starts a bake and comes back when a line of what it tells contains `word`.
fn baking(command: &mut Command, word: &str) -> Child {
    let mut child = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    let mut told = String::new();
    for line in BufReader::new(child.stderr.take().unwrap()).lines() {
        let line = line.unwrap();
        told += &format!("{line}\n");
        if line.contains(word) {
            return child;
        }
    }
    panic!("hornero ended with {:?}: {told}", child.wait());
}

/// The signal that no program can answer.
fn kill(mut child: Child) {
    child.kill().unwrap();
    child.wait().unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn an_instance_that_hornero_left_alone_ends_by_itself() {
    let turn = guests::turn();
    let ec2 = Ec2::start(&[]).await;
    let hornero = Hornero::alone();
    let template = hornero.template("alone.toml", &(STEPS.to_owned() + guests::PATIENT));
    let mut bake = hornero.command(&["bake", &template, "--platform", "ec2", "--output", "lines"]);
    kill(baking(bake.envs(moto::environment(&ec2.url)), "without an end: now"));
    // A guest that has nothing to do takes next to nothing.
    drop(turn);
    let ended = tokio::time::timeout(PATIENCE, async {
        while ec2.state().await.machines[0].state != "terminated" {
            tokio::time::sleep(Duration::from_millis(500)).await;
        }
    });
    ended.await.expect("the instance runs on");
    let machine = &ec2.state().await.machines[0];
    assert_eq!(machine.states(), ["pending", "running", "shutting-down", "terminated"]);
    assert_eq!(machine.reason.as_deref(), Some("Client.InstanceInitiatedShutdown"));
    assert!(machine.volumes.is_empty(), "{machine:?}");
}

#[tokio::test]
async fn a_virtual_machine_ends_with_hornero() {
    let hornero = Hornero::alone();
    let disk = hornero.folder.path().join("empty.qcow2");
    output(Command::new("qemu-img").args(["create", "-q", "-f", "qcow2"]).arg(&disk).arg("64M"));
    let template = "[image]\nname = \"silent\"\n[base]\nqemu = { image = \"empty.qcow2\" }\n";
    let template = hornero.template("silent.toml", template);
    let baking = baking(&mut hornero.command(&["bake", &template, "--output", "lines"]), "connect");
    assert!(running(hornero.folder.path()), "the virtual machine runs");
    kill(baking);
    let ended = tokio::time::timeout(Duration::from_secs(60), async {
        while running(hornero.folder.path()) {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    });
    ended.await.expect("QEMU runs on");
}

/// Whether there is a QEMU with a disk in this folder.
fn running(folder: &Path) -> bool {
    let processes = std::fs::read_dir("/proc").unwrap().filter_map(Result::ok);
    let mut lines = processes.filter_map(|one| std::fs::read_to_string(one.path().join("cmdline")).ok());
    lines.any(|line| line.starts_with("qemu-system") && line.contains(&*folder.to_string_lossy()))
}
