//! A bake that fails and keeps its builder: a person looks at it, goes on with it, or removes it.

use std::{
    io::{BufRead, BufReader, Read},
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::{Child, ChildStderr, Command, Stdio},
};

use serde_json::{Value, json};

use super::Cloud;
use crate::rig::{hornero::Ran, image::manifest};

/// The first step says that it ran, the second is to be corrected.
fn steps(cloud: &Cloud, second: &str) -> String {
    let ran = file(cloud, "ran");
    format!(
        "[secrets]\ntoken = {{ env = \"KEPT_TOKEN\" }}\n\
         [[steps]]\nname = \"first\"\nrun = \"echo once >>{}\"\n\
         [[steps]]\nname = \"second\"\nenv = {{ TOKEN = \"{{{{ secrets.token }}}}\" }}\nrun = \"{second}\"\n",
        ran.display()
    )
}

fn file(cloud: &Cloud, name: &str) -> PathBuf {
    cloud.hornero.folder.path().join(name)
}

fn command(cloud: &Cloud, arguments: &[&str]) -> Command {
    let mut command = cloud.command(arguments);
    command.env("KEPT_TOKEN", "very-secret-value").stdin(Stdio::null());
    command
}

fn run(cloud: &Cloud, arguments: &[&str]) -> Ran {
    Ran::from(command(cloud, arguments).output().unwrap())
}

/// Bakes with a second step that fails; gives the run, whose builder is kept.
fn kept(cloud: &Cloud, second: &str) -> String {
    let template = cloud.template("", &steps(cloud, second));
    let ran = run(cloud, &["bake", &template, "--on-error", "keep"]);
    assert_eq!(ran.code, 6, "{}", ran.stderr);
    let id = cloud.run_id();
    for words in ["step `second` failed", "nothing ends it by itself"] {
        assert!(ran.stderr.contains(words), "{words}: {}", ran.stderr);
    }
    for command in ["ssh", "resume", "clean"] {
        assert!(ran.stderr.contains(&format!("`hornero {command} {id}`")), "{command}: {}", ran.stderr);
    }
    assert_eq!(alive(cloud).len(), 1);
    id
}

fn alive(cloud: &Cloud) -> Vec<Value> {
    cloud.instances().into_iter().filter(|one| one["State"]["Name"] == "running").collect()
}

fn text(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap_or_default()
}

