//! What would only fail at the end of a bake is asked at its beginning: nothing is launched then.

use serde_json::json;

use super::Cloud;
use crate::rig::{hornero::Ran, moto::REGION};

const OTHER: &str = "eu-south-2";
const PARAMETER: &str = "/images/web/dev";

/// The bake fails with these words before it has launched anything, and publishes nothing.
fn refused(cloud: &mut Cloud, template: &str, code: i32, words: &[&str]) -> Ran {
    let ran = cloud.run(&["bake", template]);
    assert_eq!(ran.code, code, "{}", ran.stderr);
    assert!(words.iter().all(|word| ran.stderr.contains(word)), "{words:?}: {}", ran.stderr);
    assert_eq!(cloud.proxy.count("ec2:RunInstances"), 0, "{}", ran.stderr);
    assert!(cloud.images(REGION).is_empty());
    assert_eq!(cloud.leftovers(), Vec::<String>::new());
    ran
}

/// Another's parameter of this type and data type.
fn put(cloud: &Cloud, region: &str, kind: &str, data_type: &str) {
    let value = if data_type == "text" { "none yet" } else { "ami-0d000000000000012" };
    cloud.outside(&[
        "ssm",
        "put-parameter",
        "--name",
        PARAMETER,
        "--type",
        kind,
        "--value",
        value,
        "--data-type",
        data_type,
        "--region",
        region,
    ]);
}

#[test]
fn a_parameter_of_another_type_is_found_before_the_launch_in_every_region() {
    let text = "[publish]\ndata_type = \"text\"\n";
    let cases = [
        ("String", "text", "", "data type `text`"),
        ("StringList", "text", "", "no plain parameter"),
        ("SecureString", "text", "", "no plain parameter"),
        ("SecureString", "text", text, "no plain parameter"),
        ("String", "aws:ec2:image", text, "cannot be overwritten with a text"),
    ];
    for region in [REGION, OTHER] {
        for (kind, data_type, more, words) in cases {
            if region == OTHER && data_type != "text" {
                // The image is not in that region.
                continue;
            }
            let mut cloud = Cloud::start();
            put(&cloud, region, kind, data_type);
            let template = cloud.template("copy_to = [\"eu-south-2\"]", more);
            refused(&mut cloud, &template, 8, &[words, PARAMETER]);
            let there = ["ssm", "get-parameter", "--name", PARAMETER, "--region", region];
            assert_eq!(cloud.outside(&there)["Parameter"]["Version"], 1, "it is as it was");
        }
    }
}

#[test]
fn a_missing_permission_to_write_is_found_before_the_launch_in_every_region() {
    for region in [REGION, OTHER] {
        let mut cloud = Cloud::start();
        put(&cloud, region, "String", "text");
        let denied =
            json!({ "action": "PutParameter", "with": "/images/", "region": region, "fault": "denied" });
        cloud.proxy.rule(denied);
        let template = cloud.template("copy_to = [\"eu-south-2\"]", "[publish]\ndata_type = \"text\"\n");
        refused(&mut cloud, &template, 8, &["write parameter `/images/web/dev`", "allow `ssm:PutParameter`"]);
    }
}

#[test]
fn asking_whether_a_parameter_can_be_written_writes_nothing() {
    let cloud = Cloud::start();
    let ran = cloud.run(&["bake", &cloud.template("", "")]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    let first = ran.stdout.trim().to_owned();
    let failing = cloud.template("", "[[steps]]\nname = \"no\"\nrun = \"exit 3\"\n");
    assert_eq!(cloud.run(&["bake", &failing]).code, 6);
    let history = cloud.outside(&["ssm", "get-parameter-history", "--name", PARAMETER]);
    let versions = history["Parameters"].as_array().unwrap();
    assert_eq!(versions.len(), 1, "{history}");
    assert_eq!(versions[0]["Value"], first.as_str());
}

#[test]
fn a_key_that_cannot_be_used_is_found_before_the_launch_in_every_region() {
    let mut cloud = Cloud::start();
    let template = cloud.template("kms_key = \"alias/none\"", "");
    refused(&mut cloud, &template, 4, &["looking at the KMS key `alias/none` in eu-west-1", "no such key"]);

    let id = cloud.make_key("alias/off", REGION);
    cloud.outside(&["kms", "disable-key", "--key-id", &id]);
    let disk = "[root_disk]\nec2 = { kms_key = \"alias/off\" }\n";
    let template = cloud.template("", disk);
    refused(&mut cloud, &template, 4, &["`alias/off` in eu-west-1", "it is disabled"]);

    cloud.make_key("alias/copy", REGION);
    let id = cloud.make_key("alias/copy", OTHER);
    let template = cloud.template("kms_key = \"alias/copy\"\ncopy_to = [\"eu-south-2\"]", "");
    cloud.outside(&["kms", "schedule-key-deletion", "--key-id", &id, "--region", OTHER]);
    refused(&mut cloud, &template, 4, &["`alias/copy` in eu-south-2", "about to be deleted"]);
}

#[test]
fn a_key_that_may_not_be_looked_at_is_no_reason_to_stop() {
    let mut cloud = Cloud::start();
    cloud.proxy.rule(json!({ "action": "DescribeKey", "fault": "denied" }));
    let ran = cloud.run(&["bake", &cloud.template("kms_key = \"alias/campus\"", "")]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
}
