//! The table: which room may import which other rooms, and which crates are whose.

/// Each room and the rooms that it may import. `*` is all.
const ROOMS: &[(&str, &[&str])] = &[
    ("main", &["*"]),
    ("lib", &["*"]),
    ("error", &["*"]),
    ("properties", &["*"]),
    ("without_aws", &["*"]),
    ("cli", &["*"]),
    ("amount", &[]),
    // Of `quote` what a name may not hold wherever it is written.
    ("template", &["amount", "quote"]),
    ("quote", &[]),
    ("open_file", &["amount"]),
    ("sum", &["open_file"]),
    ("causes", &[]),
    // Of `provision` which files of a folder stay at home.
    ("load", &["amount", "template", "sum", "open_file", "provision"]),
    // Of `redact` the forms that a secret is looked for in.
    ("provision", &["template", "redact", "quote"]),
    ("plan", &["amount", "template", "provision"]),
    ("redact", &[]),
    ("private", &[]),
    ("wait", &[]),
    ("time", &[]),
    ("journal", &[]),
    ("event", &["redact"]),
    ("fetch", &["event", "wait", "sum", "private"]),
    ("aws", &["event", "journal", "wait", "causes", "template", "time"]),
    // Of `remote` only what names a way to a builder.
    (
        "platform",
        &[
            "amount",
            "template",
            "provision",
            "plan",
            "event",
            "journal",
            "wait",
            "fetch",
            "sum",
            "open_file",
            "causes",
            "aws",
            "remote",
            "private",
            "time",
            "quote",
        ],
    ),
    ("remote", &["template", "provision", "event", "wait", "time", "quote", "open_file"]),
    ("store", &["wait", "aws", "journal", "private", "time"]),
    (
        "engine",
        &[
            "amount",
            "sum",
            "open_file",
            "template",
            "provision",
            "plan",
            "error",
            "event",
            "redact",
            "private",
            "journal",
            "wait",
            "time",
            "fetch",
            "platform",
            "remote",
            "store",
            "quote",
        ],
    ),
    ("release", &["error", "platform", "store"]),
    ("report", &["template", "plan", "event"]),
    ("notify", &["template", "plan", "event"]),
    ("import", &["template", "plan", "event"]),
    ("ui", &["amount", "event", "time"]),
];

/// Rooms that decide and never do: the same input gives the same output, at any time, anywhere.
const PURE: &[&str] = &["template", "provision", "plan", "quote"];

/// What no pure room touches.
const IMPURE: &[&str] = &[
    "tokio",
    "futures",
    "reqwest",
    "rand",
    "std::env",
    "std::fs",
    "std::net::TcpStream",
    "std::process",
    "std::thread::sleep",
    "std::time::Instant",
    "std::time::SystemTime",
    "jiff::Timestamp::now",
    "jiff::Zoned::now",
];

/// Things that only some rooms or files use, and why.
const RESERVED: &[(&str, &[&str], &str)] = &[
    (
        "crate::platform::qemu",
        &["platform::qemu", "cli::wiring", "properties"],
        "named in `cli/wiring.rs` alone",
    ),
    ("crate::platform::ec2", &["platform::ec2", "cli::wiring"], "named in `cli/wiring.rs` alone"),
    ("crate::store::local", &["store::local", "cli::wiring"], "named in `cli/wiring.rs` alone"),
    ("crate::store::ssm", &["store::ssm", "cli::wiring"], "named in `cli/wiring.rs` alone"),
    ("crate::ui::bars", &["ui", "cli::wiring"], "named in `cli/wiring.rs` alone"),
    ("crate::ui::lines", &["ui", "cli::wiring"], "named in `cli/wiring.rs` alone"),
    ("crate::ui::json", &["ui", "cli::wiring"], "named in `cli/wiring.rs` alone"),
    ("std::env::var", &["cli"], "`cli` looks at the environment; take what is needed as an argument"),
    ("std::env::var_os", &["cli"], "`cli` looks at the environment; take what is needed as an argument"),
    ("std::env::vars", &["cli"], "`cli` looks at the environment; take what is needed as an argument"),
    ("std::process::exit", &["cli::interrupt"], "skips what is to be undone; return an error"),
    ("std::io::stdout", &["cli", "ui"], "only `ui` and `cli` print; send an event"),
    ("std::io::stderr", &["cli", "ui"], "only `ui` and `cli` print; send an event"),
    ("rusqlite", &["store"], "SQLite is the store's"),
    ("ssh2", &["remote"], "SSH is the remote's"),
    ("indicatif", &["ui"], "bars are the ui's"),
    ("comfy_table", &["ui"], "tables are the ui's"),
    (
        "aws_sdk_ec2",
        &["aws", "platform::ec2", "store::ssm"],
        "the cloud is the platform's; an image is its own record",
    ),
    ("aws_sdk_kms", &["aws"], "keys are looked at in `aws/keys.rs` alone"),
    ("aws_sdk_secretsmanager", &["aws"], "values of secrets are read in `aws/secrets.rs` alone"),
    ("aws_sdk_ssm", &["aws", "store::ssm", "platform::ec2::sdk"], "the parameter service is the store's"),
];

