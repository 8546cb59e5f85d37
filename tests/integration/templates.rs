//! The shipped templates, and the fixtures: `valid` ones load without a warning, each `invalid` one
//! gives exactly the text beside it. `HORNERO_BLESS=1` writes those texts anew.

use std::{
    fs,
    path::{Path, PathBuf},
};

use hornero::{
    load::{GivenSource, GivenVariable, Inputs, Loaded, load, templates_in, var_file},
    plan::compile,
    template::{
        diagnose::{Mistakes, render},
        model::{Action, FileSource, PlatformKind},
        render::secret_names,
    },
};
use proptest::prelude::*;

fn inputs(platform: PlatformKind, vars: &[(&str, &str)]) -> Inputs {
    let vars = vars.iter().map(|(name, value)| GivenVariable::option(*name, *value)).collect();
    Inputs { vars, provisioner_folders: vec!["provisioners".into()], ..Inputs::for_platform(platform) }
}

fn loaded(path: &str, vars: &[(&str, &str)]) -> Loaded {
    good(load(Path::new(path), &inputs(PlatformKind::Qemu, vars)))
}

#[track_caller]
fn good(result: Result<Loaded, Mistakes>) -> Loaded {
    result.unwrap_or_else(|mistakes| panic!("{}", render(&mistakes, false, 120)))
}

fn told(path: &Path) -> Mistakes {
    match load(path, &inputs(PlatformKind::Qemu, &[])) {
        Ok(_) => panic!("{} has no mistake", path.display()),
        Err(mistakes) => mistakes,
    }
}

/// A template in a folder of its own.
fn written(name: &str, content: &[u8]) -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let file = folder.path().join(name);
    fs::write(&file, content).expect("the folder can be written to");
    (folder, file)
}

const GOOD: &str = "[image]\nname = 'x'\n[base]\nos = 'debian-12'\n";

#[test]
fn shipped_templates_load_on_both_platforms_and_serialise() {
    let shipped = templates_in(Path::new("templates")).expect("templates are shipped");
    assert_eq!(shipped.len(), 4);
    for path in shipped {
        for platform in [PlatformKind::Ec2, PlatformKind::Qemu] {
            let loaded = good(load(&path, &inputs(platform, &[])));
            assert!(loaded.warnings.is_empty(), "{} warns", path.display());
            let json = serde_json::to_value(&loaded.template).expect("a model is JSON");
            assert_eq!(json["image"]["name"], loaded.template.image.name);
            assert_eq!(*loaded.inputs[0].path, *path);
            assert!(loaded.inputs.iter().all(|input| input.sum().is_ok()));
        }
    }
}

#[test]
fn the_web_template_brings_its_provisioner_along() {
    let web = loaded("templates/web.toml", &[("server_name", "www.example.org")]).template;
    assert_eq!(web.steps[0].name, "nginx: replace the distribution's site");
    let packages: Vec<String> = web.packages.install.iter().map(ToString::to_string).collect();
    assert_eq!(packages, ["nginx-light", "jq"]);
    let site = web.files.iter().find(|file| file.destination == "/etc/nginx/conf.d/site.conf");
    match site.map(|file| &file.source) {
        Some(FileSource::Content(text)) => {
            assert!(text.contains("server_name www.example.org;\n    root /srv/www;"), "{text}");
        }
        other => panic!("the site is {other:?}"),
    }
}

#[test]
fn the_moment_of_the_packages_is_in_the_plan() {
    let text = format!("{GOOD}[variables]\nday = '2026-11-01'\n[packages]\nsnapshot = '{{{{ day }}}}'\n");
    let (_folder, path) = written("t.toml", text.as_bytes());
    let loaded = good(load(&path, &inputs(PlatformKind::Ec2, &[("day", "2026-10-01")])));
    let plan = compile(loaded.template, PlatformKind::Ec2).expect("it can be planned");
    let told: Vec<&str> = plan.actions.iter().map(|action| action.what.as_str()).collect();
    assert!(told.contains(&"packages of the distribution as of 2026-10-01T00:00:00Z"), "{told:?}");
}

