//! What becomes of a builder when hornero is gone: killed in the middle of its work, it can end
//! nothing itself.

use std::{
    io::{BufRead, BufReader, Lines},
    path::Path,
    process::{Child, ChildStderr, Command, Stdio},
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

/// A bake under way.
struct Baking {
    child: Child,
    lines: Lines<BufReader<ChildStderr>>,
    told: String,
}

impl Baking {
    fn start(command: &mut Command) -> Self {
        let mut child = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
        let lines = BufReader::new(child.stderr.take().unwrap()).lines();
        Self { child, lines, told: String::new() }
    }

    /// Comes back when a line of what it tells contains `word`.
    fn until(&mut self, word: &str) {
        for line in self.lines.by_ref() {
            let line = line.unwrap();
            self.told += &format!("{line}\n");
            if line.contains(word) {
                return;
            }
        }
        panic!("hornero ended with {:?}: {}", self.child.wait(), self.told);
    }

    /// The signal that no program can answer.
    fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_instance_that_hornero_left_alone_ends_by_itself() {
    let turn = guests::long_turn();
    let ec2 = Ec2::start(&[]).await;
    let hornero = Hornero::alone();
    let template = hornero.template("alone.toml", &(STEPS.to_owned() + guests::PATIENT));
    let mut bake = hornero.command(&["bake", &template, "--platform", "ec2", "--output", "lines"]);
    let mut baking = Baking::start(bake.envs(moto::environment(&ec2.url)));
    baking.until("`as long as it takes`");
    // A guest that has nothing to do takes next to nothing.
    drop(turn);
    baking.until("without an end: now");
    baking.kill();
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
    let mut baking = Baking::start(&mut hornero.command(&["bake", &template, "--output", "lines"]));
    baking.until("connect");
    assert!(running(hornero.folder.path()), "the virtual machine runs");
    baking.kill();
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
