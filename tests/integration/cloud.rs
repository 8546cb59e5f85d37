//! The rig of the cloud itself: what it lacks would let mistakes pass.

use serde_json::json;

use crate::rig::{
    moto::{BASE, Moto, aws, aws_json},
    proxy::Proxy,
};

#[test]
fn a_parameter_of_an_image_that_is_not_there_is_silently_not_stored() {
    let moto = Moto::start();
    let put = |value: &str| {
        let put = ["ssm", "put-parameter", "--overwrite", "--name", "/images/web/dev", "--type", "String"];
        aws_json(&moto.endpoint(), &[&put[..], &["--data-type", "aws:ec2:image", "--value", value]].concat())
    };
    assert_eq!(put(BASE)["Version"], 1);
    assert_eq!(put("ami-0123456789abcdef0")["Version"], 2);
    let stored = aws_json(&moto.endpoint(), &["ssm", "get-parameter", "--name", "/images/web/dev"]);
    assert_eq!(stored["Parameter"]["Version"], 1);
    assert_eq!(stored["Parameter"]["Value"], BASE);
}

#[test]
fn calls_are_seen_and_go_wrong_as_asked() {
    let moto = Moto::start();
    let mut proxy = Proxy::before(&moto.endpoint());
    proxy.rule(json!({ "action": "DescribeImages", "fault": "denied", "times": 1 }));
    proxy.rule(json!({ "action": "DescribeImages", "fault": "fail", "times": 1 }));
    let describe = ["ec2", "describe-images", "--image-ids", BASE];
    let refused = aws(&proxy.endpoint(), &describe);
    let said = refused.stderr;
    assert!(said.contains("UnauthorizedOperation") && said.contains("ec2:DescribeImages"), "{said}");
    let failed = aws_json(&proxy.endpoint(), &describe);
    assert_eq!(failed["Images"][0]["State"], "failed", "{failed}");
    assert_eq!(aws_json(&proxy.endpoint(), &describe)["Images"][0]["State"], "available");
    let calls = vec![("ec2:DescribeImages".to_owned(), "eu-west-1".to_owned()); 3];
    assert_eq!(proxy.calls(), calls);
}
