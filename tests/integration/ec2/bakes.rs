//! What a bake orders from EC2, what it gets over, and that it leaves nothing.

use serde_json::json;

use super::{Cloud, tag};

/// Looks at the cloud while the builder runs, then fails.
const LOOK: &str = r#"
[[steps]]
name = "look"
kind = "local"
run = """
"$AWS_CLI" ec2 describe-instances --output json >instances.json
"$AWS_CLI" ec2 describe-volumes --output json >volumes.json
"$AWS_CLI" ec2 describe-security-groups --output json >groups.json
"""
[[steps]]
name = "enough"
run = "exit 3"
"#;

#[test]
fn a_plan_shows_which_ami_the_base_is() {
    let cloud = Cloud::start();
    let ran = cloud.run(&["plan", &cloud.template("", "")]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    assert!(ran.stdout.contains("ami-0d000000000000012 (debian-12-amd64"), "{}", ran.stdout);
    assert!(cloud.instances().is_empty());
}

#[test]
fn a_file_that_cannot_be_fetched_fails_before_anything_is_launched() {
    let mut cloud = Cloud::start();
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let sha256 = "0".repeat(64);
    let file = format!(
        "[[files]]\nsource = \"https://{free}/file\"\nsha256 = \"{sha256}\"\ndestination = \"/srv/file\"\n"
    );
    let ran = cloud.run(&["bake", &cloud.template("", &file)]);
    assert_ne!(ran.code, 0, "{}", ran.stderr);
    assert!(ran.stderr.contains(&format!("fetching `https://{free}/file`")), "{}", ran.stderr);
    assert_eq!(cloud.proxy.count("ec2:CreateSecurityGroup"), 0);
    assert_eq!(cloud.proxy.count("ec2:RunInstances"), 0);
}

#[test]
fn the_builder_is_ordered_as_the_template_says_and_nothing_is_left_of_it() {
    let cloud = Cloud::start();
    let template = cloud.template(
        "instance_types = [\"m6i.large\"]\n[root_disk]\nsize = \"20GiB\"\nec2 = { iops = 4000, throughput = 250 }",
        LOOK,
    );
    let ran = cloud.run(&["bake", &template]);
    assert_eq!(ran.code, 6, "{}", ran.stderr);
    let instance = &cloud.noted("instances.json")["Reservations"][0]["Instances"][0];
    assert_eq!(instance["InstanceType"], "m6i.large");
    assert_eq!(instance["MetadataOptions"]["HttpTokens"], "required", "{instance}");
    assert!(instance.get("KeyName").is_none_or(|key| key == "None"), "no key pair is made: {instance}");
    for (key, value) in [("hornero:name", "web"), ("team", "ops")] {
        assert_eq!(tag(instance, key), value);
    }
    assert!(tag(instance, "hornero:run").starts_with("web-"));
    assert!(tag(instance, "hornero:expires").ends_with('Z'));
    let volume = &cloud.noted("volumes.json")["Volumes"][0];
    assert_eq!((&volume["Size"], &volume["VolumeType"]), (&json!(20), &json!("gp3")));
    assert_eq!(tag(volume, "hornero:name"), "web");
    let groups = cloud.noted("groups.json");
    let ours = groups["SecurityGroups"].as_array().unwrap().iter();
    let ours = ours.filter(|group| group["GroupName"].as_str().unwrap().starts_with("hornero-"));
    let rules: Vec<_> = ours.map(|group| &group["IpPermissions"]).collect();
    assert_eq!(rules.len(), 1);
    assert_eq!(rules[0][0]["IpRanges"], json!([{ "CidrIp": "203.0.113.7/32" }]), "{rules:?}");
    assert_eq!(cloud.leftovers(), Vec::<String>::new());
}

#[test]
fn another_type_is_taken_when_the_first_is_not_to_be_had() {
    let mut cloud = Cloud::start();
    cloud.proxy.rule(json!({ "action": "RunInstances", "fault": "capacity", "with": "t3.large" }));
    let ran = cloud.run(&["bake", &cloud.template("instance_types = [\"t3.large\", \"m6i.large\"]", LOOK)]);
    assert_eq!(ran.code, 6, "{}", ran.stderr);
    assert!(ran.stderr.contains("t3.large from ami-0d000000000000012: "), "{}", ran.stderr);
    let instance = &cloud.noted("instances.json")["Reservations"][0]["Instances"][0];
    assert_eq!(instance["InstanceType"], "m6i.large");
    assert_eq!(cloud.leftovers(), Vec::<String>::new());
}

#[test]
fn throttling_is_waited_out_and_shown_and_a_new_instance_may_be_unseen_for_a_moment() {
    let mut cloud = Cloud::start();
    cloud.proxy.rule(json!({ "action": "RunInstances", "fault": "throttle", "times": 2 }));
    cloud.proxy.rule(json!({ "action": "RunInstances", "fault": "hide", "calls": 2 }));
    let ran = cloud.run(&["bake", &cloud.template("", LOOK)]);
    assert_eq!(ran.code, 6, "{}", ran.stderr);
    assert!(ran.stderr.contains("ec2:RunInstances for t3.medium from ami-"), "{}", ran.stderr);
    assert!(ran.stderr.contains("AWS asks for patience"), "{}", ran.stderr);
    assert_eq!(cloud.instances().len(), 1);
    assert_eq!(cloud.leftovers(), Vec::<String>::new());
}

#[test]
fn a_new_security_group_may_be_unseen_for_a_moment() {
    let mut cloud = Cloud::start();
    cloud.proxy.rule(json!({ "action": "CreateSecurityGroup", "fault": "hide", "calls": 1 }));
    cloud.proxy.rule(json!({
        "action": "RunInstances", "fault": "error", "code": "InvalidGroup.NotFound", "times": 1,
        "message": "The security group 'sg-1' does not exist",
    }));
    let ran = cloud.run(&["bake", &cloud.template("", LOOK)]);
    assert_eq!(ran.code, 6, "{}", ran.stderr);
    assert_eq!(cloud.proxy.count("ec2:AuthorizeSecurityGroupIngress"), 2);
    assert_eq!(cloud.proxy.count("ec2:RunInstances"), 2);
    assert_eq!(cloud.leftovers(), Vec::<String>::new());
}

#[test]
fn a_network_that_is_gone_for_a_while_does_not_lose_the_ami() {
    let mut cloud = Cloud::start();
    // One more than a single look tries.
    let lost = json!({ "action": "DescribeImages", "made": true, "fault": "drop", "times": 5 });
    cloud.proxy.rule(lost);
    let ran = cloud.run(&["bake", &cloud.template("", "")]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    assert!(ran.stdout.starts_with("ami-"), "{}", ran.stdout);
    assert_eq!(cloud.leftovers(), Vec::<String>::new());
}

#[test]
fn a_lost_answer_does_not_lead_to_a_second_instance() {
    let mut cloud = Cloud::start();
    cloud.proxy.rule(json!({ "action": "RunInstances", "fault": "lose", "times": 1 }));
    let ran = cloud.run(&["bake", &cloud.template("", LOOK)]);
    assert_eq!(ran.code, 6, "{}", ran.stderr);
    assert_eq!(cloud.proxy.count("ec2:RunInstances"), 2);
    assert_eq!(cloud.instances().len(), 1);
}

#[test]
fn an_instance_whose_answers_are_all_lost_is_found_and_used() {
    let mut cloud = Cloud::start();
    cloud.proxy.rule(json!({ "action": "RunInstances", "fault": "lose", "times": 4 }));
    let ran = cloud.run(&["bake", &cloud.template("", LOOK)]);
    assert_eq!(ran.code, 6, "{}", ran.stderr);
    assert_eq!((cloud.proxy.count("ec2:RunInstances"), cloud.instances().len()), (4, 1));
    assert_eq!(cloud.leftovers(), Vec::<String>::new());
}

#[test]
fn a_security_group_whose_answers_are_lost_is_found_and_used() {
    let mut cloud = Cloud::start();
    for action in ["CreateSecurityGroup", "AuthorizeSecurityGroupIngress"] {
        cloud.proxy.rule(json!({ "action": action, "fault": "lose", "times": 1 }));
    }
    let ran = cloud.run(&["bake", &cloud.template("", LOOK)]);
    assert_eq!(ran.code, 6, "{}", ran.stderr);
    assert_eq!(cloud.proxy.count("ec2:CreateSecurityGroup"), 1);
    assert_eq!(cloud.proxy.count("ec2:AuthorizeSecurityGroupIngress"), 2);
    assert_eq!(cloud.leftovers(), Vec::<String>::new());
}

#[test]
fn disks_are_volumes_that_the_builder_knows_by_their_serial() {
    let cloud = Cloud::start();
    let disk = "[[disks]]\nname = \"data\"\nsize = \"2GiB\"\nmount = \"/srv/hornero-test\"\n";
    let ran = cloud.run(&["bake", &cloud.template("", disk)]);
    // The sshd of this computer is no machine with a volume: the script says which it looked for.
    assert_eq!(ran.code, 6, "{}", ran.stderr);
    assert!(ran.stderr.contains("no disk data with the serial vol"), "{}", ran.stderr);
    assert_eq!(cloud.leftovers(), Vec::<String>::new());
}
