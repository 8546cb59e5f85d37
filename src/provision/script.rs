//! Scripts for the builder. What runs there, its environment and its user go through standard
//! input; the command line is the same for every script, so no argv tells anything.

use std::collections::BTreeMap;

use super::{ProvisionError, environment::exports};

/// Reads the driver from standard input and runs it; the driver reads the rest.
const LOADER: &str = r#"sh -c 'read -r size; eval "$(head -c "$size")"' sh "$1" "$2""#;

/// Unpacks one script, its environment and its user, and runs it in a process group of its own.
const DRIVER: &str = include_str!("driver.sh");

/// What a script without `#!` is run with: it stops at the first failing command.
const SHELL: &str = "/bin/sh -e";

/// A script as it runs on the builder.
#[derive(Clone, Copy, Debug)]
pub struct Job<'a> {
    pub text: &'a str,
    pub user: &'a str,
    pub env: &'a BTreeMap<String, String>,
}

/// The command line for any job; `sudo` is empty for root. The job gets the first two arguments of the shell that
/// reads it: by these it tells lines of ours from its own (`remote::frame`).
pub fn command_line(sudo: &str) -> String {
    format!("exec {sudo}{LOADER}")
}

impl Job<'_> {
    /// What goes into the command's standard input.
    ///
    /// # Errors
    /// When the environment contains a NUL byte.
    pub fn stdin(&self) -> Result<Vec<u8>, ProvisionError> {
        let body = body(self)?;
        Ok(format!("{}\n{DRIVER}{body}", DRIVER.len()).into_bytes())
    }
}

/// User, interpreter, environment and script, as those read them that run it.
pub(super) fn body(job: &Job<'_>) -> Result<String, ProvisionError> {
    let env = exports(job.env)?;
    Ok(format!("{}\n{}\n{}\n{env}{}", job.user, interpreter(job.text), env.len(), job.text))
}

/// The words of a script's `#!` line. The script is handed to its interpreter as an argument, for
/// the folder that it lies in may be mounted `noexec`.
pub fn interpreter(text: &str) -> &str {
    let shebang = text.strip_prefix("#!").and_then(|rest| rest.lines().next()).map(str::trim);
    shebang.filter(|words| !words.is_empty()).unwrap_or(SHELL)
}

#[cfg(test)]
mod tests {
    use std::{
        io::Write,
        process::{Command, Stdio},
    };

    use super::*;

    /// Runs a job on this machine, as the account that the test runs as.
    fn run(text: &str, env: &[(&str, &str)]) -> (i32, String) {
        let env = env.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        let whoami = Command::new("id").arg("-un").output().unwrap().stdout;
        let user = String::from_utf8(whoami).unwrap();
        let stdin = Job { text, user: user.trim(), env: &env }.stdin().unwrap();
        let folder = tempfile::tempdir().unwrap();
        let mut child = Command::new("sh")
            .args(["-c", &command_line(""), "sh", "one", "two"])
            .env("HORNERO_RUN_FOLDER", folder.path())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        child.stdin.take().unwrap().write_all(&stdin).unwrap();
        let done = child.wait_with_output().unwrap();
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0, "the driver left something behind");
        let text = String::from_utf8(done.stdout).unwrap();
        let (group, own) = text.split_once('\n').unwrap();
        assert!(group.starts_with("\u{1}onetwo group "), "{group}");
        (done.status.code().unwrap(), own.to_owned())
    }

    #[test]
    fn environment_and_exit_code_pass_through_whatever_they_hold() {
        let value = "it's \"$HOME\" `x`\nand a second line";
        assert_eq!(run("printf '[%s]' \"$VALUE\"; exit 7", &[("VALUE", value)]), (7, format!("[{value}]")));
    }

    /// Whatever a name means to the shells on the way: it reaches the script, and nothing else.
    #[test]
    fn an_environment_that_would_break_our_own_shell_reaches_the_script_whole() {
        let names = [
            "IFS",
            "PATH",
            "PS1",
            "PS4",
            "UID",
            "EUID",
            "PPID",
            "ENV",
            "BASH_ENV",
            "SHELLOPTS",
            "POSIXLY_CORRECT",
            "RANDOM",
            "SECONDS",
            "LINENO",
            "GROUPS",
            "OPTIND",
            "PWD",
            "OLDPWD",
            "HOME",
            "LD_LIBRARY_PATH",
            "hornero_env",
            "hornero_env_1",
            "hornero_folder",
            "folder",
            "user",
            "a.b",
            "1A",
            "with-dash",
            "q\"\\$x'",
        ];
        let value = |name: &str| match name {
            "PATH" => "/nowhere:/usr/bin".to_owned(),
            name => format!(", {name} 'a' \"$HOME\" `x` ${{x}} \\n\n*"),
        };
        let values: Vec<String> = names.iter().map(|name| value(name)).collect();
        let env: Vec<(&str, &str)> =
            names.iter().zip(&values).map(|(name, value)| (*name, value.as_str())).collect();
        let text = "#!/usr/bin/python3\nimport json, os\nprint(json.dumps(dict(os.environ)))\n";
        let (code, said) = run(text, &env);
        assert_eq!(code, 0, "{said}");
        let seen: BTreeMap<String, String> = serde_json::from_str(&said).unwrap();
        for (name, value) in env {
            assert_eq!(seen.get(name).map(String::as_str), Some(value), "{name}");
        }
        let ours: Vec<&String> = seen
            .keys()
            .filter(|name| name.starts_with("hornero") && !names.contains(&name.as_str()))
            .collect();
        assert!(ours.is_empty(), "{ours:?}");
    }

    #[test]
    fn a_plain_script_stops_at_the_first_failing_command() {
        assert_eq!(run("echo one\nfalse\necho two\n", &[]), (1, "one\n".into()));
    }

    #[test]
    fn the_interpreter_of_the_first_line_is_used() {
        assert_eq!(run("#!/usr/bin/env python3\nprint(6 * 7)\n", &[]), (0, "42\n".into()));
        assert_eq!(interpreter("#! \necho"), SHELL);
    }

    #[test]
    fn a_script_that_reads_its_input_finds_it_empty() {
        assert_eq!(run("cat; echo done", &[]), (0, "done\n".into()));
    }
}
