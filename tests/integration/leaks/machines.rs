//! Bakes that are killed while there are real machines and disks, in each state that those can be in.

use std::{path::Path, process::Command};

use super::{Inventory, killed, run_in};
use crate::rig::{
    ec2::Ec2,
    guests,
    hornero::{Hornero, Ran},
    moto::{self, REGION},
    proxy::{Point, Proxy},
    quick,
};

/// What the builder, its disk and the machine that is started from the AMI are in just then; every other
/// call is killed at with the cloud in memory.
const POINTS: [Point; 3] = [
    // It boots.
    Point { action: Some("RunInstances"), at: 1, when: "after" },
    // It is off, and the AMI is being made of its disk.
    Point { action: Some("CreateImage"), at: 1, when: "after" },
    // The machine that shows that the AMI works boots from it.
    Point { action: Some("RunInstances"), at: 2, when: "after" },
];

/// A builder that has been sealed powers itself off, and stays.
const POWER_OFF: [Point; 1] = [Point { action: Some("ModifyInstanceAttribute"), at: 1, when: "after" }];

const TEMPLATE: &str = r#"
[image]
name = "web"
[base]
os = "debian-12"
[ec2]
ssh_cidrs = ["127.0.0.1/32"]
[[checks]]
command = "true"
"#;

#[tokio::test(flavor = "multi_thread")]
async fn a_bake_that_is_killed_over_a_real_machine_leaves_nothing_that_clean_does_not_remove() {
    let _turn = guests::turn();
    // It is no matter here what the guest is: one that boots in seconds is enough.
    let disk = tokio::task::block_in_place(quick::disk_image);
    let ec2 = Ec2::start_over(&disk, &["--image-pending", "2"]).await;
    let hornero = Hornero::alone();
    let template = quick::ec2_template(&hornero, "web", "[[checks]]\ncommand = \"true\"\n");
    each_leaves_nothing(&ec2, &hornero, &template, &POINTS).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bake_that_is_killed_while_its_builder_goes_off_leaves_nothing_that_clean_does_not_remove() {
    let _turn = guests::turn();
    let ec2 = Ec2::start(&["--image-pending", "2"]).await;
    let hornero = Hornero::alone();
    let template = hornero.template("web.toml", &(TEMPLATE.to_owned() + guests::PATIENT));
    each_leaves_nothing(&ec2, &hornero, &template, &POWER_OFF).await;
}

/// Kills a bake at each point and cleans up, from its own state directory and from another in turn.
async fn each_leaves_nothing(ec2: &Ec2, hornero: &Hornero, template: &str, points: &[Point]) {
    let mut proxy = Proxy::before(&ec2.url);
    let mut inventory = Inventory::at(&proxy.endpoint());
    for (number, point) in points.iter().enumerate() {
        let state = hornero.folder.path().join(format!("state-{number}"));
        let bake = command(hornero, &proxy, &state, &["bake", "--force", template, "--platform", "ec2"]);
        let killed = killed(&bake, &mut proxy, point);
        assert_eq!(killed, Ok(()), "{point:?}: not killed");
        assert!(!inventory.left().is_empty(), "{point:?}: nothing was made");
        let run = run_in(&state);
        let (state, more) = match number % 2 {
            0 => (state, vec![]),
            _ => (hornero.folder.path().join("elsewhere"), vec!["--force", &run, "--region", REGION]),
        };
        let ran =
            Ran::from(command(hornero, &proxy, &state, &[&["clean"], &more[..]].concat()).output().unwrap());
        assert_eq!(ran.code, 0, "{point:?}: {}", ran.stderr);
        assert_eq!(inventory.left(), Vec::<String>::new(), "{point:?}: {}", ran.stderr);
        let there = ec2.state().await;
        let ended = there.machines.iter().all(|machine| machine.state == "terminated");
        assert!(ended, "{point:?}: {there:?}");
        // An AMI that was complete stays, with its one disk; the base that the rig offers has its own elsewhere.
        assert_eq!(there.disks.len(), there.images.len() - 1, "{point:?}: {there:?}");
    }
}

fn command(hornero: &Hornero, proxy: &Proxy, state: &Path, arguments: &[&str]) -> Command {
    let mut command = hornero.command(arguments);
    command.envs(moto::environment(&proxy.endpoint())).env("HORNERO_STATE_DIR", state);
    command
}
