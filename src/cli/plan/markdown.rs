//! A plan for a comment on a pull request: GitHub's and GitLab's Markdown.

use super::{
    rows::{Report, Row},
    text::{AT_LAUNCH, sum},
};
use crate::{cli::judge::Judged, engine::due::Verdict, plan::Known, ui::clean};

/// All templates, those with something to do in full.
pub fn document(reports: &[Report<'_>], judged: &[Judged]) -> String {
    let mut text: String = reports.iter().map(section).collect();
    text += &format!("**{}**\n", sum(judged).trim_end());
    text
}

fn section(report: &Report<'_>) -> String {
    let state = match &report.judged.verdict {
        Verdict::UpToDate { .. } => "up to date",
        Verdict::Unpublished { .. } => "to be published",
        Verdict::Due { .. } => "to be baked",
    };
    let (why, rest): (Vec<Row>, Vec<Row>) = report.rows().into_iter().partition(|row| row.topic == "because");
    let mut text = format!("### {}: {state}\n\n", escaped(&report.title()));
    for row in &why {
        let (indent, value) = (if row.value.starts_with(' ') { "  " } else { "" }, row.value.trim_start());
        text += &format!("{indent}- {}\n", escaped(value));
    }
    if !why.is_empty() {
        text += "\n";
    }
    text += "| | | |\n|---|---|---|\n";
    for group in rest.chunk_by(|one, other| one.topic == other.topic) {
        for (number, row) in group.iter().enumerate() {
            let topic = if number == 0 { row.topic } else { "" };
            let mark = match row.known {
                Known::Now => String::new(),
                Known::AtLaunch => format!(" _{AT_LAUNCH}_"),
            };
            text += &format!("| {topic} | {} | {}{mark} |\n", escaped(&row.name), escaped(&row.value));
        }
    }
    text + "\n"
}

/// Text that Markdown shows as it is: a value of a template must not become a link, a picture or a row.
fn escaped(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    for char in clean(text).chars() {
        match char {
            '<' => plain.push_str("&lt;"),
            '>' => plain.push_str("&gt;"),
            '&' => plain.push_str("&amp;"),
            '@' => plain.push_str("&#64;"),
            '\\' | '`' | '*' | '_' | '[' | ']' | '|' | '~' | '#' | '!' => plain.extend(['\\', char]),
            _ => plain.push(char),
        }
    }
    // At the beginning of a line these make a list.
    match plain.split_at_checked(1) {
        Some((sign @ ("+" | "-"), rest)) => format!("\\{sign}{rest}"),
        Some(_) | None => plain,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_of_a_template_becomes_markup() {
        assert_eq!(escaped("a|b\nc"), "a\\|bc");
        assert_eq!(escaped("![x](http://e) <img> @team"), "\\!\\[x\\](http://e) &lt;img&gt; &#64;team");
        assert_eq!(escaped("- package jq"), "\\- package jq");
    }
}
