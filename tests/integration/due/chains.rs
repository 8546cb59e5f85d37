//! Templates that are made from each other, on EC2: what is baked, in which order, and what a failure
//! costs the others.

use serde_json::Value;

use crate::{ec2::Cloud, rig::hornero::Ran};

/// `base.toml`, `web.toml` and `db.toml` made from it, and `alone.toml`.
fn graph(cloud: &Cloud) -> String {
    let whole = std::fs::read_to_string(cloud.template("", "")).unwrap();
    let folder = cloud.hornero.folder.path().join("images");
    std::fs::create_dir(&folder).unwrap();
    let base = whole.lines().find(|line| line.starts_with("ec2 = {")).unwrap();
    for (name, from) in [("base", base), ("alone", base), ("web", FROM), ("db", FROM)] {
        let text = whole.replace("name = \"web\"", &format!("name = \"{name}\"")).replace(base, from);
        std::fs::write(folder.join(format!("{name}.toml")), text).unwrap();
    }
    folder.display().to_string()
}

const FROM: &str = "template = \"base.toml\"";

fn add(folder: &str, name: &str, more: &str) {
    let path = format!("{folder}/{name}.toml");
    let text = std::fs::read_to_string(&path).unwrap();
    std::fs::write(path, text + more).unwrap();
}

fn step(name: &str, run: &str) -> String {
    format!("[[steps]]\nname = \"{name}\"\nrun = \"{run}\"\n")
}

/// The AMI that each name's stage points at.
fn pointed(cloud: &Cloud, name: &str) -> String {
    cloud.parameter(&format!("/images/{name}/dev"), "eu-west-1").0
}

fn bake(cloud: &Cloud, arguments: &[&str], code: i32) -> Ran {
    let ran = cloud.run(&[&["bake"], arguments].concat());
    assert_eq!(ran.code, code, "{}", ran.stderr);
    ran
}

#[test]
fn a_folder_is_baked_in_order_and_a_changed_base_takes_along_what_is_made_from_it() {
    let mut cloud = Cloud::start();
    let folder = graph(&cloud);
    let ran = bake(&cloud, &[&folder], 0);
    assert_eq!(ran.stdout.lines().count(), 4, "{}", ran.stdout);
    assert_eq!(cloud.proxy.count("ec2:RunInstances"), 4);
    let base = pointed(&cloud, "base");
    let of = |name: &str| {
        let id = pointed(&cloud, name);
        let image = cloud.images("eu-west-1").into_iter().find(|one| one["ImageId"] == id.as_str()).unwrap();
        crate::ec2::tag(&image, "hornero:base").to_owned()
    };
    assert_eq!((of("web"), of("db")), (base.clone(), base.clone()));
    bake(&cloud, &[&folder], 0);
    assert_eq!(cloud.proxy.count("ec2:RunInstances"), 4, "nothing had changed");

    add(&folder, "base", &step("new", "true"));
    let plan = cloud.run(&["plan", &folder]).stdout;
    let lines: Vec<&str> = plan.lines().collect();
    assert!(lines[0].starts_with("alone 7: up to date (ami-"), "{plan}");
    assert_eq!(lines[1], "base 7: to be baked: + step 1: new");
    assert_eq!(lines[2], "├── db 7: to be baked: its base `base` is baked anew");
    assert_eq!(lines[3], "└── web 7: to be baked: its base `base` is baked anew");
    assert!(plan.ends_with("3 to be baked, 1 up to date\n"), "{plan}");
    // The base was not named, and is baked all the same; only the named one is told on standard output.
    let ran = bake(&cloud, &[&format!("{folder}/web.toml")], 0);
    assert_eq!(ran.stdout.trim(), pointed(&cloud, "web"));
    assert_eq!(cloud.proxy.count("ec2:RunInstances"), 6);
    assert_ne!(pointed(&cloud, "base"), base);
    let plan = cloud.run(&["plan", &format!("{folder}/db.toml")]).stdout;
    assert!(plan.contains(&format!("({base}) -> ")) && plan.contains("~ base: "), "{plan}");
}

