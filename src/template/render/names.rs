//! Where names stand inside a template string. minijinja says which names a string uses, not where:
//! this small scanner finds them, good enough to put a caret under each.

use std::ops::Range;

use super::tags::{TagKind, tags};

/// A name with its attributes, `image.name`, at its place.
struct Chain<'a> {
    range: Range<usize>,
    text: &'a str,
}

/// Every place where `name`, or an attribute of it, is used as a variable.
pub fn places(text: &str, name: &str) -> Vec<Range<usize>> {
    let fits = |chain: &Chain<'_>| {
        chain.text.strip_prefix(name).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
    };
    let tags = tags(text).into_iter().filter(|tag| match tag.kind {
        TagKind::Expression | TagKind::Statement => true,
        TagKind::OpenComment | TagKind::JinjaComment => false,
    });
    let chains = tags.flat_map(|tag| chains(text, tag.inside)).filter(fits);
    chains.map(|chain| chain.range.start..chain.range.start + name.len()).collect()
}

/// The names used in a tag, without those of filters, tests and attributes of other expressions.
fn chains(text: &str, tag: Range<usize>) -> Vec<Chain<'_>> {
    let mut found = Vec::new();
    let mut quote = None;
    let mut at = tag.start;
    while at < tag.end {
        let c = text[at..].chars().next().unwrap_or(' ');
        let mut next = at + c.len_utf8();
        if quote.is_some() {
            quote = quote.filter(|open| *open != c);
        } else if c == '"' || c == '\'' {
            quote = Some(c);
        } else if c.is_alphabetic() || c == '_' {
            let length = text[at..tag.end].find(|c: char| !(c.is_alphanumeric() || c == '_' || c == '.'));
            next = length.map_or(tag.end, |length| at + length);
            let before = text[tag.start..at].trim_end();
            if !before.ends_with(['|', '.', ')', ']']) && !before.ends_with(" is") {
                found.push(Chain { range: at..next, text: &text[at..next] });
            }
        } else if c.is_ascii_digit() {
            let length = text[at..tag.end].find(|c: char| !(c.is_alphanumeric() || c == '_'));
            next = length.map_or(tag.end, |length| at + length);
        }
        at = next;
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str, name: &str) -> Vec<usize> {
        places(text, name).into_iter().map(|range| range.start).collect()
    }

    #[test]
    fn names_are_found_inside_tags_only() {
        assert_eq!(found("x {{ x }} {% comment %}{{ x }}{% endcomment %}{% if x %}", "x"), [5, 52]);
        assert_eq!(found("{% raw %}{{ x }}{% endraw %}{{ x }}", "x"), [31]);
        assert_eq!(found("{{ 'x }}' ~ x }}", "x"), [12]);
    }

    #[test]
    fn filters_and_attributes_are_not_names() {
        assert_eq!(found("{{ a|x }} {{ a.x }} {{ a is x }} {{ x.y }} {{ xx }}", "x"), [36]);
        assert_eq!(found("{{ image.nam }}", "image.nam"), [3]);
    }

    #[test]
    fn a_tag_that_nothing_closes_ends_with_the_text() {
        assert_eq!(found("é{{ x", "x"), [5]);
    }
}
