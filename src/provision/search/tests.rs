//! The search on real files, as the account that the test runs as.

mod failures;
mod machine;

use std::{
    fs,
    io::Write,
    os::unix::fs::symlink,
    path::Path,
    process::{Command, Stdio},
};

use self::machine::Machine;
use super::*;
use crate::template::model::SecretSource;

const PASSWORD: &str = "S3cret/'é\" pass";

fn secret(name: &str, in_image: Option<&str>) -> Secret {
    let source = SecretSource::Env("X".into());
    Secret { name: name.into(), source, in_image: in_image.map(Into::into) }
}

fn of(values: &[(&str, &str)]) -> Vec<Sought> {
    let secrets: Vec<Secret> = values.iter().map(|(name, _)| secret(name, None)).collect();
    let values = values.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    sought(&secrets, &values)
}

fn pairs<const N: usize>(hits: [(&str, &str); N]) -> Vec<(String, String)> {
    hits.map(|(name, place)| (name.to_owned(), place.to_owned())).into()
}

fn shell(folder: &Path, script: &str) {
    let status =
        Command::new("bash").args(["-euc", script]).current_dir(folder).stderr(Stdio::null()).status();
    assert!(status.unwrap().success(), "{script}");
}

#[test]
fn a_field_of_a_secret_is_found_by_itself_and_what_is_no_secret_in_it_is_not() {
    let machine = Machine::new();
    machine.write("conf", "host = db.internal\nuser = postgres\npassword = s3cr3t-pw\n");
    machine.write("host-alone", "db.internal postgres\n");
    let json = r#"{"username": "postgres", "host": "db.internal", "password": "s3cr3t-pw"}"#;
    let env = "DB_HOST=db.internal\nDB_PASSWORD='s3cr3t-pw'\n";
    for value in [json, env] {
        assert_eq!(machine.hits(&of(&[("database", value)])), pairs([("database", "conf")]), "{value}");
    }
}

#[test]
fn every_form_of_a_secret_is_found_in_every_kind_of_file() {
    let machine = Machine::new();
    machine.write("plain", format!("x={PASSWORD}\n"));
    machine.write("proc/binary", [&[0, 255, 10, 0][..], PASSWORD.as_bytes(), &[0; 4096]].concat());
    machine.write("a name with blanks", PASSWORD);
    machine.write("two\nlines", PASSWORD);
    machine.write("-T", PASSWORD);
    machine.write("other", "the token is t0ken-t0ken\n");
    machine.write("clean", "S3cret is not the whole of it\n");
    machine.write("empty", "");
    machine.write("utf16", PASSWORD.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<_>>());
    let program = "import base64, json, sys; s = sys.argv[1]; f = lambda n, t: open(sys.argv[2] + '/' + n, 'w').write(t)\n\
                   f('64', 'data: ' + base64.b64encode(('user:' + s + '\\n').encode()).decode()); f('json', json.dumps({'p': s}))";
    let root = machine.root.display().to_string();
    assert!(Command::new("python3").args(["-c", program, PASSWORD, &root]).status().unwrap().success());
    symlink("/etc/passwd", machine.root.join("link")).unwrap();
    shell(
        &machine.root,
        "mkfifo fifo; python3 -c 'import socket; socket.socket(socket.AF_UNIX).bind(\"socket\")'",
    );
    let expected = ["-T", "64", "a name with blanks", "json", "plain", "proc/binary", "two\\nlines"];
    let mut expected: Vec<_> = expected.map(|name| ("password".to_owned(), name.to_owned())).into();
    expected.push(("token".into(), "other".into()));
    let sought = of(&[("password", PASSWORD), ("token", "t0ken-t0ken")]);
    // What is not ASCII has other bytes in UTF-16.
    assert_eq!(machine.hits(&sought), expected);
    assert_eq!(machine.hits(&of(&[("pass", "S3cret/'")])).len(), 8);
}

