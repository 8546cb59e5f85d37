//! One template, a web server with users, files and a data disk, on two platforms: what a user gets is the
//! same image.

use std::{path::Path, process::Command};

use serde_json::Value;

use crate::rig::{
    ec2::Ec2,
    guests,
    hornero::Hornero,
    image::{manifest, output},
    moto,
};

/// What is the same wherever the image was made.
const SAME: [&str; 5] = ["name", "version", "users", "inputs", "checks"];

/// The shipped template as it is; who may reach the builder is the user's to say where no service
/// on the web can tell it.
fn template(hornero: &Hornero) -> String {
    for folder in ["templates", "provisioners"] {
        let from = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
        output(Command::new("cp").arg("-r").arg(from).arg(hornero.folder.path()));
    }
    let web = hornero.folder.path().join("templates/web.toml");
    let text = std::fs::read_to_string(&web).unwrap()
        + "\n[ec2]\nssh_cidrs = [\"127.0.0.1/32\"]\n"
        + guests::SMALL
        + guests::PATIENT;
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

    let cloud = manifest(&hornero.data().join("images").join(ami));
    assert_eq!(cloud["platform"], "ec2");
    let (_, folder) = hornero.bake(&template);
    let here = manifest(&folder);
    same(&cloud, &here);
    assert_eq!(packages(&cloud), packages(&here));
    assert_eq!(names(&here["disks"]), ["root", "www"]);
    assert!(names(&here["timings"]["phases"]).contains(&"cloud-init"));
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