#[test]
fn a_secret_reaches_the_model_as_a_placeholder_only() {
    let moodle = loaded("templates/moodle.toml", &[]).template;
    let secrets: Vec<String> = moodle
        .steps
        .iter()
        .filter_map(|step| match &step.action {
            Action::Shell { env, .. } => env.get("PLUGIN_TOKEN"),
            Action::Ansible { .. } | Action::Reboot | Action::Local { .. } | Action::Download { .. } => None,
        })
        .flat_map(|value| secret_names(value))
        .collect();
    assert_eq!(secrets, ["plugin_token"]);
}

#[test]
fn variables_and_stage_decide_what_is_rendered() {
    let dev = loaded("templates/moodle.toml", &[("php", "8.3")]).template;
    assert_eq!(dev.publish.parameter, "/images/moodle-web/dev");
    assert!(dev.packages.install.iter().any(|package| package.name == "php8.3-fpm"));
    let prod = Inputs { stage: Some("prod".into()), ..inputs(PlatformKind::Qemu, &[]) };
    let prod = good(load(Path::new("templates/moodle.toml"), &prod)).template;
    assert_eq!(prod.publish.parameter, "/images/moodle-web/prod");
    assert_eq!(prod.steps.len(), dev.steps.len() + 1);
}

#[test]
fn valid_fixtures_load_without_a_warning() {
    for path in templates_in(Path::new("tests/fixtures/valid")).expect("there are fixtures") {
        let loaded = good(load(&path, &inputs(PlatformKind::Qemu, &[])));
        assert!(loaded.warnings.is_empty(), "{} warns", path.display());
        assert!(serde_json::to_string(&loaded.template).is_ok());
    }
}

#[test]
fn invalid_fixtures_tell_exactly_this() {
    let bless = std::env::var_os("HORNERO_BLESS").is_some();
    for path in templates_in(Path::new("tests/fixtures/invalid")).expect("there are fixtures") {
        let text = render(&told(&path), false, 120);
        let expected = path.with_extension("stderr");
        if bless {
            fs::write(&expected, &text).expect("the fixture can be written");
        }
        let expected = fs::read_to_string(&expected).unwrap_or_default();
        assert!(text == expected, "{} tells:\n{text}\ninstead of:\n{expected}", path.display());
    }
}

#[test]
fn what_is_no_template_gives_one_clear_mistake() {
    let mut binary = GOOD.as_bytes().to_vec();
    binary.extend([0, 159, 146, 150]);
    let large = format!("{GOOD}# {}\n", "x".repeat(10 << 20));
    let long_line = format!("{GOOD}[seal]\nkeep = ['{}']\n", "x".repeat(900_000));
    let cases: [(&str, &[u8], &str); 7] = [
        ("empty", b"", "the template is empty"),
        ("only comments", b"# nothing\n\n", "the template is empty"),
        ("binary", &binary, "it is not text"),
        ("no UTF-8", b"[image]\nname = '\xff'\n", "it is not text: byte 16"),
        ("10 MB", large.as_bytes(), "it has 10.0 MiB, more than 1.0 MiB"),
        ("a long line", long_line.as_bytes(), "unknown part of the seal"),
        ("0 bytes", format!("{GOOD}[root_disk]\nsize = '0B'").leak().as_bytes(), "a size of 0 bytes"),
    ];
    for (case, content, message) in cases {
        let (_folder, file) = written("t.toml", content);
        let mistakes = told(&file);
        assert_eq!(mistakes.len(), 1, "{case}: {}", render(&mistakes, false, 80));
        assert!(mistakes.list[0].message.contains(message), "{case}: {}", mistakes.list[0].message);
        let longest = render(&mistakes, false, 80).lines().map(|line| line.chars().count()).max();
        // The name of the file itself is never cut.
        assert!(longest < Some(400), "{case} makes a line of {longest:?} characters");
    }
}

