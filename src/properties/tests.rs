//! Each property with a bounded number of inputs: any bytes, and pieces of what is really said.

use std::{
    io::Write,
    process::{Command, Stdio},
};

use proptest::prelude::*;

use super::*;

/// Pieces of real inputs between any bytes: what is read has a form, which bytes alone would never meet.
fn bytes_like(pieces: &'static [&'static str]) -> impl Strategy<Value = Vec<u8>> {
    let piece = prop_oneof![
        4 => prop::sample::select(pieces).prop_map(|piece| piece.as_bytes().to_vec()),
        1 => prop::collection::vec(any::<u8>(), 0..6),
        1 => "[0-9]{1,12}".prop_map(String::into_bytes),
    ];
    prop::collection::vec(piece, 0..24).prop_map(|pieces| pieces.concat())
}

const TEMPLATE: &[&str] = &[
    "[image]\nname = 'x'\n",
    "[base]\nos = 'debian-12'\n",
    "[[users]]\n",
    "name = 'u'\n",
    "[[steps]]\n",
    "run = '",
    "'\n",
    "{{ ",
    " }}",
    "{% for a in b %}",
    "[variables]\n",
    "v = 1\n",
    "timeout = '9",
    "ms'\n",
    "\"",
    "\\u0000",
    "\u{98}",
    "\u{202e}",
    "\n",
    "[[disks]]\n",
    "size = '",
    "mount = '/srv'\n",
    "[[files]]\ncontent = 'x'\n",
    "destination = '/",
    "[secrets]\n",
    "a = { env = 'A' }\n",
];
const JOURNAL: &[&str] =
    &["{\"", "\":", "\"time\":\"2026-01-01T00:00:00Z\"", "\n", "}", "{", ",", "\"number\":1", "null", "[]"];
const ANSWERS: &[&str] = &[
    "\u{1}ab ask ",
    "\u{1}ab told ",
    " exit ",
    " rest 0",
    "\n",
    "there",
    "absent",
    "unknown why",
    "installed 1",
    "0",
    "644 root root 0 0",
];
const SURVEY: &[&str] =
    &["package\t", "user\t", "counted\t", "system\t", "kernel\t", "\t", "\n", "hornero", "root", "1\t1\t"];
const QCOW2: &[&str] = &[
    "\0\0\0\x03",
    "\0\0\0\x02",
    "\0\0\0\0\0\0\0\0",
    "\0\0\0\x10",
    "\0\0\0\0\x40\0\0\0",
    "\0\0\0\x68",
    "\x44\x41\x54\x41",
    "\0\0\0\x04",
];
const WIRE: &[&str] = &[
    "\u{1}",
    " begin\n",
    " end 0\n",
    " group 7\n",
    " end ",
    "\n",
    "\r",
    "user:",
    "group:",
    "root:x:0:0:",
    "zstd:",
    "failed ",
    "No space left on device",
    "\t",
    "/x",
];

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(150) })]

    #[test]
    fn templates_and_provisioners_are_taken_or_refused(text in bytes_like(TEMPLATE)) {
        template(&text);
        provisioner(&text);
    }

    #[test]
    fn records_are_read_whatever_stands_in_them(text in bytes_like(JOURNAL)) {
        journal(&text);
        manifest(&text);
    }

    #[test]
    fn a_line_of_a_template_does_nothing_to_a_terminal(line in "\\PC{0,3}[\u{1}-\u{9f}\u{202a}-\u{202e}]{1,3}\\PC{0,3}") {
        template(line.as_bytes());
    }

    #[test]
    fn a_disk_leads_to_no_other_file(mut start in bytes_like(QCOW2), is_disk: bool) {
        if is_disk {
            start.splice(0..start.len().min(4), qcow2_header::MAGIC);
        }
        qcow2(&start);
    }

    #[test]
    fn answers_of_a_builder_prove_nothing_that_they_do_not_say(
        answers in bytes_like(ANSWERS), inventory in bytes_like(SURVEY), wire in bytes_like(WIRE),
    ) {
        checks(&answers);
        survey(&inventory);
        frame(&wire);
        lines(&wire);
        accounts(&wire);
        upload(&wire);
    }
}

/// As cloud-init reads it: by Python's own reader of MIME.
const READ: &str = "import email, json, sys
def read(text):
    message = email.message_from_bytes(text.encode())
    if not message.is_multipart(): return []
    return [[part.get_filename(), part.get_payload(decode=True).decode('utf-8', 'replace')] for part in message.get_payload()]
json.dump([read(text) for text in json.load(sys.stdin)], sys.stdout)";

#[test]
fn the_users_parts_of_user_data_are_read_as_they_were_written() {
    let part = |name: &str, text: &str| (name.to_owned(), text.to_owned());
    let sets = [
        vec![part("a.yaml", "#cloud-config\nlocale: C\n"), part("b.sh", "#!/bin/sh\necho é日🦀\n")],
        vec![part("with \"quotes\" and blanks;x=y.yaml", "#cloud-config\nx: 1\n")],
        vec![part("ünïcödé 日本.yaml", "#cloud-config\n\nx: '\u{85}\u{2028}'\n")],
        vec![part("long.sh", &format!("#!/bin/sh\n: {}\nFrom x\n--boundary--\n.\n", "x".repeat(3000)))],
        vec![part("ends.sh", "#!/bin/sh\necho 'no end'"), part("tabs.sh", "#!/bin/sh\n\techo\t \n\n\n")],
    ];
    let texts: Vec<String> =
        sets.iter().map(|parts| String::from_utf8(user_data_with(parts.clone())).unwrap()).collect();
    let mut child = Command::new("python3")
        .args(["-c", READ])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(&serde_json::to_vec(&texts).unwrap()).unwrap();
    let output = child.wait_with_output().unwrap();
    let read: Vec<Vec<(String, String)>> = serde_json::from_slice(&output.stdout).unwrap();
    for (parts, read) in sets.iter().zip(&read) {
        assert_eq!(read.len(), parts.len() + 1, "hornero's own comes first");
        for ((name, text), (read_name, read_text)) in parts.iter().zip(&read[1..]) {
            assert_eq!((name, text.as_str()), (read_name, read_text.replace("\r\n", "\n").as_str()));
        }
    }
}
