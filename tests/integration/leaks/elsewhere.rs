//! What runs of other computers have left is known by its tags alone.

use crate::{ec2::Cloud, rig::hornero::Ran};

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
