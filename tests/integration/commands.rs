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
fn a_variable_that_is_set_and_empty_counts_as_not_set() {
    let hornero = Hornero::alone();
    for variable in ["HORNERO_OUTPUT", "HORNERO_STATE_DIR", "XDG_STATE_HOME", "HORNERO_COLD"] {
        let ran = Ran::from(command(&hornero, &["images"]).env(variable, "").output().unwrap());
        assert_eq!(ran.code, 0, "{variable}: {}", ran.stderr);
    }
    let template = "[image]\nname = \"web\"\ndescription = \"{{ note }}\"\n[variables]\nnote = \"usual\"\n\
                    [base]\nos = \"debian-12\"\n";
    let template = hornero.template("web.toml", template);
    let mut command = command(&hornero, &["plan", &template, "--output", "json"]);
    let ran = Ran::from(command.env("HORNERO_VAR_note", "").output().unwrap());
    assert!(ran.stdout.contains("\"usual\""), "{}{}", ran.stdout, ran.stderr);
    let ran = Ran::from(Hornero::command(&hornero, &["--help"]).env("HORNERO_OUTPUT", "").output().unwrap());
    assert_eq!(ran.code, 0, "{}", ran.stderr);
}

/// A template with one variable, in a folder with others.
fn with_variables(hornero: &Hornero) -> [String; 2] {
    let text = |name: &str, variable: &str| {
        format!(
            "[image]\nname = \"{name}\"\n[base]\nos = \"debian-12\"\n[variables]\n{variable} = \"1\"\n\
             [[steps]]\nrun = \"echo {{{{ {variable} }}}}\"\n"
        )
    };
    [
        hornero.template("web.toml", &text("web", "release")),
        hornero.template("db.toml", &text("db", "shards")),
    ]
}

