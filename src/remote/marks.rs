//! Finding lines of ours in what a command prints, wherever the reads end.

/// Takes what comes before `mark` off `held`, and with it the line that begins there: what stands in it
/// after the mark. What may be the beginning of a mark stays held.
pub(super) fn split(held: &mut Vec<u8>, mark: &[u8]) -> (Vec<u8>, Option<String>) {
    let begins = |held: &[u8]| held.starts_with(&mark[..mark.len().min(held.len())]);
    let start = (0..held.len()).find(|&at| held[at] == mark[0] && begins(&held[at..]));
    let Some(start) = start else { return (std::mem::take(held), None) };
    let ours = held.split_off(start);
    let own = std::mem::replace(held, ours);
    (own, line_after(held, mark.len()))
}

/// Takes the first line off, and hands out what stands in it after `mark` bytes; `None` while it is not whole.
pub(super) fn line_after(bytes: &mut Vec<u8>, mark: usize) -> Option<String> {
    let end = bytes.iter().position(|&byte| byte == b'\n').filter(|&end| end >= mark)?;
    let rest = bytes.split_off(end + 1);
    let line = std::mem::replace(bytes, rest);
    Some(String::from_utf8_lossy(&line[mark..end]).into_owned())
}
