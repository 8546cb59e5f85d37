//! Option lists of other programs, in which some characters end a value.

/// `text` as a value in one of QEMU's option lists: a comma ends a value unless it is doubled.
pub fn qemu_option(text: &str) -> String {
    text.replace(',', ",,")
}

/// `text` as the value of an option of OpenSSH that takes a path (`ssh -o Name=VALUE`, a configuration file):
/// blanks end a value unless it is in quotation marks, and `%h` would be the host.
pub fn ssh_option(text: &str) -> String {
    let mut value = String::with_capacity(text.len() + 2);
    value.push('"');
    for char in text.chars() {
        match char {
            '"' | '\\' => value.extend(['\\', char]),
            '%' => value.push_str("%%"),
            _ => value.push(char),
        }
    }
    value.push('"');
    value
}
