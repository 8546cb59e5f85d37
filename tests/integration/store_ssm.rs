//! Parameter Store as a store, over the real SDK: what is written is read back, and what AWS drops
//! without a word is an error that says what to do.

use std::time::Duration;

use hornero::{
    aws::{Accounts, Options},
    store::{Images, Parameters, StoreError, ValueKind, ssm::SsmStore},
};
use serde_json::json;

use crate::rig::{
    moto::{BASE, Moto, REGION, aws_json, config},
    proxy::Proxy,
};

/// Another image that is there.
const OLDER: &str = "ami-0d000000000000011";
const NAME: &str = "/images/web/dev";

pub struct Cloud {
    pub moto: Moto,
    pub proxy: Proxy,
    pub store: SsmStore,
}

impl Cloud {
    pub async fn start() -> Self {
        let moto = Moto::start();
        let proxy = Proxy::before(&moto.endpoint());
        let sdk = config(&proxy.endpoint(), REGION).await;
        let accounts = Accounts::new(Options { sdk: Some(sdk), ..Options::default() });
        let aws = accounts.open(None, None).await.unwrap();
        let store = SsmStore::new(aws, "/nowhere".into()).patience(Duration::from_secs(1));
        Self { moto, proxy, store }
    }

    pub fn aws(&self, arguments: &[&str]) -> serde_json::Value {
        aws_json(&self.proxy.endpoint(), arguments)
    }
}

#[tokio::test]
async fn an_image_is_published_as_one_with_its_history() {
    let cloud = Cloud::start().await;
    let store = &cloud.store;
    assert_eq!(store.get(NAME).await.unwrap(), None);
    assert_eq!(store.point(NAME, OLDER, "web 1, run web-1").await.unwrap(), 1);
    assert_eq!(store.point(NAME, BASE, &"long ".repeat(300)).await.unwrap(), 2);
    let now = store.get(NAME).await.unwrap().unwrap();
    assert_eq!((now.version, now.value.as_str(), now.kind), (2, BASE, ValueKind::Image));
    assert_eq!(store.version(NAME, 1).await.unwrap().unwrap().value, OLDER);
    assert_eq!(store.version(NAME, 3).await.unwrap(), None);
    let history = store.history(NAME).await.unwrap();
    assert_eq!(history[0].description, "web 1, run web-1");
    assert_eq!(history[1].description.len(), 1024);

    let shown = cloud.aws(&["ssm", "get-parameter", "--name", NAME]);
    assert_eq!(shown["Parameter"]["DataType"], "aws:ec2:image");
    assert_eq!(shown["Parameter"]["Type"], "String");
    let described = cloud.aws(&["ssm", "describe-parameters"]);
    assert_eq!(described["Parameters"][0]["Tier"], "Standard");
}

#[tokio::test]
async fn the_same_image_again_makes_no_new_version() {
    let mut cloud = Cloud::start().await;
    assert_eq!(cloud.store.point(NAME, BASE, "first").await.unwrap(), 1);
    assert_eq!(cloud.store.point(NAME, BASE, "second").await.unwrap(), 1);
    assert_eq!(cloud.proxy.count("ssm:PutParameter"), 1);
}

#[tokio::test]
async fn an_image_that_is_not_there_is_refused_before_anything_is_written() {
    let mut cloud = Cloud::start().await;
    let error = cloud.store.point(NAME, "ami-0123456789abcdef0", "x").await.unwrap_err();
    assert!(matches!(error, StoreError::NotAvailable { .. }), "{error}");
    let elsewhere = cloud.store.in_region("eu-south-2").await.unwrap().unwrap();
    let error = elsewhere.point(NAME, "ami-0123456789abcdef0", "x").await.unwrap_err();
    assert!(error.to_string().contains("in eu-south-2"), "{error}");
    assert_eq!(cloud.proxy.count("ssm:PutParameter"), 0);
}

