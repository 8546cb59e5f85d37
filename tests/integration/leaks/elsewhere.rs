//! What runs of other computers have left is known by its tags alone.

use super::Inventory;
use crate::{
    ec2::Cloud,
    rig::{hornero::Ran, proxy::Point},
};

const DEAD: &str = "web-01ka0000000000000000000000";
const LONG_AGO: &str = "2020-01-01T00:00:00Z";
const NOT_YET: &str = "2100-01-01T00:00:00Z";

/// A volume and a snapshot of it that say so of themselves.
pub fn left_by(cloud: &Cloud, run: &str, expires: &str) -> [String; 2] {
    let tags = |kind: &str| {
        format!(
            "ResourceType={kind},Tags=[{{Key=hornero:run,Value={run}}},{{Key=hornero:expires,Value={expires}}}]"
        )
    };
    let volume = ["ec2", "create-volume", "--size", "1", "--availability-zone", "eu-west-1a"];
    let volume = cloud.outside(&[&volume[..], &["--tag-specifications", &tags("volume")]].concat());
    let volume = volume["VolumeId"].as_str().unwrap().to_owned();
    let snapshot = ["ec2", "create-snapshot", "--volume-id", &volume, "--tag-specifications"];
    let snapshot = cloud.outside(&[&snapshot[..], &[&tags("snapshot")]].concat());
    [volume, snapshot["SnapshotId"].as_str().unwrap().to_owned()]
}

fn there(cloud: &Cloud) -> Vec<String> {
    let volumes = cloud.aws(&["ec2", "describe-volumes"]);
    let snapshots = cloud.aws(&["ec2", "describe-snapshots", "--owner-ids", "self"]);
    let ids = |answer: &serde_json::Value, list: &str, id: &str| -> Vec<String> {
        answer[list].as_array().unwrap().iter().map(|one| one[id].as_str().unwrap().to_owned()).collect()
    };
    [ids(&volumes, "Volumes", "VolumeId"), ids(&snapshots, "Snapshots", "SnapshotId")].concat()
}

fn done(ran: Ran) -> Ran {
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    ran
}

#[test]
fn what_has_expired_is_removed_and_what_has_not_is_listed_and_left_alone() {
    let cloud = Cloud::start();
    let (dead, alive) = (left_by(&cloud, DEAD, LONG_AGO), left_by(&cloud, "web-alive", NOT_YET));
    let foreign = cloud.aws(&["ec2", "create-volume", "--size", "1", "--availability-zone", "eu-west-1a"]);
    let foreign = foreign["VolumeId"].as_str().unwrap().to_owned();

    let listed = done(cloud.run(&["clean", "--dry-run"]));
    for id in dead.iter().chain(&alive) {
        assert!(listed.stdout.contains(id.as_str()), "{}", listed.stdout);
    }
    assert!(listed.stdout.contains("by the gigabyte and month"), "{}", listed.stdout);
    assert!(!listed.stdout.contains(&foreign), "{}", listed.stdout);
    let all = there(&cloud);
    assert!(dead.iter().chain(&alive).all(|id| all.contains(id)), "a dry run has removed something: {all:?}");

    let cleaned = done(cloud.run(&["clean"]));
    let left = there(&cloud);
    assert!(dead.iter().all(|id| !left.contains(id)), "{left:?}");
    assert!(alive.iter().all(|id| left.contains(id)) && left.contains(&foreign), "{left:?}");
    let told = "of web-alive may be in use on another computer until 2100-01-01 00:00Z";
    assert!(cleaned.stderr.contains(told), "{}", cleaned.stderr);
    assert!(cleaned.stderr.contains("hornero clean --force web-alive"), "{}", cleaned.stderr);

    done(cloud.run(&["clean", "--force", "web-alive"]));
    let left = there(&cloud);
    assert!(left.contains(&foreign) && !alive.iter().any(|id| left.contains(id)), "{left:?}");
}

