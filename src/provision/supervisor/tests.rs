//! Steps that are really run, followed over pipes in the place of SSH lines.

use std::{
    io::{BufRead, BufReader, Read, Write},
    path::Path,
    process::{Child, ChildStdin, Command, Stdio},
};

use super::*;
use crate::provision::script::command_line;

struct Line {
    child: Child,
    stdin: Option<ChildStdin>,
    out: BufReader<std::process::ChildStdout>,
}

impl Line {
    fn open(told: &[u8]) -> Self {
        Self::open_as(&mut Command::new("sh"), told)
    }

    /// With the environment of this command.
    fn open_as(session: &mut Command, told: &[u8]) -> Self {
        let mut child = session
            .args(["-c", &command_line("")])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut stdin = child.stdin.take().unwrap();
        stdin.write_all(told).unwrap();
        let out = BufReader::new(child.stdout.take().unwrap());
        Self { child, stdin: Some(stdin), out }
    }

    /// What it says up to this line.
    fn until(&mut self, end: &str) -> String {
        let mut text = String::new();
        while !text.ends_with(&format!("{end}\n")) {
            assert_ne!(self.out.read_line(&mut text).unwrap(), 0, "it ended with: {text}");
        }
        text
    }

    /// Hangs up, and says how many bytes still came.
    fn close(mut self, word: &str) -> usize {
        self.stdin.take().unwrap().write_all(word.as_bytes()).unwrap();
        let mut rest = Vec::new();
        self.out.read_to_end(&mut rest).unwrap();
        self.child.wait().unwrap();
        rest.len()
    }
}

fn place(folder: &Path, id: &str) -> Place {
    Place { root: folder.display().to_string(), id: id.into() }
}

fn start(place: &Place, text: &str, env: &[(&str, &str)]) -> Vec<u8> {
    let env = env.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    let whoami = Command::new("id").arg("-un").output().unwrap().stdout;
    let user = String::from_utf8(whoami).unwrap();
    place.start(&Job { text, user: user.trim(), env: &env }, "").unwrap()
}

fn boot_id() -> String {
    std::fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap().trim().to_owned()
}

#[test]
fn environment_exit_code_and_output_pass_whole() {
    let boot = boot_id();
    let folder = tempfile::tempdir().unwrap();
    let place = place(folder.path(), "a");
    let value = "it's \"$HOME\" `x`\nand a second line";
    let mut line = Line::open(&start(&place, "printf '[%s]' \"$VALUE\"; cat; exit 7", &[("VALUE", value)]));
    let said = line.until("\u{1}hornero a exit 7");
    assert_eq!(said, format!("\u{1}hornero a follow {boot}\n[{value}]\u{1}hornero a exit 7\n"));
    line.close("done\n");
    assert_eq!(left(&folder.path().join("a")), ["over"]);
}

#[test]
fn the_path_of_a_step_is_a_root_logins_and_has_the_folders_of_the_session_each_once() {
    let folder = tempfile::tempdir().unwrap();
    let mut session = Command::new("sh");
    session.env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin::relative:/opt/secure:/snap/bin:/opt/secure");
    let told = start(&place(folder.path(), "a"), "echo \"path $PATH\"", &[]);
    let mut line = Line::open_as(&mut session, &told);
    let said = line.until("\u{1}hornero a exit 0");
    let path = said.lines().find_map(|line| line.strip_prefix("path ")).unwrap();
    let folders: Vec<&str> = path.split(':').collect();
    let usual = ["/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin"];
    for one in usual.iter().chain(&["/opt/secure", "/snap/bin"]) {
        assert_eq!(folders.iter().filter(|other| *other == one).count(), 1, "{one} in {path}");
    }
    assert!(folders.iter().all(|one| one.starts_with('/')), "{path}");
    line.close("done\n");
}

fn left(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).unwrap();
    entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
}

#[test]
fn an_interpreter_of_the_first_line_gets_the_script() {
    let folder = tempfile::tempdir().unwrap();
    let mut line =
        Line::open(&start(&place(folder.path(), "a"), "#!/usr/bin/env python3\nprint(6 * 7)", &[]));
    assert!(line.until("\u{1}hornero a exit 0").contains("\n42\n"));
    line.close("done\n");
}

#[test]
fn an_interpreter_that_is_not_there_is_an_exit_code() {
    let folder = tempfile::tempdir().unwrap();
    let mut line = Line::open(&start(&place(folder.path(), "a"), "#!/no/such\necho", &[]));
    line.until("\u{1}hornero a exit 127");
    line.close("done\n");
}

#[test]
fn a_step_goes_on_without_a_line_and_another_line_gets_the_rest() {
    let boot = boot_id();
    let folder = tempfile::tempdir().unwrap();
    let (place, gate) = (place(folder.path(), "a"), folder.path().join("gate"));
    let text = format!("echo one\nwhile [ ! -e {} ]; do sleep 0.01; done\necho two", gate.display());
    let mut first = Line::open(&start(&place, &text, &[]));
    first.until("one");
    first.close("");
    std::fs::write(gate, "").unwrap();
    // It asks to start it, as one does who does not know that the first line got so far.
    let mut second = Line::open(&start(&place, &text, &[]));
    let said = second.until("\u{1}hornero a exit 0");
    assert_eq!(said, format!("\u{1}hornero a follow {boot}\none\ntwo\n\u{1}hornero a exit 0\n"));
    second.close("");
    let mut third = Line::open(&place.resume(4));
    assert_eq!(
        third.until("\u{1}hornero a exit 0"),
        format!("\u{1}hornero a follow {boot}\ntwo\n\u{1}hornero a exit 0\n")
    );
    third.close("done\n");
    let mut late = Line::open(&start(&place, &text, &[]));
    assert_eq!(
        late.until("\u{1}hornero a ended"),
        format!("\u{1}hornero a follow {boot}\n\u{1}hornero a ended\n")
    );
}

