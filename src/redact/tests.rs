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
    let redact = Redact::new(["correct-horse".into()]);
    assert_eq!(redact.apply_after("say correct-ho", "rse now"), "[secret] now");
    assert_eq!(redact.apply_after("say correct-horse", "rse now"), "rse now");
}

#[test]
fn a_secret_between_escape_sequences_is_replaced_too() {
    let text = "found \u{1b}[01;31mcorrect\u{1b}[0m-ho\u{8}rse\u{200b}!";
    assert_eq!(clean("correct-horse!", text), "found [secret]");
    assert_eq!(clean("correct-horse!", "\u{1b}[31mred\u{1b}[0m"), "\u{1b}[31mred\u{1b}[0m");
}

#[test]
fn mixtures_of_forms_are_found_that_no_list_holds() {
    let secret = "p&\"w'é<x> y/z";
    for text in [
        "p&amp;&#34;w&apos;&eacute;&#x0003c;x> y&sol;z",
        "p&amp;amp;&amp;quot;w&amp;#39;é&amp;lt;x&amp;gt; y/z",
        "p%26\"w'%c3%A9<x>+y%2Fz",
        "p&\\\"w\\'\\303\\xa9<x>\\x20y\\/z",
        "'p&\"w'\\''é<x> y/z'",
        "'p&\"w'\"'\"'é<x> y/z'",
        "p & \" w ' é < x > y / z",
        "70:26-22 77,27 C3:A9 3c783e20792f7A",
        "{112, 38, 34, 119, 39, 195, 169, 60, 120, 62, 32, 121, 47, 122}",
    ] {
        let said = clean(secret, text);
        let rest: String = said.replace(MARK, "").chars().filter(|c| c.is_alphanumeric()).collect();
        assert!(said.contains(MARK) && rest.is_empty(), "{text} became {said}");
    }
}

#[test]
fn dumps_of_a_secret_lose_every_row_that_holds_much_of_it() {
    let secret = "The quick brown fox, and 40 lazy dogs!!!";
    for (program, arguments) in [
        ("xxd", &[][..]),
        ("xxd", &["-p"]),
        ("xxd", &["-i"]),
        ("hexdump", &["-C"]),
        ("od", &["-An", "-v", "-tx1"]),
        ("od", &["-b"]),
        ("od", &["-An", "-tu1"]),
    ] {
        if Command::new(program)
            .arg("--version")
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status()
            .is_err()
        {
            continue;
        }
        let dump = printed(program, arguments, secret);
        for (number, row) in dump.lines().filter(|row| row.len() > 40).enumerate() {
            let said = clean(secret, row);
            assert!(said.contains(MARK), "{program} {arguments:?} {number}: {row} became {said}");
            let words = ["quick", "brown", "lazy", "71 75 69 63", "7175", "0x71, 0x75", "161 165", "113 117"];
            assert!(
                words.iter().all(|word| !said.contains(word)),
                "{program} {arguments:?}: {row} became {said}"
            );
        }
    }
}

#[test]
fn a_secret_that_begins_before_a_cut_is_taken_out_on_both_sides() {
    let secret = "pässwörter-😀-geheim";
    let redact = Redact::new([secret.to_owned()]);
    let before = "x".repeat(MAY_BE_CUT_BYTES);
    for at in secret.char_indices().map(|(at, _)| at).filter(|at| *at >= 3) {
        let first = format!("{before}{}", &secret[..at]);
        let said = redact.apply(&first);
        assert_eq!(said, format!("{before}{MARK}"), "{at}");
        let rest = format!("{} and more", &secret[at..]);
        assert_eq!(redact.apply_after(&first, &rest), format!("{MARK} and more"), "{at}");
    }
}

#[test]
fn what_replaces_characters_that_cannot_be_printed_does_not_hide_a_secret() {
    let secret = "pässwörter";
    let latin: Vec<u8> = secret.chars().map(|c| u8::try_from(u32::from(c)).unwrap()).collect();
    assert_eq!(clean(secret, &String::from_utf8_lossy(&latin)), MARK);
    assert_eq!(clean(secret, "p??ssw??rter and p?ssw?rter"), "[secret] and [secret]");
}

