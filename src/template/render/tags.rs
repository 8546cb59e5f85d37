//! Where tags stand inside a template string: `{{ }}`, `{% %}`, and what only looks like one. minijinja
//! does not say; the scan here is good enough to put a caret under each.

use std::ops::Range;

/// Comments begin and end with these very words. Braces with `%` open a tag anyway, so no shell script,
/// nginx, YAML or systemd file loses a character to comments, as they would to Jinja's own `{#`: that is
/// the middle of bash's `${#list[@]}`.
pub const COMMENT_START: &str = "{% comment %}";
pub const COMMENT_END: &str = "{% endcomment %}";

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TagKind {
    /// `{{ }}`
    Expression,
    /// `{% %}`
    Statement,
    /// A comment that nothing closes.
    OpenComment,
    /// `{# #}`, which is a comment for Jinja and text for hornero.
    JinjaComment,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tag {
    pub kind: TagKind,
    /// Bytes of the tag with its delimiters.
    pub whole: Range<usize>,
    /// Bytes between the delimiters.
    pub inside: Range<usize>,
}

impl Tag {
    /// The content without the signs that control white space.
    pub fn content<'t>(&self, text: &'t str) -> &'t str {
        trimmed(&text[self.inside.clone()])
    }

    /// Whether a closing delimiter follows before the line ends.
    pub fn closes_on_its_line(&self, text: &str) -> bool {
        self.whole.end > self.inside.end && !text[self.inside.clone()].contains('\n')
    }
}

fn trimmed(inside: &str) -> &str {
    inside.trim_matches(['-', '+', ' ', '\t', '\r', '\n'])
}

/// Every tag, without what `raw` blocks and comments hold.
pub fn tags(text: &str) -> Vec<Tag> {
    let mut found = Vec::new();
    let mut at = 0;
    let mut raw = false;
    while let Some(open) = text[at..].find('{').map(|offset| at + offset) {
        if !raw && text[open..].starts_with(COMMENT_START) {
            at = comment_end(text, open).unwrap_or_else(|| {
                found.push(tag(TagKind::OpenComment, open, text.len(), 0));
                text.len()
            });
            continue;
        }
        at = match kind_at(text, open) {
            Some(kind) => tag_at(text, open, kind, &mut raw, &mut found),
            None => open + 1,
        };
    }
    found
}

fn comment_end(text: &str, open: usize) -> Option<usize> {
    text[open..].find(COMMENT_END).map(|offset| open + offset + COMMENT_END.len())
}

fn kind_at(text: &str, open: usize) -> Option<TagKind> {
    match text.as_bytes().get(open + 1)? {
        b'{' => Some(TagKind::Expression),
        b'%' => Some(TagKind::Statement),
        // A `$` in front makes it the shell's.
        b'#' if !text[..open].ends_with('$') => Some(TagKind::JinjaComment),
        _ => None,
    }
}

fn tag(kind: TagKind, open: usize, end: usize, closing: usize) -> Tag {
    Tag { kind, whole: open..end, inside: (open + 2).min(end)..end - closing }
}

/// Notes the tag that begins at `open`; returns where to look on.
fn tag_at(text: &str, open: usize, kind: TagKind, raw: &mut bool, found: &mut Vec<Tag>) -> usize {
    let inside = open + 2;
    if kind == TagKind::JinjaComment {
        // `${#}` is the shell's number of parameters.
        let ends = text[inside..].match_indices("#}").map(|(offset, _)| inside + offset);
        let end = ends.filter(|end| !text[..*end].ends_with("${")).map(|end| end + 2).next();
        return match end {
            Some(end) if !*raw => {
                found.push(tag(kind, open, end, 2));
                end
            }
            // A comment that nothing closes is none.
            Some(_) | None => inside,
        };
    }
    let close = if kind == TagKind::Expression { "}}" } else { "%}" };
    let end = tag_end(text, inside, close);
    let words = trimmed(&text[inside..end]);
    let after = (end + close.len()).min(text.len());
    if kind == TagKind::Statement && (words == "raw" || words == "endraw") {
        *raw = words == "raw";
        return after;
    }
    // Inside `raw` a brace opens nothing.
    if *raw {
        return inside.min(text.len());
    }
    found.push(tag(kind, open, after, after - end));
    after
}

/// The end of a tag, not fooled by its closing characters inside a string.
fn tag_end(text: &str, from: usize, close: &str) -> usize {
    let mut quote = None;
    for (offset, c) in text[from..].char_indices() {
        match (quote, c) {
            (Some(open), c) if c == open => quote = None,
            (Some(_), _) => {}
            (None, '"' | '\'') => quote = Some(c),
            (None, _) if text[from + offset..].starts_with(close) => return from + offset,
            (None, _) => {}
        }
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str) -> Vec<(TagKind, &str)> {
        tags(text).into_iter().map(|tag| (tag.kind, &text[tag.whole])).collect()
    }

    #[test]
    fn tags_are_found_and_the_text_of_shells_is_none() {
        let text = "{{ a }} ${#list[@]} {% if b %} }} #} {% comment %}{{ x }}{% endcomment %} {#b";
        assert_eq!(found(text), [(TagKind::Expression, "{{ a }}"), (TagKind::Statement, "{% if b %}")]);
        assert_eq!(found("{# old #}"), [(TagKind::JinjaComment, "{# old #}")]);
        assert_eq!(found("{% raw %}{# old #}{{ x }}{% endraw %}"), []);
    }

    #[test]
    fn broken_tags_end_with_the_text() {
        assert_eq!(found("é{{ x"), [(TagKind::Expression, "{{ x")]);
        assert_eq!(found("{{'"), [(TagKind::Expression, "{{'")]);
        assert_eq!(found("{"), []);
        assert_eq!(found("{%"), [(TagKind::Statement, "{%")]);
        assert_eq!(found("x {% comment %} y"), [(TagKind::OpenComment, "{% comment %} y")]);
        for text in ["{{", "{%", "{#", "{{}", "{% raw %}{", "{#}"] {
            tags(text);
        }
    }
}