#[test]
fn a_line_that_is_cut_before_all_is_told_starts_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let (place, made) = (place(folder.path(), "a"), folder.path().join("made"));
    let told = start(&place, &format!("touch {}", made.display()), &[]);
    for missing in [1, 5, 40, 4000] {
        let line = Line::open(&told[..told.len() - missing]);
        assert_eq!(line.close(""), 0);
    }
    assert!(!made.exists() && !folder.path().join("a").exists());
}

#[test]
fn a_step_is_told_to_be_ended_when_its_supervisor_is() {
    let folder = tempfile::tempdir().unwrap();
    let place = place(folder.path(), "a");
    let mut line = Line::open(&start(&place, "echo one; exec sleep 300", &[]));
    line.until("one");
    let pid = std::fs::read_to_string(folder.path().join("a/pid")).unwrap();
    assert!(Command::new("kill").args(["-KILL", pid.trim()]).status().unwrap().success());
    assert_eq!(line.until("\u{1}hornero a ended"), "\u{1}hornero a ended\n");
    line.close("");
    run(&place.end());
    assert_eq!(left(&folder.path().join("a")), ["over"]);
}

fn told(bytes: &[u8]) -> Stdio {
    let (reader, mut writer) = std::io::pipe().unwrap();
    writer.write_all(bytes).unwrap();
    reader.into()
}

fn run(bytes: &[u8]) {
    let status = Command::new("sh").args(["-c", &command_line("")]).stdin(told(bytes)).status();
    assert!(status.unwrap().success());
}

#[test]
fn a_step_that_was_ended_before_it_began_never_begins() {
    let boot = boot_id();
    let folder = tempfile::tempdir().unwrap();
    let (place, made) = (place(&folder.path().join("run"), "a"), folder.path().join("made"));
    run(&place.end());
    let mut late = Line::open(&start(&place, &format!("touch {}", made.display()), &[]));
    assert_eq!(
        late.until("\u{1}hornero a ended"),
        format!("\u{1}hornero a follow {boot}\n\u{1}hornero a ended\n")
    );
    late.close("");
    assert!(!made.exists());
}

#[test]
fn a_supervisor_that_is_started_again_leaves_the_step_alone() {
    let folder = tempfile::tempdir().unwrap();
    let place = place(folder.path(), "a");
    let gate = folder.path().join("gate");
    let text = format!("echo one\nwhile [ ! -e {} ]; do sleep 0.01; done\nexit 5", gate.display());
    let mut line = Line::open(&start(&place, &text, &[]));
    line.until("one");
    let job = folder.path().join("a/job");
    let again = Command::new("sh").arg(&job).arg(folder.path().join("a")).arg("a").output().unwrap();
    assert!(again.stdout.is_empty(), "{again:?}");
    std::fs::write(gate, "").unwrap();
    line.until("\u{1}hornero a exit 5");
    line.close("done\n");
}

#[test]
fn all_steps_of_a_run_are_ended_at_once_and_those_of_others_are_not() {
    let folder = tempfile::tempdir().unwrap();
    let places = [("ours", "a"), ("ours", "b"), ("theirs", "a")];
    let places = places.map(|(run, id)| place(&folder.path().join(run), id));
    let mut lines = places.each_ref().map(|place| Line::open(&start(place, "echo on; exec sleep 300", &[])));
    lines.iter_mut().for_each(|line| drop(line.until("on")));
    run(&ending(&folder.path().join("ours").display().to_string(), "*"));
    let [first, second, third] = &mut lines;
    for line in [first, second] {
        line.until("ended");
    }
    let pid = std::fs::read_to_string(folder.path().join("theirs/a/pid")).unwrap();
    assert!(Path::new("/proc").join(pid.trim()).exists());
    run(&places[2].end());
    third.until("ended");
}

#[test]
fn what_an_older_line_says_of_arrivals_takes_nothing_back() {
    let folder = tempfile::tempdir().unwrap();
    let place = place(folder.path(), "a");
    let mut line = Line::open(&start(&place, "echo 0123456789; exec sleep 300", &[]));
    line.until("0123456789");
    let stdin = line.stdin.as_mut().unwrap();
    stdin.write_all(b"arrived 8\narrived 3\narrived 9\n").unwrap();
    let arrived = folder.path().join("a/out.arrived");
    let mut told = vec![String::new()];
    while told.last().unwrap() != "9\n" {
        let now = std::fs::read_to_string(&arrived).unwrap();
        if !now.is_empty() && told.last() != Some(&now) {
            told.push(now);
        }
    }
    assert!(!told.contains(&"3\n".to_owned()), "{told:?}");
    run(&place.end());
}
