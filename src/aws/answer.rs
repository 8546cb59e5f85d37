//! What an answer of AWS must be before it counts: whole, and of the call that was made. A proxy or a balancer
//! may answer with nothing or with a page of its own, and the SDK takes XML that is cut for an answer in
//! which the rest is not there. Each answer also tells what AWS's own clock shows.

use std::{
    collections::BTreeMap,
    str,
    sync::{Arc, Mutex, PoisonError},
};

use aws_smithy_runtime_api::{
    box_error::BoxError,
    client::{
        interceptors::{Intercept, context::AfterDeserializationInterceptorContextRef},
        orchestrator::Metadata,
        runtime_components::RuntimeComponents,
    },
};
use aws_smithy_types::{DateTime, config_bag::ConfigBag, date_time::Format};
use jiff::Timestamp;
use serde_json::Value;

/// What the answer of a call must have in it, for those that tell or make something. Others may answer with
/// nothing but that they have done it.
const MEMBERS: [(&str, &str); 9] = [
    ("GetParameter", "Parameter"),
    ("GetParameterHistory", "Parameters"),
    ("PutParameter", "Version"),
    ("GetSecretValue", "ARN"),
    ("DescribeKey", "KeyMetadata"),
    ("RunInstances", "instancesSet"),
    ("CreateSecurityGroup", "groupId"),
    ("CreateImage", "imageId"),
    ("CopyImage", "imageId"),
];

/// Why an answer with the status of a success is none.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("the answer is not one of {operation}: {why}")]
pub struct NoAnswer {
    operation: String,
    why: String,
}

/// Looks at every answer of one client.
#[derive(Clone, Debug, Default)]
pub struct AnswerCheck {
    /// Of the last answer, in whole seconds.
    server_time: Arc<Mutex<Option<Timestamp>>>,
}

impl AnswerCheck {
    /// What the clock of the service showed when it answered last; `None` before the first answer.
    pub fn server_time(&self) -> Option<Timestamp> {
        *self.server_time.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn note_date(&self, date: Option<&str>) {
        let date = date.and_then(|date| DateTime::from_str(date, Format::HttpDate).ok());
        if let Some(time) = date.and_then(|date| Timestamp::from_second(date.secs()).ok()) {
            *self.server_time.lock().unwrap_or_else(PoisonError::into_inner) = Some(time);
        }
    }
}

impl Intercept for AnswerCheck {
    fn name(&self) -> &'static str {
        "AnswerCheck"
    }

    fn read_after_deserialization(
        &self,
        context: &AfterDeserializationInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        config: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let response = context.response();
        self.note_date(response.headers().get("date"));
        if !response.status().is_success() {
            return Ok(());
        }
        let operation = config.load::<Metadata>().map_or("", Metadata::name);
        Ok(check_whole(operation, response.body().bytes().unwrap_or_default())?)
    }
}

/// Whether this is an answer of the operation, and all of it.
fn check_whole(operation: &str, body: &[u8]) -> Result<(), NoAnswer> {
    let no_answer = |why: String| NoAnswer { operation: operation.to_owned(), why };
    let text = str::from_utf8(body).map_err(|_| no_answer("it is no text".to_owned()))?.trim();
    let checked = match text.as_bytes().first() {
        None => Err("it is empty".to_owned()),
        Some(b'{') => check_json(operation, text),
        Some(b'<') => check_xml(operation, text),
        Some(_) => Err("it is neither JSON nor XML".to_owned()),
    };
    checked.map_err(no_answer)
}

fn check_json(operation: &str, text: &str) -> Result<(), String> {
    let object: BTreeMap<String, Value> = serde_json::from_str(text).map_err(|error| error.to_string())?;
    let Some(member) = member_of(operation) else { return Ok(()) };
    match object.get(member) {
        None | Some(Value::Null) => Err(lacks(member)),
        Some(Value::Object(fields)) if fields.is_empty() => Err(lacks(member)),
        Some(_) => Ok(()),
    }
}

