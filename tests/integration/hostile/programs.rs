//! The programs that read what a builder is told: a shell without any other program, and PyYAML, which cloud-init
//! reads with. Both are given all texts at once, for they take longer to start than to read.

use std::{
    collections::BTreeMap,
    fs,
    io::Write,
    os::unix::fs::{PermissionsExt, symlink},
    path::Path,
    process::{Command, Stdio},
};

use serde_json::Value;

use super::RUNS;
use crate::rig::python;

/// Programs that scripts call; each writes its words down and says nothing.
const STUBS: [&str; 36] = [
    "getent",
    "groupadd",
    "useradd",
    "usermod",
    "lsblk",
    "sfdisk",
    "udevadm",
    "mkfs.ext4",
    "mkfs.xfs",
    "mkdir",
    "blkid",
    "systemctl",
    "mountpoint",
    "mount",
    "umount",
    "find",
    "chown",
    "chgrp",
    "chmod",
    "apt-get",
    "dnf",
    "cloud-init",
    "dpkg-query",
    "rpm",
    "findmnt",
    "stat",
    "sha256sum",
    "id",
    "touch",
    "cp",
    "mv",
    "rm",
    "rmdir",
    "systemd-run",
    "awk",
    "grep",
];

/// Programs without which a script says nothing.
const REAL: [&str; 4] = ["sh", "head", "wc", "cat"];

/// Scripts are run with these in the place of what they would write on this machine.
const PLACES: [(&str, &str); 3] =
    [("/etc/fstab", "$OUT/fstab"), ("/var/lib/cloud/instance", "$OUT"), ("/run/hornero", "$OUT")];

/// One script for a builder.
struct Script {
    about: String,
    value: String,
    text: String,
    /// The value is in nothing else that the builder is told.
    must_arrive: bool,
}

/// Texts that hold something hostile, each once.
#[derive(Default)]
pub struct Readers {
    /// What a builder is told without anything hostile.
    pub benign: Vec<String>,
    texts: BTreeMap<String, (String, String)>,
}

impl Readers {
    /// Takes in what a builder is told of a template whose hostile value is `value`.
    pub fn add(&mut self, about: String, value: &str, text: String) {
        if !self.benign.contains(&text) {
            self.texts.entry(text).or_insert((about, value.to_owned()));
        }
    }

    /// Reads all of them with the programs that they are for.
    pub fn read_all(self) {
        let (mut documents, mut scripts) = (Vec::new(), Vec::new());
        for (text, (about, value)) in self.texts {
            match text.starts_with("#cloud-config") {
                true => documents.push((about, value, text)),
                false => scripts.push(Script { about, value, text, must_arrive: true }),
            }
        }
        assert!(documents.len() > 20 && scripts.len() > 20, "{} {}", documents.len(), scripts.len());
        for ((about, value, _), document) in documents.iter().zip(documents_of(&documents)) {
            let of_cloud_init = document.get("bootcmd").and_then(Value::as_array).into_iter().flatten();
            let early = of_cloud_init.filter_map(|command| command.get(2)?.as_str());
            assert_eq!(document["ssh_pwauth"], false, "{about}");
            assert_eq!(document["users"][1]["name"], "hornero", "{about}");
            let must_arrive = !holds(&without_scripts(&document), value);
            // The first command is hornero's own, the same for every template.
            let early = early.skip(1).map(str::to_owned);
            scripts.extend(early.map(|text| Script {
                about: about.clone(),
                value: value.clone(),
                text,
                must_arrive,
            }));
        }
        run_all(&scripts);
    }
}

/// As a whole value, or as a part of a line that is written whole: a package source, a key, a script.
fn holds(document: &Value, value: &str) -> bool {
    match document {
        Value::String(text) => {
            text == value || text.contains(value) || text.contains(&value.replace('%', "%25"))
        }
        Value::Array(items) => items.iter().any(|item| holds(item, value)),
        Value::Object(fields) => fields.iter().any(|(key, item)| key == value || holds(item, value)),
        Value::Null | Value::Bool(_) | Value::Number(_) => false,
    }
}

/// What goes into a script is looked for where that is run.
fn without_scripts(document: &Value) -> Value {
    let fields = document.as_object().into_iter().flatten().filter(|(key, _)| *key != "bootcmd");
    fields.map(|(key, item)| (key.clone(), item.clone())).collect::<serde_json::Map<_, _>>().into()
}

