//! Where names stand inside a template string. minijinja says which names a string uses, not where:
//! this small scanner finds them, good enough to put a caret under each.

use std::ops::Range;

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
    let chains = tags(text).into_iter().flat_map(|tag| chains(text, tag)).filter(fits);
    chains.map(|chain| chain.range.start..chain.range.start + name.len()).collect()
}

/// The inside of every `{{ }}` and `{% %}`, without what `raw` blocks and comments hold.
pub fn tags(text: &str) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    let mut at = 0;
    let mut raw = false;
    while let Some(open) = text[at..].find('{').map(|offset| at + offset) {
        let close = match text.as_bytes().get(open + 1) {
            Some(b'{') => "}}",
            Some(b'%') => "%}",
            Some(b'#') => "#}",
            Some(_) | None => {
                at = open + 1;
                continue;
            }
        };
        let inside = open + 2;
        let end = tag_end(text, inside, close);
        let words = text[inside..end].trim_matches(['-', '+', ' ', '\t', '\r', '\n']);
        if close == "%}" && (words == "raw" || words == "endraw") {
            raw = words == "raw";
        } else if !raw && close != "#}" {
            found.push(inside..end);
        }
        // Inside `raw` a brace opens nothing.
        at = if raw && words != "raw" { inside } else { (end + 2).min(text.len()) };
    }
    found
}

/// The end of a tag, not fooled by its closing characters inside a string.
fn tag_end(text: &str, from: usize, close: &str) -> usize {
    let mut quote = None;
    for (offset, c) in text[from..].char_indices() {
        match (quote, c) {
            (Some(open), c) if c == open => quote = None,
            (Some(_), _) => {}
            (None, '"' | '\'') if close != "#}" => quote = Some(c),
            (None, _) if text[from + offset..].starts_with(close) => return from + offset,
            (None, _) => {}
        }
    }
    text.len()
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
        assert_eq!(found("x {{ x }} {# {{ x }} #} {% if x %}", "x"), [5, 30]);
        assert_eq!(found("{% raw %}{{ x }}{% endraw %}{{ x }}", "x"), [31]);
        assert_eq!(found("{{ 'x }}' ~ x }}", "x"), [12]);
    }

    #[test]
    fn filters_and_attributes_are_not_names() {
        assert_eq!(found("{{ a|x }} {{ a.x }} {{ a is x }} {{ x.y }} {{ xx }}", "x"), [36]);
        assert_eq!(found("{{ image.nam }}", "image.nam"), [3]);
    }

    #[test]
    fn broken_tags_end_with_the_text() {
        assert_eq!(found("é{{ x", "x"), [5]);
        assert_eq!(tags("{").len() + tags("{{").len() + tags("{{'").len(), 2);
    }
}
