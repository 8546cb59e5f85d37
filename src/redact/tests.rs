//! Secrets as programs really write them.

use std::{
    io::Write,
    process::{Command, Stdio},
};

use super::*;

/// Holds everything that some encoding minds.
const SECRET: &str = "it's $5/<p&w> \"é\", ok?";

fn clean(secret: &str, text: &str) -> String {
    Redact::new([secret.to_owned()]).apply(text).into_owned()
}

/// What a program prints that reads the secret from its standard input.
fn printed(program: &str, arguments: &[&str], input: &str) -> String {
    let mut command = Command::new(program);
    command.args(arguments).env("LC_ALL", "C.UTF-8").stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = command.spawn().unwrap();
    child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{program} {arguments:?}");
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn secrets_are_replaced_also_where_one_holds_another_or_they_overlap() {
    let redact = Redact::new(["hunter22".into(), "hunter2".into(), "22-rabbits".into()]);
    assert_eq!(redact.apply("a=hunter22 b=hunter2"), "a=[secret] b=[secret]");
    assert_eq!(redact.apply("hunter22-rabbits!"), "[secret]!");
    assert_eq!(redact.apply("nothing here"), "nothing here");
    assert_eq!(clean("abab", "xabababx"), "x[secret]x");
}

#[test]
fn each_line_of_a_long_secret_is_replaced() {
    assert_eq!(clean("first line\nsecond line\n", "x second line y"), "x [secret] y");
}

#[test]
fn what_is_too_short_is_left() {
    assert_eq!(clean("abc", "abc"), "abc");
}

#[test]
fn what_python_and_a_shell_make_of_a_secret_is_replaced() {
    const PYTHON: &str = r#"
import base64, binascii, html, json, shlex, sys, urllib.parse
s = sys.stdin.read()
b = s.encode()
print("json", json.dumps(s))
print("json", json.dumps(s, ensure_ascii=False))
print("json", json.dumps(s).replace("/", "\\/"))
print("form", urllib.parse.quote_plus(s))
print("url", urllib.parse.quote(s))
print("url", urllib.parse.quote(s, safe=""))
print("url", urllib.parse.quote(s, safe="-_.!~*'()").lower())
print("sh", shlex.quote(s))
print("hex", b.hex())
for before in ["", "x", "ab", "user:"]:
    for after in ["", "y", "yz"]:
        text = before.encode() + b + after.encode()
        print("64", base64.b64encode(text).decode())
        print("64", base64.urlsafe_b64encode(text).decode().rstrip("="))
"#;
    let lines = printed("python3", &["-c", PYTHON], SECRET);
    assert_eq!(lines.lines().count(), 9 + 24);
    for line in lines.lines() {
        let said = clean(SECRET, line);
        let rest: String = said.split_once(' ').unwrap().1.replace(MARK, "");
        assert!(said.contains(MARK) && rest.len() <= 13, "{line} became {said}");
    }
    let quoted = printed("bash", &["-c", "v=$(cat); printf '%q\\n' \"$v\"; echo \"${v@Q}\""], SECRET);
    for line in quoted.lines() {
        assert_eq!(clean(SECRET, line).replace('\'', ""), MARK, "{line}");
    }
    let control = printed("bash", &["-c", "printf '%q\\n' \"$(cat)\""], "a\tb'c\u{1b}d");
    assert_eq!(clean("a\tb'c\u{1b}d", control.trim()), "$'[secret]'");
}

#[test]
fn what_is_wrapped_over_lines_is_replaced_on_every_line() {
    let secret: String = (0..40).map(|number: u32| format!("{number:x}-Q{}", number * 7919)).collect();
    for (program, arguments) in [("base64", ["-w", "76"]), ("base64", ["-w", "19"]), ("fold", ["-w", "50"])] {
        let wrapped = printed(program, &arguments, &secret);
        let said = clean(&secret, &wrapped);
        assert!(wrapped.lines().count() > 3, "{wrapped}");
        for (line, clean) in wrapped.lines().zip(said.lines()).filter(|(line, _)| line.len() >= ENOUGH) {
            assert_eq!(clean, MARK, "{line}");
        }
    }
    let inside = printed("base64", &["-w", "40"], &format!("before the secret {secret} and after it"));
    let lines: Vec<String> = inside.lines().map(|line| clean(&secret, line)).collect();
    assert!(lines[1..lines.len() - 2].iter().all(|line| line.ends_with(MARK)), "{lines:?}");
}

const ENOUGH: usize = 8;

#[test]
fn a_secret_broken_by_a_line_end_loses_its_larger_piece() {
    assert_eq!(clean("correct-horse", "say correct-\nhorse now"), "say [secret]\nhorse now");
    assert_eq!(clean("correct-horse", "  ct-horse is the rest"), "  [secret] is the rest");
    assert_eq!(clean("correct-horse", "the rect-\n-hors"), "the rect-\n-hors");
}

#[test]
fn a_secret_between_escape_sequences_is_replaced_too() {
    let text = "found \u{1b}[01;31mcorrect\u{1b}[0m-ho\u{8}rse\u{200b}!";
    assert_eq!(clean("correct-horse!", text), "found [secret]");
    assert_eq!(clean("correct-horse!", "\u{1b}[31mred\u{1b}[0m"), "\u{1b}[31mred\u{1b}[0m");
}

#[test]
fn json_loses_secrets_from_values_and_names() {
    let mut value = serde_json::json!({ "list": ["x hunter2"], "hunter2": { "deep": "hunter2", "n": 1 } });
    Redact::new(["hunter2".into()]).json(&mut value);
    let clean = serde_json::json!({ "list": ["x [secret]"], "[secret]": { "deep": "[secret]", "n": 1 } });
    assert_eq!(value, clean);
}
