//! Mistakes as a person reads them: rustc's style, through `annotate-snippets`.

use std::ops::Range;

use annotate_snippets::{
    Annotation, AnnotationKind, Group, Level, Origin, Renderer, Snippet, normalize_untrusted_str,
};

use super::{Mistake, Mistakes};

/// A longer line is cut to this many bytes around the mistake.
const LONGEST_LINE: usize = 20_000;

/// What a user wrote may be quoted in a message, and may be endless.
const LONGEST_MESSAGE: usize = 300;
const LONGEST_HINT: usize = 1_000;

/// All mistakes as text, each followed by an empty line.
pub fn render(mistakes: &Mistakes, color: bool, width: usize) -> String {
    render_as(Level::ERROR, mistakes, color, width)
}

pub fn render_warnings(warnings: &Mistakes, color: bool, width: usize) -> String {
    render_as(Level::WARNING, warnings, color, width)
}

fn render_as(level: Level<'static>, mistakes: &Mistakes, color: bool, width: usize) -> String {
    let renderer = if color { Renderer::styled() } else { Renderer::plain() }.term_width(width.max(40));
    let mut text = String::new();
    for mistake in &mistakes.list {
        text += &renderer.render(&[report(level.clone(), mistake, mistakes)]);
        text += "\n\n";
    }
    text
}

fn report<'a>(level: Level<'a>, mistake: &'a Mistake, all: &'a Mistakes) -> Group<'a> {
    let mut group = Group::with_title(level.primary_title(short(&mistake.message, LONGEST_MESSAGE)));
    let file = mistake.file.to_string_lossy();
    group = match &mistake.span {
        Some(span) => {
            let label = short(mistake.label.as_deref().unwrap_or(""), LONGEST_MESSAGE);
            group.element(snippet(mistake, all, span, &label, AnnotationKind::Primary))
        }
        None => group.element(Origin::path(visible(&normalize_untrusted_str(&file)))),
    };
    for other in &mistake.secondary {
        let path = Mistake { file: other.file.clone(), ..mistake.clone() };
        let label = short(&other.label, LONGEST_MESSAGE);
        group = group.element(snippet(&path, all, &other.span, &label, AnnotationKind::Context));
    }
    match &mistake.hint {
        Some(hint) => group.element(Level::HELP.message(normalize_untrusted_str(&short(hint, LONGEST_HINT)))),
        None => group,
    }
}

fn short(text: &str, longest: usize) -> String {
    match text.char_indices().nth(longest) {
        Some((cut, _)) => visible(&format!("{}...", &text[..cut])),
        None => visible(text),
    }
}

/// `annotate-snippets` shows all other control characters as signs; these act on some terminals too. The sign for them
/// has as many bytes, so that spans stay right.
fn visible(text: &str) -> String {
    text.replace(|char| matches!(char, '\u{80}'..='\u{9f}'), "\u{b7}")
}

/// Only the line of the mistake is handed on: the file may be large and the line enormous.
fn snippet<'a>(
    mistake: &Mistake,
    all: &Mistakes,
    span: &Range<usize>,
    label: &str,
    kind: AnnotationKind,
) -> Snippet<'a, Annotation<'a>> {
    let text = all.sources.get(&mistake.file).map_or("", |text| &**text);
    let (line, number, inside) = line_of(text, span);
    let annotation = kind.span(inside);
    let annotation = if label.is_empty() { annotation } else { annotation.label(label.to_owned()) };
    Snippet::source(line)
        .line_start(number)
        .path(visible(&normalize_untrusted_str(&mistake.file.to_string_lossy())))
        .annotation(annotation)
}

/// The line that a span begins on, its number, and the part of the span that lies on it.
fn line_of(text: &str, span: &Range<usize>) -> (String, usize, Range<usize>) {
    let start = text.floor_char_boundary(span.start.min(text.len()));
    let end = text.ceil_char_boundary(span.end.clamp(start, text.len()));
    let line_start = text[..start].rfind('\n').map_or(0, |newline| newline + 1);
    let line_end = text[start..].find('\n').map_or(text.len(), |newline| start + newline);
    let number = text[..line_start].matches('\n').count() + 1;
    let (from, to) = if line_end - line_start > LONGEST_LINE {
        let from = text.ceil_char_boundary(start.saturating_sub(LONGEST_LINE / 2).max(line_start));
        (from, text.floor_char_boundary((from + LONGEST_LINE).min(line_end)))
    } else {
        (line_start, line_end)
    };
    let line = visible(text[from..to].trim_end_matches('\r'));
    let end = (end.min(to) - from).min(line.len());
    (line.clone(), number, (start - from).min(line.len())..end.max((start - from).min(line.len())))
}
