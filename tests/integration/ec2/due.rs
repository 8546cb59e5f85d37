//! What is baked on EC2 and what is not, when everything or something is as it was.

use std::process::{Child, Stdio};

use serde_json::{Value, json};

use super::{Cloud, tag};
use crate::rig::hornero::Ran;

/// How many instances were ever launched.
fn launches(cloud: &mut Cloud) -> usize {
    cloud.proxy.count("ec2:RunInstances")
}

fn baked(cloud: &Cloud, arguments: &[&str]) -> String {
    let ran = cloud.run(&[&["bake"], arguments].concat());
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    ran.stdout.trim().to_owned()
}

/// The names of all parameters of a lock.
fn locks(cloud: &Cloud) -> Vec<Value> {
    let answer = cloud.aws(&["ssm", "describe-parameters"]);
    let all = answer["Parameters"].as_array().unwrap().iter();
    all.filter(|one| one["Name"].as_str().unwrap().starts_with("/hornero/locks/")).cloned().collect()
}

#[test]
fn an_unchanged_template_is_not_baked_again_and_its_stage_points_at_the_image() {
    let mut cloud = Cloud::start();
    let template = cloud.template("", "");
    let image = baked(&cloud, &[&template]);
    let again = cloud.run(&["bake", &template]);
    assert_eq!((again.code, again.stdout.trim()), (0, image.as_str()), "{}", again.stderr);
    assert!(again.stderr.contains(&format!("`web` 7 is up to date: {image} of ")), "{}", again.stderr);
    // Another stage is no other image, and is something to do.
    let plan = cloud.run(&["plan", &template, "--detailed-exitcode", "--stage", "prod"]);
    assert_eq!(plan.code, 2, "{}", plan.stderr);
    assert!(plan.stdout.contains("0 to be baked, 1 to be published, 0 up to date"), "{}", plan.stdout);
    assert_eq!(baked(&cloud, &[&template, "--stage", "prod"]), image);
    assert_eq!(cloud.parameter("/images/web/prod", "eu-west-1").0, image);
    assert_eq!(launches(&mut cloud), 1);
    let plan = cloud.run(&["plan", &template, "--detailed-exitcode"]);
    assert_eq!(plan.code, 0, "{}", plan.stderr);
    assert!(plan.stdout.contains("0 to be baked, 1 up to date"), "{}", plan.stdout);
    assert_eq!(tag(&cloud.images("eu-west-1")[0], "hornero:proved").len(), 16);
    assert!(locks(&cloud).is_empty());
}

#[test]
fn a_plan_names_what_has_changed_and_the_next_bake_bakes_it() {
    let mut cloud = Cloud::start();
    let more = "[variables]\nport = \"80\"\nspare = \"1\"\n[[steps]]\nname = \"listen\"\nrun = \"echo {{ port }}\"\n";
    let template = cloud.template("", more);
    let first = baked(&cloud, &[&template]);
    let unused = cloud.run(&["plan", &template, "--detailed-exitcode", "--var", "spare=2"]);
    assert_eq!(unused.code, 0, "{}", unused.stdout);
    let plan = cloud.run(&["plan", &template, "--detailed-exitcode", "--var", "port=8080"]);
    assert_eq!(plan.code, 2, "{}", plan.stderr);
    for line in [
        &format!("changed since {first}:"),
        "~ variable port: 80 -> 8080",
        "~ step 1: listen",
        "time        about ",
    ] {
        assert!(plan.stdout.contains(line), "{line}: {}", plan.stdout);
    }
    let json = cloud.run(&["plan", &template, "--output", "json", "--var", "port=8080"]);
    let json: Value = serde_json::from_str(&json.stdout).unwrap();
    assert_eq!(json["verdict"], "due");
    assert_eq!(json["why"]["differences"][0]["now"], "8080");
    assert_ne!(baked(&cloud, &[&template, "--var", "port=8080"]), first);
    assert_eq!(launches(&mut cloud), 2);
    // What was baked before is there still: the stage goes back to it without a bake.
    assert_eq!(baked(&cloud, &[&template]), first);
    assert_eq!(cloud.parameter("/images/web/dev", "eu-west-1").0, first);
    assert_eq!(launches(&mut cloud), 2);
}

#[test]
fn force_and_a_greatest_age_bake_what_is_unchanged() {
    let mut cloud = Cloud::start();
    let template = cloud.template("", "");
    let first = baked(&cloud, &[&template]);
    assert_eq!(baked(&cloud, &[&template, "--max-age", "30d"]), first);
    let second = baked(&cloud, &[&template, "--max-age", "1ms"]);
    let third = baked(&cloud, &[&template, "--force"]);
    assert!(first != second && second != third && launches(&mut cloud) == 3);
    assert_eq!(baked(&cloud, &[&template]), third, "the newest of the same is taken");
}

