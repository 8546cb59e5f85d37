//! Package sources: lines of apt and files of dnf.

use super::QuoteError;

/// `text` as one word of a line such as `deb URI SUITE COMPONENT` that cloud-init hands on to apt. apt reads `%41`
/// as `A`; what else has a meaning there cannot be written.
///
/// # Errors
/// When `text` is empty or holds a blank, a control character, a quotation mark, a backslash, a bracket that is not
/// around an IPv6 address, a `#` that begins a comment, or a `$` in whose place cloud-init puts a value of its own.
pub fn apt_word(text: &str) -> Result<String, QuoteError> {
    let means_something = |char: char| char.is_whitespace() || char.is_control() || "\"#[]\\".contains(char);
    let outside = match text.contains("://[") {
        true => text.replacen("://[", "", 1).replacen(']', "", 1),
        false => text.to_owned(),
    };
    // `$(ARCH)` is apt's own.
    let of_cloud_init = outside.replace("$(", "").contains('$');
    match text.is_empty() || of_cloud_init || outside.contains(means_something) {
        true => Err(QuoteError::PackageSource(text.to_owned())),
        false => Ok(text.replace('%', "%25")),
    }
}

/// `text` as a value in a file under `/etc/yum.repos.d`, where addresses are a list. `$releasever` is dnf's own.
///
/// # Errors
/// When `text` is empty or holds a blank, a control character or a comma.
pub fn dnf_value(text: &str) -> Result<&str, QuoteError> {
    let ends_value = |char: char| char.is_whitespace() || char.is_control() || char == ',';
    match text.is_empty() || text.contains(ends_value) {
        true => Err(QuoteError::PackageSource(text.to_owned())),
        false => Ok(text),
    }
}
