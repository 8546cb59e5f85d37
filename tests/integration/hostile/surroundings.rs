//! The template around one key: what else must be there so that its value is looked at.

use std::{fs, ops::Range, path::Path, process::Command};

use hornero::template::raw::{CHECK_COMMON, CHECK_KINDS};

use crate::docs::Key;

/// A template with nothing in it.
pub const GOOD: &str = "[image]\nname = 'x'\n[base]\nos = 'debian-12'\n";
const SHA: &str = "sha256 = '0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef'\n";

/// One template.
pub struct Written {
    pub text: String,
    /// Where the key and its value stand.
    pub line: Range<usize>,
    /// The value decides something and is not kept: a choice, a size, a condition, a name of a file to read.
    pub is_consumed: bool,
}

/// What the key is: one string, a list of them, or a table of them.
enum Shape {
    Text,
    List,
    Table,
    /// A table of its own, whose keys are tried by themselves.
    Nested,
}

fn shape(key: &Key) -> Shape {
    let value = &key.value;
    let kind = quote(value);
    match kind.as_str() {
        "Option<Text>"
        | "Option<Spanned<Number>>"
        | "Option<Spanned<Flag>>"
        | "Option<Spanned<Snapshot>>"
        | "Option<Spanned<Given>>" => Shape::Text,
        "Option<Spanned<List>>"
        | "Option<Spanned<Vec<Spanned<Number>>>>"
        | "Option<Spanned<Vec<Spanned<Given>>>>" => Shape::List,
        "Option<Spanned<Table<String>>>" | "Table<String>" | "Table<Given>" | "Table<Variable>" => {
            Shape::Table
        }
        nested if nested.starts_with("Vec<Spanned<") || nested.starts_with("Option<Spanned<") => {
            Shape::Nested
        }
        "Table<Secret>" => Shape::Nested,
        other => panic!("`{}` of `{}` is of a kind that is not tried: {other}", key.name, key.table),
    }
}

fn quote(value: &syn::Type) -> String {
    use syn::{GenericArgument, PathArguments, Type};
    let Type::Path(path) = value else { return String::new() };
    let last = path.path.segments.last().unwrap();
    match &last.arguments {
        PathArguments::AngleBracketed(arguments) => {
            let inner = arguments.args.iter().map(|argument| match argument {
                GenericArgument::Type(inner) => quote(inner),
                _ => String::new(),
            });
            format!("{}<{}>", last.ident, inner.collect::<Vec<_>>().join(", "))
        }
        _ => last.ident.to_string(),
    }
}

/// The templates in which the key has this value, or holds it.
pub fn written(key: &Key, value: &str) -> Vec<Written> {
    // The tables of a provisioner are those of a template.
    if ["Provisioner", "About"].contains(&key.table.as_str()) {
        return Vec::new();
    }
    let quoted = toml_string(value);
    let lines = match shape(key) {
        Shape::Text => vec![format!("{} = {quoted}\n", key.name)],
        Shape::List => vec![format!("{} = [{quoted}]\n", key.name)],
        Shape::Table => {
            vec![
                format!("{} = {{ a = {quoted} }}\n", key.name),
                format!("{} = {{ {quoted} = 'a' }}\n", key.name),
            ]
        }
        Shape::Nested => return Vec::new(),
    };
    lines.iter().map(|line| around(key, line)).collect()
}

/// TOML's own string, in which everything can be written.
fn toml_string(value: &str) -> String {
    let quoted = value.chars().map(|char| match char {
        '"' | '\\' => format!("\\{char}"),
        char if char.is_control() => format!("\\u{:04x}", u32::from(char)),
        char => char.to_string(),
    });
    format!("\"{}\"", quoted.collect::<String>())
}

fn around(key: &Key, line: &str) -> Written {
    let (before, after) = parts(key);
    // A table gives each key once.
    let own = format!("{} =", key.name);
    let lines: Vec<&str> = before.split_inclusive('\n').collect();
    let table = lines.iter().rposition(|line| line.starts_with('[')).unwrap_or_default();
    let kept = lines.iter().enumerate().filter(|(at, line)| *at <= table || !line.starts_with(&own));
    let before: String = kept.map(|(_, line)| *line).collect();
    let start = before.len();
    Written {
        text: format!("{before}{line}{after}"),
        line: start..start + line.len(),
        is_consumed: is_consumed(key),
    }
}