#[test]
fn a_secret_is_found_wherever_its_lines_end() {
    let machine = Machine::new();
    let secret = "k9-Fq2v_Xw7!mZ0pLr4sTb6uYc8dEe1gHh3iJj5kAa";
    let mut expected = Vec::new();
    for (width, pipe) in [(1, "cat"), (19, "cat"), (64, "sed 's/^/ \t  /'"), (76, "sed 's/$/\\r/'")] {
        for before in ["", "x", "xy"] {
            let name = format!("{width}{before}");
            shell(
                &machine.root,
                &format!("printf %s '{before}{secret}{secret}' | base64 -w {width} | {pipe} >{name}"),
            );
            expected.push(name);
        }
    }
    shell(&machine.root, &format!("printf 'p: %s' '{secret}' | fold -w 7 >folded"));
    expected.push("folded".into());
    expected.sort();
    let found: Vec<String> =
        machine.hits(&of(&[("secret", secret)])).into_iter().map(|(_, name)| name).collect();
    assert_eq!(found, expected);
}

#[test]
fn a_short_secret_is_found_across_line_ends_and_not_where_blanks_stand_in_it() {
    let machine = Machine::new();
    machine.write("text", "please change me\nif you change\tme\n");
    let sought = of(&[("password", "changeme")]);
    assert!(machine.is_clean(&sought));
    machine.write("wrapped", "chan\r\ngeme");
    machine.write("other/plain", "changeme");
    assert_eq!(machine.hits(&sought), pairs([("password", "other/plain"), ("password", "wrapped")]));
    assert!(machine.hits(&of(&[("password", "change me")])).iter().any(|(_, place)| place == "text"));
    machine.write("letters", "abcd a bc d\n");
    assert!(machine.is_clean(&of(&[("password", "a b c d")])));
    machine.write("letters", "x a b c d");
    assert_eq!(machine.hits(&of(&[("password", "a b c d")])), pairs([("password", "letters")]));
}

#[test]
fn a_key_is_known_by_a_line_that_no_other_key_has() {
    let key = |body: &str| {
        format!("-----BEGIN PRIVATE KEY-----\nAAAAcommon\nAAAA{body}\n-----END PRIVATE KEY-----\n")
    };
    let machine = Machine::new();
    machine.write("mine", key("secret"));
    machine.write("another", key("public"));
    assert_eq!(machine.hits(&of(&[("key", &key("secret"))])), pairs([("key", "mine")]));
}

#[test]
fn a_private_key_is_found_however_it_is_written_and_its_public_key_is_none() {
    let keys = tempfile::tempdir().unwrap();
    shell(
        keys.path(),
        "openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:2048 -out rsa
         openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out ec
         openssl genpkey -algorithm ed25519 -out ed25519
         ssh-keygen -q -t ed25519 -N '' -C '' -f openssh",
    );
    for (name, writings) in [
        (
            "rsa",
            "openssl pkey -in $k -traditional -out traditional; openssl pkey -in $k -outform DER -out der",
        ),
        ("ec", "openssl ec -in $k -out traditional; openssl pkey -in $k -outform DER -out der"),
        ("ed25519", "openssl pkey -in $k -outform DER -out der; base64 der | tr / _ | tr + - >traditional"),
        (
            "openssh",
            "grep -v -- ----- $k | base64 -d >der; grep -v -- ----- $k | base64 -d | base64 >traditional",
        ),
    ] {
        let machine = Machine::new();
        let path = keys.path().join(name);
        let public = match name {
            "openssh" => "cp $k.pub $k.pub2; base64 $k.pub >public",
            _ => "openssl pkey -in $k -pubout -out public; openssl pkey -in $k -pubout -outform DER -out public.der
                  (printf x; cat public.der) | base64 >public.64",
        };
        let k = format!("k={}\n", path.display());
        shell(&machine.root, &(k.clone() + public));
        let text = fs::read_to_string(&path).unwrap();
        let sought = of(&[("key", &text)]);
        assert!(machine.is_clean(&sought), "{name}: {:?}", machine.search(&sought));
        shell(
            &machine.root,
            &format!(
                "{k}{writings}; base64 $k >pem.64; base64 -w 0 $k >pem.line; (printf x; cat $k) | base64 -w 60 >pem.64x
                 base64 der >der.64; (printf xy; cat der) | base64 -w 40 >der.64y; od -An -v -tx1 der >der.hex
                 fold -w 33 $k >folded; cp $k pem"
            ),
        );
        let found: Vec<String> = machine.hits(&sought).into_iter().map(|(_, place)| place).collect();
        let all = [
            "der",
            "der.64",
            "der.64y",
            "der.hex",
            "folded",
            "pem",
            "pem.64",
            "pem.64x",
            "pem.line",
            "traditional",
        ];
        assert_eq!(found, all, "{name}");
    }
}