/// Each text as PyYAML reads it.
fn documents_of(texts: &[(String, String, String)]) -> Vec<Value> {
    const READ: &str = "import json, sys, yaml
json.dump([yaml.load(text, getattr(yaml, 'CSafeLoader', yaml.SafeLoader)) for text in json.load(sys.stdin)], sys.stdout)";
    let texts: Vec<&str> = texts.iter().map(|(_, _, text)| text.as_str()).collect();
    let mut child = Command::new(python::program("python"))
        .args(["-c", READ])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(&serde_json::to_vec(&texts).unwrap()).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "PyYAML does not read a user-data");
    serde_json::from_slice(&output.stdout).unwrap()
}

/// Runs the scripts where there is no other program than the stubs, and looks at what those were told.
fn run_all(scripts: &[Script]) {
    let folder = tempfile::tempdir().unwrap();
    write_programs(folder.path());
    for Script { about, value, text, must_arrive } in scripts {
        let (out, ran) = (folder.path().join("out"), folder.path().join(RUNS));
        fs::create_dir(&out).unwrap();
        let places = PLACES.iter().fold(text.clone(), |script, (from, to)| script.replace(from, to));
        let script = functions() + &places;
        let output = Command::new("sh")
            .args(["-c", &script])
            .current_dir(&out)
            .env_clear()
            .envs([("PATH", folder.path().join("bin")), ("OUT", out.clone()), ("RAN", ran.clone())])
            .stdin(Stdio::null())
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(!ran.exists(), "a value was run: {about}\n{script}");
        assert!(!said.contains("yntax error") && !said.contains("nterminated"), "{about}\n{said}\n{script}");
        let words = fs::read(out.join("words")).unwrap_or_default();
        let fstab = fs::read_to_string(out.join("fstab")).unwrap_or_default();
        let word = words.split(|byte| *byte == 0).any(|word| word == value.as_bytes());
        let field =
            fstab.lines().any(|line| line.split(' ').nth(1) == Some(value.replace('\\', "\\134").as_str()));
        let in_fstab = fstab.is_empty() || fstab.lines().all(|line| line.split(' ').count() == 6);
        assert!(in_fstab, "{about}\n{fstab}");
        // These are no words of a program: a home is compared, a description of an account told to cloud-init, an
        // archive of packages handed on in the environment.
        let elsewhere =
            ["cut -d: -f6", "login-user.cfg", "\narchive="].iter().any(|way| script.contains(way));
        assert!(
            !must_arrive || word || field || elsewhere,
            "it did not arrive: {about}\n{}",
            String::from_utf8_lossy(&words)
        );
        fs::remove_dir_all(&out).unwrap();
    }
}

/// What a program answers: `blkid`, `grep`, `getent` and `mountpoint` find nothing, so that everything is made.
fn answer(program: &str) -> &'static str {
    match program {
        "blkid" | "grep" | "getent" | "mountpoint" => "return 1",
        "lsblk" => "case $1 in -d*) echo /dev/vdx d ;; *) echo /dev/vdx1 part ;; esac",
        _ => "return 0",
    }
}

/// The programs as functions of the shell, as far as it takes their names: a process for each takes long.
fn functions() -> String {
    let named = STUBS.iter().filter(|name| name.bytes().all(|byte| byte.is_ascii_alphanumeric()));
    named
        .map(|name| format!("{name}() {{ printf '%s\\0' \"$@\" >>\"$OUT/words\"; {}; }}\n", answer(name)))
        .collect()
}

fn write_programs(folder: &Path) {
    let bin = folder.join("bin");
    fs::create_dir(&bin).unwrap();
    let program = |name: &str, text: &str| {
        let path = bin.join(name);
        fs::write(&path, text).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    };
    for name in STUBS {
        let answer = answer(name).replace("return", "exit");
        program(name, &format!("#!/bin/sh\nprintf '%s\\0' \"$@\" >>\"$OUT/words\"\n{answer}\n"));
    }
    program(RUNS, "#!/bin/sh\n: >\"$RAN\"\n");
    for name in REAL {
        let real =
            ["/bin", "/usr/bin"].iter().map(|folder| Path::new(folder).join(name)).find(|path| path.exists());
        symlink(real.unwrap(), bin.join(name)).unwrap();
    }
}
