//! What becomes of a builder: an AMI with its tags and attributes, copies of it, and parameters that
//! point at them. Read by the AWS CLI, as a user of the image would.

use std::{
    io::{BufRead, BufReader},
    process::Stdio,
};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};

use super::{Cloud, tag};
use crate::rig::{image::manifest, moto::REGION};

const CHECK: &str = "[[checks]]\ncommand = \"true\"\n";
const PARAMETER: &str = "/images/web/dev";

const SHARED: &str = r#"
copy_to = ["eu-south-2", "eu-central-1"]
deprecate_after = "180d"
[ec2.share_with]
accounts = ["111122223333"]
organizations = ["arn:aws:organizations::123456789012:organization/o-123example"]
organizational_units = ["arn:aws:organizations::123456789012:ou/o-123example/ou-1234-5example"]
"#;

#[test]
fn a_bake_becomes_an_ami_its_copies_and_the_parameters_that_point_at_them() {
    let cloud = Cloud::start();
    let ran = cloud.run(&["bake", &cloud.template(SHARED, CHECK)]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    let id = ran.stdout.trim();
    let home = the_image(&cloud, REGION);
    assert_eq!(home["ImageId"], id);
    assert!(home["DeprecationTime"].is_string(), "{home}");
    assert_eq!(cloud.parameter(PARAMETER, REGION), (id.to_owned(), "aws:ec2:image".to_owned()));
    for region in ["eu-south-2", "eu-central-1"] {
        let copy = the_image(&cloud, region);
        assert_eq!(tag(&copy, "hornero:source"), format!("{id} in {REGION}"));
        let copy = copy["ImageId"].as_str().unwrap().to_owned();
        assert_eq!(cloud.parameter(PARAMETER, region), (copy, "aws:ec2:image".to_owned()));
    }
    known_to_hornero(&cloud, id);
    assert_eq!(cloud.leftovers(), Vec::<String>::new());
}

/// The one image of a region, with what every image has.
fn the_image(cloud: &Cloud, region: &str) -> Value {
    let images = cloud.images(region);
    assert_eq!(images.len(), 1, "{images:?}");
    let image = images[0].clone();
    for (key, value) in
        [("hornero:name", "web"), ("hornero:version", "7"), ("team", "ops"), ("Name", "web 7")]
    {
        assert_eq!(tag(&image, key), value);
    }
    assert_eq!(tag(&image, "hornero:run"), cloud.run_id());
    let fingerprint = tag(&image, "hornero:fingerprint");
    assert_eq!(fingerprint.len(), 16);
    let versions = cloud.aws(&["ssm", "get-parameter-history", "--name", "/images/web/dev"]);
    let description = versions["Parameters"][0]["Description"].as_str().unwrap();
    assert!(description.contains(&format!("fingerprint {fingerprint}")), "{description}");
    assert_eq!((&image["State"], &image["ImdsSupport"]), (&json!("available"), &json!("v2.0")));
    assert_eq!(image["BootMode"], "uefi-preferred", "as the base");
    assert!(image["Name"].as_str().unwrap().starts_with("web-7-"), "{image}");
    shared(cloud, &image, region);
    image
}

fn shared(cloud: &Cloud, image: &Value, region: &str) {
    let id = image["ImageId"].as_str().unwrap();
    let ask = ["ec2", "describe-image-attribute", "--attribute", "launchPermission", "--image-id", id];
    let granted = cloud.aws(&[&ask[..], &["--region", region]].concat());
    let granted = granted["LaunchPermissions"].as_array().unwrap();
    assert_eq!(granted.len(), 3, "{granted:?}");
    assert!(granted.contains(&json!({ "UserId": "111122223333" })), "{granted:?}");
    for mapping in image["BlockDeviceMappings"].as_array().unwrap() {
        let snapshot = mapping["Ebs"]["SnapshotId"].as_str().unwrap();
        let ask = ["ec2", "describe-snapshots", "--snapshot-ids", snapshot, "--region", region];
        assert_eq!(tag(&cloud.aws(&ask)["Snapshots"][0], "hornero:run"), cloud.run_id());
        let attribute = "createVolumePermission";
        let ask = ["ec2", "describe-snapshot-attribute", "--attribute", attribute, "--snapshot-id", snapshot];
        let granted = cloud.aws(&[&ask[..], &["--region", region]].concat());
        assert_eq!(granted["CreateVolumePermissions"], json!([{ "UserId": "111122223333" }]));
    }
}

/// What `get`, `images`, `history` and the manifest say of it.
fn known_to_hornero(cloud: &Cloud, id: &str) {
    assert_eq!(cloud.run(&["get", "web"]).stdout.trim(), id);
    assert_eq!(cloud.run(&["get", "web", "--version", "1"]).stdout.trim(), id);
    assert_ne!(cloud.run(&["get", "web", "--version", "2"]).code, 0);
    let images = cloud.run(&["images", "web"]).stdout;
    assert!(images.contains(id) && images.contains(REGION), "{images}");
    let history = cloud.run(&["history", "web"]).stdout;
    assert!(history.contains(id) && history.contains(&cloud.run_id()), "{history}");
    let manifest = manifest(&cloud.hornero.folder.path().join("data/images").join(id));
    assert_eq!((&manifest["image"], &manifest["region"]), (&json!(id), &json!(REGION)));
    assert_eq!(manifest["copies"].as_array().unwrap().len(), 2);
    assert!(manifest["disks"][0]["snapshot"].as_str().unwrap().starts_with("snap-"), "{manifest}");
}

#[test]
fn a_region_that_fails_holds_up_no_other_and_publish_does_it_again() {
    let mut cloud = Cloud::start();
    let denied = json!({ "action": "CopyImage", "region": "eu-south-2", "fault": "denied", "times": 1 });
    cloud.proxy.rule(denied);
    let ran = cloud.run(&["bake", &cloud.template("copy_to = [\"eu-south-2\", \"eu-central-1\"]", "")]);
    assert_eq!(ran.code, 4, "{}", ran.stderr);
    let run = cloud.run_id();
    assert!(ran.stderr.contains("ec2:CopyImage") && ran.stderr.contains("to eu-south-2"), "{}", ran.stderr);
    assert!(ran.stderr.contains(&format!("hornero publish {run}")), "{}", ran.stderr);
    assert_eq!(cloud.images(REGION).len(), 1);
    cloud.parameter(PARAMETER, "eu-central-1");
    assert!(cloud.images("eu-south-2").is_empty());

    let again = cloud.run(&["publish", &run]);
    assert_eq!(again.code, 0, "{}", again.stderr);
    let copy = cloud.images("eu-south-2")[0]["ImageId"].as_str().unwrap().to_owned();
    assert_eq!(cloud.parameter(PARAMETER, "eu-south-2").0, copy);
    assert_eq!(cloud.proxy.count("ec2:CreateImage"), 1, "nothing was baked again");
    assert_eq!(cloud.proxy.count("ec2:CopyImage"), 3);
}

#[test]
fn a_copy_that_failed_is_removed_and_the_next_try_makes_another() {
    let mut cloud = Cloud::start();
    let why = "the key cannot be used there";
    let fails = json!({
        "action": "DescribeImages", "made": true, "with": "ImageId.1", "region": "eu-south-2",
        "fault": "fail", "message": why, "times": 2,
    });
    cloud.proxy.rule(fails);
    let ran = cloud.run(&["bake", &cloud.template("copy_to = [\"eu-south-2\"]", "")]);
    assert_eq!(ran.code, 4, "{}", ran.stderr);
    assert!(ran.stderr.contains(&format!("it is failed: {why}")), "{}", ran.stderr);
    assert!(cloud.images("eu-south-2").is_empty(), "what failed is removed");

    let again = cloud.run(&["publish", &cloud.run_id()]);
    assert_eq!(again.code, 0, "{}", again.stderr);
    let copy = cloud.images("eu-south-2")[0]["ImageId"].as_str().unwrap().to_owned();
    assert_eq!(cloud.parameter(PARAMETER, "eu-south-2").0, copy);
}

#[test]
fn a_copy_that_is_there_already_is_taken_and_finished() {
    let mut cloud = Cloud::start();
    let denied =
        json!({ "action": "ModifyImageAttribute", "region": "eu-south-2", "fault": "denied", "times": 1 });
    cloud.proxy.rule(denied);
    let ran = cloud.run(&["bake", &cloud.template("copy_to = [\"eu-south-2\"]", "")]);
    assert_eq!(ran.code, 4, "{}", ran.stderr);
    let copy = cloud.images("eu-south-2")[0]["ImageId"].as_str().unwrap().to_owned();

    let again = cloud.run(&["publish", &cloud.run_id()]);
    assert_eq!(again.code, 0, "{}", again.stderr);
    assert_eq!(cloud.proxy.count("ec2:CopyImage"), 1);
    assert_eq!(cloud.images("eu-south-2").len(), 1);
    assert_eq!(cloud.images("eu-south-2")[0]["ImdsSupport"], "v2.0");
    assert_eq!(cloud.parameter(PARAMETER, "eu-south-2").0, copy);
}

#[test]
fn an_ami_that_fails_is_told_with_its_reason_and_removed() {
    let mut cloud = Cloud::start();
    let why = "the key cannot be used";
    cloud.proxy.rule(json!({ "action": "DescribeImages", "made": true, "fault": "fail", "message": why }));
    let ran = cloud.fails(&cloud.template("", ""));
    assert!(ran.stderr.contains("it is failed: the key cannot be used"), "{}", ran.stderr);
    assert!(ran.stderr.contains("kms_key"), "{}", ran.stderr);
    assert!(cloud.images(REGION).is_empty());
}

#[test]
fn a_lost_answer_does_not_lead_to_a_second_ami() {
    let mut cloud = Cloud::start();
    cloud.proxy.rule(json!({ "action": "CreateImage", "fault": "lose", "times": 1 }));
    let ran = cloud.run(&["bake", &cloud.template("", "")]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    assert_eq!(cloud.images(REGION).len(), 1);
    assert_eq!(cloud.proxy.count("ec2:CreateImage"), 1);
}

#[test]
fn a_new_ami_may_be_unseen_for_a_moment() {
    let mut cloud = Cloud::start();
    cloud.proxy.rule(json!({ "action": "CreateImage", "fault": "hide", "calls": 2 }));
    let ran = cloud.run(&["bake", &cloud.template("", "")]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    assert_eq!(cloud.run(&["get", "web"]).stdout, ran.stdout);
}

#[test]
fn a_copy_is_encrypted_with_the_key_of_its_region_and_a_key_without_one_is_refused() {
    let cloud = Cloud::start();
    let copied = |key: &str| cloud.template(&format!("kms_key = \"{key}\"\ncopy_to = [\"eu-south-2\"]"), "");
    let ran = cloud.run(&["bake", &copied("1234abcd-12ab-34cd-56ef-1234567890ab")]);
    assert_eq!(ran.code, 3, "{}", ran.stderr);
    assert!(ran.stderr.contains("exists in its own region alone"), "{}", ran.stderr);
    for region in ["eu-west-1", "eu-south-2"] {
        cloud.make_key("alias/campus", region);
    }
    let ran = cloud.run(&["bake", &copied("alias/campus")]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    assert_eq!(keys_of_copy(&cloud, "eu-south-2"), ["alias/campus"]);
}

#[test]
fn a_copy_has_the_key_of_the_volumes_also_when_publish_makes_it() {
    let mut cloud = Cloud::start();
    let denied = json!({ "action": "CopyImage", "region": "eu-south-2", "fault": "denied", "times": 1 });
    cloud.proxy.rule(denied);
    for region in ["eu-west-1", "eu-south-2", "eu-central-1"] {
        cloud.make_key("alias/root", region);
    }
    let root = "[root_disk]\nec2 = { kms_key = \"alias/root\" }";
    let regions = "kms_key = \"alias/others\"\ncopy_to = [\"eu-south-2\", \"eu-central-1\"]";
    let ran = cloud.run(&["bake", &cloud.template(regions, root)]);
    assert_eq!(ran.code, 4, "{}", ran.stderr);
    assert_eq!(keys_of_copy(&cloud, "eu-central-1"), ["alias/root"]);
    let again = cloud.run(&["publish", &cloud.run_id()]);
    assert_eq!(again.code, 0, "{}", again.stderr);
    assert_eq!(keys_of_copy(&cloud, "eu-south-2"), ["alias/root"]);
}

#[test]
fn a_copy_of_volumes_with_several_keys_has_the_one_for_all() {
    let cloud = Cloud::start();
    let disk = "[root_disk]\nec2 = { kms_key = \"alias/root\" }\n\
                [[disks]]\nname = \"data\"\nsize = \"1GiB\"\nmount = \"/srv/data\"\n\
                ec2 = { kms_key = \"alias/data\" }\n";
    let validate = |ec2: &str| cloud.run(&["validate", &cloud.template(ec2, disk)]);
    let refused = validate("copy_to = [\"eu-south-2\"]");
    assert_eq!(refused.code, 3, "{}", refused.stderr);
    assert!(refused.stderr.contains("one key for all its volumes"), "{}", refused.stderr);
    assert!(refused.stderr.contains("ec2 = { kms_key = \"alias/data\" }"), "{}", refused.stderr);
    let told = validate("kms_key = \"alias/copies\"\ncopy_to = [\"eu-south-2\"]");
    assert_eq!(told.code, 0, "{}", told.stderr);
    assert_eq!(validate("").code, 0, "without copies every volume may have its own");
}

/// Of each snapshot.
fn keys_of_copy(cloud: &Cloud, region: &str) -> Vec<String> {
    let copy = &cloud.images(region)[0];
    let key = |mapping: &Value| {
        assert_eq!(mapping["Ebs"]["Encrypted"], true, "{copy}");
        let snapshot = mapping["Ebs"]["SnapshotId"].as_str().unwrap();
        let found = cloud.aws(&["ec2", "describe-snapshots", "--snapshot-ids", snapshot, "--region", region]);
        found["Snapshots"][0]["KmsKeyId"].as_str().unwrap().to_owned()
    };
    copy["BlockDeviceMappings"].as_array().unwrap().iter().map(key).collect()
}

#[test]
fn the_builder_ends_while_its_ami_is_being_made() {
    let mut cloud = Cloud::start();
    cloud.proxy.rule(json!({ "action": "DescribeImages", "made": true, "fault": "pend", "times": 4 }));
    let ran = cloud.run(&["bake", &cloud.template("", "")]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    let calls = cloud.proxy.calls();
    let first = |action: &str| calls.iter().position(|(name, _)| name == action).unwrap();
    assert!(first("ec2:TerminateInstances") < first("ec2:ModifyImageAttribute"), "{calls:?}");
    assert_eq!(cloud.leftovers(), Vec::<String>::new());
}

#[test]
fn an_ami_that_is_given_up_is_removed() {
    let mut cloud = Cloud::start();
    cloud.proxy.rule(json!({ "action": "DescribeImages", "made": true, "fault": "pend" }));
    let mut command = cloud.command(&["bake", &cloud.template("", "")]);
    let mut bake = command.stderr(Stdio::piped()).stdout(Stdio::null()).spawn().unwrap();
    let mut said = Vec::new();
    for line in BufReader::new(bake.stderr.take().unwrap()).lines().map(Result::unwrap) {
        if line.contains("is being made") {
            kill_process(Pid::from_child(&bake), Signal::INT).unwrap();
        }
        said.push(line);
    }
    let (code, said) = (bake.wait().unwrap().code(), said.join("\n"));
    assert_eq!(code, Some(130), "{said}");
    assert!(said.contains("removed the unfinished AMI ami-"), "{said}");
    assert!(cloud.images(REGION).is_empty(), "{said}");
    assert_eq!(cloud.leftovers(), Vec::<String>::new());
}
