//! Ansible against a builder of which only the fingerprint of the host key is known: what a playbook does
//! there, what it can read here, and that one that does nothing fails the bake.

use std::{fs, path::PathBuf};

use super::Cloud;
use crate::rig::hornero::Ran;

const STEP: &str = "[[steps]]\nname = \"configure\"\nkind = \"ansible\"\nplaybook = \"site.yml\"\n";

/// Gathers facts, as playbooks do that say nothing else.
const PLAYBOOK: &str = "
- hosts: localhost
  gather_facts: false
  tasks:
    - ansible.builtin.copy: {content: \"{{ lookup('pipe', 'id -u') }}\", dest: '{{ out }}/here', mode: '0644'}
- hosts: default
  remote_user: nobody
  connection: local
  roles: [web]
  tasks:
    - ansible.builtin.copy:
        content: \"{{ inventory_hostname }} {{ groups['default'] | join(' ') }} {{ lookup('file', 'motd.txt') }} {{ colour }}\"
        dest: '{{ out }}/there'
        mode: '0644'
";

fn write(cloud: &Cloud, files: &[(&str, &str)]) {
    for (name, text) in files {
        let path = cloud.hornero.folder.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
}

/// The template of a playbook with a role beside it, and where the playbook writes to.
fn with_a_role(cloud: &Cloud) -> (String, PathBuf) {
    let out = cloud.hornero.folder.path().join("out");
    fs::create_dir_all(&out).unwrap();
    write(
        cloud,
        &[
            ("site.yml", PLAYBOOK),
            ("motd.txt", "hello"),
            ("group_vars/default.yml", "colour: green\n"),
            (
                "roles/web/tasks/main.yml",
                "- ansible.builtin.template: {src: a.j2, dest: '{{ out }}/role', mode: '0644'}\n",
            ),
            ("roles/web/templates/a.j2", "{{ ansible_connection }}"),
            ("roles/web/tasks/__pycache__/x.pyc", "x"),
        ],
    );
    let step = format!("{STEP}extra_vars = {{ out = \"{}\" }}\n", out.display());
    (cloud.template("", &step), out)
}

#[test]
fn a_playbook_for_packers_alias_is_done_on_the_builder_and_what_it_reads_decides_the_image() {
    let cloud = Cloud::start();
    let (template, out) = with_a_role(&cloud);
    let ran = cloud.run(&["bake", &template]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    let read = |name: &str| fs::read_to_string(out.join(name)).unwrap();
    assert_eq!(read("there"), "default default hello green");
    assert_eq!(read("role"), "ssh", "not done to this computer, whatever the play says");
    assert!(!ran.stderr.contains("same name"), "{}", ran.stderr);
    let image = ran.stdout.trim().to_owned();

    let plan = || cloud.run(&["plan", &template, "--detailed-exitcode"]);
    let same = plan();
    assert_eq!(same.code, 0, "{}{}", same.stdout, same.stderr);
    write(&cloud, &[("roles/web/tasks/__pycache__/x.pyc", "y"), ("unrelated.txt", "y")]);
    assert_eq!(plan().code, 0, "no playbook is about it");
    for (name, text) in [
        ("roles/web/tasks/main.yml", "- ansible.builtin.debug: {msg: x}\n"),
        ("roles/web/templates/a.j2", "changed"),
        ("group_vars/default.yml", "colour: red\n"),
        ("motd.txt", "changed"),
        ("vars/new.yml", "a: b\n"),
    ] {
        let path = cloud.hornero.folder.path().join(name);
        let before = fs::read(&path).ok();
        write(&cloud, &[(name, text)]);
        let changed = plan();
        assert_eq!(changed.code, 2, "{name}: {}{}", changed.stdout, changed.stderr);
        assert!(changed.stdout.contains(&format!("changed since {image}")), "{}", changed.stdout);
        assert!(changed.stdout.contains(&format!("content of step 1: {name}\n")), "{}", changed.stdout);
        match before {
            Some(before) => fs::write(&path, before).unwrap(),
            None => fs::remove_file(&path).unwrap(),
        }
    }
    assert_eq!(plan().code, 0);
}

#[test]
fn a_playbook_that_does_nothing_on_the_builder_fails_the_step() {
    let cloud = Cloud::start();
    let task = "  tasks: [{ansible.builtin.command: 'true'}]\n";
    let playbooks = [
        (
            "matches no host",
            format!("- hosts: default\n{task}- name: of others\n  hosts: webservers\n{task}"),
        ),
        ("failed with exit code", "[]\n".to_owned()),
        ("failed with exit code", String::new()),
        ("did nothing on the builder", format!("- hosts: localhost\n{task}")),
        ("did nothing on the builder", "- hosts: default\n".to_owned()),
        (
            "did nothing on the builder",
            "- hosts: all\n  tasks: [{ansible.builtin.command: 'true', when: false}]\n".to_owned(),
        ),
        (
            "did nothing on the builder",
            "- hosts: all\n  tasks: [{ansible.builtin.command: 'true', delegate_to: localhost}]\n".to_owned(),
        ),
    ];
    let text = fs::read_to_string(cloud.template("", STEP)).unwrap();
    let mut arguments = vec!["bake".to_owned(), "--jobs".to_owned(), "2".to_owned()];
    for (number, (_, playbook)) in playbooks.iter().enumerate() {
        write(&cloud, &[(&format!("{number}.yml"), playbook)]);
        let text = text.replace("site.yml", &format!("{number}.yml"));
        let text = text.replace("name = \"web\"", &format!("name = \"web{number}\""));
        arguments.push(cloud.hornero.template(&format!("{number}.toml"), &text));
    }
    let ran = cloud.run(&arguments.iter().map(String::as_str).collect::<Vec<_>>());
    assert_eq!(ran.code, 6, "{}", ran.stderr);
    assert_eq!(ran.stdout, "");
    assert_eq!(cloud.images("eu-west-1"), Vec::<serde_json::Value>::new());
    for (number, (why, playbook)) in playbooks.iter().enumerate() {
        let error = "step `configure` (";
        let told =
            ran.stderr.lines().find(|line| line.contains(error) && line.contains(&format!("{number}.yml")));
        assert!(told.is_some_and(|told| told.contains(why)), "{playbook}\n{}", ran.stderr);
    }
    assert_eq!(cloud.leftovers(), Vec::<String>::new());
}

#[test]
fn a_program_that_a_step_needs_here_is_told_missing_before_anything_is_launched() {
    let cloud = Cloud::start();
    write(&cloud, &[("site.yml", PLAYBOOK)]);
    let empty = cloud.hornero.folder.path().join("empty");
    fs::create_dir(&empty).unwrap();
    let run = |arguments: &[&str]| Ran::from(cloud.command(arguments).env("PATH", &empty).output().unwrap());
    let why = "the step `configure` needs the program `ansible-playbook`, which is not here";
    let template = cloud.template("", STEP);
    for command in ["validate", "plan"] {
        let ran = run(&[command, &template]);
        assert_eq!(ran.code, 0, "{}", ran.stderr);
        assert_eq!(ran.stderr.matches(&format!("warning: {why}")).count(), 1, "{}", ran.stderr);
    }
    let ran = run(&["bake", &template]);
    assert_eq!(ran.code, 2, "{}", ran.stderr);
    assert!(ran.stderr.contains(&format!("error: {why}")), "{}", ran.stderr);
    assert!(ran.stderr.contains("hint: install `ansible-playbook` on this computer"), "{}", ran.stderr);

    let local =
        "[[steps]]\nname = \"own\"\nkind = \"local\"\ninputs = []\nrun = \"#!/no/such/shell\\ntrue\"\n";
    let ran = run(&["bake", &cloud.template("", local)]);
    assert_eq!(ran.code, 2, "{}", ran.stderr);
    assert!(ran.stderr.contains("the step `own` needs the program `/no/such/shell`"), "{}", ran.stderr);
    assert!(cloud.instances().is_empty(), "something was launched");

    let installs = "[[steps]]\nname = \"own\"\nkind = \"local\"\ninputs = []\nrun = \"true\"\n";
    let ran = run(&["bake", &cloud.template("", &format!("{installs}{STEP}"))]);
    assert_eq!(ran.code, 6, "the step before it might have installed it: {}", ran.stderr);
}
