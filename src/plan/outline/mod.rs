//! What a bake will use and make, in sections, as a person reads it before the bake: where the builder runs
//! and how it is reached, its disks, the image and who gets it, where its ID is recorded. What only the
//! launch decides is marked as such.

mod ec2;
mod qemu;

use serde::Serialize;

use super::Plan;
use crate::template::{
    model::{DataType, PlatformKind, Ssh, Template},
    units::Span,
};

/// Details that belong together.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Section {
    pub title: &'static str,
    pub details: Vec<Detail>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Detail {
    pub name: String,
    pub value: String,
    pub known: Known,
}

/// When a value is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Known {
    Now,
    /// The value says how it will be decided.
    AtLaunch,
}

/// What is known of a platform beside the template.
#[derive(Clone, Copy, Debug, Default)]
pub struct Surroundings<'a> {
    /// The region that the bake will use, where the template names none.
    pub region: Option<&'a str>,
}

impl Plan {
    /// Everything that the builder and the image will be, apart from what is done to the builder.
    pub fn outline(&self, around: Surroundings<'_>) -> Vec<Section> {
        let template = &self.template;
        let mut sections = match self.platform {
            PlatformKind::Ec2 => ec2::sections(template, around),
            PlatformKind::Qemu => qemu::sections(template),
        };
        sections.push(limits(template));
        sections.push(publish(template, self.platform));
        sections.retain(|section| !section.details.is_empty());
        sections
    }
}

impl Section {
    fn new(title: &'static str) -> Self {
        Self { title, details: Vec::new() }
    }

    fn add(&mut self, name: impl Into<String>, value: impl Into<String>) {
        self.details.push(Detail { name: name.into(), value: value.into(), known: Known::Now });
    }

    fn add_at_launch(&mut self, name: impl Into<String>, value: impl Into<String>) {
        self.details.push(Detail { name: name.into(), value: value.into(), known: Known::AtLaunch });
    }

    fn add_some(&mut self, name: &str, value: Option<impl Into<String>>) {
        if let Some(value) = value {
            self.add(name, value);
        }
    }
}

/// How the builder is logged in to, wherever it runs.
fn add_login(ssh: &Ssh, section: &mut Section) {
    match &ssh.user {
        Some(user) => section.add("login", format!("as {user}, with the key of the template")),
        None => section.add("login", "as a temporary account, with a key of this run alone"),
    }
    match &ssh.host_key {
        Some(key) => section.add("host key", format!("{key}, and no other")),
        None => section.add("host key", "made for this run, and no other is accepted"),
    }
}

fn limits(template: &Template) -> Section {
    let mut section = Section::new("time limits");
    let image = &template.image;
    match image.timeout {
        Some(span) => section.add("the bake", span.to_string()),
        None => section.add("the bake", "none"),
    }
    let connect = template.ssh.timeout.unwrap_or(Ssh::USUAL_TIMEOUT);
    section.add("SSH answers", connect.to_string());
    section.add("builder left alone", format!("ends itself after {}", image.builder_ttl));
    let limited = |timeout: Option<Span>| timeout.map(|span| span.to_string());
    for step in &template.steps {
        section.add_some(&format!("step {}", step.name), limited(step.timeout));
    }
    section
}

fn publish(template: &Template, platform: PlatformKind) -> Section {
    let mut section = Section::new("publish");
    let publish = &template.publish;
    section.add("parameter", &publish.parameter);
    section.add("stage", &publish.stage);
    if platform == PlatformKind::Ec2 {
        section.add(
            "data type",
            match publish.data_type {
                DataType::Image => "aws:ec2:image",
                DataType::Text => "text",
            },
        );
        if !template.ec2.copy_to.is_empty() {
            section.add("also in", template.ec2.copy_to.join(", "));
        }
    }
    section
}

/// In the order in which they are tried: `a, else b, else c`.
fn tried(values: &[&str]) -> String {
    values.join(", else ")
}

#[cfg(test)]
mod tests;
