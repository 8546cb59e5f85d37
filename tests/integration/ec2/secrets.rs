//! Secrets on their way: where they come from, what may hold them, and what must not.

use std::{fs, path::Path, process::Command};

use serde_json::json;
use walkdir::WalkDir;

use super::Cloud;
use crate::rig::hornero::Ran;

/// Holds what encodings mind.
const SECRET: &str = "s3cret'/pass \"word\"&é+ünd";

fn sum_of(text: &str) -> String {
    use sha2::{Digest, Sha256};
    hex::encode(Sha256::digest(text))
}

fn baked(cloud: &Cloud, arguments: &[&str]) -> Ran {
    Ran::from(cloud.command(arguments).env("TOKEN", SECRET).output().unwrap())
}

#[test]
fn secrets_come_from_the_environment_a_file_parameter_store_and_secrets_manager() {
    let cloud = Cloud::start();
    fs::write(cloud.hornero.folder.path().join("token.txt"), "from a file\n").unwrap();
    let put = ["ssm", "put-parameter", "--type", "SecureString", "--name", "/web/token"];
    cloud.outside(&[&put[..], &["--value", "from a parameter"]].concat());
    let create = ["secretsmanager", "create-secret", "--name"];
    let fields = r#"{ "user": "moodle", "password": "from one field" }"#;
    cloud.outside(&[&create[..], &["web/db", "--secret-string", fields]].concat());
    let south = ["web/south", "--secret-string", "from the south", "--region", "eu-south-2"];
    let arn = cloud.outside(&[&create[..], &south].concat())["ARN"].as_str().unwrap().to_owned();
    let more = format!(
        "[secrets]\na = {{ env = \"TOKEN\" }}\nb = {{ file = \"token.txt\" }}\nc = {{ parameter = \"/web/token\" }}\n\
         d = {{ secret = \"web/db\", key = \"password\" }}\ne = {{ secret = \"{arn}\" }}\n\
         [[steps]]\nenv = {{ A = \"{{{{ secrets.a }}}}\", B = \"{{{{ secrets.b }}}}\", C = \"{{{{ secrets.c }}}}\", \
         D = \"{{{{ secrets.d }}}}\", E = \"{{{{ secrets.e }}}}\" }}\n\
         run = \"for one in \\\"$A\\\" \\\"$B\\\" \\\"$C\\\" \\\"$D\\\" \\\"$E\\\"; do printf %s \\\"$one\\\" | sha256sum; done\"\n"
    );
    let ran = baked(&cloud, &["bake", &cloud.template("", &more)]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    for value in [SECRET, "from a file", "from a parameter", "from one field", "from the south"] {
        assert!(ran.stderr.contains(&sum_of(value)), "{value}: {}", ran.stderr);
    }
}

#[test]
fn a_secret_without_a_value_is_named_with_its_source_and_what_to_do_before_anything_is_launched() {
    let mut cloud = Cloud::start();
    cloud.proxy.rule(json!({ "action": "GetSecretValue", "fault": "denied", "times": 1 }));
    for (source, words) in [
        ("env = \"NO_SUCH\"", ["variable NO_SUCH: it is not set", "set NO_SUCH"]),
        ("parameter = \"/no/such\"", ["in the parameter /no/such", "exists in eu-west-1"]),
        (
            "secret = \"no/such\"",
            ["secretsmanager:GetSecretValue", "allow `secretsmanager:GetSecretValue` on "],
        ),
        ("secret = \"no/such\"", ["the Secrets Manager secret no/such", "exists in eu-west-1"]),
    ] {
        let more = format!("[secrets]\ntoken = {{ {source} }}\n");
        let ran = cloud.run(&["bake", &cloud.template("", &more)]);
        assert_eq!(ran.code, 2, "{}", ran.stderr);
        let named = words.iter().all(|words| ran.stderr.contains(words));
        assert!(named && ran.stderr.contains("the secret `token`"), "{source}: {}", ran.stderr);
    }
    assert_eq!(cloud.proxy.count("ec2:RunInstances"), 0);
}

#[test]
fn secrets_of_aws_are_asked_for_on_this_computer_too_and_aws_only_where_there_are_some() {
    let mut cloud = Cloud::start();
    let text =
        "[image]\nname = \"web\"\n[base]\nos = \"debian-12\"\n[secrets]\nnone = { env = \"NO_SUCH\" }\n";
    let template = cloud.hornero.template("local.toml", text);
    let ran = cloud.run(&["bake", &template, "--platform", "qemu"]);
    assert_eq!((ran.code, cloud.proxy.calls().len()), (2, 0), "{}", ran.stderr);
    let text = text.replace("{ env = \"NO_SUCH\" }", "{ parameter = \"/no/such\" }");
    let template = cloud.hornero.template("local.toml", &text);
    let ran = cloud.run(&["bake", &template, "--platform", "qemu"]);
    assert_eq!(ran.code, 2, "{}", ran.stderr);
    assert_eq!(cloud.proxy.count("ssm:GetParameter"), 1, "{}", ran.stderr);
}

/// Prints the secret as programs do, and keeps what was printed in a file beside the template.
const PRINTS: &str = r#"
[secrets]
token = { env = "TOKEN" }
[variables]
leak = "none"
[[steps]]
name = "a name with {{ leak }}"
env = { TOKEN = "{{ secrets.token }}" }
run = '''
#!/bin/bash
exec > >(tee PRINTED) 2>&1
echo "plain $TOKEN"
printf %s "$TOKEN" | base64 -w 0; echo
printf 'u:%s' "$TOKEN" | base64 -w 20
python3 -c 'import json, os, urllib.parse as u; t = os.environ["TOKEN"]; print(json.dumps(t)); print(u.quote(t, safe="")); print(u.quote_plus(t))'
printf '%q\n' "$TOKEN"
printf %s "$TOKEN" | od -An -v -tx1 | tr -d ' \n'; echo
printf %s "${TOKEN:0:9}"; sleep 0.3; printf '%s\n' "${TOKEN:9}"
set -x; true "$TOKEN"; set +x
exit CODE
'''
[[checks]]
command = "test '{{ leak }}' != x"
"#;

/// Every file that the run wrote, and everything that it said.
fn told(cloud: &Cloud, ran: &Ran) -> String {
    let mut text = format!("{}\n{}\n", ran.stdout, ran.stderr);
    for folder in ["state", "data"] {
        let files = WalkDir::new(cloud.hornero.folder.path().join(folder)).into_iter();
        for file in files.filter_map(Result::ok).filter(|file| file.file_type().is_file()) {
            text += &String::from_utf8_lossy(&fs::read(file.path()).unwrap());
        }
    }
    text
}

/// As a person would look for it: by whole lines and by the larger words.
fn assert_kept(printed: &Path, told: &str) {
    let printed = fs::read_to_string(printed).unwrap();
    assert!(printed.lines().count() >= 12 && told.contains("[secret]"), "{printed}");
    for line in printed.lines().filter(|line| line.len() >= 12) {
        assert!(!told.contains(line), "{line} was told");
    }
    for word in ["s3cret", "s3cret'", "%2Fpass", "\\u00fcnd", "ünd", "7333637265"] {
        assert!(!told.contains(word), "{word} was told");
    }
}

#[test]
fn a_secret_that_is_printed_in_any_encoding_appears_nowhere() {
    let cloud = Cloud::start();
    let printed = cloud.hornero.folder.path().join("printed");
    let leak = format!("leak={SECRET}");
    for (code, expected, style) in [("0", 0, "json"), ("3", 6, "lines")] {
        let more = PRINTS.replace("PRINTED", &printed.display().to_string()).replace("CODE", code);
        let more = more.replace("leak }}' != x", "leak | length }}' != x");
        let template = cloud.template("", &more);
        let ran = baked(&cloud, &["bake", &template, "--var", &leak, "--output", style]);
        assert_eq!(ran.code, expected, "{}", ran.stderr);
        assert_kept(&printed, &told(&cloud, &ran));
    }
}

#[test]
fn a_tag_or_description_with_a_secret_ends_the_bake_before_it_begins() {
    let mut cloud = Cloud::start();
    let path = cloud.template("", "[secrets]\ntoken = { env = \"TOKEN\" }\n");
    let text = fs::read_to_string(&path).unwrap().replace("team = \"ops\"", "team = \"of hunter22\"");
    fs::write(&path, text).unwrap();
    let ran = Ran::from(cloud.command(&["bake", &path]).env("TOKEN", "hunter22").output().unwrap());
    assert_eq!(ran.code, 3, "{}", ran.stderr);
    assert!(ran.stderr.contains("`tags` of [image] holds the value of the secret `token`"), "{}", ran.stderr);
    assert!(!ran.stderr.contains("hunter22"), "{}", ran.stderr);
    assert_eq!(cloud.proxy.count("ec2:RunInstances"), 0);
}

/// Leaves the secret in a file of the builder's disk.
fn leaving(cloud: &Cloud, secret: &str) -> String {
    let file = cloud.disk().join("srv/config.php");
    let run = format!(
        "mkdir -p {}; echo \"pass=$(printf %s \\\"$TOKEN\\\" | base64 -w 0)\" >{}",
        file.parent().unwrap().display(),
        file.display()
    );
    let run = run.replace('"', "\\\"").replace("\\\\\"", "\\\"");
    let more = format!(
        "[secrets]\ntoken = {{ {secret} }}\n[[steps]]\nenv = {{ TOKEN = \"{{{{ secrets.token }}}}\" }}\nrun = \"{run}\"\n"
    );
    cloud.template("", &more)
}

#[test]
fn a_secret_in_a_file_of_the_builder_fails_the_bake_and_names_the_file() {
    let cloud = Cloud::start();
    let ran = baked(&cloud, &["bake", &leaving(&cloud, "env = \"TOKEN\"")]);
    assert_eq!(ran.code, 6, "{}", ran.stderr);
    let file = cloud.disk().join("srv/config.php");
    let said = format!("the image would hold the secret `token`: it is in {}", file.display());
    assert!(ran.stderr.contains(&said) && ran.stderr.contains("in_image = \"REASON\""), "{}", ran.stderr);
    assert!(!ran.stderr.contains("s3cret"), "{}", ran.stderr);
    assert!(cloud.images("eu-west-1").is_empty());
    assert_eq!(cloud.leftovers(), Vec::<String>::new());
}

#[test]
fn a_secret_with_a_reason_may_stay_and_the_reason_is_in_the_manifest() {
    let cloud = Cloud::start();
    let secret = "env = \"TOKEN\", in_image = \"config.php needs it\"";
    let ran = baked(&cloud, &["bake", &leaving(&cloud, secret)]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    let folder = cloud.hornero.folder.path().join("data/images").join(ran.stdout.trim());
    let manifest: serde_json::Value =
        serde_json::from_slice(&fs::read(folder.join("manifest.json")).unwrap()).unwrap();
    assert_eq!(manifest["secrets_in_image"], json!({ "token": "config.php needs it" }));
}

#[test]
fn no_argv_of_the_builder_holds_a_secret_while_its_step_runs() {
    let cloud = Cloud::start();
    // The pattern comes through a pipe, for the search itself must not show it either; what every sshd
    // shows is found in the same way.
    let more = r#"
[secrets]
token = { env = "TOKEN" }
[[steps]]
name = "look"
env = { TOKEN = "{{ secrets.token }}" }
run = """
in_argv() { grep -a -s -l -F -f - /proc/[0-9]*/cmdline | wc -l; }
echo "secret: $(printf '%s' "$TOKEN" | in_argv), sshd: $(printf 'sshd' | in_argv)."
"""
"#;
    // Not the one that other tests give to a program on purpose.
    let mut command = cloud.command(&["bake", &cloud.template("", more)]);
    let ran = Ran::from(command.env("TOKEN", "only-of-this-test").output().unwrap());
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    assert!(ran.stderr.contains("secret: 0, sshd: "), "{}", ran.stderr);
    assert!(!ran.stderr.contains("sshd: 0."), "{}", ran.stderr);
}

#[test]
fn a_builder_with_another_host_key_gets_nothing() {
    let reached = tempfile::tempdir().unwrap();
    let touched = reached.path().join("reached");
    let cloud = Cloud::with(&format!("LogLevel DEBUG1\nForceCommand touch {}", touched.display()));
    let more = "[secrets]\ntoken = { env = \"TOKEN\" }\n[[files]]\ncontent = \"private\"\ndestination = \"/srv/x\"\n\
                [[steps]]\nrun = \"echo {{ secrets.token }}\"\n";
    let path = cloud.template("", more);
    let foreign = "SHA256:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU";
    let text = fs::read_to_string(&path).unwrap().replace(&cloud.host_key(), foreign);
    fs::write(&path, text.replace("timeout = \"20s\"", "timeout = \"2s\"")).unwrap();
    let ran = baked(&cloud, &["bake", &path]);
    assert_eq!(ran.code, 5, "{}", ran.stderr);
    assert!(ran.stderr.contains("not the pinned SHA256:47DEQ"), "{}", ran.stderr);
    let log = cloud.sshd_log();
    assert!(log.contains("Connection from 127.0.0.1"), "{log}");
    assert!(!log.contains("userauth-request") && !touched.exists(), "somebody tried to log in: {log}");
    assert_eq!(cloud.leftovers(), Vec::<String>::new());
}

#[test]
fn what_a_bake_writes_on_this_computer_is_for_its_owner_alone_whatever_the_umask() {
    use std::os::unix::fs::PermissionsExt;
    let cloud = Cloud::start();
    let template = cloud.template("", "[[checks]]\ncommand = \"true\"\n");
    let bake = cloud.command(&["bake", &template]);
    let list = cloud.command(&["images", "--platform", "qemu"]);
    for command in [bake, list] {
        let mut open = Command::new("sh");
        open.args(["-c", "umask 000; exec \"$0\" \"$@\""])
            .arg(command.get_program())
            .args(command.get_args());
        let environment = command.get_envs().filter_map(|(name, value)| Some((name, value?)));
        open.envs(environment).current_dir(cloud.hornero.folder.path());
        let ran = Ran::from(open.output().unwrap());
        assert_eq!(ran.code, 0, "{}", ran.stderr);
    }
    let mut seen = Vec::new();
    for folder in ["state", "data"] {
        for entry in WalkDir::new(cloud.hornero.folder.path().join(folder)) {
            let entry = entry.unwrap();
            let mode = entry.metadata().unwrap().permissions().mode();
            assert_eq!(mode & 0o077, 0, "{} has {mode:o}", entry.path().display());
            seen.push(entry.file_name().to_string_lossy().into_owned());
        }
    }
    for name in ["log", "plan.json", "image.json", "manifest.json", "SHA256SUMS"] {
        assert!(seen.iter().any(|file| file == name), "{name} is not in {seen:?}");
    }
}