#[tokio::test]
async fn a_version_that_aws_drops_silently_is_an_error_that_says_what_to_look_at() {
    let mut cloud = Cloud::start().await;
    cloud.store.point(NAME, OLDER, "good").await.unwrap();
    cloud.proxy.rule(json!({ "action": "PutParameter", "fault": "swallow" }));
    for (name, last) in [(NAME, "version 1"), ("/images/new/dev", "no such parameter")] {
        let error = cloud.store.point(name, BASE, "x").await.unwrap_err();
        let text = error.to_string();
        assert!(text.contains(name) && text.contains(BASE) && text.contains(last), "{text}");
        let hint = error.hint().unwrap();
        assert!(hint.contains("ec2:DescribeImages") && hint.contains("hornero publish"), "{hint}");
    }
    assert_eq!(cloud.store.get(NAME).await.unwrap().unwrap().value, OLDER);
}

#[tokio::test]
async fn an_existing_text_is_left_alone_and_the_ways_out_are_told() {
    let cloud = Cloud::start().await;
    assert_eq!(cloud.store.put(NAME, OLDER, "by hand").await.unwrap(), 1);
    let error = cloud.store.point(NAME, BASE, "x").await.unwrap_err();
    let hint = error.hint().unwrap();
    assert!(error.to_string().contains("data type `text`"), "{error}");
    assert!(hint.contains("delete-parameter") && hint.contains("data_type = \"text\""), "{hint}");
    assert_eq!(cloud.store.put(NAME, BASE, "as a text").await.unwrap(), 2);
    cloud.store.point("/images/image", BASE, "x").await.unwrap();
    let error = cloud.store.put("/images/image", "words", "x").await.unwrap_err();
    assert!(matches!(error, StoreError::Pointer { .. }), "{error}");
}

#[tokio::test]
async fn two_writers_at_once_and_throttling_are_waited_out() {
    let mut cloud = Cloud::start().await;
    let busy = json!({ "action": "PutParameter", "fault": "error", "code": "TooManyUpdates", "times": 1 });
    cloud.proxy.rule(busy);
    cloud.proxy.rule(json!({ "action": "GetParameter", "fault": "throttle", "times": 1 }));
    cloud.proxy.rule(json!({ "action": "GetParameter", "fault": "drop", "times": 1, "after": 1 }));
    assert_eq!(cloud.store.point(NAME, BASE, "x").await.unwrap(), 1);
}

#[tokio::test]
async fn a_lost_answer_leaves_the_parameter_where_it_should_be() {
    let mut cloud = Cloud::start().await;
    cloud.proxy.rule(json!({ "action": "PutParameter", "fault": "lose", "times": 1 }));
    cloud.store.point(NAME, BASE, "x").await.unwrap();
    assert_eq!(cloud.store.get(NAME).await.unwrap().unwrap().value, BASE);
}

/// How answers go wrong that have the status of a success, or never come to their end.
fn garbled(action: &str) -> [serde_json::Value; 4] {
    [
        json!({ "action": action, "fault": "garble", "times": 1 }),
        json!({ "action": action, "fault": "garble", "body": "<html>a proxy</html>", "times": 1 }),
        json!({ "action": action, "fault": "cut", "times": 1 }),
        json!({ "action": action, "fault": "break", "times": 1 }),
    ]
}

#[tokio::test]
async fn an_answer_that_is_none_says_nothing_about_what_there_is() {
    let mut cloud = Cloud::start().await;
    cloud.store.point(NAME, OLDER, "x").await.unwrap();
    for rule in garbled("GetParameter") {
        cloud.proxy.rule(rule.clone());
        let found = cloud.store.get(NAME).await.unwrap();
        assert_eq!(found.map(|found| found.value).as_deref(), Some(OLDER), "{rule}");
    }
    for rule in garbled("GetParameterHistory") {
        cloud.proxy.rule(rule.clone());
        assert_eq!(cloud.store.history(NAME).await.unwrap().len(), 1, "{rule}");
    }
    for rule in garbled("DescribeImages") {
        cloud.proxy.rule(rule.clone());
        cloud
            .store
            .point("/images/web/prod", OLDER, "x")
            .await
            .unwrap_or_else(|error| panic!("{rule}: {error}"));
    }
    let empty = json!({ "action": "GetParameter", "fault": "garble", "body": "{}", "times": 1 });
    cloud.proxy.rule(empty);
    assert_eq!(cloud.store.get(NAME).await.unwrap().unwrap().value, OLDER);
}

