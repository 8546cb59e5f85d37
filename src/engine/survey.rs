//! Looks at the finished builder: packages, accounts, system. What it finds goes into the manifest.

use super::manifest::{AccountEntry, PackageEntry};
use crate::provision::BUILDER_ACCOUNT;

/// Ends with an error when one of them has no answer.
pub const QUESTIONS: &str = r#"
packages=
if command -v dpkg-query >/dev/null; then
    packages=$(dpkg-query -W -f 'package\t${binary:Package}\t${Version}\t${Architecture}\n')
elif command -v rpm >/dev/null; then
    packages=$(rpm -qa --qf 'package\t%{NAME}\t%{VERSION}-%{RELEASE}\t%{ARCH}\n')
fi
users=$(getent passwd)
printf '%s\n' "$packages"
printf '%s\n' "$users" | while IFS=: read -r name _ uid gid _ home shell; do
    printf 'user\t%s\t%s\t%s\t%s\t%s\n' "$name" "$uid" "$gid" "$home" "$shell"
done
printf 'counted\t%s\t%s\n' "$(printf '%s\n' "$packages" | grep -c . || true)" "$(printf '%s\n' "$users" | wc -l)"
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
    /// From the lines that `QUESTIONS` printed, and whatever else there is; `None` where some of them are missing.
    pub fn of(lines: &[String]) -> Option<Self> {
        let mut survey = Self::default();
        lines.iter().for_each(|line| survey.learn(&line.split('\t').collect::<Vec<_>>()));
        let number = |word: &str| lines.iter().filter(|line| line.split('\t').next() == Some(word)).count();
        let counted = format!("counted\t{}\t{}", number("package"), number("user"));
        (lines.contains(&counted) && !survey.kernel.is_empty()).then_some(survey)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_inventory_counts_only_when_all_of_it_is_there() {
        let output = std::process::Command::new("sh").args(["-e", "-c", QUESTIONS]).output().unwrap();
        let whole: Vec<String> = String::from_utf8(output.stdout).unwrap().lines().map(Into::into).collect();
        let survey = Survey::of(&whole).unwrap();
        assert!(survey.users.iter().any(|user| user.name == "root") && !survey.packages.is_empty());
        for missing in [0, whole.len() / 2, whole.len() - 3, whole.len() - 1] {
            let mut lines = whole.clone();
            lines.remove(missing);
            assert!(Survey::of(&lines).is_none(), "without {:?}", whole[missing]);
        }
        assert!(Survey::of(&[whole.clone(), whole].concat()).is_none());
        assert!(Survey::of(&[]).is_none());
    }
}