#[test]
fn a_kept_builder_is_looked_at_and_gone_on_with_when_its_step_is_corrected() {
    let mut cloud = Cloud::start();
    let id = kept(&cloud, "echo $TOKEN; exit 3");
    let folder = file(&cloud, "state/runs").join(&id);
    let written = folder.join("kept.json");
    assert_eq!(std::fs::metadata(&written).unwrap().permissions().mode() & 0o777, 0o600);
    for name in ["kept.json", "plan.json", "journal", "log"] {
        assert!(!text(&folder.join(name)).contains("very-secret"), "a secret is in {name}");
    }

    let shell = run(&cloud, &["ssh", &id, "--", "echo hello; exit 41"]);
    assert_eq!((shell.code, shell.stdout.as_str()), (41, "hello\n"), "{}", shell.stderr);

    // The template that the run was made from, corrected, with one more step.
    let more = "true\"\n[[steps]]\nname = \"third\"\nrun = \"echo third >>ran-too";
    cloud.template("", &steps(&cloud, more));
    let ran = run(&cloud, &["resume", &id]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    assert!(ran.stderr.contains("going on at step 2, `second`"), "{}", ran.stderr);
    let image = ran.stdout.trim();
    assert!(image.starts_with("ami-"), "{}", ran.stdout);
    assert_eq!(cloud.parameter("/images/web/dev", "eu-west-1").0, image);
    assert_eq!(text(&file(&cloud, "ran")), "once\n", "the first step ran again");
    assert_eq!(cloud.proxy.count("ec2:RunInstances"), 1);
    assert_eq!(cloud.leftovers(), Vec::<String>::new());

    let manifest = manifest(&file(&cloud, "data/images").join(image));
    assert_eq!((&manifest["run"], manifest["resumed"].as_array().unwrap().len()), (&json!(id), 1));
    let steps =
        manifest["timings"]["steps"].as_array().unwrap().iter().map(|step| step["name"].as_str().unwrap());
    assert_eq!(steps.collect::<Vec<_>>(), ["first", "second", "second", "third"]);
    assert!(!written.exists(), "its key is of no use any more");
    let again = run(&cloud, &["resume", &id]);
    assert_eq!(again.code, 2, "{}", again.stderr);
    assert!(again.stderr.contains("it has made the image"), "{}", again.stderr);
    assert!(cloud.run(&["clean", "--dry-run"]).stdout.contains("nothing is left"));
}

#[test]
fn what_was_done_before_the_step_must_be_unchanged_and_is_named_otherwise() {
    let cloud = Cloud::start();
    let id = kept(&cloud, "exit 3");
    let template = cloud.template("", &steps(&cloud, "true").replace("echo once", "echo twice"));
    let other = cloud.hornero.template(
        "other.toml",
        &text(Path::new(&template)).replace("[seal]", "[root_disk]\nsize = \"20GiB\"\n[seal]"),
    );
    for (template, named, unnamed) in
        [(&template, "step 1: first", "root disk"), (&other, "root disk, step 1: first", "step 2: second")]
    {
        let ran = run(&cloud, &["resume", &id, template]);
        assert_eq!(ran.code, 3, "{}", ran.stderr);
        assert!(ran.stderr.contains(&format!("that has changed: {named}")), "{}", ran.stderr);
        assert!(!ran.stderr.contains(unnamed), "{}", ran.stderr);
        assert_eq!(alive(&cloud).len(), 1, "the builder was touched");
    }
    // And it can still be gone on with.
    cloud.template("", &steps(&cloud, "true"));
    let ran = run(&cloud, &["resume", &id, &template]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
}

#[test]
fn a_kept_builder_stays_until_its_time_is_over_or_somebody_names_its_run() {
    let cloud = Cloud::start();
    let id = kept(&cloud, "exit 3");
    let list = cloud.run(&["clean", "--dry-run"]);
    assert!(list.stdout.contains(&id) && list.stdout.contains(", kept until "), "{}", list.stdout);
    let ran = cloud.run(&["clean"]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    assert!(ran.stderr.contains(&format!("the builder of {id} is kept until ")), "{}", ran.stderr);
    assert_eq!(alive(&cloud).len(), 1);
    // The next bake says so.
    let next = run(&cloud, &["bake", &cloud.template("", &steps(&cloud, "exit 3"))]);
    assert!(next.stderr.contains(&format!("the run {id} has kept its builder")), "{}", next.stderr);

    let ran = cloud.run(&["clean", &id]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    assert_eq!(cloud.leftovers(), Vec::<String>::new());
    assert!(!file(&cloud, "state/runs").join(&id).join("kept.json").exists());
    for command in ["ssh", "resume"] {
        let ran = run(&cloud, &[command, &id]);
        assert_eq!(ran.code, 2, "{}", ran.stderr);
        assert!(ran.stderr.contains("it has kept no builder"), "{}", ran.stderr);
    }
}

#[test]
fn a_kept_builder_whose_time_is_over_is_removed_like_any_leftover() {
    let cloud = Cloud::start();
    let id = kept(&cloud, "exit 3");
    let journal = file(&cloud, "state/runs").join(&id).join("journal");
    let lines = text(&journal);
    let is_kept = |line: &&str| line.contains("builder_kept");
    let mut entry: Value = serde_json::from_str(lines.lines().rfind(is_kept).unwrap()).unwrap();
    entry["until"] = json!("2020-01-01T00:00:00Z");
    std::fs::write(&journal, format!("{lines}{entry}\n")).unwrap();
    let ran = cloud.run(&["clean"]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    assert_eq!(cloud.leftovers(), Vec::<String>::new());
}

#[test]
fn a_kept_builder_that_was_ended_from_outside_is_told_as_such() {
    let cloud = Cloud::start();
    let id = kept(&cloud, "exit 3");
    let instance = alive(&cloud)[0]["InstanceId"].as_str().unwrap().to_owned();
    cloud.aws(&["ec2", "terminate-instances", "--instance-ids", &instance]);
    cloud.template("", &steps(&cloud, "true"));
    for arguments in [&["resume", &id][..], &["ssh", &id, "--", "true"]] {
        let ran = run(&cloud, arguments);
        assert_eq!(ran.code, 4, "{}", ran.stderr);
        assert!(ran.stderr.contains(&format!("the instance {instance} is terminated")), "{}", ran.stderr);
        assert!(ran.stderr.contains(&format!("hornero clean {id}")), "{}", ran.stderr);
    }
    assert_eq!(cloud.run(&["clean", &id]).code, 0);
    assert_eq!(cloud.leftovers(), Vec::<String>::new());
}

/// Runs it until it says so; what it has said by then, and the rest to come.
fn until(mut command: Command, words: &str) -> (Child, String, BufReader<ChildStderr>) {
    let mut child = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    let (mut said, mut lines) = (String::new(), BufReader::new(child.stderr.take().unwrap()));
    while !said.contains(words) {
        assert_ne!(lines.read_line(&mut said).unwrap(), 0, "it has ended without `{words}`: {said}");
    }
    (child, said, lines)
}

/// As its tags are long after it was launched.
fn forgotten(cloud: &Cloud) {
    let instance = alive(cloud)[0]["InstanceId"].as_str().unwrap().to_owned();
    let tag = "Key=hornero:expires,Value=2020-01-01T00:00:00Z";
    cloud.outside(&["ec2", "create-tags", "--resources", &instance, "--tags", tag]);
}

#[test]
fn two_do_not_go_on_with_one_run_at_once_and_one_that_fails_again_is_kept_again() {
    let cloud = Cloud::start();
    let id = kept(&cloud, "exit 3");
    forgotten(&cloud);
    let go = file(&cloud, "go");
    let held = format!("echo at work; until test -e {}; do sleep 0.1; done; exit 4", go.display());
    cloud.template("", &steps(&cloud, &held));
    let first = command(&cloud, &["resume", &id, "--on-error", "keep"]);
    let (mut first, mut said, mut rest) = until(first, "second: at work");
    let second = run(&cloud, &["resume", &id]);
    assert_eq!(second.code, 2, "{}", second.stderr);
    assert!(second.stderr.contains("another process is at work on it"), "{}", second.stderr);
    let cleaned = cloud.run(&["clean", &id]);
    assert_ne!(cleaned.code, 0);
    // Nor does anybody take it for forgotten who only sees its tags.
    let mut elsewhere = cloud.command(&["clean"]);
    let [state, data] = ["other-state", "other-data"].map(|name| file(&cloud, name));
    let ran = elsewhere.env("HORNERO_STATE_DIR", state).env("HORNERO_DATA_DIR", data).output().unwrap();
    assert!(ran.status.success(), "{ran:?}");
    assert_eq!(alive(&cloud).len(), 1, "{ran:?}");
    // Looking at it is allowed meanwhile.
    assert_eq!(run(&cloud, &["ssh", &id, "--", "exit 9"]).code, 9);
    std::fs::write(&go, "").unwrap();
    rest.read_to_string(&mut said).unwrap();
    assert_eq!(first.wait().unwrap().code(), Some(6), "{said}");
    assert!(said.contains(&format!("`hornero resume {id}`")), "{said}");

    cloud.template("", &steps(&cloud, "exit 5"));
    let last = run(&cloud, &["resume", &id]);
    assert_eq!(last.code, 6, "{}", last.stderr);
    assert_eq!(text(&file(&cloud, "ran")), "once\n");
    assert_eq!(cloud.leftovers(), Vec::<String>::new(), "without `keep` it is removed");
}

#[test]
fn an_interrupt_cleans_up_also_where_a_failure_would_keep_the_builder() {
    let cloud = Cloud::start();
    let template = cloud.template("", &steps(&cloud, "echo at work; sleep 600"));
    let bake = command(&cloud, &["bake", &template, "--on-error", "keep"]);
    let (mut bake, mut said, mut rest) = until(bake, "second: at work");
    rustix::process::kill_process(rustix::process::Pid::from_child(&bake), rustix::process::Signal::INT)
        .unwrap();
    rest.read_to_string(&mut said).unwrap();
    assert_eq!(bake.wait().unwrap().code(), Some(130), "{said}");
    assert_eq!(cloud.leftovers(), Vec::<String>::new());
}

/// Runs a bake on a terminal where somebody types.
fn on_a_terminal(cloud: &Cloud, template: &str, typed: &str) -> Ran {
    let bake = command(cloud, &["bake", template, "--on-error", "ask"]);
    let mut words: Vec<String> = vec![bake.get_program().to_str().unwrap().into()];
    words.extend(bake.get_args().map(|word| word.to_str().unwrap().to_owned()));
    let mut script = Command::new("script");
    script.args(["--quiet", "--return", "--flush", "--command", &words.join(" "), "/dev/null"]);
    for (name, value) in bake.get_envs() {
        match value {
            Some(value) => script.env(name, value),
            None => script.env_remove(name),
        };
    }
    script.current_dir(cloud.hornero.folder.path());
    let mut child =
        script.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut typing = child.stdin.take().unwrap();
    std::io::Write::write_all(&mut typing, typed.as_bytes()).unwrap();
    let ran = Ran::from(child.wait_with_output().unwrap());
    drop(typing);
    ran
}

#[test]
fn on_a_terminal_a_step_can_be_tried_again_and_without_one_nothing_is_asked() {
    let mut cloud = Cloud::start();
    let twice = format!("test -e {0} || {{ touch {0}; exit 3; }}", file(&cloud, "tried").display());
    let template = cloud.template("", &steps(&cloud, &twice));
    let ran = run(&cloud, &["bake", &template, "--on-error", "ask"]);
    assert_eq!(ran.code, 6, "{}", ran.stderr);
    assert!(ran.stderr.contains("there is no terminal to ask on"), "{}", ran.stderr);
    assert_eq!(cloud.leftovers(), Vec::<String>::new());

    std::fs::remove_file(file(&cloud, "tried")).unwrap();
    let ran = on_a_terminal(&cloud, &template, "what\nt\n");
    assert_eq!(ran.code, 0, "{}{}", ran.stdout, ran.stderr);
    assert_eq!(ran.stdout.matches("[t]ry the step again?").count(), 2, "{}", ran.stdout);
    assert_eq!(cloud.proxy.count("ec2:CreateImage"), 1);
    assert_eq!(cloud.leftovers(), Vec::<String>::new());
}
