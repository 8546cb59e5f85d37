//! What an AMI is called and tagged with.

use std::collections::BTreeMap;

use aws_sdk_ec2::types::{ResourceType, Tag, TagSpecification};

use crate::{
    aws::tags, plan::ShortParts, platform::CaptureSpec, template::check::ami_name::LONGEST_AMI_NAME,
};

/// Of a description.
const LONGEST_TEXT: usize = 255;
/// Of a tag's value.
const LONGEST_VALUE: usize = 256;
/// Tags that a resource may have, less those that it gets later.
const MOST: usize = 50 - 3;
/// So many of them may say what decided the image.
const MOST_INPUTS: usize = 20;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Labels {
    /// Only one AMI of an account and region has it, and a second try of the same run has the same.
    pub name: String,
    pub description: String,
    pub tags: BTreeMap<String, String>,
    pub run: String,
}

impl Labels {
    pub fn of(spec: &CaptureSpec<'_>) -> Self {
        let version = spec.version.unwrap_or_default();
        let text = spec.description.map_or_else(|| format!("{} {version}", spec.name), str::to_owned);
        Self {
            name: name(spec.name, version, spec.run),
            description: plain(&text).trim().chars().take(LONGEST_TEXT).collect(),
            tags: all_tags(spec),
            run: spec.run.to_owned(),
        }
    }

    /// For the image and its snapshots.
    pub fn specifications(&self) -> Vec<TagSpecification> {
        [ResourceType::Image, ResourceType::Snapshot].map(|kind| specification(kind, &self.tags)).into()
    }
}

pub fn specification(kind: ResourceType, tags: &BTreeMap<String, String>) -> TagSpecification {
    let tag = |(key, value): (&String, &String)| Tag::builder().key(key).value(value).build();
    TagSpecification::builder().resource_type(kind).set_tags(Some(tags.iter().map(tag).collect())).build()
}

/// `NAME-VERSION-ULID`: the end of the run's ID is its time and sorts by it. `validate` refuses a template whose
/// name and version leave no room for that; of such a one the beginning stays, and all of the end.
fn name(name: &str, version: &str, run: &str) -> String {
    let unique = run.rsplit('-').next().unwrap_or(run);
    let known = |c: char| c.is_ascii_alphanumeric() || "()[] ./-'@_".contains(c);
    let version: String = version.chars().map(|c| if known(c) { c } else { '-' }).collect();
    let readable = if version.is_empty() { name.to_owned() } else { format!("{name}-{version}") };
    let room = LONGEST_AMI_NAME.saturating_sub(unique.len() + 1);
    format!("{}-{unique}", readable.chars().take(room).collect::<String>())
}

/// EC2's descriptions are ASCII.
fn plain(text: &str) -> String {
    text.chars().map(|c| if c.is_ascii_graphic() || c == ' ' { c } else { ' ' }).collect()
}

/// The template's own, and ours, which win.
fn all_tags(spec: &CaptureSpec<'_>) -> BTreeMap<String, String> {
    let (base, base_name) = spec.base;
    let title = format!("{} {}", spec.name, spec.version.unwrap_or_default());
    let mut tags = spec.tags.clone();
    tags.entry("Name".into()).or_insert_with(|| title.trim().to_owned());
    let ours = [
        (tags::RUN, Some(spec.run)),
        (tags::NAME, Some(spec.name)),
        (tags::VERSION, spec.version),
        (tags::FINGERPRINT, Some(spec.fingerprint)),
        (tags::BASE, Some(base)),
        (tags::BASE_NAME, Some(base_name)),
        (tags::TOOL, Some(env!("CARGO_PKG_VERSION"))),
    ];
    for (key, value) in ours {
        let Some(value) = value else { continue };
        tags.insert(key.to_owned(), value.chars().take(LONGEST_VALUE).collect());
    }
    // Until it is complete.
    tags.insert(tags::EXPIRES.into(), tags::expiry());
    let delivery = pieces(tags::DELIVERY, spec.delivery);
    if delivery.len() <= MOST.saturating_sub(tags.len()).min(tags::MOST_DELIVERY) {
        tags.extend(delivery);
    }
    let room = MOST.saturating_sub(tags.len()).min(MOST_INPUTS);
    tags.extend(inputs(spec.decided_by, room));
    tags
}

/// A text as the values of tags whose names are in order.
fn pieces(begin: &str, text: &str) -> BTreeMap<String, String> {
    let pieces = text.as_bytes().chunks(LONGEST_VALUE).map(String::from_utf8_lossy);
    (1..).zip(pieces).map(|(number, piece)| (format!("{begin}{number:02}"), piece.into_owned())).collect()
}

/// In as many pieces as it takes; none of it where there is no room for all.
fn inputs(decided_by: &BTreeMap<String, String>, room: usize) -> BTreeMap<String, String> {
    pieces(tags::INPUTS, &ShortParts::packed(decided_by, room * LONGEST_VALUE).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::template::check::MOST_OWN_TAGS;

    #[test]
    fn a_name_tells_image_and_version_and_is_the_runs_own() {
        let run = "web-01jd0000000000000000000000";
        assert_eq!(name("web", "1.2 (rc)", run), "web-1.2 (rc)-01jd0000000000000000000000");
        assert_eq!(name("web", "", run), "web-01jd0000000000000000000000");
        assert_eq!(name("web", "1+git~ü", run), "web-1-git---01jd0000000000000000000000");
        let long = name("web", &"9".repeat(300), run);
        assert_eq!(long.len(), 128);
        assert!(long.ends_with("-01jd0000000000000000000000"));
    }

    #[test]
    fn a_template_cannot_take_our_tags_and_keeps_its_own() {
        let own: BTreeMap<String, String> =
            [("team", "ops"), ("Name", "mine"), (tags::RUN, "x")].map(|(k, v)| (k.into(), v.into())).into();
        let parts: BTreeMap<String, String> = [("base".to_owned(), "0".repeat(64))].into();
        let spec = CaptureSpec {
            folder: std::path::Path::new("/"),
            name: "web",
            version: None,
            description: None,
            run: "web-1",
            fingerprint: "0123456789abcdef",
            decided_by: &parts,
            base: ("ami-1", "debian"),
            tags: &own,
            delivery: "",
        };
        let tags = all_tags(&spec);
        let of = |key: &str| tags.get(key).map(String::as_str);
        assert_eq!((of("team"), of("Name"), of(tags::RUN)), (Some("ops"), Some("mine"), Some("web-1")));
        assert_eq!(of(tags::FINGERPRINT), Some("0123456789abcdef"));
        assert_eq!((of(tags::BASE), of(tags::VERSION)), (Some("ami-1"), None));
        let inputs = of("hornero:inputs-01").and_then(ShortParts::unpacked).expect("readable");
        assert_eq!(inputs.parts()["base"], "00000000");
        let long = "d".repeat(LONGEST_VALUE + 1);
        let told = all_tags(&CaptureSpec { delivery: &long, ..spec.clone() });
        assert_eq!(
            (told["hornero:delivery-01"].len(), told["hornero:delivery-02"].as_str()),
            (LONGEST_VALUE, "d")
        );
        // As many as `validate` lets a template have leave room for ours.
        let many = (0..MOST_OWN_TAGS).map(|n| (format!("own{n}"), "x".to_owned()));
        let many: BTreeMap<String, String> = many.chain([("Name".to_owned(), "x".to_owned())]).collect();
        assert_eq!(
            all_tags(&CaptureSpec { version: Some("1"), tags: &many, delivery: &long, ..spec }).len(),
            MOST
        );
    }
}