#[test]
fn a_template_full_of_mistakes_is_told_in_part_and_soon() {
    let started = std::time::Instant::now();
    for line in ["[[steps]]\n", "[[files]]\nsource='x'\n", "[[chekcs]]\n", "key = 1\n", "\"\n", "x = {{\n"] {
        let content = format!("{GOOD}{}", line.repeat(500_000 / line.len()));
        let (_folder, file) = written("t.toml", content.as_bytes());
        let mistakes = told(&file);
        assert!((1..=302).contains(&mistakes.len()), "{line:?} gives {}", mistakes.len());
        assert!(render(&mistakes, false, 100).len() < 300_000);
        assert_eq!(mistakes.records().len(), mistakes.len());
    }
    assert!(started.elapsed().as_secs() < 60, "it takes {:?}", started.elapsed());
}

#[test]
fn values_that_double_each_other_are_refused() {
    let doubling: String =
        (1..60).map(|n| format!("v{n} = '{{{{ v{0} }}}}{{{{ v{0} }}}}'\n", n - 1)).collect();
    let content = format!("{GOOD}[variables]\nv0 = 'xxxxxxxx'\n{doubling}");
    let (_folder, file) = written("t.toml", content.as_bytes());
    let mistakes = told(&file);
    assert_eq!(mistakes.len(), 1, "{}", render(&mistakes, false, 100));
}

#[test]
fn folders_and_pipes_are_not_read_as_templates() {
    for path in ["templates/keys", "/dev/zero", "/nowhere/t.toml"] {
        assert_eq!(told(Path::new(path)).len(), 1);
    }
    assert!(templates_in(Path::new("/nowhere")).is_err());
    assert!(templates_in(Path::new("templates/keys")).is_err());
}

/// A template beside a folder that others share, `~`, and a folder with almost the same name.
const ROAMING: &str = r#"
[secrets]
one = { file = "SHARED/token" }
[ssh]
user = "ops"
private_key = "~/.ssh/id"
[[files]]
source = "../shared/site"
destination = "/srv/www"
[[files]]
source = "linked"
destination = "/etc/motd"
[[steps]]
script = "SHARED/run.sh"
[[steps]]
kind = "download"
source = "/var/log/syslog"
destination = "../shared/out/log"
"#;

#[test]
fn what_lies_outside_is_read_only_where_the_user_allows_its_folder() {
    let root = tempfile::tempdir().expect("a folder");
    let at = |name: &str| root.path().join(name);
    for folder in ["template", "shared/site", "shared-not", "home/.ssh"] {
        fs::create_dir_all(at(folder)).expect("a folder");
    }
    for file in ["shared/run.sh", "shared/token", "shared/site/index.html", "shared/motd", "shared-not/x"] {
        fs::write(at(file), "true").expect("a file");
    }
    let key = hornero::remote::key::KeyPair::generate("test").expect("a key");
    fs::write(at("home/.ssh/id"), key.private).expect("a file");
    std::os::unix::fs::symlink(at("shared/motd"), at("template/linked")).expect("a link");
    fs::write(at("template/t.toml"), "include = ['../shared/more.toml']\n").expect("a file");
    fs::write(at("shared/more.toml"), "[variables]\nmore = 'x'\n").expect("a file");
    let text = ROAMING.replace("SHARED", &at("shared").display().to_string());
    let path = at("template/t.toml");
    fs::write(&path, format!("include = ['../shared/more.toml']\n{GOOD}{text}")).expect("a file");
    let with = |allowed: Vec<PathBuf>| {
        let home = Some(at("home"));
        load(&path, &Inputs { allowed, home, ..inputs(PlatformKind::Qemu, &[]) })
    };

    let real = |name: &str| at(name).canonicalize().expect("it is there");
    let loaded = good(with(vec![real("shared")]));
    assert_eq!(loaded.template.ssh.private_key, Some(at("home/.ssh/id")));
    assert_eq!(loaded.inputs.len(), 5, "{:?}", loaded.inputs);
    for allowed in [vec![], vec![real("shared-not")]] {
        let Err(mistakes) = with(allowed) else { panic!("it was taken") };
        let told = render(&mistakes, false, 200);
        assert_eq!(mistakes.len(), 6, "{told}");
        assert_eq!(told.matches("allow it with --allow-path").count(), 6, "{told}");
        assert!(told.contains(&format!("--allow-path {}\n", at("shared").display())), "{told}");
    }
}