#[test]
fn a_base_in_another_region_is_its_copy_there() {
    let cloud = Cloud::start();
    let folder = graph(&cloud);
    let edit = |name: &str, key: &str| {
        let path = format!("{folder}/{name}.toml");
        let text = std::fs::read_to_string(&path).unwrap();
        std::fs::write(path, text.replace("[ec2]\n", &format!("[ec2]\n{key}\n"))).unwrap();
    };
    edit("web", "region = \"eu-south-2\"");
    let web = format!("{folder}/web.toml");
    let ran = bake(&cloud, &[&web], 3);
    assert!(ran.stderr.contains("add the region to `copy_to` in the template of `base`"), "{}", ran.stderr);
    edit("base", "copy_to = [\"eu-south-2\"]");
    bake(&cloud, &[&format!("{folder}/base.toml")], 0);
    let ran = bake(&cloud, &[&web], 0);
    let copy = cloud.parameter("/images/base/dev", "eu-south-2").0;
    let image =
        cloud.images("eu-south-2").into_iter().find(|one| one["ImageId"] == ran.stdout.trim()).unwrap();
    assert_eq!(crate::ec2::tag(&image, "hornero:base"), copy);
}

#[test]
fn a_variable_is_of_whichever_template_declares_it_and_an_unknown_one_is_a_mistake() {
    let cloud = Cloud::start();
    let folder = graph(&cloud);
    add(&folder, "web", &("[variables]\nport = \"80\"\n".to_owned() + &step("listen", "echo {{ port }}")));
    let web = format!("{folder}/web.toml");
    bake(&cloud, &[&web, "--var", "port=8080"], 0);
    assert_eq!(cloud.run(&["plan", &web, "--var", "port=8080", "--detailed-exitcode"]).code, 0);
    let unknown = cloud.run(&["plan", &web, "--var", "prot=8080"]);
    assert_eq!(unknown.code, 2, "{}", unknown.stderr);
    assert!(
        unknown.stderr.contains("unknown variable `prot`") && unknown.stderr.contains("`port`"),
        "{}",
        unknown.stderr
    );
}

#[test]
fn a_base_that_was_not_named_keeps_its_stage_and_its_secrets_to_itself() {
    let cloud = Cloud::start();
    let folder = graph(&cloud);
    let secret = "[secrets]\ndb = { env = \"DB\" }\n[[steps]]\nname = \"use\"\nenv = { DB = \"{{ secrets.db }}\" }\nrun = \"true\"\n";
    add(&folder, "base", secret);
    let (base, web) = (format!("{folder}/base.toml"), format!("{folder}/web.toml"));
    let ran = Ran::from(cloud.command(&["bake", &base]).env("DB", "correct horse").output().unwrap());
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    let ran = bake(&cloud, &[&web, "--stage", "dev"], 0);
    assert!(ran.stderr.contains(&format!("{} is taken as it is", pointed(&cloud, "base"))), "{}", ran.stderr);
    let ran = Ran::from(
        cloud.command(&["bake", &web, "--stage", "prod"]).env("DB", "correct horse").output().unwrap(),
    );
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    assert_ne!(cloud.run(&["get", "base", "--stage", "prod"]).code, 0, "nobody named the base");
    assert_eq!(cloud.run(&["get", "web", "--stage", "prod"]).stdout.trim(), pointed(&cloud, "web"));
}

