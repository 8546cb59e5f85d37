//! A login that is no shell, or not for long: what it is told it does until a chosen command, and from then on it
//! answers with something else and exits with 0.

use std::{
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
};

use tempfile::TempDir;

/// What it answers in place of doing what it is told.
pub const LIES: [(&str, &str); 6] = [
    ("nothing", ":"),
    ("other-text", "echo 'Please login as the user \"ec2-user\" rather than the user \"root\".'"),
    ("echo", "printf '%s\\n' \"$line\"; timeout 1 cat"),
    ("part", "eval \"$line\" | head -c 60"),
    ("doubled", "eval \"$line\" | sed -u p"),
    (
        "foreign",
        "eval \"$(printf '%s' \"$line\" | sed 's/set -- [0-9a-z]* [0-9a-z]*/set -- 01foreign answer/')\"",
    ),
];

/// Those that do nothing of what they are told, for what must not be done on this computer.
pub const IDLE_LIES: [&str; 3] = ["nothing", "other-text", "echo"];

pub struct Liar {
    folder: TempDir,
}

impl Liar {
    pub fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let at = folder.path().display();
        let cases: String = LIES.iter().map(|(name, lie)| format!("    {name}) {lie} ;;\n")).collect();
        let script = format!(
            "#!/bin/sh\n\
             # A shell that is there before its command waits here.\n\
             IFS= read -r line || exit 0\n\
             purpose=${{line#: }}\n\
             echo \"${{purpose%%;*}}\" >>{at}/seen\n\
             lie=none from=0 about=any\n\
             if [ -e {at}/lie ]; then read -r lie from about <{at}/lie; fi\n\
             case $about in any | \"${{purpose%%;*}}\") ;; *) lie=none ;; esac\n\
             if [ \"$lie\" = none ] || [ \"$(wc -l <{at}/seen)\" -lt \"$from\" ]; then\n\
             # It runs on the computer of the tests.\n\
             case $line in *--no-block\\ reboot*) exit 1 ;; esac\n\
             eval \"$line\"\n\
             exit\n\
             fi\n\
             case $lie in\n{cases}esac\n\
             exit 0\n"
        );
        let liar = Self { folder };
        std::fs::write(liar.script(), script).unwrap();
        std::fs::set_permissions(liar.script(), std::fs::Permissions::from_mode(0o755)).unwrap();
        std::fs::set_permissions(liar.folder.path(), std::fs::Permissions::from_mode(0o755)).unwrap();
        liar
    }

    /// A line for sshd's configuration.
    pub fn config(&self) -> String {
        format!("ForceCommand {}", self.script().display())
    }

    fn script(&self) -> PathBuf {
        self.path("login")
    }

    fn path(&self, name: &str) -> PathBuf {
        Path::new(self.folder.path()).join(name)
    }

    pub fn be_honest(&self) {
        std::fs::remove_file(self.path("lie")).ok();
        std::fs::remove_file(self.path("seen")).ok();
    }

    /// From the command with this number on, of those with this purpose, or of `any`.
    pub fn lie(&self, lie: &str, from: usize, about: &str) {
        self.be_honest();
        std::fs::write(self.path("lie"), format!("{lie} {from} {about}\n")).unwrap();
    }

    /// The purposes of all commands since then.
    pub fn seen(&self) -> Vec<String> {
        let text = std::fs::read_to_string(self.path("seen")).unwrap_or_default();
        text.lines().map(Into::into).collect()
    }
}