#[test]
fn what_is_written_or_read_later_cannot_leave_through_a_link_either() {
    let text = format!(
        "{GOOD}[secrets]\none = {{ file = 'out/token' }}\n[[steps]]\nkind = 'download'\n\
                        source = '/a'\ndestination = 'out/new/file'\n"
    );
    let (folder, path) = written("t.toml", text.as_bytes());
    let elsewhere = tempfile::tempdir().expect("a folder");
    std::os::unix::fs::symlink(elsewhere.path(), folder.path().join("out")).expect("a link");
    let mistakes = told(&path);
    assert_eq!(mistakes.len(), 2, "{}", render(&mistakes, false, 120));
    assert!(mistakes.iter().all(|mistake| mistake.message.contains("a symbolic link leads out of")));
}

#[test]
fn a_single_source_goes_into_a_folder_under_its_own_name() {
    let sum = "0".repeat(64);
    let text = format!(
        "{GOOD}[[files]]\nsource = 'a.txt'\ndestination = '/opt/'\n\
         [[files]]\nsource = 'a.txt'\ndestination = '/'\n\
         [[files]]\nsource = 'in'\ndestination = '/'\n"
    );
    let (folder, path) = written("t.toml", text.as_bytes());
    fs::write(folder.path().join("a.txt"), "x").expect("a file");
    fs::create_dir(folder.path().join("in")).expect("a folder");
    let files = good(load(&path, &inputs(PlatformKind::Qemu, &[]))).template.files;
    let destinations: Vec<&str> = files.iter().map(|file| file.destination.as_str()).collect();
    assert_eq!(destinations, ["/opt/a.txt", "/a.txt", "/"]);
    let fetched = format!(
        "{GOOD}[[files]]\nsource = 'https://x.example/tool-1.2?x=/y'\nsha256 = '{sum}'\ndestination = '/opt/'\n"
    );
    let (_folder, path) = written("t.toml", fetched.as_bytes());
    let files = good(load(&path, &inputs(PlatformKind::Qemu, &[]))).template.files;
    assert_eq!(files[0].destination, "/opt/tool-1.2");
    let (_folder, path) = written("t.toml", fetched.replace("tool-1.2?x=/y", "").as_bytes());
    assert!(told(&path).list[0].message.contains("names a folder"));
}

#[test]
fn what_a_reboot_takes_away_again_is_a_warning() {
    let file = |destination: &str, after: &str| {
        format!("[[files]]\ncontent = 'x'\ndestination = '{destination}'\n{after}\n")
    };
    let steps =
        "[[steps]]\nname = 'first'\nrun = 'true'\n[[steps]]\nkind = 'reboot'\n[[steps]]\nrun = 'id'\n";
    let warnings = |files: String| {
        let (_folder, path) = written("t.toml", format!("{GOOD}{files}{steps}").as_bytes());
        let loaded = good(load(&path, &inputs(PlatformKind::Qemu, &[])));
        let after: Vec<usize> = loaded.template.files.iter().map(|file| file.after).collect();
        (after, loaded.warnings.list.into_iter().map(|warning| warning.message).collect::<Vec<_>>())
    };
    let gone = ["what goes to `/tmp/x` is gone after the step `reboot`".to_owned()];
    assert_eq!(warnings(file("/tmp/x", "")), (vec![0], gone.to_vec()));
    assert_eq!(warnings(file("/tmp/x", "after = 'first'")), (vec![1], gone.to_vec()));
    assert_eq!(warnings(file("/tmp/x", "after = 'reboot'")), (vec![2], vec![]));
    assert_eq!(warnings(file("/var/tmp/x", "")).1, Vec::<String>::new());
    assert_eq!(warnings(file("/run/x", "")).1.len(), 1);
}

