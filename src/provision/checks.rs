//! Checks as questions: one script asks the machine about all of them, and tells each answer with the exit code and
//! the length that it had. `answers` takes them apart.

use super::{ProvisionError, answers::Marks, quote};
use crate::template::model::Probe;

/// Longest text taken from the machine for one answer.
const LONGEST_ANSWER_BYTES: usize = 256 * 1024;

/// Asks one question, `$2`, with the number `$1`. What comes after the longest answer is read all the same: the
/// question is to end by itself, and its exit code is told beside what it prints.
const ASK: &str = r#"ask() {
    printf '\001%s%s ask %s\n' "$first" "$second" "$1"
    {
        told=$({ { sh -c "$2" 2>&1 </dev/null 3>&- 4>&-; echo "exit $?" >&3; } |
            { head -c "$longest" >&4; echo "rest $(wc -c)" >&3; }; } 3>&1)
    } 4>&1
    # Two lines become one.
    printf '\n\001%s%s told %s %s\n' "$first" "$second" "$1" "$(echo $told)"
}
"#;

/// The script that asks all of `probes`; answers are numbered by their place.
///
/// # Errors
/// When a value cannot be written into a shell script.
pub fn script(probes: &[&Probe], marks: &Marks) -> Result<String, ProvisionError> {
    let (first, second) = marks.halves();
    // What the shell itself has to say is no answer.
    let mut script = format!(
        "set +e\nexec 2>/dev/null\nfirst={first} second={second} longest={LONGEST_ANSWER_BYTES}\n{ASK}"
    );
    for (number, probe) in probes.iter().enumerate() {
        script += &format!("ask {number} {}\n", quote(&question(probe)?)?);
    }
    Ok(script)
}

/// The command whose output answers `probe`. All but commands are answered in the first line: `there`, and the
/// attributes after it; `absent`, where it was looked for and is not there; `unknown` and why, where it could not be
/// looked for.
fn question(probe: &Probe) -> Result<String, ProvisionError> {
    Ok(match probe {
        Probe::Package { package, .. } => {
            let ask = r#"if command -v dpkg-query >/dev/null; then
    found=$(LC_ALL=C dpkg-query -W -f '${db:Status-Status} ${Version}\n' "$name" 2>&1)
    case "$? $found" in
        "0 "*) echo there && printf '%s\n' "$found" ;;
        "1 "*"no packages found matching"*) echo absent ;;
        *) echo unknown $found ;;
    esac
elif command -v rpm >/dev/null; then
    found=$(LC_ALL=C rpm -q --qf 'installed %{VERSION}-%{RELEASE}\n' "$name" 2>&1)
    case "$? $found" in
        "0 "*) echo there && printf '%s\n' "$found" ;;
        *"package $name is not installed") echo absent ;;
        *) echo unknown $found ;;
    esac
else
    echo unknown there is neither dpkg-query nor rpm
fi"#;
            named(package, ask)?
        }
        Probe::Service { service, running, enabled } => {
            let (running, enabled) = (running.is_some(), enabled.is_some());
            named(service, &service_question(running, enabled))?
        }
        Probe::File { path, contains, sha256, .. } => {
            named(path, &file_question(contains.is_some(), sha256.is_some()))?
        }
        Probe::User { user, .. } => named(user, &account_question("passwd", "id -Gn \"$name\""))?,
        Probe::Group { group, .. } => named(group, &account_question("group", ":"))?,
        // Where sockets stand is plain text on every Linux; `ss` is not on every image. State 0A is one that
        // listens (proc(5)).
        Probe::Port { .. } => r#"if ! read -r _ word _ </proc/net/tcp || [ "$word" != local_address ]; then
    echo unknown /proc/net/tcp cannot be read
    exit
fi
echo there
for table in /proc/net/tcp /proc/net/tcp6; do
    if [ -e "$table" ]; then
        while read -r _ local _ state _; do
            if [ "$state" = 0A ]; then echo "$local"; fi
        done <"$table" || exit
    fi
done"#
            .into(),
        Probe::Mount { path, .. } => {
            let ask = r#"found=$(findmnt -rno FSTYPE,LABEL --mountpoint "$name" 2>&1)
case "$? $found" in
    "0 "*) echo there && printf '%s\n' "$found" ;;
    "1 ") echo absent ;;
    *) echo unknown $found ;;
esac"#;
            named(path, ask)?
        }
        Probe::Command { command, .. } => format!("sh -c {}", quote(command)?),
    })
}

/// A question about what goes by this name.
fn named(name: &str, ask: &str) -> Result<String, ProvisionError> {
    Ok(format!("name={}\n{ask}", quote(name)?))
}

/// The state of a unit, as far as it is asked for. A unit that is not there neither runs nor is it enabled.
fn service_question(running: bool, enabled: bool) -> String {
    let mut ask = String::from(
        "if ! command -v systemctl >/dev/null; then echo unknown there is no systemctl; exit; fi\n",
    );
    if running {
        ask += r#"active=$(LC_ALL=C systemctl is-active "$name" 2>&1)
case $active in
    active | reloading | refreshing | inactive | failed | activating | deactivating | maintenance | unknown) ;;
    *) echo unknown $active && exit ;;
esac
"#;
    }
    if enabled {
        ask += r#"enabled=$(LC_ALL=C systemctl is-enabled "$name" 2>&1)
case $enabled in
    *"No such file or directory") enabled="not found" ;;
    enabled* | disabled | static | masked* | linked* | indirect | generated | transient | alias | bad | not-found) ;;
    *) echo unknown $enabled && exit ;;
esac
"#;
    }
    ask += "echo there\n";
    if running {
        ask += "printf '%s\\n' \"$active\"\n";
    }
    if enabled {
        ask += "printf '%s\\n' \"$enabled\"\n";
    }
    ask
}

/// First line: mode, names of owner and group, their numbers; then the sum, then the text, as far as they are asked for.
fn file_question(text: bool, sum: bool) -> String {
    let mut ask = String::from(
        r#"found=$(LC_ALL=C stat -L -c '%a %U %G %u %g' "$name" 2>&1)
case "$? $found" in
    "0 "*) echo there && printf '%s\n' "$found" ;;
    "1 "*": No such file or directory" | "1 "*": Not a directory") echo absent && exit ;;
    *) echo unknown $found && exit ;;
esac
"#,
    );
    if sum {
        ask += "sha256sum <\"$name\" | cut -d' ' -f1\n";
    }
    if text {
        ask += "cat \"$name\"\n";
    }
    ask
}

/// `getent` ends with 2 for a name that it does not know, and otherwise where it could not look.
fn account_question(database: &str, more: &str) -> String {
    format!(
        "found=$(getent {database} \"$name\" 2>/dev/null)\ncode=$?\ncase $code in\n    \
         0) echo there && printf '%s\\n' \"$found\" && {more} ;;\n    2) echo absent ;;\n    \
         *) echo unknown getent failed with exit code $code ;;\nesac"
    )
}

#[cfg(test)]
mod tests;