#[test]
fn names_link_targets_and_attributes_are_searched_too() {
    let machine = Machine::new();
    let secret = "pa55-w0rd-in-a-name";
    let long = "a/".repeat(60);
    machine.write(&format!("{long}file-{secret}"), "");
    machine.write("folder/inner", "");
    fs::rename(machine.root.join("folder"), machine.root.join(format!("of {secret}"))).unwrap();
    fs::remove_file(machine.root.join(format!("of {secret}/inner"))).unwrap();
    symlink(format!("/{long}{secret}"), machine.root.join("link")).unwrap();
    machine.write("attribute", "nothing");
    let set = "import os, sys; os.setxattr('attribute', 'user.note', b'is ' + sys.argv[1].encode())";
    let has_attributes = Command::new("python3")
        .args(["-c", set, secret])
        .current_dir(&machine.root)
        .status()
        .unwrap()
        .success();
    let mut expected = pairs([
        ("password", &format!("the name of {long}file-{secret}")),
        ("password", &format!("the name of of {secret}/")),
        ("password", "what the link link points at"),
    ]);
    if has_attributes {
        expected.insert(0, ("password".into(), "an extended attribute of attribute".into()));
    }
    assert_eq!(machine.hits(&of(&[("password", secret)])), expected);
}

#[test]
fn files_larger_than_memory_are_searched_to_their_ends() {
    let machine = Machine::new();
    let sought = of(&[("password", PASSWORD)]);
    // Holes, zeros and a line without an end, each with more than the shell may have.
    shell(
        &machine.root,
        "truncate -s 1T swapfile; head -c 80M /dev/zero >zeros; head -c 80M /dev/zero | tr '\\0' x >line",
    );
    let answer = machine.search_after("ulimit -v 65536", &sought);
    assert!(answer.failures.is_empty() && answer.concluded(true).is_ok(), "{answer:?}");
    for name in ["swapfile", "zeros", "line", "zz"] {
        let file = fs::OpenOptions::new().append(true).create(true).open(machine.root.join(name));
        file.unwrap().write_all(PASSWORD.as_bytes()).unwrap();
    }
    let answer = machine.search_after("ulimit -v 65536", &sought);
    assert_eq!((answer.failures.len(), answer.hits.len()), (0, 4), "{answer:?}");
}

#[test]
fn whatever_is_as_long_as_the_longest_form_stands_whole_in_one_of_the_pieces() {
    let folder = tempfile::tempdir().unwrap();
    let script = format!("work={} piece_bytes=10 longest=4\n{}\npieces", folder.path().display(), PROGRAM[0]);
    let alphabet = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
    for length in 0..alphabet.len() {
        let input = folder.path().join("input");
        fs::write(&input, &alphabet[..length]).unwrap();
        let input = fs::File::open(&input).unwrap();
        let output = Command::new("sh").args(["-c", &script]).stdin(input).output().unwrap();
        assert!(output.status.success());
        let pieces = String::from_utf8(output.stdout).unwrap();
        for window in alphabet.as_bytes()[..length].windows(4) {
            let window = std::str::from_utf8(window).unwrap();
            assert!(pieces.lines().any(|piece| piece.contains(window)), "{window} of {length}: {pieces}");
        }
        assert!(pieces.lines().all(|piece| piece.len() <= 18), "{pieces}");
    }
}

#[test]
fn secrets_with_a_reason_and_those_that_are_too_short_are_not_looked_for() {
    let values = BTreeMap::from([("a".to_owned(), "a long one".to_owned()), ("b".into(), "short".into())]);
    let secrets = [secret("a", Some("config.php needs it")), secret("b", None)];
    assert_eq!(sought(&secrets, &values), []);
    assert_eq!(script(&[], "canary").unwrap().program, "");
}

#[test]
fn the_disks_of_this_computer_can_be_listed() {
    let listing = format!("{}\nfile_systems", PROGRAM[2]);
    let output = Command::new("sh").args(["-c", &listing]).output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success() && text.lines().any(|line| line.ends_with(" /")), "{text}");
    for pseudo in [" proc ", " sysfs ", " devpts "] {
        assert!(!text.lines().any(|line| line.contains(pseudo)), "{text}");
    }
}
