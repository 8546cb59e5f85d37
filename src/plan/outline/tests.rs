//! The order of what is tried, and the mark of what only the launch decides.

use super::*;
use crate::template::model::{Arch, Ec2};

/// A detail as `section/name: value`, with `*` where only the launch decides it.
fn told(sections: &[Section]) -> Vec<String> {
    let line = |section: &Section, detail: &Detail| {
        let mark = match detail.known {
            Known::Now => "",
            Known::AtLaunch => "*",
        };
        format!("{}/{}{mark}: {}", section.title, detail.name, detail.value)
    };
    sections.iter().flat_map(|one| one.details.iter().map(move |detail| line(one, detail))).collect()
}

#[test]
fn what_is_tried_in_turn_is_told_in_its_order() {
    let ec2 = Ec2 { instance_types: vec!["m6i.large".into(), "t3.large".into()], ..Ec2::default() };
    assert_eq!(tried(&ec2.types_to_try(Arch::X86_64)), "m6i.large, else t3.large");
    assert_eq!(tried(&Ec2::default().types_to_try(Arch::Arm64)), "t4g.medium");
}

#[test]
fn a_section_marks_what_only_the_launch_decides() {
    let mut section = Section::new("image");
    section.add_at_launch("AMI name", "web-ID");
    section.add("shared with", "nobody");
    section.add_some("description", None::<String>);
    assert_eq!(told(&[section]), ["image/AMI name*: web-ID", "image/shared with: nobody"]);
}
