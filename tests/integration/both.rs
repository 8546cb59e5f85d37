//! One template, a web server with users, files and a data disk, on two platforms: what a user gets is the
//! same image.

use std::{path::Path, process::Command};

use aws_sdk_ec2::types::InstanceStateName;
use serde_json::Value;

use crate::{
    machines::{launch, launched, until},
    rig::{
        ec2::Ec2,
        guests,
        hornero::Hornero,
        image::{Filesystem, manifest, output},
        moto,
    },
};

/// What is the same wherever the image was made.
const SAME: [&str; 5] = ["name", "version", "users", "inputs", "checks"];

/// What only a machine can tell of the cloud that it is in.
const MORE: &str = r#"
[root_disk]
size = "6GiB"
[[steps]]
name = "the cloud"
run = "cloud-id >/srv/www/cloud"
[[checks]]
command = "test $(df --output=size -BM / | tail -1 | tr -d ' M') -gt 5000"
[ec2]
ssh_cidrs = ["127.0.0.1/32"]
"#;

/// The shipped template and what it takes here; who may reach the builder is the user's to say where no service
/// on the web can tell it.
fn template(hornero: &Hornero) -> String {
    for folder in ["templates", "provisioners"] {
        let from = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
        output(Command::new("cp").arg("-r").arg(from).arg(hornero.folder.path()));
    }
    let web = hornero.folder.path().join("templates/web.toml");
    let text = std::fs::read_to_string(&web).unwrap() + MORE + guests::SMALL + guests::PATIENT;
    hornero.template("templates/web.toml", &text)
}

#[tokio::test(flavor = "multi_thread")]
async fn one_template_bakes_on_ec2_of_real_machines() {
    let _turn = guests::long_turn();
    let ec2 = Ec2::start(&["--image-pending", "2"]).await;
    let hornero = Hornero::new();
    let template = template(&hornero);
    let mut bake = hornero.command(&["bake", &template, "--platform", "ec2"]);
    let ran = hornero.finish(bake.envs(moto::environment(&ec2.url)));
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    let ami = ran.stdout.trim();
    let state = ec2.state().await;
    assert!(state.images.iter().any(|image| image.id == ami), "{ami}: {state:?}");
    let [builder, tested] = [&state.machines[0], &state.machines[1]];
    assert_eq!(tested.image_id, ami, "its checks passed on a machine that was started from it");
    assert_eq!(
        builder.states(),
        ["pending", "running", "stopping", "stopped", "shutting-down", "terminated"]
    );
    assert_eq!(tested.states().last(), Some(&"terminated"));
    // cloud-init's real Ec2 datasource, and a volume that the guest has found by its serial.
    assert!(builder.told.iter().any(|path| path.ends_with("/user-data")), "{builder:?}");
    let data = ec2.image(ami).await.disks.remove(1);
    assert_eq!(data.device, "/dev/sdf");
    let data = Filesystem::open(&data.layer);
    assert_eq!(data.read("/cloud"), "aws\n");
    assert!(data.read("/index.html").contains("<html"), "the site is on its disk");
    an_image_ends_with_all_its_disks(&ec2, ami).await;

    let cloud = manifest(&hornero.data().join("images").join(ami));
    assert_eq!(cloud["platform"], "ec2");
    let (_, folder) = hornero.bake(&template);
    let here = manifest(&folder);
    same(&cloud, &here);
    assert_eq!(packages(&cloud), packages(&here));
    assert_eq!(names(&here["disks"]), ["root", "www"]);
    assert!(names(&here["timings"]["phases"]).contains(&"cloud-init"));
}

/// One more machine of it is stopped before it has booted, and then nothing needs the image any more.
async fn an_image_ends_with_all_its_disks(ec2: &Ec2, ami: &str) {
    let client = ec2.client().await;
    let id = launched(launch(&client, ami)).await;
    until(&client, &id, InstanceStateName::Running).await;
    client.stop_instances().instance_ids(&id).force(true).send().await.unwrap();
    until(&client, &id, InstanceStateName::Stopped).await;
    client.terminate_instances().instance_ids(&id).send().await.unwrap();
    until(&client, &id, InstanceStateName::Terminated).await;
    client.deregister_image().image_id(ami).send().await.unwrap();
    let state = ec2.state().await;
    assert_eq!(state.images.len(), 1, "the distribution's own: {state:?}");
    assert!(state.images[0].name.starts_with("debian-12") && state.images[0].state == "available");
    assert!(state.disks.is_empty(), "{state:?}");
    let machine = &state.machines[2];
    assert_eq!(
        machine.states(),
        ["pending", "running", "stopping", "stopped", "shutting-down", "terminated"]
    );
    for machine in &state.machines {
        assert!(machine.history.is_sorted_by(|before, after| before.at <= after.at), "{machine:?}");
        assert!(machine.failure.is_none(), "{machine:?}");
    }
}

/// Without their versions: the distribution may have published one between the two bakes.
fn packages(manifest: &Value) -> Vec<(&str, &str)> {
    let packages = manifest["packages"].as_array().unwrap().iter();
    let found: Vec<_> = packages
        .map(|package| (package["name"].as_str().unwrap(), package["arch"].as_str().unwrap()))
        .collect();
    assert!(found.iter().any(|(name, _)| name.starts_with("nginx")), "{found:?}");
    found
}

fn names(list: &Value) -> Vec<&str> {
    list.as_array().unwrap().iter().map(|one| one["name"].as_str().unwrap()).collect()
}

fn same(one: &Value, other: &Value) {
    for field in SAME {
        assert!(!one[field].is_null(), "there is no `{field}`");
        assert_eq!(one[field], other[field], "{field}");
    }
}
