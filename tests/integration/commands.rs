//! What commands do with what they are given, where no machine is needed.

use std::{
    fs::OpenOptions,
    process::{Command, Stdio},
};

use crate::rig::hornero::{Hornero, Ran};

/// With a data directory of its own.
fn command(hornero: &Hornero, arguments: &[&str]) -> Command {
    let mut command = hornero.command(arguments);
    command.env("HORNERO_DATA_DIR", hornero.folder.path().join("data"));
    command
}

#[test]
fn an_answer_that_cannot_be_written_is_an_error_and_a_reader_that_left_is_none() {
    let hornero = Hornero::new();
    let full = OpenOptions::new().write(true).open("/dev/full").unwrap();
    let ran = Ran::from(command(&hornero, &["completions", "bash"]).stdout(full).output().unwrap());
    assert_eq!(ran.code, 1, "{}", ran.stderr);
    assert!(ran.stderr.contains("writing to standard output"), "{}", ran.stderr);

    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let ran = Ran::from(command(&hornero, &["completions", "bash"]).stdout(writer).output().unwrap());
    assert_eq!((ran.code, ran.stderr.as_str()), (0, ""));
}

#[test]
fn a_stage_that_no_parameter_can_have_is_refused_before_anything() {
    let hornero = Hornero::new();
    for stage in ["", "a b", "../x", "{{ x }}"] {
        let ran = Ran::from(command(&hornero, &["get", "hello", "--stage", stage]).output().unwrap());
        assert_eq!(ran.code, 2, "{stage}: {}", ran.stderr);
        assert!(ran.stderr.contains("not a stage name"), "{}", ran.stderr);
    }
}

#[test]
fn a_folder_of_another_is_read_when_it_is_allowed_on_the_command_line() {
    let hornero = Hornero::new();
    let other = tempfile::tempdir().unwrap();
    std::fs::write(other.path().join("run.sh"), "true").unwrap();
    let folder = other.path().display().to_string();
    let text = format!(
        "[image]\nname = \"web\"\n[base]\nos = \"debian-12\"\n[[steps]]\nscript = \"{folder}/run.sh\"\n"
    );
    let template = hornero.template("roaming.toml", &text);
    let ran = hornero.run(&["validate", &template]);
    assert_eq!(ran.code, 3, "{}", ran.stderr);
    assert!(ran.stderr.contains(&format!("allow it with --allow-path {folder}")), "{}", ran.stderr);
    assert_eq!(hornero.run(&["validate", &template, "--allow-path", &folder]).code, 0);
    let ran = hornero.run(&["validate", &template, "--allow-path", &format!("{folder}/none")]);
    assert_eq!(ran.code, 2, "{}", ran.stderr);
}

#[test]
fn a_string_that_renders_without_end_is_a_mistake_and_no_wait() {
    let hornero = Hornero::new();
    let text = "[image]\nname = \"web\"\n[base]\nos = \"debian-12\"\n[[steps]]\nrun = \"\"\"\n\
                {% for i in range(9000) %}{% for j in range(9000) %}x{% endfor %}{% endfor %}\n\"\"\"\n";
    let template = hornero.template("loop.toml", text);
    let ran = Ran::from(command(&hornero, &["validate", &template]).stdin(Stdio::null()).output().unwrap());
    assert_eq!(ran.code, 3, "{}", ran.stderr);
    assert!(ran.stderr.contains("loop.toml"), "{}", ran.stderr);
}

#[test]
fn a_name_that_nothing_goes_by_has_one_exit_code_and_says_what_to_look_at() {
    let hornero = Hornero::new();
    for (arguments, hint) in [
        (&["get", "nope"][..], "hornero images --platform qemu"),
        (&["get", "nope", "--version", "7"], "hornero history /images/nope/dev --platform qemu"),
        (&["history", "nope"], "hornero images --platform qemu"),
        (&["test", "img-nope"], "hornero images --platform qemu"),
        (&["publish", "web-nothing"], "runs"),
        (&["publish", "."], "there is no run `.`"),
        (&["publish", ".."], "there is no run `..`"),
        (&["publish", "/"], "there is no run `/`"),
    ] {
        let ran = Ran::from(command(&hornero, arguments).output().unwrap());
        assert_eq!(ran.code, 2, "{arguments:?}: {}", ran.stderr);
        assert!(ran.stderr.contains(hint), "{arguments:?}: {}", ran.stderr);
    }
}

#[test]
fn habits_from_packer_are_told_what_to_write() {
    let hornero = Hornero::new();
    for (arguments, tip) in [
        (&["build", "web.toml"][..], "use 'bake'"),
        (&["bake", "-var", "a=b", "web.toml"], "use '--var'"),
        (&["bake", "-var-file=vars.toml", "web.toml"], "use '--var-file=vars.toml'"),
    ] {
        let ran = Ran::from(command(&hornero, arguments).output().unwrap());
        assert_eq!(ran.code, 2, "{arguments:?}: {}", ran.stderr);
        assert!(ran.stderr.contains(tip), "{arguments:?}: {}", ran.stderr);
    }
    for name in ["web.pkr.hcl", "web.json"] {
        let template = hornero.template(name, "{}");
        let ran = Ran::from(command(&hornero, &["validate", &template]).output().unwrap());
        assert_eq!(ran.code, 3, "{name}: {}", ran.stderr);
        assert!(ran.stderr.contains("a template of Packer"), "{name}: {}", ran.stderr);
    }
}

#[test]
fn a_variable_that_is_there_and_empty_is_named() {
    let hornero = Hornero::new();
    for variable in ["HORNERO_PLATFORM", "HORNERO_OUTPUT", "HORNERO_STATE_DIR", "HORNERO_DATA_DIR"] {
        let ran = Ran::from(command(&hornero, &["images"]).env(variable, "").output().unwrap());
        assert_eq!(ran.code, 2, "{variable}: {}", ran.stderr);
        assert!(ran.stderr.contains(&format!("the variable {variable} is empty")), "{}", ran.stderr);
    }
    let ran = Ran::from(command(&hornero, &["--help"]).env("HORNERO_OUTPUT", "").output().unwrap());
    assert_eq!(ran.code, 0, "{}", ran.stderr);
}
