//! Bytes that are shown as numbers: dumps, fingerprints, lists in source code.

use super::view::View;

/// The bytes that the digits of a text may stand for. Numbers that do not stand together are on lines of their own.
pub fn views(text: &View<'_>) -> Vec<View<'static>> {
    let hex = [0, 1].map(|first| hexadecimal(text, first));
    let others = [10, 8].map(|radix| numbers(text, radix));
    hex.into_iter().chain(others).filter(|view| !view.bytes.is_empty()).collect()
}

/// What may stand between the digits of two bytes.
fn is_joint(byte: u8) -> bool {
    matches!(byte, b' ' | b':' | b'-' | b',' | b'\\' | b'$' | b'\t')
}

/// The most that stands between them, as `, 0x`.
const LONGEST_JOINT_BYTES: usize = 4;

/// Pairs of digits, whatever stands between the bytes. Where a pair begins is known only by trying: `first` digits are
/// passed over in each run.
fn hexadecimal(text: &View<'_>, first: usize) -> View<'static> {
    let (mut view, mut run): (_, Vec<usize>) = (View::empty(), Vec::new());
    let mut since = 0;
    for (at, &byte) in text.bytes.iter().enumerate() {
        let is_prefix = matches!(byte, b'x' | b'X') && run.last().is_some_and(|&last| last + 1 == at);
        if byte.is_ascii_hexdigit() {
            run.push(at);
            since = 0;
        } else if is_prefix && text.bytes[at - 1] == b'0' {
            run.pop();
        } else if (byte == b'x' && at > 0 && text.bytes[at - 1] == b'\\') || is_joint(byte) {
            since += 1;
        } else {
            since = LONGEST_JOINT_BYTES;
        }
        if since >= LONGEST_JOINT_BYTES && !run.is_empty() {
            push_pairs(&mut view, text, &run, first);
            run.clear();
        }
    }
    push_pairs(&mut view, text, &run, first);
    view
}

fn push_pairs(view: &mut View<'static>, text: &View<'_>, run: &[usize], first: usize) {
    // A short number is no byte string.
    let Some(run) = run.get(first..).filter(|run| run.len() >= 8) else { return };
    let digit =
        |at: usize| char::from(text.bytes[at]).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    for pair in run.chunks_exact(2) {
        let byte = digit(pair[0]).unwrap_or_default() << 4 | digit(pair[1]).unwrap_or_default();
        view.push(&[byte], &text.place(&(pair[0]..pair[1] + 1)));
    }
    // It may be one of the secret too: then a place reaches to it.
    let last = run[run.len() - 1];
    view.push(b"\n", &text.place(&(last..last + 1)));
}

/// Lists of numbers that are bytes: `115, 51` or `163 063`.
fn numbers(text: &View<'_>, radix: u32) -> View<'static> {
    let bytes = &*text.bytes;
    let (mut view, mut count, mut end) = (View::empty(), 0, 0);
    let mut at = 0;
    while at < bytes.len() {
        let length = bytes[at..].iter().take_while(|byte| byte.is_ascii_digit()).count();
        if length == 0 {
            at += 1;
            continue;
        }
        let number = str::from_utf8(&bytes[at..at + length]).ok().filter(|_| length <= 3);
        let byte = number.and_then(|number| u8::from_str_radix(number, radix).ok());
        let is_next = at - end <= 3 && bytes[end..at].iter().all(|&byte| is_joint(byte));
        if count > 0 && !(is_next && byte.is_some()) {
            view.push(b"\n", &text.place(&(end - 1..end)));
            count = 0;
        }
        if let Some(byte) = byte {
            view.push(&[byte], &text.place(&(at..at + length)));
            count += 1;
        }
        at += length;
        end = at;
    }
    view
}
