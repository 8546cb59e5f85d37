//! What a program reads of a bake: every command ends with an event that says how.

use serde_json::{Value, json};

use super::Cloud;
use crate::rig::hornero::Ran;

fn events(ran: &Ran) -> Vec<Value> {
    let read = |line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"));
    ran.stdout.lines().map(read).collect()
}

fn all<'a>(events: &'a [Value], kind: &str) -> Vec<&'a Value> {
    events.iter().filter(|event| event["type"] == kind).collect()
}

#[test]
fn a_run_ends_with_everything_that_there_is_to_know() {
    let cloud = Cloud::start();
    let more = "[[steps]]\nname = \"flaky\"\nretries = 1\nrun = \"test -e seen || { touch seen; exit 5; }; rm seen\"\n\
                [[checks]]\ncommand = \"true\"\n";
    let ran = cloud.run(&["bake", "--output", "json", &cloud.template("", more)]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    let events = events(&ran);
    let image = cloud.run(&["get", "web"]).stdout.trim().to_owned();
    let (first, last) = (all(&events, "run_started")[0], events.last().unwrap());
    assert_eq!((&first["type"], &first["format"]), (&json!("run_started"), &json!(1)));
    assert_eq!(first["hornero"], env!("CARGO_PKG_VERSION"));
    let keys = ["type", "code", "kind", "phase", "step", "image", "parameter"];
    let end = json!(["run_finished", 0, null, null, null, image, "/images/web/dev"]);
    assert_eq!(json!(keys.map(|key| &last[key])), end);
    let step = all(&events, "step_finished").pop().unwrap();
    assert_eq!(json!(["exit_code", "attempts"].map(|key| &step[key])), json!([0, 2]));
    let machines: Vec<_> = all(&events, "check_finished").iter().map(|check| &check["machine"]).collect();
    assert_eq!(json!(machines), json!(["builder", "test_machine"]));
    assert_eq!(all(&events, "step_retried")[0]["attempt"], 2);
    for seconds in events.iter().filter_map(|event| event["seconds"].as_f64()) {
        assert!(seconds.to_string().split('.').nth(1).unwrap_or_default().len() <= 3, "{seconds}");
    }
}

#[test]
fn a_run_that_failed_says_where_and_a_builder_that_was_refused_too() {
    let mut cloud = Cloud::start();
    let step = "[[steps]]\nname = \"first\"\nrun = \"true\"\n[[steps]]\nname = \"no\"\nrun = \"exit 3\"\n";
    let last = |ran: &Ran| events(ran).pop().unwrap_or_default();
    let keys = ["type", "code", "kind", "phase", "step", "image", "parameter"];
    let ran = cloud.run(&["bake", "--output", "json", &cloud.template("", step)]);
    let step = all(&events(&ran), "step_finished").pop().cloned().unwrap();
    assert_eq!(json!(["exit_code", "attempts"].map(|key| &step[key])), json!([3, 1]));
    let end = json!(keys.map(|key| last(&ran)[key].clone()));
    assert_eq!((ran.code, end), (6, json!(["run_finished", 6, "bake", "steps", "no", null, null])));

    cloud.proxy.rule(json!({ "action": "RunInstances", "fault": "denied" }));
    let ran = cloud.run(&["bake", "--output", "json", &cloud.template("", "")]);
    let end = json!(keys.map(|key| last(&ran)[key].clone()));
    assert_eq!((ran.code, end), (4, json!(["run_finished", 4, "platform", "launch", null, null, null])));
}

#[test]
fn a_command_that_fails_without_a_run_ends_with_an_error() {
    let cloud = Cloud::start();
    let wrong = cloud.hornero.template("wrong.toml", "[image]\nname = \"web\"\nnmae = 1\n");
    let no_ami = cloud.edited(&[("ami-0d000000000000012", "ami-0123456789abcdef0")]);
    let secret = cloud.hornero.template(
        "secret.toml",
        &format!(
            "{}[secrets]\nkey = {{ env = \"NO_SUCH_VARIABLE\" }}\n",
            std::fs::read_to_string(&no_ami).unwrap(),
        ),
    );
    let cases: [(&[&str], i32, &str); 9] = [
        (&["bake", &wrong], 3, "template"),
        (&["validate", &wrong], 3, "template"),
        (&["plan", &wrong], 3, "template"),
        (&["bake", "nothing.toml"], 3, "template"),
        (&["bake", &no_ami], 4, "platform"),
        (&["bake", &secret], 2, "usage"),
        (&["get", "nothing"], 2, "usage"),
        (&["publish", "web-nothing"], 2, "usage"),
        (&["bake"], 2, "usage"),
    ];
    for (arguments, code, kind) in cases {
        let ran = cloud.run(&[arguments, &["--output", "json"]].concat());
        assert_eq!(ran.code, code, "{arguments:?}: {}", ran.stderr);
        let events = events(&ran);
        let last = events.last().unwrap_or_else(|| panic!("{arguments:?} says nothing: {}", ran.stderr));
        assert_eq!(
            json!([last["type"], last["code"], last["kind"]]),
            json!(["error", code, kind]),
            "{arguments:?}"
        );
        assert!(last["message"].as_str().is_some_and(|message| !message.is_empty()), "{last}");
        let mistakes = all(&events, "mistake");
        assert_eq!(mistakes.is_empty(), kind != "template", "{events:?}");
    }
}

#[test]
fn a_line_that_a_step_prints_has_the_number_of_the_step() {
    let cloud = Cloud::start();
    let step = |word: &str| format!("[[steps]]\nname = \"say {word}\"\nrun = \"echo {word}\"\n");
    let ran = cloud.run(&["bake", "--output", "json", &cloud.template("", &(step("one") + &step("two")))]);
    let events = events(&ran);
    let printed = |word: &str| {
        let lines = all(&events, "output").into_iter().filter(|event| event["line"] == word);
        json!(["source", "number"].map(|key| lines.clone().next().map(|line| &line[key])))
    };
    assert_eq!(
        [printed("one"), printed("two")],
        [json!(["say one", 1]), json!(["say two", 2])],
        "{}",
        ran.stderr
    );
}

#[test]
fn warnings_are_events_too_except_where_the_answer_is_one_document() {
    let cloud = Cloud::start();
    let template = cloud.template("", "[variables]\nport = \"80\"\n");
    let with = |command: &str| {
        let mut command = cloud.command(&[command, &template, "--output", "json"]);
        Ran::from(command.env("HORNERO_VAR_prot", "81").output().unwrap())
    };
    let ran = with("validate");
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    let events = events(&ran);
    let [of_template, of_environment] = all(&events, "warning")[..] else { panic!("{events:?}") };
    assert_eq!(of_template["file"], template.as_str());
    assert!(of_template["line"].as_u64() > Some(1) && of_template["hint"].is_string(), "{of_template}");
    let message = of_environment["message"].as_str().unwrap_or_default();
    assert!(message.contains("did you mean HORNERO_VAR_port?"), "{of_environment}");
    assert_eq!(ran.stderr.matches(message).count(), 1, "people read it too: {}", ran.stderr);
    for command in ["matrix", "plan"] {
        let ran = with(command);
        serde_json::from_str::<Value>(&ran.stdout).unwrap_or_else(|error| panic!("{error}: {}", ran.stdout));
        assert!(ran.stderr.contains("did you mean HORNERO_VAR_port?"), "{}", ran.stderr);
    }
}

#[test]
fn only_who_asks_on_the_command_line_gets_the_answer_of_get_as_json() {
    let cloud = Cloud::start();
    let ran = cloud.run(&["bake", &cloud.template("", "")]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    let with = |arguments: &[&str]| {
        let mut command = cloud.command(arguments);
        Ran::from(command.env("HORNERO_OUTPUT", "json").output().unwrap())
    };
    assert_eq!(with(&["get", "web"]).stdout, ran.stdout);
    assert_eq!(with(&["get", "nothing"]).stdout, "");
    for arguments in [["--output", "json", "get", "web"], ["get", "web", "--output", "json"]] {
        let told = with(&arguments);
        assert_eq!(events(&told)[0]["value"], ran.stdout.trim());
    }
    assert!(with(&["images"]).stdout.starts_with('{'), "other commands hear the variable");
}