#[test]
fn links_cannot_lead_out_of_the_folder() {
    let file = format!("{GOOD}[[files]]\nsource = 'in'\ndestination = '/a'\n[[steps]]\nscript = 'run.sh'\n");
    let (folder, path) = written("t.toml", file.as_bytes());
    fs::create_dir(folder.path().join("in")).expect("a folder");
    std::os::unix::fs::symlink("/etc/passwd", folder.path().join("in/deep")).expect("a link");
    std::os::unix::fs::symlink("/etc/passwd", folder.path().join("run.sh")).expect("a link");
    let mistakes = told(&path);
    assert_eq!(mistakes.len(), 1, "{}", render(&mistakes, false, 120));
    assert!(mistakes.list[0].message.contains("`/etc/passwd`, for a symbolic link leads out of"));
    assert!(mistakes.list[0].message.contains("run.sh"));
    // What is in a folder is not followed, but sent as a link.
    fs::remove_file(folder.path().join("run.sh")).expect("a link");
    fs::write(folder.path().join("run.sh"), "true").expect("a file");
    let link = |target: &str| {
        let deep = folder.path().join("in/deep");
        fs::remove_file(&deep).expect("a link");
        std::os::unix::fs::symlink(target, &deep).expect("a link");
        let inputs = good(load(&path, &inputs(PlatformKind::Qemu, &[]))).inputs;
        let input = inputs.iter().find(|input| input.path.ends_with("in/deep")).expect("the link counts");
        input.sum().expect("it can be read")
    };
    assert_ne!(link("/etc/passwd"), link("/etc/group"), "where it leads decides the image");
    assert_eq!(link("nowhere"), link("nowhere"));
    assert_eq!(link("deep"), hornero::sum::of_text("deep"));
}

#[test]
fn a_template_made_from_itself_through_others_is_told_once() {
    let made_from = |other: &str| format!("[image]\nname = 'x'\n[base]\ntemplate = '{other}'\n");
    let (folder, path) = written("a.toml", made_from("b.toml").as_bytes());
    fs::write(folder.path().join("b.toml"), made_from("a.toml")).expect("the folder can be written to");
    let mistakes = told(&path);
    assert_eq!(mistakes.len(), 1, "{}", render(&mistakes, false, 120));
    assert_eq!(mistakes.list[0].message, "a template cannot be made from itself");
}

#[test]
fn values_from_outside_are_judged_like_those_inside() {
    let path = Path::new("templates/moodle.toml");
    let mistakes = load(path, &inputs(PlatformKind::Qemu, &[("php", "7.4")])).expect_err("it is wrong");
    assert_eq!(mistakes.len(), 1, "{}", render(&mistakes, false, 120));
    assert_eq!(mistakes.list[0].message, "`7.4` is not an allowed value of the variable `php`");
    assert!(mistakes.list[0].hint.is_some());
}