#[test]
fn an_image_that_failed_its_checks_is_no_image_to_skip_to() {
    let mut cloud = Cloud::start();
    let mark = cloud.hornero.folder.path().join("mark");
    // Holds on the builder and no more on the machine that is started from the image.
    let check = format!("[[checks]]\ncommand = \"mkdir {}\"\n", mark.display());
    let template = cloud.template("", &check);
    let ran = cloud.run(&["bake", &template]);
    assert_eq!(ran.code, 7, "{}", ran.stderr);
    std::fs::remove_dir(&mark).unwrap();
    let plan = cloud.run(&["plan", &template]);
    assert!(plan.stdout.contains("and did not pass its checks"), "{}", plan.stdout);
    assert_eq!(cloud.run(&["bake", &template]).code, 7);
    assert_eq!(cloud.images("eu-west-1").len(), 2);
    assert_eq!(launches(&mut cloud), 4);
}

#[test]
fn the_image_of_a_resumed_bake_is_recorded_and_not_reused() {
    let mut cloud = Cloud::start();
    let mark = cloud.hornero.folder.path().join("by-hand");
    let step = format!("[[steps]]\nname = \"needs\"\nrun = \"test -e {}\"\n", mark.display());
    let template = cloud.template("", &step);
    assert_eq!(cloud.run(&["bake", &template, "--on-error", "keep"]).code, 6);
    // As somebody would do in a shell there.
    std::fs::write(&mark, "").unwrap();
    let ran = cloud.run(&["resume", &cloud.run_id()]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    assert_eq!(cloud.parameter("/images/web/dev", "eu-west-1").0, ran.stdout.trim());
    let plan = cloud.run(&["plan", &template]).stdout;
    assert!(plan.contains("or comes from a resumed bake"), "{plan}");
    assert_ne!(baked(&cloud, &[&template]), ran.stdout.trim());
    assert_eq!(launches(&mut cloud), 2);
}

#[test]
fn a_secret_of_another_value_makes_another_image_and_tells_nothing_of_itself() {
    let cloud = Cloud::start();
    let more = "[secrets]\ndb = { env = \"DB\" }\n[[steps]]\nname = \"use\"\nenv = { DB = \"{{ secrets.db }}\" }\nrun = \"true\"\n";
    let template = cloud.template("", more);
    let with = |secret: &str, command: &str| {
        Ran::from(cloud.command(&[command, &template]).env("DB", secret).output().unwrap())
    };
    let first = with("correct horse", "bake");
    assert_eq!(first.code, 0, "{}", first.stderr);
    assert_eq!(with("correct horse", "bake").stdout, first.stdout);
    let plan = with("battery staple", "plan");
    assert!(plan.stdout.contains("~ step 1: use: secret db\n"), "{}", plan.stdout);
    assert!(!plan.stdout.contains("step 1: use\n"), "{}", plan.stdout);
    let without = cloud.run(&["plan", &template]);
    assert!(without.stdout.contains("whether a secret has changed is not known here"), "{}", without.stdout);
    // Its sum in the manifest is none that the value alone gives.
    let manifest =
        cloud.hornero.folder.path().join("data/images").join(first.stdout.trim()).join("manifest.json");
    let manifest: Value = serde_json::from_str(&std::fs::read_to_string(manifest).unwrap()).unwrap();
    let part = &manifest["decided_by"]["step 1: use: secret db"];
    let plain = hornero::sum::of_text(&serde_json::to_string("correct horse").unwrap());
    assert!(part.is_string() && *part != json!(plain), "{part}");
}

#[test]
fn a_copy_that_is_wanted_later_is_made_without_a_bake() {
    let mut cloud = Cloud::start();
    let image = baked(&cloud, &[&cloud.template("", "")]);
    let more = cloud.template("copy_to = [\"eu-south-2\"]", "");
    assert_eq!(baked(&cloud, &[&more]), image);
    let copies = cloud.images("eu-south-2");
    assert_eq!(copies.len(), 1);
    assert_eq!(cloud.parameter("/images/web/dev", "eu-south-2").0, copies[0]["ImageId"].as_str().unwrap());
    assert_eq!(baked(&cloud, &[&more]), image);
    assert_eq!((launches(&mut cloud), cloud.proxy.count("ec2:CopyImage")), (1, 1));
}

#[test]
fn whoever_an_image_is_shared_with_later_gets_it_without_a_bake() {
    let mut cloud = Cloud::start();
    let image = baked(&cloud, &[&cloud.template("", "")]);
    let shared = cloud.template("share_with = { accounts = [\"111122223333\"] }", "");
    assert_eq!(cloud.run(&["plan", &shared, "--detailed-exitcode"]).code, 2);
    assert_eq!(baked(&cloud, &[&shared]), image);
    let permissions =
        ["ec2", "describe-image-attribute", "--attribute", "launchPermission", "--image-id", &image];
    assert_eq!(cloud.aws(&permissions)["LaunchPermissions"][0]["UserId"], "111122223333");
    assert_eq!(cloud.run(&["plan", &shared, "--detailed-exitcode"]).code, 0);
    assert_eq!(launches(&mut cloud), 1);
}

#[test]
fn a_computer_that_did_not_bake_the_last_image_sees_by_its_tags_what_has_changed() {
    let cloud = Cloud::start();
    let site = cloud.hornero.folder.path().join("site");
    std::fs::create_dir(&site).unwrap();
    std::fs::write(site.join("page"), "one").unwrap();
    let target = cloud.hornero.folder.path().join("www").display().to_string();
    let files = format!(
        "[[files]]\nsource = \"site\"\ndestination = \"{target}\"\n[[steps]]\nname = \"a\"\nrun = \"true\"\n"
    );
    let template = cloud.template("", &files);
    let image = baked(&cloud, &[&template]);
    std::fs::write(site.join("page"), "two").unwrap();
    let elsewhere = cloud.hornero.folder.path().join("another-computer");
    let mut plan = cloud.command(&["plan", &template]);
    let plan = Ran::from(
        plan.env("HORNERO_DATA_DIR", &elsewhere).env("HORNERO_STATE_DIR", &elsewhere).output().unwrap(),
    );
    let lines: Vec<&str> = plan.stdout.lines().skip(1).take(3).map(str::trim).collect();
    let told = format!("~ content of file 1: {target}: page");
    assert_eq!(lines[..2], [format!("because     changed since {image}:"), told], "{}", plan.stdout);
    assert!(lines[2].starts_with("base "), "{}", plan.stdout);
}

#[test]
fn a_plan_makes_nothing_not_even_the_key_for_secrets() {
    let mut cloud = Cloud::start();
    let more = "[secrets]\ndb = { env = \"DB\" }\n[[steps]]\nname = \"use\"\nenv = { DB = \"{{ secrets.db }}\" }\nrun = \"true\"\n";
    let template = cloud.template("", more);
    let plan = Ran::from(cloud.command(&["plan", &template]).env("DB", "correct horse").output().unwrap());
    assert_eq!(plan.code, 0, "{}", plan.stderr);
    assert_eq!(cloud.proxy.count("ssm:PutParameter"), 0);
}

/// Started at once, each with a state directory of its own, as on as many computers.
fn at_once(cloud: &Cloud, template: &str, count: usize) -> Vec<Child> {
    let start = |number: usize| {
        let folder = cloud.hornero.folder.path().join(format!("computer-{number}"));
        let mut command = cloud.command(&["bake", template]);
        command.env("HORNERO_STATE_DIR", folder.join("state")).env("HORNERO_DATA_DIR", folder.join("data"));
        command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
    };
    (0..count).map(start).collect()
}

#[test]
fn of_20_computers_that_bake_the_same_at_once_one_bakes_and_all_have_its_image() {
    let mut cloud = Cloud::start();
    let template = cloud.template("", "");
    let children = at_once(&cloud, &template, 20);
    let ends: Vec<Ran> = children.into_iter().map(|child| child.wait_with_output().unwrap().into()).collect();
    for ran in &ends {
        assert_eq!(ran.code, 0, "{}", ran.stderr);
        assert_eq!(ran.stdout, ends[0].stdout, "{}", ran.stderr);
    }
    assert_eq!((cloud.images("eu-west-1").len(), launches(&mut cloud)), (1, 1));
    assert!(locks(&cloud).is_empty(), "{:?}", locks(&cloud));
    let waited = ends.iter().filter(|ran| ran.stderr.contains("waiting for another bake of `web`")).count();
    assert!(waited > 0, "nobody had to wait, so nothing was tried");
}

#[test]
fn without_waiting_a_second_bake_names_who_is_at_it() {
    let cloud = Cloud::start();
    // The first one tries the second from its step.
    let second = format!("{} bake --no-wait web.toml", env!("CARGO_BIN_EXE_hornero"));
    let step = format!(
        "[[steps]]\nname = \"meanwhile\"\nkind = \"local\"\nrun = \"{second} >second 2>&1 || echo $? >>second\"\n"
    );
    let template = cloud.template("", &step);
    let ran = cloud.run(&["bake", &template]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    let said = std::fs::read_to_string(cloud.hornero.folder.path().join("second")).unwrap();
    assert!(said.contains("baking `web` on ec2: it is being baked by "), "{said}");
    assert!(said.contains(&cloud.run_id()) || said.contains("run web-"), "{said}");
    assert!(said.contains(" since 20") && said.contains("leave out --no-wait"), "{said}");
    assert!(said.ends_with("\n9\n"), "{said}");
    assert_eq!(cloud.images("eu-west-1").len(), 1);
}
