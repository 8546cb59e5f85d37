//! Each language is read by its own program: what was quoted comes back as itself.

use std::{
    ffi::OsStr,
    fs,
    io::Write,
    process::{Command, Stdio},
};

use proptest::prelude::*;

use super::*;

/// What has a meaning in one of the languages, in every place of a word.
const HOSTILE: [&str; 24] = [
    "'",
    "\"",
    "`id`",
    "$(id)",
    "${HOME}",
    "#",
    "%h",
    "%41",
    "\\",
    "\n",
    "\t",
    " ",
    ",",
    ";",
    "&&",
    "|",
    "-",
    "--",
    "~",
    "*",
    "\u{85}",
    "\u{2028}",
    "\u{202e}",
    "é日🦀",
];

/// Words made of such pieces and of anything else but NUL, which no argument can hold.
fn word() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        prop::sample::select(&HOSTILE[..]).prop_map(str::to_owned),
        any::<char>().prop_filter("no argument holds it", |char| *char != '\0').prop_map(String::from),
        "[a-z]{1,4}",
    ];
    prop::collection::vec(piece, 0..8).prop_map(|pieces| pieces.concat())
}

/// Many words at once: a program takes longer to start than to read all of them.
fn words() -> impl Strategy<Value = Vec<String>> {
    prop::collection::vec(word(), 1..120)
}

fn said_by(program: &str, arguments: &[&str], input: &str) -> Vec<u8> {
    let mut child = Command::new(program)
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{program}: {}", String::from_utf8_lossy(&output.stderr));
    output.stdout
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(12) })]

    #[test]
    fn a_shell_gets_every_word_as_it_is(words in words()) {
        let quoted: Vec<String> = words.iter().map(|word| shell_word(word).unwrap()).collect();
        for shell in ["sh", "bash"] {
            let said = said_by(shell, &["-s"], &format!("printf '%s\\0' {}\n", quoted.join(" ")));
            let read: Vec<&[u8]> = said.strip_suffix(b"\0").unwrap().split(|byte| *byte == 0).collect();
            prop_assert_eq!(read, words.iter().map(String::as_bytes).collect::<Vec<_>>(), "{}", shell);
        }
    }

    /// One file is read twice: by glibc's getmntent, and by libmount where `findmnt` is.
    #[test]
    fn fstab_gives_every_field_back(words in words()) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("fstab");
        let text: String = words.iter().map(|word| format!("LABEL=x /{} ext4 defaults 0 2\n", fstab_field(word))).collect();
        fs::write(&path, text).unwrap();
        let expected: Vec<Vec<u8>> = words.iter().map(|word| format!("/{word}").into_bytes()).collect();
        prop_assert_eq!(mount_points(&path), expected);
    }

    #[test]
    fn yaml_gives_every_string_back(words in words()) {
        let yaml: String = words.iter().map(|word| format!("- {}\n", yaml_value(word).unwrap())).collect();
        let Some(read) = read_by_python(&yaml) else { return Ok(()) };
        prop_assert_eq!(read, words);
    }

    #[test]
    fn ssh_takes_every_path_as_it_is(word in "[a-z \"%\\\\,;#=é-]{1,12}") {
        let path = format!("/tmp/{word}/known_hosts");
        let option = format!("UserKnownHostsFile={}", ssh_option(&path));
        let output = Command::new("ssh").args(["-G", "-F", "none", "-o", &option, "host"]).output();
        let Ok(output) = output else { return Ok(()) };
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        let line = said.lines().find_map(|line| line.strip_prefix("userknownhostsfile ")).unwrap_or_default();
        prop_assert_eq!(line.trim_matches('"'), path, "{}", said);
    }
}

