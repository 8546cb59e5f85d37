//! `docs/iam.md` is what a bake needs: neither more nor less.

use std::{collections::BTreeSet, path::Path};

use regex::Regex;
use serde_json::{Value, json};
use walkdir::WalkDir;

use super::Cloud;
use crate::leaks::elsewhere::left_by;

/// Permissions that AWS asks for because of what another call carries or causes.
const CARRIED: [&str; 10] = [
    // Signed into the address of the tunnel.
    "ec2-instance-connect:OpenTunnel",
    "ec2:CreateTags",
    "iam:PassRole",
    "kms:CreateGrant",
    "kms:Decrypt",
    "kms:DescribeKey",
    "kms:GenerateDataKeyWithoutPlaintext",
    "kms:ReEncryptFrom",
    "kms:ReEncryptTo",
    "sts:AssumeRole",
];

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Every action that the policies of the page allow.
fn allowed() -> BTreeSet<String> {
    let page = std::fs::read_to_string(root().join("docs/iam.md")).unwrap();
    let policies = page.split("```json\n").skip(1).map(|rest| rest.split("```").next().unwrap());
    let mut actions = BTreeSet::new();
    for policy in policies {
        let policy: Value = serde_json::from_str(policy).unwrap_or_else(|error| panic!("{error}: {policy}"));
        for statement in policy["Statement"].as_array().unwrap() {
            let list = statement["Action"].as_array().unwrap().iter();
            actions.extend(list.map(|action| action.as_str().unwrap().to_owned()));
        }
    }
    actions
}

/// Every action that the program can call: each call is named where it is made.
fn called_in_source() -> BTreeSet<String> {
    in_source("read|repeatable|removal|once")
}

/// Every action among them that changes something.
pub fn changing_in_source() -> BTreeSet<String> {
    in_source("repeatable|removal|once")
}

fn in_source(kinds: &str) -> BTreeSet<String> {
    let call = Regex::new(&format!(r#"Call::(?:{kinds})\(\s*"([a-z0-9-]+:[A-Za-z]+)""#)).unwrap();
    let files = WalkDir::new(root().join("src")).into_iter().filter_map(Result::ok);
    let files = files.filter(|entry| entry.path().extension().is_some_and(|end| end == "rs"));
    let texts = files.map(|entry| std::fs::read_to_string(entry.path()).unwrap());
    // What a test calls is no need of a bake.
    let texts: Vec<String> =
        texts.map(|text| text.split("#[cfg(test)]").next().unwrap().to_owned()).collect();
    texts.iter().flat_map(|text| call.captures_iter(text)).map(|found| found[1].to_owned()).collect()
}

#[test]
fn the_policy_allows_what_the_program_calls_and_nothing_else() {
    let mut needed = called_in_source();
    needed.extend(CARRIED.map(str::to_owned));
    let allowed = allowed();
    let missing: Vec<_> = needed.difference(&allowed).collect();
    let unused: Vec<_> = allowed.difference(&needed).collect();
    assert!(missing.is_empty() && unused.is_empty(), "missing: {missing:?}; not needed: {unused:?}");
}

/// Made for a spot request, and the cloud in memory makes none.
const NOT_HERE: [&str; 1] = ["ec2:CancelSpotInstanceRequests"];

/// Everything that a template can ask for of AWS, and everything that can go wrong: what goes over
/// the wire then is the policy.
#[test]
fn all_that_bakes_call_is_all_that_the_policy_allows() {
    let mut cloud = Cloud::start();
    a_whole_bake(&mut cloud);
    builders_that_are_not_reached(&mut cloud);
    a_parameter_of_others(&cloud);
    an_ami_that_fails(&mut cloud);
    leftovers_of_others(&cloud);
    let (seen, allowed) = (cloud.proxy.actions(), allowed());
    let beyond: Vec<_> = seen.difference(&allowed).collect();
    assert!(beyond.is_empty(), "{beyond:?}");
    let elsewhere = [&CARRIED[..], &NOT_HERE].concat();
    let unseen: Vec<_> =
        allowed.difference(&seen).filter(|call| !elsewhere.contains(&call.as_str())).collect();
    assert!(unseen.is_empty(), "{unseen:?}");
}

const EVERYTHING: &str = "spot = true\ncopy_to = [\"eu-south-2\"]\nshare_with = { accounts = [\"111122223333\"] }\n\
                          deprecate_after = \"30d\"";

fn a_whole_bake(cloud: &mut Cloud) {
    cloud.proxy.rule(json!({ "action": "CreateSecurityGroup", "fault": "lose", "times": 1 }));
    cloud.outside(&["secretsmanager", "create-secret", "--name", "web/db", "--secret-string", "a secret"]);
    let more = "[[checks]]\ncommand = \"true\"\n[secrets]\ndb = { secret = \"web/db\" }\n";
    let ran = cloud.run(&["bake", &cloud.template(EVERYTHING, more)]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    assert_eq!(cloud.run(&["history", "web"]).code, 0);
}

fn leftovers_of_others(cloud: &Cloud) {
    left_by(cloud, "web-dead", "2020-01-01T00:00:00Z");
    let ran = cloud.run(&["clean"]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
}

fn an_ami_that_fails(cloud: &mut Cloud) {
    cloud.proxy.rule(json!({ "action": "DescribeImages", "made": true, "fault": "fail" }));
    let failed = cloud.run(&["bake", "--force", &cloud.template("", "")]);
    assert!(failed.stderr.contains("it is failed"), "{}", failed.stderr);
}

fn builders_that_are_not_reached(cloud: &mut Cloud) {
    let ran = cloud.run(&["bake", &cloud.template("subnets = [\"subnet-0123456789abcdef0\"]", "")]);
    assert!(ran.stderr.contains("ec2:DescribeSubnets"), "{}", ran.stderr);

    let nobody =
        [("timeout = \"20s\"", "timeout = \"1s\""), ("host = \"127.0.0.1\"", "host = \"127.9.9.9\"")];
    let silent = cloud.edited(&nobody);
    let ran = cloud.run(&["bake", &silent]);
    assert!(ran.stderr.contains("no SSH answer within 1s"), "{}", ran.stderr);

    let denied = json!({ "action": "DescribeInstanceConnectEndpoints", "fault": "denied" });
    cloud.proxy.rule(denied);
    let way = ("[ssh]\n", "[ssh]\nvia = \"instance-connect-endpoint\"\n");
    let address = cloud.address();
    let through = [way, (address.as_str(), ""), ("ssh_cidrs = [\"203.0.113.7/32\"]\n", "")];
    let ran = cloud.run(&["bake", &cloud.edited(&through)]);
    assert!(ran.stderr.contains("allow `ec2:DescribeInstanceConnectEndpoints`"), "{}", ran.stderr);
}

fn a_parameter_of_others(cloud: &Cloud) {
    let put = ["ssm", "put-parameter", "--name", "/images/theirs", "--type", "String", "--value", "none yet"];
    cloud.aws(&put);
    let ran = cloud.run(&["bake", &cloud.template("", "[publish]\nparameter = \"/images/theirs\"\n")]);
    assert!(ran.stderr.contains("data_type = \"text\""), "{}", ran.stderr);
}
