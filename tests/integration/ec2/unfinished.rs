//! An image that was captured is never lost because something after it failed: `hornero publish` does
//! what it lacks, and nothing twice.

use std::{
    io::{BufRead, BufReader},
    process::Stdio,
};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};

use super::Cloud;
use crate::rig::{hornero::Ran, image::manifest, moto::REGION};

const CHECK: &str = "[[checks]]\ncommand = \"true\"\n";
const PARAMETER: &str = "/images/web/dev";
const SHARED: &str =
    "deprecate_after = \"180d\"\nshare_with = { accounts = [\"111122223333\"] }\ncopy_to = [\"eu-south-2\"]";

/// The only image of a region.
fn the_image(cloud: &Cloud, region: &str) -> Value {
    let images = cloud.images(region);
    assert_eq!(images.len(), 1, "{images:?}");
    images[0].clone()
}

/// The only image of a region is what the template wants, and its parameter points at it.
fn finished(cloud: &Cloud, region: &str) {
    let image = the_image(cloud, region);
    let id = image["ImageId"].as_str().unwrap();
    assert_eq!(image["ImdsSupport"], "v2.0", "{image}");
    assert!(image["DeprecationTime"].is_string(), "{image}");
    let ask = ["ec2", "describe-image-attribute", "--attribute", "launchPermission", "--image-id", id];
    let granted = cloud.aws(&[&ask[..], &["--region", region]].concat());
    assert_eq!(granted["LaunchPermissions"], json!([{ "UserId": "111122223333" }]));
    assert_eq!(cloud.parameter(PARAMETER, region).0, id);
}

/// What the manifest says of the image that the newest bake made.
fn noted(cloud: &Cloud) -> Value {
    let id = the_image(cloud, REGION)["ImageId"].as_str().unwrap().to_owned();
    manifest(&cloud.hornero.folder.path().join("data/images").join(id))
}

/// Bakes, fails with `code` and in these words, and leaves an image that nothing points at.
fn fails(cloud: &Cloud, template: &str, code: i32, words: &str) -> String {
    let ran = cloud.run(&["bake", template]);
    assert_eq!(ran.code, code, "{}", ran.stderr);
    assert!(ran.stderr.contains(words), "{}", ran.stderr);
    left(cloud, &ran)
}

fn left(cloud: &Cloud, ran: &Ran) -> String {
    let run = cloud.run_id();
    assert!(ran.stderr.contains(&format!("hornero publish {run}")), "{}", ran.stderr);
    the_image(cloud, REGION);
    assert_ne!(cloud.run(&["get", "web"]).code, 0, "nothing points at it yet");
    assert_eq!(cloud.leftovers(), Vec::<String>::new());
    run
}

fn published(cloud: &mut Cloud, run: &str) {
    let again = cloud.run(&["publish", run]);
    assert_eq!(again.code, 0, "{}", again.stderr);
    assert_eq!(cloud.proxy.count("ec2:CreateImage"), 1, "nothing was baked again");
    assert_eq!(cloud.leftovers(), Vec::<String>::new());
}

#[test]
fn an_attribute_that_is_refused_leaves_an_image_that_publish_finishes() {
    let mut cloud = Cloud::start();
    let refused =
        json!({ "action": "ModifyImageAttribute", "region": REGION, "fault": "denied", "times": 1 });
    cloud.proxy.rule(refused);
    let run = fails(&cloud, &cloud.template(SHARED, CHECK), 4, "setting the attributes of the AMI ami-");
    let why = noted(&cloud)["unfinished"].as_str().unwrap().to_owned();
    assert!(why.contains("ec2:ModifyImageAttribute"), "{why}");
    assert_eq!(cloud.images("eu-south-2").len(), 1, "a refusal here holds up no copy");
    let (launched, copied) = (cloud.proxy.count("ec2:RunInstances"), cloud.proxy.count("ec2:CopyImage"));

    published(&mut cloud, &run);
    finished(&cloud, REGION);
    finished(&cloud, "eu-south-2");
    assert!(noted(&cloud).get("unfinished").is_none());
    assert_eq!(cloud.proxy.count("ec2:RunInstances"), launched, "it has passed its checks already");
    assert_eq!(cloud.proxy.count("ec2:CopyImage"), copied);
}

#[test]
fn an_image_that_cannot_be_shared_is_not_published_before_it_is() {
    let mut cloud = Cloud::start();
    let refused = json!({
        "action": "ModifyImageAttribute", "region": REGION, "with": "LaunchPermission", "fault": "denied", "times": 2,
    });
    cloud.proxy.rule(refused);
    let run = fails(&cloud, &cloud.template(SHARED, ""), 4, "sharing the AMI ami-");
    let again = cloud.run(&["publish", &run]);
    assert_eq!(again.code, 4, "{}", again.stderr);
    assert!(again.stderr.contains("sharing the AMI ami-"), "{}", again.stderr);
    assert_ne!(cloud.run(&["get", "web"]).code, 0);

    published(&mut cloud, &run);
    finished(&cloud, REGION);
}