#[test]
fn what_is_wrong_with_a_value_from_outside_is_told_of_what_gave_it() {
    let variables = "[variables]\nport = 80\ncolour = { default = 'red', allowed = ['red'] }\n";
    let (folder, path) = written("t.toml", format!("{GOOD}{variables}").as_bytes());
    let given = folder.path().join("given.toml");
    fs::write(&given, "# of all\nport = 'http'\ncolour = 'blue'\n").unwrap();
    let of_file: Vec<_> = var_file(&given, &[]).unwrap().values().collect();
    let each = |source: GivenSource| {
        let given = |(name, value): (&str, &str)| GivenVariable {
            source: source.clone(),
            ..GivenVariable::option(name, value)
        };
        [("port", "http"), ("colour", "blue")].map(given).to_vec()
    };
    let cases = [
        (each(GivenSource::Option), ["--var colour=...", "--var port=..."]),
        (each(GivenSource::Environment), ["HORNERO_VAR_colour", "HORNERO_VAR_port"]),
        (of_file, ["given.toml:2:8", "given.toml:3:10"]),
    ];
    for (vars, places) in cases {
        let mistakes = load(&path, &Inputs { vars, ..inputs(PlatformKind::Qemu, &[]) }).expect_err("wrong");
        let mut told: Vec<String> = mistakes
            .records()
            .iter()
            .map(|record| {
                let file = record.file.file_name().unwrap().to_string_lossy().into_owned();
                let numbers = [record.line, record.column].into_iter().flatten();
                file + &numbers.map(|number| format!(":{number}")).collect::<String>()
            })
            .collect();
        told.sort();
        assert_eq!(told, places, "{}", render(&mistakes, false, 100));
    }
}

#[test]
fn a_file_of_variables_holds_plain_values() {
    let (_folder, path) = written("v.toml", b"\xef\xbb\xbfa = 'x'\r\nb = 3\r\nc = true\r\n");
    let file = var_file(&path, &[]).expect("it is good");
    let values: Vec<String> = file.values().map(|given| format!("{}={}", given.name, given.value)).collect();
    assert_eq!(values, ["a=x", "b=3", "c=true"]);
    let declared = ["a".to_owned(), "c".to_owned()].into();
    let warned = file.warnings(&declared).records();
    assert_eq!(warned.len(), 2);
    assert!(warned[0].line.is_none() && warned[0].message.contains("CRLF"), "{}", warned[0].message);
    assert_eq!((&warned[1].file, warned[1].line), (&path, Some(2)));
    let (_folder, path) = written("v.toml", b"a = [1]\nb = 1.5\n");
    assert_eq!(var_file(&path, &[]).expect_err("it is wrong").len(), 2);
}

#[test]
fn records_for_machines_have_line_and_column() {
    let mistakes = told(Path::new("tests/fixtures/invalid/names.toml"));
    let records = mistakes.records();
    assert_eq!(records.len(), mistakes.len());
    let first = serde_json::to_value(&records[0]).expect("a record is JSON");
    assert_eq!((first["line"].as_u64(), first["column"].as_u64()), (Some(2), Some(8)));
}

fn shipped_text() -> impl Strategy<Value = String> {
    let names = ["hello", "web", "moodle", "base-debian"];
    prop::sample::select(names.to_vec())
        .prop_map(|name| fs::read_to_string(format!("templates/{name}.toml")).expect("it is shipped"))
}

/// Cuts a piece out of a text and puts another in its place.
fn mutated() -> impl Strategy<Value = String> {
    let pieces = [
        "",
        "{{",
        "}}",
        "{%",
        "'",
        "\"\"\"",
        "[",
        "]]",
        "\n",
        "=",
        "{{ secrets.x }}",
        "é",
        "\\u00e9",
        "a.b.c",
        "\u{1b}[31m",
    ];
    let cut = (any::<prop::sample::Index>(), 0usize..40, prop::sample::select(pieces.to_vec()));
    (shipped_text(), prop::collection::vec(cut, 1..4)).prop_map(|(mut text, cuts)| {
        for (at, length, piece) in cuts {
            let start = text.floor_char_boundary(at.index(text.len() + 1));
            let end = text.floor_char_boundary((start + length).min(text.len()));
            text.replace_range(start..end.max(start), piece);
        }
        text
    })
}