/// What opens or reads a file, by the end of its path.
const READERS: &[&str] = &[
    "fs::read",
    "fs::read_to_string",
    "fs::copy",
    "fs::open",
    "File::open",
    "File::open_buffered",
    "File::options",
    "OpenOptions::new",
];

/// Modules that read past `open_file`: nobody but hornero has named or written what they read.
const OWN_FILES: &[(&str, &str)] = &[
    ("open_file", "the door itself"),
    ("private", "makes files"),
    ("ui::log", "the log of a run"),
    ("journal", "the journal of a run"),
    ("store::local", "the store's folder"),
    ("cli::init", "makes a template"),
    ("cli::log", "the log of a run"),
    ("cli::publish_source", "the plan of a run"),
    ("engine::image", "folders of an image that is made"),
    ("engine::kept", "what is kept of a builder"),
    ("engine::outcome", "what became of a run"),
    ("cli::clean::by_hand", "the plan of a run"),
    ("engine::local::playbook_record", "what the plugin of a run has written"),
    (
        "platform::qemu",
        "machines, bases and images in hornero's folders; disks of others go through `foreign_disk`",
    ),
];

/// Modules of the above whose business are the files of others.
const NOT_OWN_FILES: &[&str] = &["platform::qemu::foreign_disk", "platform::qemu::digest"];

/// A source file, by where it lies.
pub struct Place {
    room: String,
    /// The modules down to the file: `template`, `model`, `steps`.
    pub module: Vec<String>,
    is_test: bool,
}

impl Place {
    /// From a path such as `src/template/model/steps.rs`.
    pub fn new(file: &str) -> Self {
        let inside = file.strip_prefix("src/").unwrap_or(file).trim_end_matches(".rs");
        let mut module: Vec<String> = inside.split('/').map(str::to_owned).collect();
        let is_test = module.iter().skip(1).any(|name| name == "tests");
        if module.last().is_some_and(|name| name == "mod") {
            module.pop();
        }
        Self { room: module.first().cloned().unwrap_or_default(), module, is_test }
    }

    pub fn is_test(&self) -> bool {
        self.is_test
    }

    pub fn is_known(&self) -> bool {
        ROOMS.iter().any(|(name, _)| *name == self.room)
    }

    pub fn is_pure(&self) -> bool {
        PURE.contains(&self.room.as_str()) && !self.is_test
    }

    pub fn may_print(&self) -> bool {
        self.is_test || ["cli", "ui"].contains(&self.room.as_str())
    }

    /// Why this file must not use `path`; `None` if it may.
    pub fn forbids(&self, path: &str) -> Option<&'static str> {
        if self.is_test {
            return None;
        }
        if self.is_pure() && IMPURE.iter().any(|impure| is_under(path, impure)) {
            return Some("a pure room has no files, environment, clock or tasks");
        }
        let here = self.module.join("::");
        let reserved = RESERVED.iter().find(|(what, ..)| is_under(path, what));
        if let Some((_, owners, reason)) = reserved
            && !owners.iter().any(|owner| is_under(&here, owner))
        {
            return Some(reason);
        }
        let other = path.strip_prefix("crate::")?.split("::").next()?;
        (!self.may_import(other)).then_some("this room may not import that one; see tests/integration/rooms")
    }

    /// Why this file must not open or read a file with `path`.
    pub fn reads_past_the_door(&self, path: &str) -> Option<&'static str> {
        let reads = READERS.iter().any(|reader| path == *reader || path.ends_with(&format!("::{reader}")));
        let here = self.module.join("::");
        let is_own = OWN_FILES.iter().any(|(module, _)| is_under(&here, module))
            && !NOT_OWN_FILES.iter().any(|module| is_under(&here, module));
        (reads && !is_own && !self.is_test).then_some(
            "files that somebody has named are opened by `open_file`; what hornero has written is listed in rules.rs",
        )
    }

    fn may_import(&self, other: &str) -> bool {
        let allowed = ROOMS.iter().find(|(name, _)| *name == self.room).map_or(&[][..], |(_, rooms)| rooms);
        other == self.room || allowed.contains(&"*") || allowed.contains(&other)
    }
}

fn is_under(path: &str, prefix: &str) -> bool {
    path.strip_prefix(prefix).is_some_and(|rest| rest.is_empty() || rest.starts_with("::"))
}
