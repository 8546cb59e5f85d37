//! What a plan tells of a bake on EC2, in each of its forms, before anything is launched.

use serde_json::{Value, json};

use super::Cloud;

const EC2: &str = r#"
region = "eu-west-1"
instance_types = ["m6i.large", "t3.large"]
spot = true
subnets = ["subnet-0123456789abcdef0", "subnet-0123456789abcdef1"]
public_ip = false
instance_profile = "builder"
kms_key = "alias/campus"
copy_to = ["us-east-1"]
share_with = { accounts = ["111122223333"] }
deprecate_after = "90d"
[root_disk]
size = "20GiB"
ec2 = { iops = 4000, throughput = 250 }
[[disks]]
name = "data"
size = "10GiB"
mount = "/srv"
ec2 = { type = "io2", iops = 5000 }
[publish]
parameter = "/ops/web"
stage = "prod"
[[steps]]
name = "sync"
kind = "local"
run = "true"
timeout = "9m"
"#;

/// The rows of an outline as `section/name: value`, those that only the launch decides with a `*`.
fn rows(plan: &Value) -> Vec<String> {
    let sections = plan["outline"].as_array().unwrap().iter();
    let row = |section: &Value, detail: &Value| {
        let mark = if detail["known"] == "at_launch" { "*" } else { "" };
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        format!("{}/{}{mark}: {}", text(&section["title"]), text(&detail["name"]), text(&detail["value"]))
    };
    sections
        .flat_map(|one| one["details"].as_array().unwrap().iter().map(move |detail| row(one, detail)))
        .collect()
}

#[test]
fn a_plan_says_where_the_builder_runs_how_it_is_reached_and_what_becomes_of_the_image() {
    let cloud = Cloud::start();
    let template = cloud.template(EC2, "");
    let ran = cloud.run(&["plan", &template, "--output", "json"]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    let plan: Value = serde_json::from_str(&ran.stdout).unwrap();
    let rows = rows(&plan);
    for wanted in [
        "builder/region: eu-west-1",
        "builder/instance types: m6i.large, else t3.large",
        "builder/price: spot, for at most the on-demand price; else on demand",
        "builder/subnets: subnet-0123456789abcdef0, else subnet-0123456789abcdef1",
        "builder/instance profile: builder",
        "access/public address: no",
        "access/security groups*: a temporary one, removed with the builder",
        "access/SSH open to: 203.0.113.7/32",
        "disks/root: 20.0 GiB, gp3, 4000 IOPS, 250 MiB/s, encrypted with alias/campus",
        "disks/data: 10.0 GiB, io2, 5000 IOPS, encrypted with alias/campus, ext4 on /srv",
        "image/AMI name*: web-7-ID",
        "image/tag team: ops",
        "image/copy to us-east-1: encrypted with alias/campus",
        "image/shared with: the accounts 111122223333",
        "image/deprecated after: 90 days",
        "publish/parameter: /ops/web",
        "publish/stage: prod",
        "time limits/SSH answers: 20s",
        "time limits/step sync: 9m",
    ] {
        assert!(rows.iter().any(|row| row == wanted), "{wanted}: {rows:#?}");
    }
    assert_eq!(plan["unknown_inputs"][0]["step"], "sync");

    let text = cloud.run(&["plan", &template]).stdout;
    for section in plan["outline"].as_array().unwrap() {
        for detail in section["details"].as_array().unwrap() {
            let value = detail["value"].as_str().unwrap();
            let line = text
                .lines()
                .find(|line| line.contains(value) && line.contains(detail["name"].as_str().unwrap()));
            let line = line.unwrap_or_else(|| panic!("{detail}: {text}"));
            assert_eq!(line.ends_with("(known at the launch)"), detail["known"] == "at_launch", "{line}");
        }
    }
    assert!(text.contains("not known   step sync  files that it reads on this computer"), "{text}");
    let markdown = cloud.run(&["plan", &template, "--output", "markdown"]).stdout;
    assert!(
        markdown.starts_with("### web 7 on ec2: to be baked\n\n- there is no image of it yet\n"),
        "{markdown}"
    );
    assert!(markdown.contains("|  | instance types | m6i.large, else t3.large |\n"), "{markdown}");
    assert!(cloud.instances().is_empty());
}

#[test]
fn what_the_template_leaves_open_is_told_too_and_the_parts_of_the_seal_only_when_asked_for() {
    let cloud = Cloud::start();
    let template = cloud.edited(&[("[seal]\nenabled = false\n", "")]);
    let plan: Value =
        serde_json::from_str(&cloud.run(&["plan", &template, "--output", "json"]).stdout).unwrap();
    let rows = rows(&plan);
    for wanted in [
        "builder/region: eu-west-1",
        "builder/instance types: t3.medium (hornero's choice)",
        "builder/price: on demand",
        "builder/subnets*: the default one of a zone that EC2 chooses",
        "access/public address*: as the subnet says",
        "disks/root*: as large as the base's, gp3, encrypted if the base or the account is",
        "image/shared with: nobody",
        "publish/parameter: /images/web/dev",
        "publish/data type: aws:ec2:image",
    ] {
        assert!(rows.iter().any(|row| row == wanted), "{wanted}: {rows:#?}");
    }
    assert_eq!(plan["unknown_inputs"], json!([]));
    let seal = |arguments: &[&str]| {
        let text = cloud.run(&[&["plan", &template][..], arguments].concat()).stdout;
        text.lines()
            .skip_while(|line| !line.starts_with("  seal"))
            .take_while(|line| !line.starts_with("  image"))
            .count()
    };
    assert_eq!((seal(&[]), seal(&["--verbose"])), (1, 11));
    let refused = cloud.run(&["get", "web", "--output", "markdown"]);
    assert_eq!(refused.code, 2, "{}", refused.stderr);
}