fn member_of(operation: &str) -> Option<&'static str> {
    MEMBERS.iter().find(|(name, _)| *name == operation).map(|(_, member)| *member)
}

fn lacks(member: &str) -> String {
    format!("it has no `{member}`")
}

/// EC2 names a list also where nothing is in it, so an answer that tells what there is is never empty.
fn check_xml(operation: &str, text: &str) -> Result<(), String> {
    let document = roxmltree::Document::parse(text).map_err(|error| error.to_string())?;
    let root = document.root_element();
    let name = root.tag_name().name();
    if name != format!("{operation}Response") {
        return Err(format!("it begins with <{name}>"));
    }
    let mut told = root.children().filter(roxmltree::Node::is_element);
    let named = |one: roxmltree::Node<'_, '_>, name: &str| one.tag_name().name().eq_ignore_ascii_case(name);
    match member_of(operation) {
        Some(member) if !told.any(|one| named(one, member) && one.has_children()) => Err(lacks(member)),
        None if operation.starts_with("Describe") && !told.any(|one| !named(one, "requestId")) => {
            Err("nothing is in it".to_owned())
        }
        Some(_) | None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const IMAGES: &str = "<?xml version=\"1.0\"?><DescribeImagesResponse xmlns=\"http://ec2.amazonaws.com/doc/2016-11-15/\">\
                          <requestId>r</requestId><imagesSet><item><imageId>ami-1</imageId></item></imagesSet>\
                          </DescribeImagesResponse>";
    const PARAMETER: &str = r#"{"Parameter":{"Name":"/images/web/dev","Version":3,"Value":"ami-1"}}"#;

    #[test]
    fn an_answer_that_is_cut_anywhere_is_none() {
        for (operation, whole) in [("DescribeImages", IMAGES), ("GetParameter", PARAMETER)] {
            assert_eq!(check_whole(operation, whole.as_bytes()), Ok(()));
            for end in 0..whole.len() {
                assert!(check_whole(operation, &whole.as_bytes()[..end]).is_err(), "{}", &whole[..end]);
            }
        }
    }

    #[test]
    fn an_answer_of_somebody_else_or_without_what_was_asked_for_is_none() {
        let nothing = "<DescribeImagesResponse><requestId>r</requestId></DescribeImagesResponse>";
        let none = "<DescribeImagesResponse><imagesSet/></DescribeImagesResponse>";
        assert_eq!(check_whole("DescribeImages", none.as_bytes()), Ok(()), "there are no images");
        for body in ["", " \n", "OK", "<html><body>proxy</body></html>", nothing, "{", "[]", "\u{fffd}"] {
            assert!(check_whole("DescribeImages", body.as_bytes()).is_err(), "{body}");
        }
        assert!(check_whole("DescribeImages", b"\xff\xfe").is_err());
        for body in ["{}", r#"{"Parameter":null}"#, r#"{"Parameter":{}}"#, r#"{"Value":"x"}"#, ""] {
            assert!(check_whole("GetParameter", body.as_bytes()).is_err(), "{body}");
        }
        assert_eq!(check_whole("DeleteParameter", b"{}"), Ok(()));
        let made = |id: &str| format!("<CreateImageResponse><imageId>{id}</imageId></CreateImageResponse>");
        assert_eq!(check_whole("CreateImage", made("ami-1").as_bytes()), Ok(()));
        assert!(check_whole("CreateImage", made("").as_bytes()).is_err());
    }

    #[test]
    fn the_time_is_that_of_the_service() {
        let check = AnswerCheck::default();
        assert_eq!(check.server_time(), None);
        check.note_date(Some("Fri, 27 Nov 2026 19:25:59 GMT"));
        check.note_date(Some("tomorrow"));
        check.note_date(None);
        assert_eq!(check.server_time(), "2026-11-27T19:25:59Z".parse().ok());
    }
}
