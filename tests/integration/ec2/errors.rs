//! What AWS refuses becomes one error that names the call, the resource and what to do.

use serde_json::json;

use super::Cloud;

#[test]
fn wrong_credentials_say_how_to_get_right_ones() {
    let cloud = Cloud::start();
    let mut command = cloud.command(&["bake", &cloud.template("", "")]);
    let output =
        command.env_remove("AWS_ACCESS_KEY_ID").env_remove("AWS_SECRET_ACCESS_KEY").output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(4), "{said}");
    assert!(said.contains("ec2:DescribeImages for ami-0d000000000000012 in eu-west-1"), "{said}");
    assert!(said.contains("AWS_PROFILE") && said.contains("aws sso login"), "{said}");
}

#[test]
fn keys_that_aws_does_not_know_are_told_as_such() {
    let mut cloud = Cloud::start();
    cloud.proxy.rule(json!({
        "action": "DescribeImages", "fault": "error", "code": "AuthFailure", "status": 401,
        "message": "AWS was not able to validate the provided access credentials",
    }));
    let ran = cloud.run(&["bake", &cloud.template("", "")]);
    assert_eq!(ran.code, 4, "{}", ran.stderr);
    assert!(ran.stderr.contains("ec2:DescribeImages for ami-0d000000000000012"), "{}", ran.stderr);
    assert!(
        ran.stderr.contains("not able to validate") && ran.stderr.contains("AWS_PROFILE"),
        "{}",
        ran.stderr
    );
    assert_eq!(cloud.proxy.count("ec2:DescribeImages"), 1, "it was not asked again");
}

const ROLE: &str = "role_arn = \"arn:aws:iam::123456789012:role/bake\"";

#[test]
fn a_role_that_cannot_be_taken_on_is_named() {
    let mut cloud = Cloud::start();
    cloud.proxy.rule(json!({ "action": "AssumeRole", "fault": "denied" }));
    let ran = cloud.fails(&cloud.template(ROLE, ""));
    assert!(ran.stderr.contains("is not authorized to perform: sts:AssumeRole"), "{}", ran.stderr);
    let role = "arn:aws:iam::123456789012:role/bake";
    assert!(ran.stderr.contains(&format!("sts:AssumeRole for {role}")), "{}", ran.stderr);
    let hint = format!("look whether {role} exists, whether its trust policy names");
    assert!(ran.stderr.contains(&hint) && !ran.stderr.contains("AWS_PROFILE"), "{}", ran.stderr);
    assert_eq!(cloud.proxy.count("sts:AssumeRole"), 1, "it was not asked again");
}

#[test]
fn without_credentials_to_take_a_role_on_with_it_is_those_that_are_missing() {
    let cloud = Cloud::start();
    let mut command = cloud.command(&["plan", &cloud.template(ROLE, "")]);
    let output =
        command.env_remove("AWS_ACCESS_KEY_ID").env_remove("AWS_SECRET_ACCESS_KEY").output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(said.contains("AWS_PROFILE") && !said.contains("trust policy"), "{said}");
}

#[test]
fn a_role_is_taken_on_again_when_the_first_answer_is_lost_or_none() {
    let mut cloud = Cloud::start();
    let faults = [
        json!({ "fault": "drop" }),
        json!({ "fault": "break" }),
        json!({ "fault": "garble" }),
        json!({ "fault": "garble", "body": "<html>a proxy's own page</html>" }),
    ];
    for (number, mut fault) in (1..).zip(faults) {
        fault["action"] = json!("AssumeRole");
        fault["times"] = json!(1);
        cloud.proxy.rule(fault.clone());
        let ran = cloud.run(&["plan", &cloud.template(ROLE, "")]);
        assert_eq!(ran.code, 0, "{fault}: {}", ran.stderr);
        assert!(ran.stdout.contains("ami-0d000000000000012 (debian-12-amd64"), "{fault}: {}", ran.stdout);
        assert_eq!(cloud.proxy.count("sts:AssumeRole"), number * 2, "{fault}");
    }
}