/// As glibc reads the file: through `mount`'s own library in Python, which calls getmntent.
fn mount_points(path: &std::path::Path) -> Vec<Vec<u8>> {
    const READ: &str = "import ctypes, sys
c = ctypes.CDLL(None)
class Entry(ctypes.Structure):
    _fields_ = [(n, ctypes.c_char_p) for n in ('fs', 'dir', 'type', 'opts')] + [('freq', ctypes.c_int), ('no', ctypes.c_int)]
c.setmntent.restype = ctypes.c_void_p
c.getmntent.argtypes = [ctypes.c_void_p]
c.getmntent.restype = ctypes.POINTER(Entry)
file = c.setmntent(sys.argv[1].encode(), b'r')
while True:
    entry = c.getmntent(file)
    if not entry: break
    sys.stdout.buffer.write(entry.contents.dir + b'\\0')
";
    let output = Command::new("python3")
        .args([OsStr::new("-c"), OsStr::new(READ), path.as_os_str()])
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let all = output.stdout.strip_suffix(b"\0").unwrap_or_default().to_vec();
    let glibc: Vec<Vec<u8>> = all.split(|byte| *byte == 0).map(<[u8]>::to_vec).collect();
    let tab = format!("--tab-file={}", path.display());
    let found =
        Command::new("findmnt").args([tab.as_str(), "--noheadings", "--raw", "--output", "TARGET"]).output();
    if let Ok(found) = found
        && found.status.success()
    {
        let lines = found.stdout.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()).count();
        assert_eq!(lines, glibc.len(), "{}", String::from_utf8_lossy(&found.stdout));
    }
    glibc
}

/// PyYAML, which cloud-init reads with; `None` where it is not installed.
fn read_by_python(yaml: &str) -> Option<Vec<String>> {
    const READ: &str =
        "import json, sys, yaml\njson.dump(yaml.safe_load(sys.stdin.buffer.read().decode()), sys.stdout)";
    let there = Command::new("python3").args(["-c", "import yaml"]).output().unwrap().status.success();
    there.then(|| serde_json::from_slice(&said_by("python3", &["-c", READ], yaml)).unwrap())
}

#[test]
fn what_a_language_cannot_hold_is_refused() {
    assert_eq!(shell_word("a\0b"), Err(QuoteError::Nul("a\0b".into())));
    let words =
        ["", "a b", "a#b", "a\nb", "\"a\"", "[a=b]", "a\\b", "a\u{85}b", "$RELEASE", "https://[::1]/[x]"];
    words.iter().for_each(|word| assert!(apt_word(word).is_err(), "{word:?}"));
    ["", "a b", "a\nb", "a,b"].iter().for_each(|word| assert!(dnf_value(word).is_err(), "{word:?}"));
    let rules =
        ["ALL=(ALL) ALL\\", "ALL=(ALL) ALL\nroot ALL=ALL", "ALL=(ALL) \"a", "ALL=\u{2028}", "ALL=ALL \\\\\\"];
    rules.iter().for_each(|rule| assert!(sudo_rule(rule).is_err(), "{rule:?}"));
    assert_eq!(sudo_rule("ALL=(ALL) NOPASSWD: /bin/a\\,b \\\\"), Ok("ALL=(ALL) NOPASSWD: /bin/a\\,b \\\\"));
}

/// apt itself says where it would fetch from.
#[test]
fn apt_takes_every_address_as_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let uris = [
        "https://x.test/a%20b",
        "https://[::1]:80/y",
        "https://x.test/~u/$(ARCH)/a@b,;=+:1!'()*&",
        "http://x.test/%2541",
    ];
    let lines: String =
        uris.iter().map(|uri| format!("deb {} stable main\n", apt_word(uri).unwrap())).collect();
    let list = folder.path().join("list");
    fs::write(&list, lines).unwrap();
    let set = |name: &str, value: &std::path::Path| format!("{name}={}", value.display());
    let options = [set("Dir::Etc::SourceList", &list), set("Dir::State::Lists", folder.path())];
    let mut apt = Command::new("apt-get");
    apt.args([
        "update",
        "--print-uris",
        "-o",
        "Dir::Etc::SourceParts=/dev/null",
        "-o",
        &options[0],
        "-o",
        &options[1],
    ]);
    let Ok(output) = apt.output() else { return };
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    for uri in uris {
        let uri = uri.replace("$(ARCH)", "amd64");
        assert!(said.contains(&format!("'{uri}/dists/stable/InRelease'")), "{uri}: {said}");
    }
}

#[test]
fn commas_end_no_option_of_qemu() {
    assert_eq!(qemu_option("a,b,,c"), "a,,b,,,,c");
}