fn never_panics(content: &[u8]) {
    let (_folder, path) = written("t.toml", content);
    if let Err(mistakes) = load(&path, &inputs(PlatformKind::Qemu, &[])) {
        assert!(!mistakes.is_empty());
        let text = render(&mistakes, false, 100);
        assert!(!text.contains('\u{1b}'), "an escape reaches the terminal: {text:?}");
        assert_eq!(mistakes.records().len(), mistakes.len());
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(200) })]

    #[test]
    fn any_bytes_are_survived(content in prop::collection::vec(any::<u8>(), 0..300)) {
        never_panics(&content);
    }

    #[test]
    fn damaged_templates_are_survived(content in mutated()) {
        never_panics(content.as_bytes());
    }
}

#[test]
fn lines_of_windows_reach_the_model_with_plain_ends_and_uploads_stay_as_they_are() {
    let text = format!(
        "\u{feff}{GOOD}[variables]\nv = '1'\n[[steps]]\nscript = 'run.sh'\n[[steps]]\nrun = '''\na\nb\n'''\n\
         [[files]]\ntemplate = 'a.j2'\ndestination = '/a'\n[[files]]\nsource = 'raw.txt'\ndestination = '/b'\n\
         [cloud_init]\nuser_data = ['x.yaml']\n[[users]]\nname = 'u'\nssh_keys = ['key.pub']\n"
    )
    .replace('\n', "\r\n");
    let (folder, path) = written("t.toml", text.as_bytes());
    let key = fs::read_to_string("templates/keys/deploy.pub").expect("it is shipped");
    for (name, content) in [
        ("run.sh", "\u{feff}#!/bin/bash\r\nset -eu\r\n"),
        ("a.j2", "x\r\n{% if v == '1' %}\r\ny {{ v }}\r\n{% endif %}\r\nz\r\n"),
        ("raw.txt", "raw\r\n"),
        ("x.yaml", "\u{feff}#cloud-config\r\nlocale: C\r\n"),
        ("key.pub", &key.replace('\n', "\r\n")),
    ] {
        fs::write(folder.path().join(name), content).expect("a file");
    }
    let loaded = good(load(&path, &inputs(PlatformKind::Qemu, &[])));
    let model = serde_json::to_string(&loaded.template).expect("a model is JSON");
    assert!(!model.contains("\\r") && !model.contains('\u{feff}'), "{model}");
    assert!(model.contains("#!/bin/bash\\nset -eu\\n") && model.contains("x\\ny 1\\nz\\n"), "{model}");
    // Each file that was read as text, and none that is sent as it is.
    let warned: Vec<String> =
        loaded.warnings.iter().map(|warning| warning.file.display().to_string()).collect();
    assert_eq!(warned.len(), 5, "{warned:?}");
    assert!(!warned.iter().any(|file| file.ends_with("raw.txt")));
    assert_eq!(fs::read(folder.path().join("raw.txt")).expect("it is there"), b"raw\r\n");
}

#[test]
fn what_bash_and_other_programs_write_reaches_the_machine_as_it_stands() {
    let script = "NUM=${#arr[@]}\nKEEP=yes\n#}\nEND=1\n";
    let text = format!(
        "{GOOD}[[steps]]\nrun = '''\n{script}'''\n[[files]]\ntemplate = 'a.j2'\ndestination = '/a'\n"
    );
    let (folder, path) = written("t.toml", text.as_bytes());
    fs::write(folder.path().join("a.j2"), script).expect("a file");
    let loaded = good(load(&path, &inputs(PlatformKind::Qemu, &[]))).template;
    let texts: Vec<&str> = loaded
        .steps
        .iter()
        .filter_map(|step| match &step.action {
            Action::Shell { script, .. } => Some(script.text.as_str()),
            Action::Ansible { .. } | Action::Reboot | Action::Local { .. } | Action::Download { .. } => None,
        })
        .chain(loaded.files.iter().filter_map(|file| match &file.source {
            FileSource::Content(text) => Some(text.as_str()),
            FileSource::Path(_) | FileSource::Url { .. } => None,
        }))
        .collect();
    assert_eq!(texts, [script, script]);
}

