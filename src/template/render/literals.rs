//! Text that looks like a template expression and is none: the braces of docker's `--format`, of Ansible,
//! of GitHub's `${{ }}`, of C, and Jinja's `{# #}`. Each is a mistake at its own place, with the way to
//! write it as text. Silently changed text would end up in a configuration file.

use std::ops::Range;

use super::{
    Flaw,
    tags::{COMMENT_END, COMMENT_START, Tag, TagKind, tags},
};
use crate::template::diagnose::Edit;

/// Statements of other programs that minijinja knows too, and a template of hornero has no use for.
const STATEMENTS_WITHOUT_USE: [&str; 6] = ["extends", "include", "import", "from", "block", "endblock"];

/// What is a mistake whatever the names in it stand for.
pub fn misread(text: &str) -> Vec<Flaw> {
    let jinja = |tag: &Tag| tag.kind == TagKind::JinjaComment;
    tags(text)
        .iter()
        .filter_map(|tag| if jinja(tag) { jinja_comment(text, tag) } else { odd_tag(text, tag) })
        .collect()
}

fn jinja_comment(text: &str, tag: &Tag) -> Option<Flaw> {
    let content = text[tag.inside.clone()].trim();
    let first_line =
        tag.whole.start..text[tag.whole.clone()].find('\n').map_or(tag.whole.end, |n| tag.whole.start + n);
    let replacement = format!("{COMMENT_START} {content} {COMMENT_END}");
    let shown =
        if content.contains('\n') { format!("{COMMENT_START} ... {COMMENT_END}") } else { replacement };
    Some(Flaw {
        range: first_line,
        message: "comments are written in another way".into(),
        label: Some("this would reach the machine as text".into()),
        hint: Some(format!("write `{shown}`; if this is to be text: {}", wrapped(text, tag))),
        edits: vec![
            Edit::new(tag.whole.start..tag.inside.start, COMMENT_START),
            Edit::new(tag.inside.end..tag.whole.end, COMMENT_END),
        ],
    })
}

fn odd_tag(text: &str, tag: &Tag) -> Option<Flaw> {
    let content = tag.content(text);
    let message = match tag.kind {
        TagKind::Expression if is_plain_number(content) => {
            "this expression has neither a name nor a text".into()
        }
        TagKind::Expression if is_of_go(content) => "this is not a template expression".into(),
        TagKind::Statement => {
            let word = content.split(|c: char| !c.is_alphanumeric()).next().unwrap_or_default();
            if word == "comment" || word == "endcomment" {
                return Some(odd_comment(tag, word));
            }
            STATEMENTS_WITHOUT_USE.iter().find(|known| **known == word)?;
            format!("a template has no use for `{word}`")
        }
        TagKind::OpenComment => {
            let range = tag.whole.start..tag.whole.start + COMMENT_START.len();
            let hint = format!("write `{COMMENT_END}` where it ends");
            return Some(Flaw { hint: Some(hint), ..Flaw::at(range, "nothing ends this comment") });
        }
        TagKind::Expression | TagKind::JinjaComment => return None,
    };
    Some(Flaw {
        hint: Some(literal_hint(text, tag)),
        edits: raw_edits(text, tag),
        ..Flaw::at(shown(text, tag), message)
    })
}

/// C and C++ begin a nested list so: `{{0}}`, `{{1, 2}}`.
fn is_plain_number(content: &str) -> bool {
    let fits = |c: char| c.is_ascii_digit() || " \t\n.,{}".contains(c);
    content.chars().all(fits) && !content.is_empty()
}

/// Go's templates begin the names of fields with a dot: `{{range .Mounts}}`.
fn is_of_go(content: &str) -> bool {
    !content.contains(['"', '\'']) && content.split_whitespace().skip(1).any(|word| word.starts_with('.'))
}

fn odd_comment(tag: &Tag, word: &str) -> Flaw {
    let exact = if word == "comment" { COMMENT_START } else { COMMENT_END };
    let flaw =
        Flaw::at(tag.whole.clone(), format!("`{word}` has no parameters and one blank on either side"));
    let edits = vec![Edit::new(tag.whole.clone(), exact)];
    Flaw { hint: Some(format!("write `{exact}`")), edits, ..flaw }
}

/// The part of a tag to put a caret under: never more than its line.
pub fn shown(text: &str, tag: &Tag) -> Range<usize> {
    let line_end = text[tag.whole.start..].find('\n').map_or(text.len(), |n| tag.whole.start + n);
    tag.whole.start..tag.whole.end.min(line_end)
}

/// The tag that an offset lies in, or else the last one before it.
pub fn tag_around(text: &str, offset: usize) -> Option<Tag> {
    tags(text).into_iter().take_while(|tag| tag.whole.start <= offset).last()
}

/// How the characters are written so that they reach the machine as they are.
pub fn literal_hint(text: &str, tag: &Tag) -> String {
    format!(
        "if these braces are for another program, write {}, or put the text into a file that a `script` or a \
         `source` names: those are not rendered",
        wrapped(text, tag)
    )
}

fn wrapped(text: &str, tag: &Tag) -> String {
    let (range, before, after) = raw_parts(text, tag);
    format!("`{before}{}{after}`", &text[range])
}

/// Puts `raw` around a tag.
pub fn raw_edits(text: &str, tag: &Tag) -> Vec<Edit> {
    let (range, before, after) = raw_parts(text, tag);
    vec![Edit::new(range.start..range.start, before), Edit::new(range.end..range.end, after)]
}

/// What `raw` has to be put around, and its two ends. A tag that goes on for lines is perhaps none: then
/// only its opening is. `+` keeps the blanks and the line break that a statement alone on its line takes.
fn raw_parts(text: &str, tag: &Tag) -> (Range<usize>, &'static str, &'static str) {
    let range = match tag.closes_on_its_line(text) {
        true => tag.whole.clone(),
        false => tag.whole.start..(tag.whole.start + 2).min(text.len()),
    };
    let line = &text[text[..range.start].rfind('\n').map_or(0, |n| n + 1)..range.start];
    let indented = !line.is_empty() && line.trim().is_empty();
    let ends_line = text[range.end..].starts_with(['\n', '\r']);
    let before = if indented { "{%+ raw %}" } else { "{% raw %}" };
    let after = if ends_line { "{% endraw +%}" } else { "{% endraw %}" };
    (range, before, after)
}

/// The text with blanks in place of a tag, so that what follows can be read too.
pub fn blanked(text: &str, range: &Range<usize>) -> String {
    let blank = |c: char| if c == '\n' { "\n".to_owned() } else { " ".repeat(c.len_utf8()) };
    let gap: String = text[range.clone()].chars().map(blank).collect();
    format!("{}{gap}{}", &text[..range.start], &text[range.end..])
}
