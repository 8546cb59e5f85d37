//! Bakes whose line to the builder breaks in the middle of a step.

use std::{
    path::PathBuf,
    time::{Duration, Instant},
};

use super::Cloud;
use crate::rig::{cable::Cable, hornero::Ran, sshd::Sshd};

/// A cloud whose builder is reached over a cable.
struct Rig {
    cloud: Cloud,
    cable: Cable,
}

impl Rig {
    fn new() -> Self {
        let cloud = Cloud::start();
        let cable = Cable::to(cloud.sshd.account().address);
        Self { cloud, cable }
    }

    /// A file that a step makes, and goes on when it is gone.
    fn flag(&self, number: u32) -> PathBuf {
        self.cloud.hornero.folder.path().join(format!("flag-{number}"))
    }

    /// Bakes with a step that raises so many flags; `meanwhile` is called when each is up.
    fn bake(&self, flags: u32, meanwhile: impl Fn(u32) + Sync) -> Ran {
        let flag = self.flag(0).display().to_string();
        let flag = flag.trim_end_matches('0');
        let step = format!(
            "[[steps]]\nname = \"slow\"\nallowed_exit_codes = [7]\nrun = \"\"\"\nfor n in $(seq {flags}); do\n\
             echo before $n\ntouch {flag}$n\nwhile [ -e {flag}$n ]; do sleep 0.05; done\necho after $n\ndone\n\
             exit 7\n\"\"\"\n"
        );
        let path = self.template(&step);
        std::thread::scope(|scope| {
            let baking = scope.spawn(|| self.cloud.run(&["bake", &path]));
            for number in 1..=flags {
                until(|| {
                    assert!(!baking.is_finished(), "the bake has ended before its step raised flag {number}");
                    self.flag(number).exists()
                });
                meanwhile(number);
            }
            baking.join().unwrap()
        })
    }

    /// A template whose builder is reached over the cable.
    fn template(&self, more: &str) -> String {
        let path = self.cloud.template("", more);
        let text = std::fs::read_to_string(&path).unwrap();
        let port = format!("host = \"127.0.0.1\"\nport = {}\n", self.cable.address.port());
        let text = text.replace(&self.cloud.address(), &port).replace("\"20s\"", "\"3s\"");
        std::fs::write(&path, text).unwrap();
        path
    }

    /// Waits until the log tells this so many times.
    fn until_told(&self, text: &str, times: usize) {
        let log = self.cloud.hornero.folder.path().join("state/runs").join(self.cloud.run_id()).join("log");
        until(|| std::fs::read_to_string(&log).unwrap().matches(text).count() >= times);
    }

    fn lower(&self, number: u32) {
        std::fs::remove_file(self.flag(number)).unwrap();
    }
}

#[expect(clippy::disallowed_methods, reason = "there is no runtime here")]
fn until(mut holds: impl FnMut() -> bool) {
    let begin = Instant::now();
    while !holds() {
        assert!(begin.elapsed() < Duration::from_secs(120), "it does not come about");
        std::thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn a_bake_survives_three_cuts_and_its_step_neither_repeats_nor_loses_anything() {
    let rig = Rig::new();
    let ran = rig.bake(3, |number| {
        rig.cable.cut();
        rig.until_told("connected to the builder again", number as usize);
        rig.lower(number);
    });
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    for line in ["before 1", "after 1", "before 2", "after 2", "before 3", "after 3"] {
        let line = format!(" slow: {line}\n");
        assert_eq!(ran.stderr.matches(line.as_str()).count(), 1, "{line}: {}", ran.stderr);
    }
    assert_eq!(ran.stderr.matches("connecting again").count(), 3, "{}", ran.stderr);
    let left = format!("/run/hornero-{}", rig.cloud.run_id());
    assert!(!std::path::Path::new(&left).exists(), "{left} stays on the builder, which is this computer");
    assert_eq!(rig.cloud.leftovers(), Vec::<String>::new());
}

#[test]
fn an_upload_goes_on_over_another_line_and_leaves_nothing_behind() {
    let rig = Rig::new();
    let (there, local) = (rig.cloud.disk(), rig.cloud.hornero.folder.path().join("large"));
    let mut bytes = vec![0; 60_000_000];
    rand::fill(&mut bytes[..]);
    std::fs::write(&local, &bytes).unwrap();
    let path = rig
        .template(&format!("[[files]]\nsource = \"large\"\ndestination = \"{}/large\"\n", there.display()));
    let ran = std::thread::scope(|scope| {
        let baking = scope.spawn(|| rig.cloud.run(&["bake", &path]));
        // A large file comes beside its destination first.
        until(|| std::fs::read_dir(&there).unwrap().next().is_some());
        rig.cable.cut();
        baking.join().unwrap()
    });
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    assert_eq!(ran.stderr.matches("connecting again").count(), 1, "{}", ran.stderr);
    assert!(std::fs::read(there.join("large")).unwrap() == bytes, "the file has changed on its way");
    until(|| std::fs::read_dir(&there).unwrap().count() == 1);
}

#[test]
fn a_builder_that_was_terminated_from_outside_is_told_as_such() {
    let rig = Rig::new();
    let ran = rig.bake(1, |_| {
        let instance = rig.cloud.instances()[0]["InstanceId"].as_str().unwrap().to_owned();
        rig.cloud.aws(&["ec2", "terminate-instances", "--instance-ids", &instance]);
        rig.cable.cut();
    });
    rig.lower(1);
    assert_eq!(ran.code, 4, "{}", ran.stderr);
    assert!(ran.stderr.contains("the builder is gone: the instance i-"), "{}", ran.stderr);
    assert!(ran.stderr.contains("is terminated"), "{}", ran.stderr);
    assert_eq!(rig.cloud.leftovers(), Vec::<String>::new());
}

#[test]
fn a_server_with_another_host_key_is_refused_after_a_cut_as_well() {
    let (rig, other) = (Rig::new(), Sshd::start());
    let ran = rig.bake(1, |_| {
        rig.cable.lead_to(other.account().address);
        rig.cable.cut();
    });
    rig.lower(1);
    assert_ne!(ran.code, 0, "{}", ran.stderr);
    assert!(ran.stderr.contains(&format!("shows the host key {}", other.host.pin())), "{}", ran.stderr);
    assert!(!other.log().contains("Accepted"), "{}", other.log());
}