#[test]
fn a_kept_builder_is_gone_on_with_although_its_base_was_baked_anew_meanwhile() {
    let cloud = Cloud::start();
    let folder = graph(&cloud);
    add(&folder, "web", &step("no", "exit 3"));
    let (base, web) = (format!("{folder}/base.toml"), format!("{folder}/web.toml"));
    bake(&cloud, &[&web, "--on-error", "keep"], 6);
    let (first, run) = (pointed(&cloud, "base"), cloud.run_id());
    bake(&cloud, &[&base, "--force"], 0);
    assert_ne!(pointed(&cloud, "base"), first);
    let text = std::fs::read_to_string(&web).unwrap();
    std::fs::write(&web, text.replace("exit 3", "true")).unwrap();
    let ran = cloud.run(&["resume", &run]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    // In it may be what somebody did by hand, and its base is not the newest: the next bake makes another.
    let image = ran.stdout.trim().to_owned();
    assert_eq!(pointed(&cloud, "web"), image);
    assert_ne!(bake(&cloud, &[&web], 0).stdout.trim(), image);
}

#[test]
fn two_templates_that_record_the_same_are_a_mistake() {
    let cloud = Cloud::start();
    let folder = graph(&cloud);
    std::fs::copy(format!("{folder}/alone.toml"), format!("{folder}/again.toml")).unwrap();
    let ran = bake(&cloud, &[&folder], 3);
    assert!(
        ran.stderr.contains("alone.toml` both record their image as /images/alone/dev"),
        "{}",
        ran.stderr
    );
}

#[test]
fn a_base_that_fails_takes_along_what_is_made_from_it_by_name_and_nothing_else() {
    let mut cloud = Cloud::start();
    let folder = graph(&cloud);
    add(&folder, "base", &step("no", "exit 3"));
    let ran = bake(&cloud, &[&folder], 6);
    let alone = pointed(&cloud, "alone");
    assert_eq!(ran.stdout, format!("alone\t{alone}\n"));
    // One table at the end, after what failed in full.
    let (before, table) =
        ran.stderr.split_once("name   result   image").unwrap_or_else(|| panic!("{}", ran.stderr));
    assert!(before.contains("\nbase 7\nerror: step `no` failed"), "{before}");
    let row = |name: &str| {
        let line = table.lines().find(|line| line.starts_with(name)).unwrap_or_else(|| panic!("{table}"));
        line.split_whitespace().skip(1).collect::<Vec<_>>().join(" ")
    };
    assert!(row("base").starts_with("failed step `no` failed with exit code 3"), "{table}");
    assert_eq!(row("alone"), format!("baked {alone}"));
    assert_eq!([row("web"), row("db")], ["skipped its base `base` was not baked"; 2]);
    assert_eq!(cloud.proxy.count("ec2:RunInstances"), 2);
    assert_eq!(cloud.leftovers(), Vec::<String>::new());
}

#[test]
fn a_matrix_has_what_is_due_level_by_level() {
    let cloud = Cloud::start();
    let folder = graph(&cloud);
    bake(&cloud, &[&format!("{folder}/alone.toml"), &format!("{folder}/base.toml")], 0);
    let levels = || -> Vec<Vec<String>> {
        let ran = cloud.run(&["matrix", &folder]);
        let levels: Vec<Vec<Value>> = serde_json::from_str(&ran.stdout).unwrap();
        let name = |job: &Value| job["image"].as_str().unwrap().to_owned();
        levels.iter().map(|level| level.iter().map(name).collect()).collect()
    };
    assert_eq!(levels(), [["db", "web"]]);
    add(&folder, "base", &step("new", "true"));
    assert_eq!(levels(), [vec!["base"], vec!["db", "web"]]);
    let github = cloud.run(&["matrix", &folder, "--format", "github"]).stdout;
    assert!(github.starts_with("levels=2\nlevel_0={\"include\":[{"), "{github}");
}

#[test]
fn many_templates_are_baked_side_by_side_and_shown_apart() {
    let mut cloud = Cloud::start();
    let folder = graph(&cloud);
    // Each waits for the other one.
    let meet = |own: &str, other: &str| {
        let place = cloud.hornero.folder.path();
        let (own, other) = (place.join(own), place.join(other));
        step(
            "meet",
            &format!("touch {}; until test -e {}; do sleep 0.1; done", own.display(), other.display()),
        )
    };
    add(&folder, "web", &(meet("web", "db") + "timeout = \"60s\"\n"));
    add(&folder, "db", &(meet("db", "web") + "timeout = \"60s\"\n"));
    let ran = bake(&cloud, &[&folder, "--output", "lines"], 0);
    let labelled = |line: &&str| line.contains(" web   steps | step 1/1 `meet` (shell) started");
    assert_eq!(ran.stderr.lines().filter(labelled).count(), 1, "{}", ran.stderr);
    assert_eq!(cloud.proxy.count("ec2:RunInstances"), 4);
}