/// Line and column of a text, as a person counts them.
fn place_of(text: &str, wanted: &str) -> (Option<usize>, Option<usize>) {
    let at = text.find(wanted).expect("it is there");
    let line_start = text[..at].rfind('\n').map_or(0, |newline| newline + 1);
    (Some(text[..at].matches('\n').count() + 1), Some(text[line_start..at].chars().count() + 1))
}

#[test]
fn a_literal_that_looks_like_an_expression_is_told_at_its_own_place() {
    for (literal, place) in [
        ("docker ps --format '{{.Names}}'", "{{.Names}}"),
        ("echo ${{ github.ref }}", "github"),
        ("awk '{{print $1}}' x", "{{print"),
        ("echo {{ ansible_host }}", "ansible_host"),
        ("printf '{%s}' x", "{%s}"),
        ("{# a comment of Jinja #}", "{# a"),
        ("a = {{0}};", "{{0}}"),
        ("{% include 'x' %}", "{% include"),
    ] {
        let text = format!("{GOOD}[[steps]]\nrun = \"\"\"\nécho a \\\n   b\n\t{literal}\nend\n\"\"\"\n");
        let (_folder, path) = written("t.toml", text.as_bytes());
        let mistakes = told(&path);
        let record = &mistakes.records()[0];
        assert_eq!((record.line, record.column), place_of(&text, place), "{literal}: {}", record.message);
        let hint = record.hint.as_deref().unwrap_or_default();
        assert!(
            hint.contains(" raw %}") && hint.contains("script") || hint.contains("{% comment %}"),
            "{hint}"
        );
    }
}

#[test]
fn repositories_are_those_of_the_base() {
    let with = |os: &str, more: &str| {
        let text = format!(
            "[image]\nname = 'x'\n[base]\n{os}\n[[packages.repositories]]\nname = 'tools'\nuri = 'https://p.example.org/x'\n{more}"
        );
        let (_folder, path) = written("t.toml", text.as_bytes());
        load(&path, &inputs(PlatformKind::Ec2, &[])).map_err(|mistakes| {
            let first = &mistakes.list[0];
            format!("{} at {}", first.message, &text[first.span.clone().expect("it has a place")])
        })
    };
    let (amazon, debian) = ("os = 'amazon-linux-2023'", "os = 'debian-12'");
    let other = "ec2 = { ami = 'ami-0123456789abcdef0' }";
    let apt = "suite = 'stable'\ncomponents = ['main']\n";
    assert_eq!(with(amazon, "").expect("it is good").template.packages.repositories[0].suite, None);
    assert!(with(debian, apt).is_ok() && with(other, apt).is_ok() && with(other, "").is_ok());
    assert!(with(amazon, apt).expect_err("it is apt's").contains("has no `suite` at 'stable'"));
    assert!(with(debian, "").expect_err("it is of RPMs").contains("needs a `suite`"));
    assert!(
        with(amazon, "components = ['main']\n").expect_err("it is apt's").contains("only with a `suite`")
    );
}

#[test]
fn a_slip_in_a_region_is_refused_or_doubted_and_a_new_region_is_not() {
    let loaded = |region: &str| {
        let text = format!("{GOOD}[ec2]\nregion = '{region}'\ncopy_to = ['{region}']\n");
        let (_folder, path) = written("t.toml", text.as_bytes());
        load(&path, &inputs(PlatformKind::Ec2, &[]))
    };
    let warned = |region: &str| good(loaded(region)).warnings.len();
    assert_eq!((warned("eu-west-9"), warned("eu-west-1"), warned("xx-north-9")), (2, 0, 0));
    assert!(loaded("eu-wset-1").is_err(), "no region can be called so");
}
