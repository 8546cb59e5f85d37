//! Publishing on its own: what went wrong with it is repeated without a bake.

use serde_json::json;

use super::Cloud;
use crate::rig::moto::REGION;

const CHECK: &str = "[[checks]]\ncommand = \"true\"\n";

#[test]
fn a_parameter_that_cannot_be_written_leaves_the_image_and_publish_does_only_that_again() {
    let mut cloud = Cloud::start();
    cloud.proxy.rule(json!({ "action": "PutParameter", "with": "/images/", "fault": "denied", "times": 1 }));
    let ran = cloud.run(&["bake", &cloud.template("", CHECK)]);
    assert_eq!(ran.code, 8, "{}", ran.stderr);
    let run = cloud.run_id();
    assert!(ran.stderr.contains("allow `ssm:PutParameter`"), "{}", ran.stderr);
    assert!(ran.stderr.contains(&format!("hornero publish {run}")), "{}", ran.stderr);
    assert_ne!(cloud.run(&["get", "web"]).code, 0);
    let id = cloud.images(REGION)[0]["ImageId"].as_str().unwrap().to_owned();

    let launched = cloud.proxy.count("ec2:RunInstances");
    // The run says which platform it was on.
    let again = cloud.run(&["publish", &run, "--platform", "qemu"]);
    assert_eq!(again.code, 0, "{}", again.stderr);
    assert_eq!(cloud.run(&["get", "web"]).stdout.trim(), id);
    assert_eq!(cloud.proxy.count("ec2:RunInstances"), launched);
    assert_eq!(cloud.leftovers(), Vec::<String>::new());
}

#[test]
fn an_image_that_failed_its_checks_is_not_published_by_hand_either() {
    let mut cloud = Cloud::start();
    let seen = cloud.hornero.folder.path().join("seen").display().to_string();
    // Holds on the builder, and no longer on the machine that is started from the image.
    let check = format!("[[checks]]\ncommand = \"test ! -e {seen} && touch {seen}\"\n");
    let ran = cloud.run(&["bake", &cloud.template("", &check)]);
    assert_eq!(ran.code, 7, "{}", ran.stderr);
    assert!(!ran.stderr.contains("hornero publish"), "{}", ran.stderr);
    let launched = cloud.proxy.count("ec2:RunInstances");
    let again = cloud.run(&["publish", &cloud.run_id()]);
    assert_eq!(again.code, 7, "{}", again.stderr);
    assert!(again.stderr.contains("it failed its checks"), "{}", again.stderr);
    assert_eq!(cloud.proxy.count("ec2:RunInstances"), launched, "its verdict stands");
    assert_ne!(cloud.run(&["get", "web"]).code, 0);
    assert_eq!(cloud.images(REGION).len(), 1, "the image itself stays");
}

#[test]
fn a_parameter_that_others_made_as_a_text_is_written_as_one_when_the_template_says_so() {
    let cloud = Cloud::start();
    let put =
        ["ssm", "put-parameter", "--name", "/images/web/dev", "--type", "String", "--value", "none yet"];
    cloud.aws(&put);
    let ran = cloud.run(&["bake", &cloud.template("", "")]);
    assert_eq!(ran.code, 8, "{}", ran.stderr);
    assert!(ran.stderr.contains("data_type = \"text\""), "{}", ran.stderr);
    let ran = cloud.run(&["bake", &cloud.template("", "[publish]\ndata_type = \"text\"\n")]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    assert_eq!(cloud.parameter("/images/web/dev", REGION), (ran.stdout.trim().to_owned(), "text".to_owned()));
}

#[test]
fn a_run_that_is_not_there_is_told_as_such() {
    let cloud = Cloud::start();
    let ran = cloud.run(&["publish", "web-nothing"]);
    assert_eq!(ran.code, 2, "{}", ran.stderr);
    assert!(ran.stderr.contains("there is no run `web-nothing`"), "{}", ran.stderr);
}
