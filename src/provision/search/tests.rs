//! The search on real files, as the account that the test runs as.

use std::{
    fs,
    os::unix::fs::symlink,
    path::Path,
    process::{Command, Stdio},
};

use super::*;
use crate::template::model::SecretSource;

fn secret(name: &str, in_image: Option<&str>) -> Secret {
    let source = SecretSource::Env("X".into());
    Secret { name: name.into(), source, in_image: in_image.map(Into::into) }
}

fn of(values: &[(&str, &str)]) -> Vec<Sought> {
    let secrets: Vec<Secret> = values.iter().map(|(name, _)| secret(name, None)).collect();
    let values = values.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    sought(&secrets, &values)
}

/// Exit code, and the hits in `root` as secret and path below it.
fn search(sought: &[Sought], root: &Path) -> (Option<i32>, Vec<(String, String)>) {
    let home = tempfile::tempdir().unwrap();
    let file = home.path().join("script");
    fs::write(&file, script(sought).unwrap()).unwrap();
    let mut command = Command::new("sh");
    command.arg(&file).env("HORNERO_SEARCH_IN", root).stderr(Stdio::null());
    let output = command.output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let below = |file: &str| file.strip_prefix(&format!("{}/", root.display())).unwrap_or(file).to_owned();
    let hits = text.lines().filter_map(|line| hit(line, sought));
    let mut hits: Vec<_> = hits.map(|(name, file)| (name.to_owned(), below(file))).collect();
    hits.sort();
    (output.status.code(), hits)
}

const PASSWORD: &str = "S3cret/'é\" pass";

#[test]
fn every_form_of_a_secret_is_found_in_every_kind_of_file() {
    let root = tempfile::tempdir().unwrap();
    let write = |name: &str, bytes: &[u8]| fs::write(root.path().join(name), bytes).unwrap();
    fs::create_dir(root.path().join("proc")).unwrap();
    write("plain", format!("x={PASSWORD}\n").as_bytes());
    write("proc/binary", &[&[0, 255, 10, 0][..], PASSWORD.as_bytes(), &[0; 4096]].concat());
    write("a name with blanks", PASSWORD.as_bytes());
    write("other", b"the token is t0ken-t0ken\n");
    write("clean", b"S3cret is not the whole of it\n");
    write("empty", b"");
    let program = "import base64, json, sys; s = sys.argv[1]; f = lambda n, t: open(sys.argv[2] + '/' + n, 'w').write(t)\n\
                   f('64', 'data: ' + base64.b64encode(('user:' + s + '\\n').encode()).decode()); f('json', json.dumps({'p': s}))";
    let root_text = root.path().display().to_string();
    let made = Command::new("python3").args(["-c", program, PASSWORD, &root_text]).status().unwrap();
    assert!(made.success());
    symlink("/etc/passwd", root.path().join("link")).unwrap();

    let (code, hits) = search(&of(&[("password", PASSWORD), ("token", "t0ken-t0ken")]), root.path());
    let expected = [
        ("password", "64"),
        ("password", "a name with blanks"),
        ("password", "json"),
        ("password", "plain"),
        ("password", "proc/binary"),
        ("token", "other"),
    ];
    assert_eq!(hits, expected.map(|(name, file)| (name.to_owned(), file.to_owned())));
    assert_eq!(code, Some(0));
}

#[test]
fn a_name_that_no_line_holds_is_a_hit_all_the_same() {
    let root = tempfile::tempdir().unwrap();
    fs::write(root.path().join("two\nlines"), PASSWORD).unwrap();
    let (_, hits) = search(&of(&[("password", PASSWORD)]), root.path());
    assert_eq!(hits.len(), 2, "{hits:?}");
}

#[test]
fn a_key_is_known_by_a_line_that_no_other_key_has() {
    let key = |body: &str| {
        format!("-----BEGIN PRIVATE KEY-----\nAAAAcommon\nAAAA{body}\n-----END PRIVATE KEY-----\n")
    };
    let root = tempfile::tempdir().unwrap();
    fs::write(root.path().join("mine"), key("secret")).unwrap();
    fs::write(root.path().join("another"), key("public")).unwrap();
    let (_, hits) = search(&of(&[("key", &key("secret"))]), root.path());
    assert_eq!(hits, [("key".to_owned(), "mine".to_owned())]);
}

#[test]
fn a_search_without_its_tools_fails_and_does_not_pass_for_a_clean_machine() {
    let tools = tempfile::tempdir().unwrap();
    for name in ["sh", "find", "xargs", "sort", "head", "awk"] {
        symlink(format!("/usr/bin/{name}"), tools.path().join(name)).unwrap();
    }
    let file = tools.path().join("script");
    fs::write(&file, script(&of(&[("password", PASSWORD)])).unwrap()).unwrap();
    let run = || {
        let mut command = Command::new("/bin/sh");
        command.arg(&file).env("PATH", tools.path()).env("HORNERO_SEARCH_IN", tools.path());
        command.stderr(Stdio::null()).status().unwrap().code()
    };
    assert_eq!(run(), Some(9), "there is no grep");
    let grep = tools.path().join("grep");
    symlink("/usr/bin/false", &grep).unwrap();
    assert_eq!(run(), Some(9), "grep finds nothing");
    fs::remove_file(&grep).unwrap();
    symlink("/usr/bin/grep", &grep).unwrap();
    assert_eq!(run(), Some(0));
}

#[test]
fn secrets_with_a_reason_and_those_that_are_too_short_are_not_looked_for() {
    let values = BTreeMap::from([("a".to_owned(), "a long one".to_owned()), ("b".into(), "short".into())]);
    let secrets = [secret("a", Some("config.php needs it")), secret("b", None)];
    assert_eq!(sought(&secrets, &values), []);
    assert_eq!(script(&[]).unwrap(), "");
}

#[test]
fn the_mounted_disks_of_this_computer_can_be_listed() {
    let listing = format!("{}\ndisks", SCRIPT.split("# The script itself").next().unwrap());
    let output = Command::new("sh").args(["-c", &listing]).output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success() && text.lines().next() == Some("/"), "{text}");
    for pseudo in ["/proc", "/sys", "/dev/pts"] {
        assert!(!text.lines().any(|line| line == pseudo), "{text}");
    }
}
