//! Looks at the finished builder: packages, accounts, system. What it finds goes into the manifest.

use super::manifest::{AccountEntry, PackageEntry};
use crate::provision::BUILDER_ACCOUNT;

/// Ends with an error when one of them has no answer.
pub const QUESTIONS: &str = r#"
if command -v dpkg-query >/dev/null; then
    dpkg-query -W -f 'package\t${binary:Package}\t${Version}\t${Architecture}\n'
elif command -v rpm >/dev/null; then
    rpm -qa --qf 'package\t%{NAME}\t%{VERSION}-%{RELEASE}\t%{ARCH}\n'
fi
getent passwd | while IFS=: read -r name _ uid gid _ home shell; do
    printf 'user\t%s\t%s\t%s\t%s\t%s\n' "$name" "$uid" "$gid" "$home" "$shell"
done
. /etc/os-release && printf 'system\t%s\n' "$PRETTY_NAME"
printf 'kernel\t%s\n' "$(uname -r)"
"#;

/// What a builder says of itself.
#[derive(Clone, Debug, Default)]
pub struct Survey {
    pub system: String,
    pub kernel: String,
    pub packages: Vec<PackageEntry>,
    pub users: Vec<AccountEntry>,
}

impl Survey {
    /// From the lines that `QUESTIONS` printed, and whatever else there is.
    pub fn of(lines: &[String]) -> Self {
        let mut survey = Self::default();
        lines.iter().for_each(|line| survey.learn(&line.split('\t').collect::<Vec<_>>()));
        survey
    }

    fn learn(&mut self, fields: &[&str]) {
        let text = |field: &&str| (*field).to_owned();
        match fields {
            ["package", name, version, arch] => {
                self.packages.push(PackageEntry {
                    name: text(name),
                    version: text(version),
                    arch: text(arch),
                });
            }
            // The account that hornero works with is gone when the image is made.
            ["user", BUILDER_ACCOUNT, ..] => {}
            ["user", name, uid, gid, home, shell] => self.users.push(AccountEntry {
                name: text(name),
                uid: uid.parse().unwrap_or_default(),
                gid: gid.parse().unwrap_or_default(),
                home: text(home),
                shell: text(shell),
            }),
            ["system", name] => self.system = text(name),
            ["kernel", release] => self.kernel = text(release),
            _ => {}
        }
    }
}
