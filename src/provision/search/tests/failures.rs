//! Searches of which a part does not work, and what is seen of them meanwhile.

use std::{fs, os::unix::fs::symlink};

use super::{PASSWORD, machine::Machine, of, pairs};

/// Everything that the search uses.
const PROGRAMS: [&str; 21] = [
    "awk", "cat", "chmod", "dd", "grep", "head", "mkdir", "mknod", "mktemp", "mount", "rm", "rmdir", "sed",
    "sh", "stat", "tar", "tr", "true", "umount", "unshare", "wc",
];

#[test]
fn a_search_without_its_tools_fails_and_does_not_pass_for_a_clean_machine() {
    let sought = of(&[("password", PASSWORD)]);
    let mut machine = Machine::new();
    let bin = machine.only_has(&PROGRAMS);
    assert!(machine.is_clean(&sought));
    for missing in ["awk", "dd", "grep", "head", "mktemp", "sed", "stat", "tar", "tr", "wc"] {
        let link = fs::read_link(bin.join(missing)).unwrap();
        fs::remove_file(bin.join(missing)).unwrap();
        let answer = machine.search(&sought);
        assert!(
            answer.concluded(true).is_err() && !answer.failures.is_empty(),
            "without {missing}: {answer:?}"
        );
        symlink(link, bin.join(missing)).unwrap();
    }
}

#[test]
fn a_search_of_which_a_part_fails_fails() {
    let sought = of(&[("password", PASSWORD)]);
    for (program, script) in [
        ("grep", "exit 0"),
        ("grep", "exit 1"),
        ("grep", "/bin/grep \"$@\"; kill -9 $$"),
        ("grep", "case $* in *self/fd/3*) ulimit -v 3000 ;; esac; exec /bin/grep \"$@\""),
        ("tr", "/usr/bin/tr \"$@\" | head -c 3000"),
        ("tr", "kill -SEGV $$"),
        ("tar", "exit 0"),
        ("tar", "/bin/tar \"$@\" | head -c 3000"),
        ("tar", "/bin/tar \"$@\"; kill -KILL $$"),
        ("tar", "/bin/tar \"$@\"; exit 2"),
        ("tar", "/bin/tar \"$@\"; echo 'tar: ./x: Read error at byte 0: Input/output error' >&2; exit 2"),
        ("dd", "exit 0"),
        ("dd", "/bin/dd \"$@\"; exit 1"),
        ("awk", "exit 0"),
        ("mktemp", "exit 1"),
    ] {
        let mut machine = Machine::new();
        machine.replace(program, script);
        machine.write("a file", "x".repeat(100_000));
        let answer = machine.search(&sought);
        assert!(
            answer.concluded(true).is_err() && !answer.failures.is_empty(),
            "{program} {script}: {answer:?}"
        );
    }
}

#[test]
fn a_file_that_cannot_be_read_is_named_and_one_that_changes_is_read_again() {
    let sought = of(&[("password", PASSWORD)]);
    let mut machine = Machine::new();
    machine.write("folder/file", "old");
    let said = |message: &str, code: u32| format!("/bin/tar \"$@\"; echo 'tar: {message}' >&2; exit {code}");
    machine.replace(
        "tar",
        &said("./folder/file: Read error at byte 0, while reading 512 bytes: Input/output error", 2),
    );
    let failures = machine.search(&sought).failures;
    let name = machine.root.join("folder/file").display().to_string();
    assert!(failures[0].starts_with(&name) && failures[0].contains("Input/output error"), "{failures:?}");

    machine.replace("tar", &said("./folder/gone: File removed before we read it", 1));
    assert!(machine.is_clean(&sought));

    // The secret is there only after the first look.
    let once = format!(
        "/bin/tar \"$@\"; if [ ! -e {0}.done ]; then : >{0}.done; cat >{0} <<'END'\n{PASSWORD}\nEND\n\
         echo 'tar: ./folder/file: file changed as we read it' >&2; exit 1; fi",
        machine.root.join("folder/file").display()
    );
    machine.replace("tar", &format!("case $* in *--version*) exec /bin/tar \"$@\" ;; esac\n{once}"));
    assert_eq!(machine.hits(&sought), pairs([("password", "folder/file")]));

    let always = said("./folder/file: file changed as we read it", 1);
    machine.write("folder/file", "clean");
    machine.replace("tar", &always);
    let failures = machine.search(&sought).failures;
    assert!(failures[0].contains("written to all the time"), "{failures:?}");
}

#[test]
fn no_program_is_told_a_secret_in_its_arguments_or_its_environment() {
    let sought = of(&[("password", "pl41n-password-words")]);
    let mut machine = Machine::new();
    machine.write("file", "pl41n-password-words");
    let log = machine.folder.path().join("log");
    for program in PROGRAMS.iter().filter(|program| !["sh", "cat", "chmod"].contains(*program)) {
        let script = format!(
            "{{ printf '%s\\n' {program} \"$@\"; cat /proc/$$/environ; }} >>{}\nexec /usr/bin/{program} \"$@\"",
            log.display()
        );
        machine.replace(program, &script);
    }
    assert_eq!(machine.hits(&sought), pairs([("password", "file")]));
    let told = fs::read(&log).unwrap();
    for form in sought.iter().flat_map(|one| one.patterns.sets()).flat_map(|(_, forms)| forms) {
        assert!(!told.windows(form.len()).any(|window| window == form), "{}", String::from_utf8_lossy(form));
    }
    assert!(told.windows(5).any(|window| window == b"grep\n"));
}