#[test]
fn a_copy_that_cannot_be_shared_is_finished_and_not_made_again() {
    let mut cloud = Cloud::start();
    let refused = json!({
        "action": "ModifyImageAttribute", "region": "eu-south-2", "with": "LaunchPermission", "fault": "denied",
        "times": 1,
    });
    cloud.proxy.rule(refused);
    let ran = cloud.run(&["bake", &cloud.template(SHARED, "")]);
    assert_eq!(ran.code, 4, "{}", ran.stderr);
    assert!(ran.stderr.contains("finishing the copy ami-"), "{}", ran.stderr);
    finished(&cloud, REGION);
    let copy = noted(&cloud)["copies"][0].clone();
    assert_eq!(copy["image"], the_image(&cloud, "eu-south-2")["ImageId"]);
    assert!(copy["unfinished"].as_str().unwrap().contains("sharing the AMI"), "{copy}");
    let parameter = ["ssm", "get-parameters", "--names", PARAMETER, "--region", "eu-south-2"];
    assert_eq!(cloud.aws(&parameter)["Parameters"], json!([]), "nothing points at it yet");

    // Known by its ID, also when somebody has removed the tag that says what it is a copy of.
    let id = copy["image"].as_str().unwrap();
    let untag =
        ["ec2", "delete-tags", "--resources", id, "--tags", "Key=hornero:source", "--region", "eu-south-2"];
    cloud.aws(&untag);
    let run = cloud.run_id();
    published(&mut cloud, &run);
    finished(&cloud, "eu-south-2");
    assert_eq!(cloud.proxy.count("ec2:CopyImage"), 1);
    assert_eq!(noted(&cloud)["copies"], json!([{ "region": "eu-south-2", "image": id }]));
}

#[test]
fn an_image_whose_test_could_not_be_done_is_tested_by_publish() {
    let mut cloud = Cloud::start();
    cloud.proxy.rule(json!({ "action": "RunInstances", "fault": "capacity", "after": 1, "times": 1 }));
    let run = fails(&cloud, &cloud.template("", CHECK), 4, "InsufficientInstanceCapacity");
    published(&mut cloud, &run);
    let id = the_image(&cloud, REGION)["ImageId"].as_str().unwrap().to_owned();
    assert_eq!(cloud.parameter(PARAMETER, REGION).0, id);
    assert_eq!(cloud.proxy.count("ec2:RunInstances"), 3, "builder, no machine, machine");

    // What has passed is known from then on.
    published(&mut cloud, &run);
    assert_eq!(cloud.proxy.count("ec2:RunInstances"), 3);
}

#[test]
fn an_image_that_fails_the_test_that_publish_does_is_refused_from_then_on() {
    let mut cloud = Cloud::start();
    cloud.proxy.rule(json!({ "action": "RunInstances", "fault": "capacity", "after": 1, "times": 1 }));
    let seen = cloud.hornero.folder.path().join("seen").display().to_string();
    // Holds on the builder, and no longer on the machine that is started from the image.
    let check = format!("[[checks]]\ncommand = \"test ! -e {seen} && touch {seen}\"\n");
    let run = fails(&cloud, &cloud.template("", &check), 4, "InsufficientInstanceCapacity");
    for words in ["1 of 1 check failed on", "it failed its checks"] {
        let again = cloud.run(&["publish", &run]);
        assert_eq!(again.code, 7, "{}", again.stderr);
        assert!(again.stderr.contains(words), "{words}: {}", again.stderr);
    }
    assert_eq!(cloud.proxy.count("ec2:RunInstances"), 3);
    assert_ne!(cloud.run(&["get", "web"]).code, 0);
    assert_eq!(cloud.leftovers(), Vec::<String>::new());
}

/// Ends a bake as soon as it says `moment`.
fn ended(cloud: &Cloud, template: &str, moment: &str, signal: Signal) -> Ran {
    let mut command = cloud.command(&["bake", template]);
    let mut bake = command.stderr(Stdio::piped()).stdout(Stdio::null()).spawn().unwrap();
    let mut said = String::new();
    for line in BufReader::new(bake.stderr.take().unwrap()).lines().map(Result::unwrap) {
        if line.contains(moment) {
            kill_process(Pid::from_child(&bake), signal).unwrap();
        }
        said += &format!("{line}\n");
    }
    Ran { code: bake.wait().unwrap().code().unwrap_or(-1), stdout: String::new(), stderr: said }
}

#[test]
fn an_image_whose_test_was_interrupted_is_tested_by_publish() {
    let mut cloud = Cloud::start();
    let ran = ended(&cloud, &cloud.template("", CHECK), "test | started", Signal::INT);
    assert_eq!(ran.code, 130, "{}", ran.stderr);
    let run = left(&cloud, &ran);
    let launched = cloud.proxy.count("ec2:RunInstances");
    published(&mut cloud, &run);
    assert_eq!(cloud.proxy.count("ec2:RunInstances"), launched + 1);
    assert_ne!(cloud.run(&["get", "web"]).stdout, "");
}

#[test]
fn a_copy_that_was_under_way_when_the_bake_was_interrupted_is_taken_up_by_publish() {
    let mut cloud = Cloud::start();
    let pending = json!({
        "action": "DescribeImages", "made": true, "with": "ImageId.1", "region": "eu-south-2",
        "fault": "pend", "times": 3,
    });
    cloud.proxy.rule(pending);
    let ran = ended(&cloud, &cloud.template(SHARED, ""), "publish | started", Signal::INT);
    assert_eq!(ran.code, 130, "{}", ran.stderr);
    let run = left(&cloud, &ran);
    published(&mut cloud, &run);
    finished(&cloud, REGION);
    finished(&cloud, "eu-south-2");
}

#[test]
fn a_bake_that_was_killed_after_the_capture_is_ended_by_publish() {
    let mut cloud = Cloud::start();
    let ran = ended(&cloud, &cloud.template(SHARED, CHECK), "run | image ami-", Signal::KILL);
    assert_eq!(ran.code, -1, "{}", ran.stderr);
    assert_ne!(cloud.run(&["get", "web"]).code, 0, "nothing points at it yet");
    let again = cloud.run(&["publish", &cloud.run_id()]);
    assert_eq!(again.code, 0, "{}", again.stderr);
    assert_eq!(cloud.proxy.count("ec2:CreateImage"), 1);
    finished(&cloud, REGION);
    finished(&cloud, "eu-south-2");
}