#[test]
fn a_missing_permission_is_named_with_its_resource() {
    let mut cloud = Cloud::start();
    cloud.proxy.rule(json!({ "action": "RunInstances", "fault": "denied" }));
    let ran = cloud.fails(&cloud.template("instance_types = [\"t3.large\", \"m6i.large\"]", ""));
    assert!(
        ran.stderr.contains("ec2:RunInstances for t3.large from ami-0d000000000000012"),
        "{}",
        ran.stderr
    );
    assert!(ran.stderr.contains("allow `ec2:RunInstances` on "), "{}", ran.stderr);
    assert_eq!(cloud.proxy.count("ec2:RunInstances"), 1, "no other type was tried");
}

#[test]
fn an_unknown_ami_and_an_unknown_subnet_are_named() {
    let cloud = Cloud::start();
    let template = cloud.template("", "");
    let text = std::fs::read_to_string(&template).unwrap();
    std::fs::write(&template, text.replace("ami-0d000000000000012", "ami-0123456789abcdef0")).unwrap();
    let ran = cloud.fails(&template);
    assert!(
        ran.stderr.contains("ec2:DescribeImages for ami-0123456789abcdef0 in eu-west-1"),
        "{}",
        ran.stderr
    );
    assert!(ran.stderr.contains("spelled right and exists in eu-west-1"), "{}", ran.stderr);

    let ran = cloud.fails(&cloud.template("subnets = [\"subnet-0123456789abcdef0\"]", ""));
    assert!(ran.stderr.contains("ec2:DescribeSubnets for subnet-0123456789abcdef0"), "{}", ran.stderr);
}

#[test]
fn a_quota_that_is_used_up_says_where_to_ask_for_more() {
    let mut cloud = Cloud::start();
    cloud.proxy.rule(json!({
        "action": "RunInstances", "fault": "error", "code": "VcpuLimitExceeded", "status": 400,
        "message": "You have requested more vCPU capacity than your current vCPU limit of 5 allows",
    }));
    let ran = cloud.fails(&cloud.template("", ""));
    assert!(ran.stderr.contains("ec2:RunInstances for t3.medium"), "{}", ran.stderr);
    assert!(
        ran.stderr.contains("vCPU limit of 5") && ran.stderr.contains("Service Quotas"),
        "{}",
        ran.stderr
    );
}

#[test]
fn credentials_that_run_out_in_the_middle_say_so() {
    let mut cloud = Cloud::start();
    cloud.proxy.rule(json!({ "action": "StopInstances", "fault": "expired" }));
    let ran = cloud.run(&["bake", &cloud.template("", "")]);
    assert_eq!(ran.code, 4, "{}", ran.stderr);
    assert!(ran.stderr.contains("stopping the builder i-"), "{}", ran.stderr);
    assert!(ran.stderr.contains("the credentials ran out"), "{}", ran.stderr);
}

#[test]
fn without_a_region_the_error_says_where_to_set_one() {
    let cloud = Cloud::start();
    let mut command = cloud.command(&["plan", &cloud.template("", "")]);
    let output = command.env_remove("AWS_REGION").env_remove("AWS_DEFAULT_REGION").output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(said.contains("set `region` in [ec2], or AWS_REGION"), "{said}");
}

#[test]
fn what_cannot_be_removed_is_named_with_the_command_that_does() {
    let mut cloud = Cloud::start();
    cloud.proxy.rule(json!({ "action": "DeleteSecurityGroup", "fault": "denied" }));
    let ran = cloud.run(&["bake", &cloud.template("", "[[steps]]\nname = \"no\"\nrun = \"exit 3\"\n")]);
    assert_eq!(ran.code, 6, "{}", ran.stderr);
    assert!(ran.stderr.contains("step `no` failed with exit code 3"), "{}", ran.stderr);
    assert!(ran.stderr.contains("removing the security group sg-"), "{}", ran.stderr);
    assert!(ran.stderr.contains("aws ec2 delete-security-group --group-id sg-"), "{}", ran.stderr);
}