#[test]
fn variables_of_other_templates_are_no_mistake() {
    let hornero = Hornero::new();
    let [web, db] = with_variables(&hornero);
    let file = hornero.template("all.vars", "release = \"2\"\r\nshards = 3\nrelaese = \"4\"\n");
    let ran = hornero.run(&["validate", &web, "--var-file", &file]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    assert!(ran.stderr.contains("all.vars:2:1") && ran.stderr.contains("`shards`"), "{}", ran.stderr);
    assert!(
        ran.stderr.contains("all.vars:3:1") && ran.stderr.contains("did you mean `release`?"),
        "{}",
        ran.stderr
    );
    let both = hornero.run(&["validate", &web, &db, "--var-file", &file, "--var", "shards=5"]);
    assert_eq!(both.code, 0, "{}", both.stderr);
    assert!(!both.stderr.contains("`shards`"), "{}", both.stderr);

    let left = |name: &str| hornero.finish(hornero.command(&["validate", &web]).env(name, "x"));
    let ran = left("HORNERO_VAR_editor");
    assert_eq!((ran.code, ran.stderr.as_str()), (0, "1 template is valid.\n"));
    let ran = left("HORNERO_VAR_RELEASE");
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    assert!(ran.stderr.contains("did you mean HORNERO_VAR_release?"), "{}", ran.stderr);
}

#[test]
fn an_option_for_a_variable_of_no_template_is_an_error_that_names_it() {
    let hornero = Hornero::new();
    let [web, db] = with_variables(&hornero);
    for templates in [&[web.as_str()][..], &[web.as_str(), db.as_str()]] {
        let ran = hornero.run(&[&["validate", "--var", "relase=2"], templates].concat());
        assert_eq!(ran.code, 2, "{}", ran.stderr);
        assert!(ran.stderr.contains("--var relase=") && ran.stderr.contains("`release`"), "{}", ran.stderr);
        assert!(!ran.stderr.contains(".toml:"), "it points into a template: {}", ran.stderr);
    }
}

#[test]
fn windows_line_ends_are_told_and_not_used() {
    let hornero = Hornero::new();
    let text = "\u{feff}[image]\r\nname = \"web\"\r\n[base]\r\nos = \"debian-12\"\r\n[[steps]]\r\nscript = \"run.sh\"\r\n\
                [[steps]]\r\nrun = '''\r\ntrue\r\n'''\r\n";
    let template = hornero.template("t.toml", text);
    hornero.template("run.sh", "\u{feff}#!/bin/bash\r\nset -o pipefail\r\n");
    let ran = hornero.run(&["validate", &template]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    assert_eq!(ran.stderr.matches("(CRLF)").count(), 2, "{}", ran.stderr);
    assert!(ran.stderr.contains("run.sh") && ran.stderr.contains("t.toml"), "{}", ran.stderr);
}

#[test]
fn validate_finds_what_plan_and_bake_would_refuse() {
    let hornero = Hornero::new();
    let image = "[image]\nname = \"web\"\n";
    let debian = "[base]\nos = \"debian-12\"\n";
    let off = "[cloud_init]\nenabled = false\n[ssh]\nuser = \"u\"\nprivate_key = \"k\"\nhost_key = \"SHA256:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU\"\n";
    std::fs::write(hornero.folder.path().join("k"), "").unwrap();
    let whole = |text: &str| {
        if text.contains("[base]") { format!("{image}{text}") } else { format!("{image}{debian}{text}") }
    };
    for (text, line, told) in [
        (format!("{off}[packages]\ninstall = [\"jq\"]\n"), 12, "[packages] install needs cloud-init"),
        (format!("{off}[packages]\nupgrade = true\n"), 12, "[packages] upgrade needs cloud-init"),
        (format!("{off}[[users]]\nname = \"u\"\n"), 12, "[[users]] needs cloud-init"),
        ("[ssh]\nprivate_key = \"gone\"\n".into(), 6, "no key file `"),
        ("[base]\nos = \"debian-12\"\narch = \"arm64\"\n[ec2]\ninstance_types = [\"t4g.small\", \"t3.micro\"]\n".into(), 7, "`t3.micro` is a machine for x86_64"),
        ("[ec2]\ninstance_types = [\"m7g.large\"]\n".into(), 6, "`m7g.large` is a machine for arm64"),
        ("[base]\nec2 = { ami = \"ami-0123456789abcdef0\" }\n".into(), 3, "[base] says nothing for qemu"),
        ("[base]\nos = \"ubuntu-24.04\"\n".into(), 4, "`ubuntu-24.04` has no base for qemu"),
    ] {
        let template = hornero.template("t.toml", &whole(&text));
        let ran = hornero.run(&["validate", &template]);
        assert_eq!(ran.code, 3, "{text}: {}", ran.stderr);
        assert!(ran.stderr.contains(told), "{text}: {}", ran.stderr);
        assert!(ran.stderr.contains(&format!("t.toml:{line}:")), "{text}: {}", ran.stderr);
    }
    // Where nobody has said a platform, a template for either is good.
    for base in ["ec2 = { ami = \"ami-0123456789abcdef0\" }", "qemu = { bootstrap = \"bookworm\" }"] {
        let template = hornero.template("t.toml", &whole(&format!("[base]\n{base}\n")));
        let mut anywhere = hornero.command(&["validate", &template]);
        let ran = hornero.finish(anywhere.env_remove("HORNERO_PLATFORM"));
        assert_eq!(ran.code, 0, "{base}: {}", ran.stderr);
    }
}

#[test]
fn two_templates_of_one_parameter_are_not_valid_together() {
    let hornero = Hornero::new();
    let text = "[image]\nname = \"web\"\n[base]\nos = \"debian-12\"\n";
    let (one, two) = (hornero.template("one.toml", text), hornero.template("two.toml", text));
    assert_eq!(hornero.run(&["validate", &one]).code, 0);
    let ran = hornero.run(&["validate", &one, &two]);
    assert_eq!(ran.code, 3, "{}", ran.stderr);
    assert!(ran.stderr.contains("/images/web/dev") && ran.stderr.contains("two.toml"), "{}", ran.stderr);
}

#[test]
fn a_table_that_does_nothing_yet_is_warned_of() {
    let hornero = Hornero::new();
    let text =
        "[image]\nname = \"web\"\n[base]\nos = \"debian-12\"\n[notify]\nslack = { webhook_env = \"X\" }\n";
    let ran = hornero.run(&["validate", &hornero.template("t.toml", text)]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    assert!(ran.stderr.contains("nothing is sent yet") && ran.stderr.contains("t.toml:5:"), "{}", ran.stderr);
}