#[test]
fn fields_of_a_secret_are_secrets() {
    let json = r#"{"user": "moodle-app", "password": "pa\"ss=word", "port": 5432}"#;
    assert_eq!(clean(json, "moodle-app has pa\"ss=word at 5432"), "[secret] has [secret] at 5432");
    let env = "# of the app\nTOKEN='t0ken t0ken'\nexport URL=postgres://app:hunter22@db/app\n";
    assert_eq!(clean(env, "t0ken t0ken, hunter22, app"), "[secret], [secret], app");
}

#[test]
fn ids_and_paths_of_our_own_stay_as_they_are() {
    let redact = Redact::new(["root".into()]).leaving(["/root/.local/state".into(), "web-root-1".into()]);
    let said = redact.apply("web-root-1 in /root/.local/state/runs, root in /root/x");
    assert_eq!(said, "web-root-1 in /root/.local/state/runs, [secret] in /[secret]/x");
}

/// How many places are found.
fn work(secret: &str, text: &str) -> usize {
    let redact = Redact::new([secret.to_owned()]);
    redact.all.places(text, false).len()
}

#[test]
fn the_places_that_are_found_grow_as_the_text_does() {
    let key: String = (0..3000_u32).map(|number| char::from(b'a' + (number * number % 26) as u8)).collect();
    for (secret, piece) in [("aaaaaaaaaaaaaaaa", "a"), (key.as_str(), &key[..100]), ("abababab", "ab")] {
        let [small, large] = [200, 400].map(|times| work(secret, &piece.repeat(times)));
        assert!(small > 0 && large <= small * 2 + 40, "{piece}: {small} and {large}");
    }
}

#[test]
fn digits_that_end_where_a_line_of_the_secret_does_are_replaced_with_all_before_them() {
    let lines: Vec<String> = (0..40_u32).map(|number| format!("{:x}\né\n7Q", number * 7_919_777)).collect();
    let (secret, first) = (lines.concat(), lines[..30].concat());
    let first = &first[..first.rfind('\n').unwrap()];
    let redact = Redact::new([secret.clone()]);
    let spaced = first.bytes().map(|byte| format!("{byte:02x} ")).collect::<String>();
    let decimal = first.bytes().map(|byte| format!("{byte}, ")).collect::<String>();
    for text in [hex::encode(first), hex::encode_upper(first), spaced, decimal] {
        let said = redact.apply(&text);
        assert!(said.replace(MARK, "").trim_matches([' ', ',']).is_empty(), "{text} became {said}");
    }
}

mod forms_of_random_secrets {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    /// What is left when marks, and what forms put around a text, are gone.
    fn left(said: &str) -> usize {
        said.replace(MARK, "").chars().filter(|c| c.is_alphanumeric()).count()
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 12, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn nothing_of_any_form_passes(secret in "[a-zA-Z0-9 !-/:-@\\[-`{-~éüß€😀]{8,40}") {
            let secret = secret.trim();
            prop_assume!(secret.chars().filter(char::is_ascii_alphanumeric).count() >= 6);
            let redact = Redact::new([secret.to_owned()]);
            for form in forms::LIST {
                for text in (form.encode)(secret).into_iter().collect::<BTreeSet<_>>() {
                    let inside = format!("<{text}>");
                    let said = redact.apply(&inside);
                    prop_assert!(left(&said) == 0, "{} of {secret:?}: {inside:?} became {said:?}", form.name);
                }
            }
        }

        #[test]
        fn long_secrets_pass_in_no_form_either(secret in "[a-zA-Z0-9+/=\"'&<> é\n]{300,600}") {
            prop_assume!(values::fields(&secret).is_empty());
            let redact = Redact::new([secret.clone()]);
            let broken_by_unknowns = ["replacement characters", "escapes of systemd and `ls`"];
            for form in forms::LIST.iter().filter(|form| !broken_by_unknowns.contains(&form.name)) {
                for text in (form.encode)(secret.trim()).iter().step_by(19) {
                    for line in text.lines().filter(|line| line.trim().len() >= 24) {
                        let said = redact.apply(line);
                        prop_assert!(left(&said) <= 8, "{}: {line:?} became {said:?}", form.name);
                    }
                }
            }
        }

        #[test]
        fn no_text_is_too_odd(secret in "\\PC{4,300}", text in "\\PC{0,300}", odd in "[%&\\\\=0-9a-fx;#u{}+ ]{0,200}") {
            let redact = Redact::new([secret]);
            redact.apply(&text);
            redact.apply_after(&text, &odd);
            redact.apply_unfinished(&odd);
        }
    }
}
