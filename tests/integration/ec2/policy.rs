//! `docs/iam.md` is what a bake needs: neither more nor less.

use std::{collections::BTreeSet, path::Path};

use regex::Regex;
use serde_json::{Value, json};
use walkdir::WalkDir;

use super::Cloud;

/// Permissions that AWS asks for because of what another call carries or causes.
const CARRIED: [&str; 11] = [
    // Signed into the address of the tunnel.
    "ec2-instance-connect:OpenTunnel",
    "ec2:CreateTags",
    "ec2:DeleteSnapshot",
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
    let call = Regex::new(r#"Call::(?:repeatable|once)\(\s*"([a-z0-9-]+:[A-Za-z]+)""#).unwrap();
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

/// What goes over the wire is what the source says: no call is made past it.
#[test]
fn a_bake_calls_only_what_the_policy_allows() {
    let mut cloud = Cloud::start();
    let template = cloud.template(
        "spot = true\ncopy_to = [\"eu-south-2\"]\nshare_with = { accounts = [\"111122223333\"] }\n\
         deprecate_after = \"30d\"",
        "[[checks]]\ncommand = \"true\"\n",
    );
    let ran = cloud.run(&["bake", &template]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    cloud.run(&["history", "web"]);
    cloud.proxy.rule(json!({ "action": "DescribeImages", "made": true, "fault": "fail" }));
    let failed = cloud.run(&["bake", &template]);
    assert!(failed.stderr.contains("it is failed"), "{}", failed.stderr);
    let seen = cloud.proxy.actions();
    let allowed = allowed();
    let beyond: Vec<_> = seen.difference(&allowed).collect();
    assert!(beyond.is_empty(), "{beyond:?}");
    for action in
        ["ec2:CopyImage", "ec2:DeregisterImage", "ec2:ModifySnapshotAttribute", "ssm:GetParameterHistory"]
    {
        assert!(seen.contains(action), "{action}: {seen:?}");
    }
}