/// The text before the key's line, which begins with its table, and the text after it.
fn parts(key: &Key) -> (String, String) {
    let after_all = |before: &str| (format!("{GOOD}{before}"), String::new());
    match key.table.as_str() {
        "Raw" => (String::new(), GOOD.to_owned()),
        "Image" => ("[image]\nname = 'x'\n".into(), "[base]\nos = 'debian-12'\n".into()),
        "Base" | "Ec2Base" | "QemuBase" => (format!("[image]\nname = 'x'\n{}", base(key)), String::new()),
        "Variable" | "VariableTable" => after_all("[variables.v]\n"),
        "RootDisk" => after_all("[root_disk]\n"),
        "Disk" => after_all("[[disks]]\nname = 'd'\nsize = '1GiB'\nmount = '/srv'\n"),
        "Ec2Disk" => after_all("[root_disk.ec2]\n"),
        "Group" => after_all("[[groups]]\nname = 'g'\ngid = 2000\n"),
        "User" => after_all("[[users]]\nname = 'u'\n"),
        "Packages" => after_all("[packages]\n"),
        "SnapshotTable" => after_all("[packages.snapshot]\nat = '2026-11-01'\n"),
        "Repository" => {
            after_all("[[packages.repositories]]\nname = 'r'\nuri = 'https://x.test/'\nsuite = 's'\n")
        }
        "File" => after_all(&file(&key.name)),
        "Use" => after_all("[[use]]\nprovisioner = 'nginx'\n"),
        "Step" => after_all(&step(&key.name)),
        "Check" => after_all(&check(&key.name)),
        "Secret" => after_all(&secret(&key.name)),
        "CloudInit" => after_all("[cloud_init]\n"),
        "Ssh" => after_all(if key.name == "endpoint" {
            "[ssh]\nvia = 'instance-connect-endpoint'\n"
        } else {
            "[ssh]\n"
        }),
        "Bastion" => after_all(
            "[ssh.bastion]\nhost = 'h'\nuser = 'u'\nprivate_key = 'key'\nhost_key = 'SHA256:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU'\n",
        ),
        "Seal" => after_all("[seal]\n"),
        "Ec2" => after_all("[ec2]\n"),
        "Share" => after_all("[ec2.share_with]\n"),
        "Qemu" => after_all("[qemu]\n"),
        "Publish" => after_all("[publish]\n"),
        "Notify" | "Slack" => after_all("[notify.slack]\n"),
        other => {
            panic!("`{}` of a table `{other}` that is not tried: say what must stand around it", key.name)
        }
    }
}

fn base(key: &Key) -> String {
    let (table, with) = match (key.table.as_str(), key.name.as_str()) {
        ("Base", "os" | "template") => ("base", ""),
        ("Base", _) => ("base", "os = 'debian-12'\n"),
        ("Ec2Base", "owner") => ("base.ec2", "name = 'x'\n"),
        ("Ec2Base", "name") => ("base.ec2", "owner = 'self'\n"),
        ("Ec2Base", _) => ("base.ec2", ""),
        (_, "url") => ("base.qemu", SHA),
        (_, "sha256") => ("base.qemu", "url = 'https://x.test/a'\n"),
        (_, _) => ("base.qemu", ""),
    };
    format!("[{table}]\n{with}")
}

fn secret(key: &str) -> String {
    let with = match key {
        "key" => "secret = 'a'\n",
        "in_image" => "env = 'A'\n",
        _ => "",
    };
    format!("[secrets.s]\n{with}")
}

fn file(key: &str) -> String {
    let source = match key {
        "source" | "content" | "template" => "",
        "sha256" => "source = 'https://x.test/a'\n",
        _ => "content = 'x'\n",
    };
    format!("[[files]]\ndestination = '/srv/f'\n{source}")
}

fn step(key: &str) -> String {
    match key {
        "run" | "script" => "[[steps]]\n".into(),
        "playbook" | "extra_vars" => "[[steps]]\nkind = 'ansible'\nplaybook = 'book.yml'\n".into(),
        "source" | "destination" => {
            "[[steps]]\nkind = 'download'\nsource = '/srv/a'\ndestination = 'a'\n".into()
        }
        _ => "[[steps]]\nrun = 'true'\n".into(),
    }
}

fn check(key: &str) -> String {
    let usual = |kind: &str| match kind {
        "file" | "mount" => format!("{kind} = '/srv/a'\n"),
        "port" => "port = 80\n".into(),
        kind => format!("{kind} = 'a'\n"),
    };
    let kind = CHECK_KINDS.iter().find(|(kind, fitting)| *kind == key || fitting.contains(&key));
    let kind = kind.map_or("command", |(kind, _)| kind);
    // What every check may have, and what is asked of several things, is asked of a file.
    let kind = if CHECK_COMMON.contains(&key) { "command" } else { kind };
    format!("[[checks]]\n{}", usual(kind))
}

/// Not kept as it was written, by the nature of the key.
fn is_consumed(key: &Key) -> bool {
    let key = (key.table.as_str(), key.name.as_str());
    matches!(
        key,
        ("Step", "when")
            | ("Packages", "snapshot")
            | ("SnapshotTable", "at")
            | ("Raw", _)
            | ("Variable" | "VariableTable", _)
    )
}

/// Files that the surroundings name.
pub fn write_files(folder: &Path) {
    fs::write(folder.join("book.yml"), "- hosts: all\n  tasks: []\n").unwrap();
    let made = Command::new("ssh-keygen")
        .args(["-q", "-t", "ed25519", "-N", "", "-f"])
        .arg(folder.join("key"))
        .status();
    assert!(made.unwrap().success());
}