#[test]
fn what_a_person_has_written_into_a_tag_and_nobody_can_read_keeps_the_thing() {
    let cloud = Cloud::start();
    let odd = left_by(&cloud, "web-odd", "2027-12-31");
    let [nobodys, _] = left_by(&cloud, DEAD, LONG_AGO);
    cloud.outside(&["ec2", "delete-tags", "--resources", &nobodys, "--tags", "Key=hornero:run"]);
    let cleaned = done(cloud.run(&["clean"]));
    let left = there(&cloud);
    assert!(
        odd.iter().all(|id| left.contains(id)) && left.contains(&nobodys),
        "{left:?}: {}",
        cleaned.stderr
    );
    for told in [
        &format!(
            "the volume {} in eu-west-1 is left alone: its tag `hornero:expires` is `2027-12-31`",
            odd[0]
        ),
        &format!("--resources {} --tags Key=hornero:expires,Value=2027-12-31T00:00:00Z", odd[0]),
        &format!("--resources {nobodys} --tags Key=hornero:run,Value=RUN"),
    ] {
        assert!(cleaned.stderr.contains(told.as_str()), "{told}: {}", cleaned.stderr);
    }
    let listed = done(cloud.run(&["clean", "--dry-run", "--output", "json"]));
    let lines = listed.stdout.lines().map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap());
    assert!(lines.into_iter().any(|one| one["unreadable_expiry"] == "2027-12-31"), "{}", listed.stdout);
    // The form that was told is read.
    let written = "Key=hornero:expires,Value=2020-12-31T00:00:00Z";
    cloud.outside(&["ec2", "create-tags", "--resources", &odd[0], &odd[1], "--tags", written]);
    done(cloud.run(&["clean"]));
    let left = there(&cloud);
    assert!(!odd.iter().any(|id| left.contains(id)) && left.contains(&nobodys), "{left:?}");
}

#[test]
fn what_a_person_has_written_into_a_tag_counts_on_the_computer_of_the_bake_too() {
    let mut cloud = Cloud::start();
    let (bake, point) = (
        cloud.command(&["bake", &cloud.template("", "")]),
        Point { action: Some("RunInstances"), at: 1, when: "after" },
    );
    super::killed(&bake, &mut cloud.proxy, &point).unwrap();
    let instance = cloud.instances()[0]["InstanceId"].as_str().unwrap().to_owned();
    let runs = |cloud: &Cloud| cloud.instances()[0]["State"]["Name"] == "running";
    let mut all = Inventory::of(&cloud).left();
    // Its run is dead all the same.
    all.retain(|one| !one.starts_with("/hornero/locks/"));
    for (value, told) in
        [("2099-12-31", "Value=2099-12-31T00:00:00Z"), (NOT_YET, "left alone until 2100-01-01")]
    {
        let tag = format!("Key=hornero:expires,Value={value}");
        cloud.outside(&["ec2", "create-tags", "--resources", &instance, "--tags", &tag]);
        let cleaned = done(cloud.run(&["clean"]));
        assert!(runs(&cloud) && cleaned.stderr.contains(told), "{value}: {}", cleaned.stderr);
        assert_eq!(Inventory::of(&cloud).left(), all, "its group is needed as long as it is there");
    }
    done(cloud.run(&["clean", &cloud.run_id()]));
    assert_eq!(Inventory::of(&cloud).left(), Vec::<String>::new());
}

#[test]
fn a_run_that_is_not_there_is_told_as_such() {
    let cloud = Cloud::start();
    for arguments in [
        &["clean", "NOSUCH"][..],
        &["clean", "--dry-run", "NOSUCH"],
        &["clean", "--force", "NOSUCH"],
        &["clean", DEAD],
    ] {
        let ran = cloud.run(arguments);
        assert_eq!((ran.code, ran.stdout.as_str()), (2, ""), "{arguments:?}: {}", ran.stderr);
        assert!(ran.stderr.contains("there is no run `"), "{}", ran.stderr);
    }
    // Who names a run of another computer may do so twice.
    done(cloud.run(&["clean", "--force", DEAD]));
}

#[test]
fn what_cannot_be_removed_is_named_with_the_command_that_does_it() {
    let mut cloud = Cloud::start();
    let [volume, _] = left_by(&cloud, DEAD, LONG_AGO);
    cloud.proxy.rule(serde_json::json!({ "action": "DeleteVolume", "fault": "denied" }));
    let ran = cloud.run(&["clean"]);
    assert_eq!(ran.code, 4, "{}", ran.stderr);
    assert!(
        ran.stderr.contains(&format!("the volume {volume} in eu-west-1 could not be removed")),
        "{}",
        ran.stderr
    );
    assert!(ran.stderr.contains("allow `ec2:DeleteVolume`"), "{}", ran.stderr);
}

#[test]
fn a_place_that_cannot_be_looked_at_does_not_keep_what_is_in_another() {
    let mut cloud = Cloud::start();
    let dead = left_by(&cloud, DEAD, LONG_AGO);
    cloud.proxy.rule(serde_json::json!({ "action": "DescribeVolumes", "fault": "denied", "times": 1 }));
    let ran = cloud.run(&["clean", "--region", "eu-south-2", "--region", "eu-west-1"]);
    assert_eq!(ran.code, 4, "{}", ran.stderr);
    assert!(ran.stderr.contains("looking in eu-south-2"), "{}", ran.stderr);
    assert!(dead.iter().all(|id| ran.stdout.contains(id.as_str())), "{}", ran.stdout);
    let left = there(&cloud);
    assert!(!dead.iter().any(|id| left.contains(id)), "{left:?}");
}
