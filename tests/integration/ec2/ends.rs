//! A builder that nobody comes back for is ended when it goes off; one that is to be captured is not.

use jiff::{SignedDuration, Timestamp};

use super::{Cloud, tag};

const LOOK: &str = r#"
[[steps]]
name = "look"
kind = "local"
run = """
"$AWS_CLI" ec2 describe-instances --output json >instances.json
id=$("$AWS_CLI" ec2 describe-instances --query 'Reservations[0].Instances[0].InstanceId' --output text)
"$AWS_CLI" ec2 describe-instance-attribute --instance-id "$id" \\
    --attribute instanceInitiatedShutdownBehavior --output json >behavior.json
"""
"#;

#[test]
fn a_builder_is_ended_when_it_goes_off_until_it_is_to_be_captured() {
    let mut cloud = Cloud::start();
    let ran = cloud.run(&["bake", &cloud.template("", LOOK)]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    assert_eq!(cloud.noted("behavior.json")["InstanceInitiatedShutdownBehavior"]["Value"], "terminate");
    let ending = ["RunInstances", "ModifyInstanceAttribute", "StopInstances", "CreateImage"];
    let calls = cloud.proxy.calls().into_iter().map(|(name, _)| name.trim_start_matches("ec2:").to_owned());
    let calls: Vec<String> = calls.filter(|name| ending.contains(&name.as_str())).collect();
    assert_eq!(calls, ending);
    assert_eq!(cloud.leftovers(), Vec::<String>::new());
}

#[test]
fn a_builder_that_would_be_ended_by_its_stop_is_not_stopped() {
    let mut cloud = Cloud::start();
    cloud.proxy.rule(serde_json::json!({ "action": "ModifyInstanceAttribute", "fault": "denied" }));
    let ran = cloud.fails(&cloud.template("", ""));
    assert!(ran.stderr.contains("allow `ec2:ModifyInstanceAttribute`"), "{}", ran.stderr);
    assert_eq!(cloud.proxy.count("ec2:StopInstances"), 0);
}

#[test]
fn what_is_left_of_a_builder_expires_some_time_after_its_time_to_live() {
    let cloud = Cloud::start();
    let template = cloud.template("", LOOK);
    let text = std::fs::read_to_string(&template).unwrap();
    let longer = text.replace("version = \"7\"\n", "version = \"7\"\nbuilder_ttl = \"30h\"\n");
    std::fs::write(&template, longer).unwrap();
    let ran = cloud.run(&["bake", &template]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    let instance = &cloud.noted("instances.json")["Reservations"][0]["Instances"][0];
    let time = |text: &str| text.parse::<Timestamp>().unwrap();
    let launched = time(instance["LaunchTime"].as_str().unwrap());
    let lasts = time(tag(instance, "hornero:expires")).duration_since(launched);
    assert!(lasts > SignedDuration::from_hours(30 + 10), "a bake of some hours ends before: {lasts}");
    assert!(lasts < SignedDuration::from_hours(30 + 24), "nothing is left for days: {lasts}");
}
