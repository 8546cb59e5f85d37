//! Steps that print much, and readers that do not read: neither takes memory, lines of the log, or the way out.

use std::{
    io::{BufRead, BufReader, Read, Seek, SeekFrom},
    path::PathBuf,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use rustix::process::{Pid, Signal, kill_process};

use crate::ec2::Cloud;

/// Of the whole process, whatever a step prints.
const MOST_KIB: u64 = 100 << 10;

/// Many lines, long ones, and one of 64 MiB that has no end: of each more than may be kept.
const NOISY: &str = r#"
[[steps]]
name = "lines"
run = "seq 1 400000"
[[steps]]
name = "long"
run = "yes $(printf '%01000d' 0) | head -n 60000"
[[steps]]
name = "one"
run = "head -c 67108864 /dev/zero | tr '\\0' x"
[[steps]]
name = "here"
kind = "local"
run = "yes $(printf '%01000d' 0) | head -n 60000"
[[steps]]
name = "last"
run = "echo it is over"
"#;

#[expect(clippy::disallowed_methods, reason = "there is no runtime here")]
fn pause() {
    std::thread::sleep(Duration::from_millis(50));
}

/// A process whose memory is looked at as long as it is there.
struct Watched {
    child: Child,
    peak_kib: u64,
}

impl Watched {
    fn start(command: &mut Command) -> Self {
        Self { child: command.stdin(Stdio::null()).spawn().unwrap(), peak_kib: 0 }
    }

    /// Until that is so, or the process has ended.
    fn until(&mut self, mut there: impl FnMut() -> bool) {
        let begun = Instant::now();
        while !there() && self.child.try_wait().unwrap().is_none() {
            let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap();
            let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap_or("0 kB");
            self.peak_kib = self.peak_kib.max(peak.trim().trim_end_matches(" kB").parse().unwrap());
            assert!(begun.elapsed() < Duration::from_secs(240), "it does not come to its end");
            pause();
        }
    }

    fn end(mut self) -> (Option<i32>, u64) {
        self.until(|| false);
        (self.child.wait().unwrap().code(), self.peak_kib)
    }
}

/// Of the only run.
fn log(cloud: &Cloud) -> Option<PathBuf> {
    let mut runs = std::fs::read_dir(cloud.hornero.folder.path().join("state/runs")).ok()?;
    Some(runs.next()?.unwrap().path().join("log"))
}

/// Whether the end of the log says that.
fn says(cloud: &Cloud, text: &str) -> bool {
    let Some(mut file) = log(cloud).and_then(|log| std::fs::File::open(log).ok()) else { return false };
    let start = file.metadata().unwrap().len().saturating_sub(4096);
    file.seek(SeekFrom::Start(start)).unwrap();
    let mut end = Vec::new();
    file.read_to_end(&mut end).unwrap();
    String::from_utf8_lossy(&end).contains(text)
}

/// The lines of the log that a step has printed.
fn printed(cloud: &Cloud, step: &str) -> Vec<String> {
    let mark = format!(" steps | {step}: ");
    let lines = BufReader::new(std::fs::File::open(log(cloud).unwrap()).unwrap()).lines().map(Result::unwrap);
    lines.filter_map(|line| Some(line.split_once(&mark)?.1.to_owned())).collect()
}

#[test]
fn a_step_that_prints_much_takes_little_memory_and_its_reader_is_not_waited_for_after_a_signal() {
    let cloud = Cloud::start();
    let template = cloud.template("", NOISY);
    let mut command = cloud.command(&["bake", "--output", "json", &template]);
    // Nobody reads it.
    let mut bake = Watched::start(command.stdout(Stdio::piped()).stderr(Stdio::null()));
    bake.until(|| says(&cloud, " | run finished"));
    let begun = Instant::now();
    assert!(bake.child.try_wait().unwrap().is_none(), "the reader may still read it");
    kill_process(Pid::from_child(&bake.child), Signal::TERM).unwrap();
    let (code, peak_kib) = bake.end();
    assert!(begun.elapsed() < Duration::from_secs(20), "it took {:?}", begun.elapsed());
    assert_eq!(code, Some(0), "the image was made");
    assert!(peak_kib > 0 && peak_kib < MOST_KIB, "{peak_kib} KiB");
    assert_eq!(cloud.leftovers(), Vec::<String>::new());
    let numbers: Vec<String> = (1..=400_000).map(|number| number.to_string()).collect();
    assert!(printed(&cloud, "lines") == numbers, "lines are missing in the log");
    for step in ["long", "here"] {
        let lines = printed(&cloud, step);
        assert_eq!(lines.len(), 60_000, "{step}");
        assert!(lines.iter().all(|line| line.len() == 1000), "{step}");
    }
    // In pieces, each with its beginning and its end, and how much is between them.
    let pieces = printed(&cloud, "one");
    let told: usize = pieces.iter().map(|piece| piece.matches('x').count() + left_out(piece)).sum();
    assert_eq!(told, 67_108_864);
}

/// How much the log says is missing there.
fn left_out(piece: &str) -> usize {
    let number = piece.split_once('[').and_then(|(_, rest)| rest.split_once(" bytes are left out here]"));
    number.map_or(0, |(number, _)| number.parse().unwrap())
}

#[test]
fn a_reader_that_goes_away_or_does_not_read_keeps_no_bake_from_cleaning_up() {
    let step = "[[steps]]\nname = \"wait\"\nrun = \"seq 1 100000; echo it runs; sleep 300\"\n";
    for closed in [true, false] {
        let cloud = Cloud::start();
        let mut command = cloud.command(&["bake", "--output", "json", &cloud.template("", step)]);
        let mut bake = Watched::start(command.stdout(Stdio::piped()).stderr(Stdio::null()));
        let reader = bake.child.stdout.take().filter(|_| !closed);
        bake.until(|| says(&cloud, ": it runs"));
        let begun = Instant::now();
        kill_process(Pid::from_child(&bake.child), Signal::TERM).unwrap();
        let (code, _) = bake.end();
        assert!(begun.elapsed() < Duration::from_secs(30), "closed: {closed}: it took {:?}", begun.elapsed());
        assert_eq!(code, Some(130), "closed: {closed}");
        assert_eq!(cloud.leftovers(), Vec::<String>::new(), "closed: {closed}");
        drop(reader);
    }
}

/// The worst for redaction: a long secret, and output without end that is as near to it as can be.
#[test]
fn a_signal_is_heard_while_secrets_are_taken_out_of_output_without_end() {
    let cloud = Cloud::start();
    let blob: String = (0..6_000).map(|number| format!("{:x}", number * 7_919 % 99_991)).collect();
    let text = "[secrets]\nblob = { env = \"BLOB\", in_image = \"it is only a test\" }\n[[steps]]\nname = \"noise\"\n\
                env = { BLOB = \"{{ secrets.blob }}\" }\nrun = \"while :; do echo x${BLOB#?}; echo ${BLOB%?}; done\"\n";
    let mut command = cloud.command(&["bake", "--output", "lines", &cloud.template("", text)]);
    let mut bake = Watched::start(command.env("BLOB", &blob).stdout(Stdio::null()).stderr(Stdio::null()));
    bake.until(|| says(&cloud, " noise: "));
    let begun = Instant::now();
    kill_process(Pid::from_child(&bake.child), Signal::TERM).unwrap();
    let (code, peak_kib) = bake.end();
    assert!(begun.elapsed() < Duration::from_secs(30), "it took {:?}", begun.elapsed());
    assert_eq!(code, Some(130));
    assert!(peak_kib < MOST_KIB, "{peak_kib} KiB");
    assert_eq!(cloud.leftovers(), Vec::<String>::new());
    assert!(!std::fs::read_to_string(log(&cloud).unwrap()).unwrap().contains(&blob[100..200]));
}
