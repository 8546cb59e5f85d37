//! Where secrets stand in a text: the text is read in each of the ways in which programs write one, and each reading
//! is searched once for all secrets.

use std::{
    borrow::Cow,
    collections::{BTreeMap, HashSet},
    ops::Range,
};

use super::{
    SHORTEST, decode, digits,
    forms::{self, base64_inside},
    needles::{Needles, Reach},
    pieces::{Pieces, Where},
    values,
    view::{Decoded, View},
};

/// All forms of longer values would take too much memory; their pieces are found, and all readings of them.
const LONGEST_LISTED_BYTES: usize = 256;

/// The base64 of UTF-16 is that of a command or a password.
const LONGEST_UTF16_BYTES: usize = 4 * 1024;

/// Less of a word without its quotes and blanks is found everywhere.
const SHORTEST_BARE_BYTES: usize = 6;

/// The beginnings by which a secret is known at the end of a text that was cut.
const BEGINNING_BYTES: std::ops::RangeInclusive<usize> = 3..=7;

#[derive(Clone, Default)]
pub struct Search {
    /// In texts as they are, and in readings that undo escapes.
    plain: Sought,
    base64: Sought,
    /// In texts without quotes and blanks.
    bare: Sought,
    beginnings: HashSet<Vec<u8>>,
}

/// Whole texts, and texts whose pieces are known.
#[derive(Clone, Default)]
struct Sought {
    needles: Needles,
    pieces: Pieces,
}

#[derive(Default)]
struct Gathered {
    needles: BTreeMap<Vec<u8>, Reach>,
    pieces: Pieces,
}

impl Gathered {
    fn add(&mut self, text: &[u8], reach: Reach) {
        if str::from_utf8(text).is_ok_and(|text| text.chars().count() >= SHORTEST) {
            self.needles.insert(text.to_vec(), reach);
        }
    }

    fn sought(self) -> Sought {
        Sought { needles: Needles::of(self.needles), pieces: self.pieces }
    }
}

impl Search {
    pub fn of(secrets: &[String]) -> Self {
        let (mut plain, mut base64, mut bare) =
            (Gathered::default(), Gathered::default(), Gathered::default());
        let mut beginnings = HashSet::new();
        for secret in secrets.iter().map(|secret| secret.trim_end_matches('\n')) {
            add_plain(&mut plain, secret);
            add_base64(&mut base64, secret);
            add_bare(&mut bare, secret);
            let start = |length: usize| secret.as_bytes().get(..length).map(<[u8]>::to_vec);
            beginnings.extend(BEGINNING_BYTES.filter_map(start));
        }
        Self { plain: plain.sought(), base64: base64.sought(), bare: bare.sought(), beginnings }
    }

    pub fn is_empty(&self) -> bool {
        self.beginnings.is_empty()
    }

    /// In no order. Of a text that `is_cut` the end may be the beginning of a secret.
    pub fn places(&self, text: &str, is_cut: bool) -> Vec<Range<usize>> {
        let mut found = Vec::new();
        if self.is_empty() {
            return found;
        }
        let written = View::of(text);
        let shown = View::shown(text);
        if shown.is_some() {
            self.read(&written, Where::Text, &mut found);
        }
        let shown = shown.unwrap_or(written);
        self.read(&shown, Where::Text, &mut found);
        self.read_bare(&shown, text, &mut found);
        let unescaped: Vec<View<'_>> = read_twice(&shown, decode::backslash).collect();
        if let Some(first) = unescaped.first() {
            self.read_bare(first, text, &mut found);
        }
        for view in unescaped.into_iter().chain(readings(&shown)) {
            self.read(&view, Where::Text, &mut found);
        }
        for view in digits::views(&shown) {
            self.read(&view, Where::Dump, &mut found);
        }
        if is_cut {
            let ends = BEGINNING_BYTES.filter_map(|length| text.len().checked_sub(length));
            let begins = |at: &usize| self.beginnings.contains(&text.as_bytes()[*at..]);
            found.extend(ends.filter(begins).map(|at| at..text.len()));
        }
        found
    }

    fn read(&self, view: &View<'_>, looked: Where, found: &mut Vec<Range<usize>>) {
        self.plain.needles.find(&view.bytes, |part, _| found.push(view.place(&part)));
        self.plain.pieces.find(&view.bytes, looked, |part| found.push(view.place(&part)));
        if looked == Where::Text {
            self.read_base64(view, found);
        }
    }

    /// The characters beside a place hold some bits of the secret, and padding tells its length.
    fn read_base64(&self, view: &View<'_>, found: &mut Vec<Range<usize>>) {
        let bytes = standard_alphabet(&view.bytes);
        let is_of_base64 = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/');
        let mut tell = |part: Range<usize>| {
            let has_before =
                bytes[..part.start].last().is_some_and(is_of_base64) && view.is_beside(part.start);
            let has_after = bytes.get(part.end).is_some_and(is_of_base64) && view.is_beside(part.end);
            let (before, after) = (part.start - usize::from(has_before), part.end + usize::from(has_after));
            let padding = bytes[after..].iter().take(2).take_while(|byte| **byte == b'=').count();
            found.push(view.place(&(before..after + padding)));
        };
        self.base64.needles.find(&bytes, |part, _| tell(part));
        self.base64.pieces.find(&bytes, Where::Text, tell);
    }