#[tokio::test]
async fn a_write_whose_answer_is_none_is_read_and_not_put_again() {
    let mut cloud = Cloud::start().await;
    let images = [BASE, OLDER, BASE, OLDER];
    for (rule, (image, version)) in garbled("PutParameter").into_iter().zip(images.iter().zip(1..)) {
        cloud.proxy.rule(rule.clone());
        assert_eq!(cloud.store.point(NAME, image, "x").await.unwrap(), version, "{rule}");
    }
    assert_eq!(cloud.proxy.count("ssm:PutParameter"), images.len());
    let values: Vec<String> =
        cloud.store.history(NAME).await.unwrap().into_iter().map(|one| one.value).collect();
    assert_eq!(values, images);
}

#[tokio::test]
async fn a_write_that_was_not_executed_is_put_again_and_its_reason_is_told_when_it_never_is() {
    let mut cloud = Cloud::start().await;
    let unavailable = |times: u32| {
        let code = "ServiceUnavailable";
        json!({ "action": "PutParameter", "fault": "error", "code": code, "status": 503, "times": times })
    };
    cloud.proxy.rule(unavailable(1));
    assert_eq!(cloud.store.point(NAME, OLDER, "x").await.unwrap(), 1);
    cloud.proxy.rule(unavailable(1));
    assert_eq!(cloud.store.put("/images/text", "words", "x").await.unwrap(), 1);
    assert_eq!(cloud.proxy.count("ssm:PutParameter"), 4);

    cloud.proxy.rule(unavailable(100));
    let error = cloud.store.point(NAME, BASE, "x").await.unwrap_err();
    let StoreError::Aws { what, source } = &error else { panic!("{error:?}") };
    assert_eq!(what, "write parameter `/images/web/dev`");
    assert!(source.to_string().contains("ServiceUnavailable"), "{source}");
    assert_eq!(cloud.store.get(NAME).await.unwrap().unwrap().value, OLDER);
}

#[tokio::test]
async fn a_missing_permission_is_named() {
    let mut cloud = Cloud::start().await;
    cloud.proxy.rule(json!({ "action": "PutParameter", "fault": "denied" }));
    let error = cloud.store.point(NAME, BASE, "x").await.unwrap_err();
    assert!(error.to_string().contains(NAME), "{error}");
    assert!(error.hint().unwrap().contains("ssm:PutParameter"), "{:?}", error.hint());
}

#[tokio::test]
async fn names_that_cannot_be_are_refused_here() {
    let mut cloud = Cloud::start().await;
    for name in ["/aws/x", "/a//b", "/a b"] {
        let error = cloud.store.point(name, BASE, "x").await.unwrap_err();
        assert!(matches!(error, StoreError::BadName { .. }), "{name}: {error}");
    }
    assert!(cloud.proxy.calls().is_empty());
}

#[tokio::test]
async fn a_history_of_several_pages_comes_whole_and_the_oldest_are_gone() {
    let cloud = Cloud::start().await;
    let sdk = config(&cloud.proxy.endpoint(), REGION).await;
    let ssm = aws_sdk_ssm::Client::new(&sdk);
    for number in 1..=103 {
        let put = ssm.put_parameter().name("/n").value(number.to_string()).overwrite(true);
        put.r#type(aws_sdk_ssm::types::ParameterType::String).send().await.unwrap();
    }
    let history = cloud.store.history("/n").await.unwrap();
    assert_eq!(history.len(), 100);
    assert!(
        history
            .iter()
            .zip(4..)
            .all(|(one, version)| one.version == version && one.value == version.to_string())
    );
}

#[tokio::test]
async fn an_oldest_version_with_a_label_says_how_to_go_on() {
    let mut cloud = Cloud::start().await;
    let full =
        json!({ "action": "PutParameter", "fault": "error", "code": "ParameterMaxVersionLimitExceeded" });
    cloud.proxy.rule(full);
    let error = cloud.store.point(NAME, BASE, "x").await.unwrap_err();
    assert!(matches!(error, StoreError::Labelled { .. }), "{error}");
    assert!(error.hint().unwrap().contains("unlabel-parameter-version"));
}

#[tokio::test]
async fn only_images_of_bakes_are_listed() {
    let cloud = Cloud::start().await;
    assert_eq!(cloud.store.list(None).await.unwrap(), []);
    assert_eq!(cloud.store.find(BASE).await.unwrap(), None);
    assert_eq!(cloud.store.find("ami-0").await.unwrap(), None);
}
