//! The seal: what is removed from a builder before it becomes an image, and how it is seen that it
//! is gone. `docs/seal.md` is the same list for people.

mod answer;
mod parts;

pub use answer::{Hit, SealAnswer};
pub use parts::{PARTS, Part};

use super::{
    BUILDER_ACCOUNT, ProvisionError,
    accounts::BUILDER_HOME,
    power_off, quote,
    search::{self, SearchScript},
};
use crate::template::model::Seal;

/// What the parts are written in. What is not there costs no program, which takes long to start on an
/// emulated processor.
const WORDS: &str = r#"there() {
    for path; do
        if [ -e "$path" ] || [ -L "$path" ]; then printf '\001%s remains %s %s\n' "$mark" "$part" "$path"; fi
    done
}
told() {
    while read -r path; do printf '\001%s remains %s %s\n' "$mark" "$part" "$path"; done
}
drop() {
    for path; do
        if [ -e "$path" ] || [ -L "$path" ]; then rm -rf -- "$@" && return; fi
    done
}
key_files() {
    grep -lF "$key" /root/.ssh/authorized_keys /home/*/.ssh/authorized_keys 2>/dev/null
    grep -rlF "$key" /etc/ssh 2>/dev/null
}
account_files() {
    for file in passwd group shadow gshadow subuid subgid; do
        grep -ls "^$account:" "/etc/$file" "/etc/$file-"
    done
}
"#;

/// What writes by itself while the seal is at work: timers (package lists, cleaners), what they have
/// started, and the system's logger. All of it is back at the next boot.
const WRITERS: &str = "'*.timer' apt-daily.service apt-daily-upgrade.service unattended-upgrades.service packagekit.service \
    syslog.socket rsyslog.service";

/// A program that was just writing may make a file again; what is there the third time stays there.
const ROUNDS: &str = "}
for round in 1 2 3; do
    remove
    left=$(remains)
    if [ -z \"$left\" ]; then break; fi
done
if [ -n \"$left\" ]; then printf '%s\\n' \"$left\"; fi
";

/// The line with which the script says that it came to its end, whether anything remains or was found, and whether the
/// search was complete. Nothing else shows that: a script that does nothing leaves no remains either.
const CONCLUSION: &str = "printf '\\001%s concluded %s\\n' \"$mark\" \"remains=${left:+some} found=${hits:+some} search=$search\"\n";

/// What is not to become an image stays up.
const UNLESS_FOUND: &str = "if [ -n \"${left:-}${hits:-}\" ] || [ \"$search\" = failed ]; then exit 0; fi\n";

/// Tells one seal from another that removes otherwise: everything that its parts do.
pub fn version(seal: &Seal) -> Vec<(&'static str, &'static str)> {
    parts(seal).map(|part| (part.script, part.remains)).collect()
}

/// The parts that run with these settings.
pub fn parts(seal: &Seal) -> impl Iterator<Item = &'static Part> {
    PARTS.iter().filter(|part| seal.enabled && !seal.keep.iter().any(|keep| keep == part.name))
}

/// Removes, looks whether everything is gone, runs `search` on what is left, and gives free blocks
/// back. What it has to tell stands in lines that begin with `mark`, a word that nobody can guess.
/// A builder in which nothing remains and nothing was found is then told to power itself off, if it is
/// ours to do so. It is one script, for afterwards there is no way in any more.
///
/// # Errors
/// When the key cannot be written into a shell script.
pub fn script(
    seal: &Seal,
    account_key: &str,
    mark: &str,
    search: &SearchScript,
    ours: bool,
) -> Result<String, ProvisionError> {
    let mark = format!("mark={}\n", quote(mark)?);
    let mut script = format!("set +e -u\n{mark}");
    if seal.enabled {
        script += &removal(seal, account_key)?;
    }
    script += &search.run;
    if seal.enabled {
        script += "fstrim -a 2>/dev/null || true\nsync\n";
    }
    script += CONCLUSION;
    if ours {
        script += &format!("{UNLESS_FOUND}{}", power_off::SCRIPT);
    }
    if !search.program.is_empty() {
        // What stands there is another shell's.
        script += &format!("exit\n{}{mark}{}", search::BEGIN, search.program);
    }
    Ok(script)
}

fn removal(seal: &Seal, account_key: &str) -> Result<String, ProvisionError> {
    let body = account_key.split(' ').nth(1).unwrap_or(account_key);
    let writers = parts(seal).map(|part| part.stops).fold(WRITERS.to_owned(), |all, one| all + " " + one);
    let mut script = format!(
        "account={BUILDER_ACCOUNT}\nhome={BUILDER_HOME}\nkey={}\n{WORDS}\
         if command -v systemctl >/dev/null; then systemctl stop {writers} 2>/dev/null & fi\n",
        quote(body)?
    );
    script += "remove() {\n:\n";
    parts(seal).for_each(|part| script += &format!("{}\n", part.script));
    script += "}\nremains() {\n:\n";
    parts(seal).for_each(|part| script += &format!("part={}\n{}\n", part.name, part.remains));
    script += ROUNDS;
    Ok(script)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seal(keep: &[&str]) -> Seal {
        Seal { enabled: true, keep: keep.iter().map(|name| (*name).into()).collect() }
    }

    fn script(seal: &Seal, run: &str, ours: bool) -> String {
        let search = SearchScript { run: run.into(), program: String::new() };
        super::script(seal, "ssh-ed25519 AAAA hornero", "word", &search, ours).unwrap()
    }

    #[test]
    fn a_kept_part_is_neither_removed_nor_looked_for() {
        let script = script(&seal(&["logs"]), "", true);
        assert!(!script.contains("/var/log/journal"));
        assert!(script.contains("ssh_host_"));
    }

    #[test]
    fn a_seal_that_is_off_has_no_parts() {
        assert_eq!(parts(&Seal { enabled: false, keep: Vec::new() }).count(), 0);
    }

    #[test]
    fn the_search_comes_after_what_removes_and_also_without_a_seal() {
        let script = |seal: Seal| script(&seal, "search here\n", false);
        let whole = script(seal(&[]));
        let at = |text: &str| whole.find(text).unwrap();
        assert!(at("userdel") < at("search here") && at("for round in") < at("search here"), "{whole}");
        assert!(at("search here") < at("fstrim"), "{whole}");
        let off = script(Seal { enabled: false, keep: Vec::new() });
        assert!(off.ends_with(&format!("search here\n{CONCLUSION}")) && !off.contains("rm "), "{off}");
    }

    #[test]
    fn the_way_in_is_removed_last() {
        assert_eq!(PARTS[PARTS.len() - 1].name, "builder-account");
    }

    #[test]
    fn a_builder_is_powered_off_last_and_only_when_it_is_ours_and_nothing_remains() {
        let ours = script(&seal(&[]), "", true);
        let (before, last) = ours.split_once(UNLESS_FOUND).unwrap();
        assert!(before.ends_with(CONCLUSION) && !before.contains("poweroff"), "{ours}");
        assert!(last.contains("poweroff"), "{ours}");
        let theirs = script(&seal(&[]), "", false);
        assert!(!theirs.contains("poweroff"), "{theirs}");
    }

    #[test]
    fn the_script_is_one_that_a_shell_can_read() {
        let script = script(&seal(&[]), "", true);
        let status = std::process::Command::new("sh").args(["-n", "-c", &script]).status().unwrap();
        assert!(status.success(), "{script}");
    }

    #[test]
    fn a_template_can_keep_exactly_the_parts_that_there_are() {
        let mut known = crate::template::seal::PARTS.to_vec();
        let mut run: Vec<&str> = PARTS.iter().map(|part| part.name).collect();
        known.sort_unstable();
        run.sort_unstable();
        assert_eq!(known, run);
    }

    #[test]
    fn the_page_for_people_names_every_part() {
        let page = include_str!("../../docs/seal.md");
        for part in PARTS {
            assert!(page.contains(&format!("`{}`", part.name)), "docs/seal.md lacks {}", part.name);
        }
    }
}