    fn read_bare(&self, view: &View<'_>, text: &str, found: &mut Vec<Range<usize>>) {
        let Some(bare) = view.read(decode::quoting) else { return };
        self.bare.needles.find(&bare.bytes, |part, reach| {
            found.push(reaching(&bare.place(&part), reach, text.as_bytes()));
        });
        self.bare.pieces.find(&bare.bytes, Where::Text, |part| found.push(bare.place(&part)));
        self.read_base64(&bare, found);
    }
}

/// Every form of a text of usual length, and its lines and pieces.
fn add_plain(plain: &mut Gathered, secret: &str) {
    if secret.len() <= LONGEST_LISTED_BYTES {
        for form in forms::of(secret) {
            plain.add(form.as_bytes(), Reach::default());
        }
    }
    let is_long = secret.len() > LONGEST_LISTED_BYTES;
    // What is made of fields has names of fields in it, and ordinary ones.
    let is_known_anywhere = is_long && values::fields(secret).is_empty();
    if values::fields(secret).is_empty() {
        plain.pieces.add(secret.as_bytes(), is_known_anywhere);
    }
    for line in secret.lines().map(str::trim) {
        plain.pieces.add(line.as_bytes(), is_known_anywhere);
        if line.len() <= LONGEST_LISTED_BYTES || !is_known_anywhere {
            plain.add(line.as_bytes(), Reach::default());
        }
    }
}

fn add_base64(base64: &mut Gathered, secret: &str) {
    let is_long = secret.len() > LONGEST_LISTED_BYTES;
    let utf16: Vec<u8> = match secret.len() <= LONGEST_UTF16_BYTES {
        true => secret.encode_utf16().flat_map(u16::to_le_bytes).collect(),
        false => Vec::new(),
    };
    for inside in [secret.as_bytes(), &utf16].into_iter().flat_map(base64_inside) {
        base64.pieces.add(inside.as_bytes(), is_long);
        if !is_long {
            base64.add(inside.as_bytes(), Reach::default());
        }
    }
}

/// A word of which much is quotes would be something else without them.
fn add_bare(bare: &mut Gathered, secret: &str) {
    for text in std::iter::once(secret).chain(secret.lines()) {
        let Some(without) = View::of(text).read(decode::quoting) else {
            add_bare_text(bare, text, text.as_bytes());
            continue;
        };
        if without.bytes.len() * 2 >= text.len() {
            add_bare_text(bare, text, &without.bytes);
        }
    }
}

fn add_bare_text(bare: &mut Gathered, text: &str, without: &[u8]) {
    if without.len() < SHORTEST_BARE_BYTES {
        return;
    }
    let is_long = text.len() > LONGEST_LISTED_BYTES;
    let is_quote = |byte: Option<&u8>| byte.is_some_and(|byte| decode::is_quoting(*byte));
    let reach = Reach { before: is_quote(text.as_bytes().first()), after: is_quote(text.as_bytes().last()) };
    bare.pieces.add(without, is_long && values::fields(text).is_empty());
    if !is_long {
        bare.add(without, reach);
    }
}

/// What undoing something makes of a text, and what undoing it once more makes of that.
fn read_twice(text: &View<'_>, decode: impl Fn(&[u8]) -> Decoded) -> impl Iterator<Item = View<'static>> {
    let first = text.read(&decode);
    let second = first.as_ref().and_then(|view| view.read(&decode));
    first.into_iter().chain(second)
}

/// Each way of undoing what a program has done to a text, besides backslashes.
fn readings<'a>(shown: &'a View<'_>) -> impl Iterator<Item = View<'static>> + 'a {
    let all: [fn(&[u8]) -> Decoded; 6] = [
        decode::entity,
        decode::percent,
        decode::percent_and_plus,
        decode::quoted_printable,
        decode::backslash_of_characters,
        decode::backtick,
    ];
    all.into_iter().flat_map(|decode| read_twice(shown, decode))
}

/// With the letters of URLs as the others have them.
fn standard_alphabet(bytes: &[u8]) -> Cow<'_, [u8]> {
    if !bytes.iter().any(|byte| matches!(byte, b'-' | b'_')) {
        return Cow::Borrowed(bytes);
    }
    let one = |byte: &u8| match byte {
        b'-' => b'+',
        b'_' => b'/',
        other => *other,
    };
    Cow::Owned(bytes.iter().map(one).collect())
}

/// A secret that begins or ends with quotes has them in the text beside its place.
fn reaching(place: &Range<usize>, reach: Reach, text: &[u8]) -> Range<usize> {
    let quotes = |byte: &&u8| decode::is_quoting(**byte);
    let before = if reach.before { text[..place.start].iter().rev().take_while(quotes).count() } else { 0 };
    let after = if reach.after { text[place.end..].iter().take_while(quotes).count() } else { 0 };
    place.start - before..place.end + after
}
