//! What the JSON lines look like, and that `docs/events.md` describes every one of them.

use std::{collections::HashSet, fs, path::Path};

use strum::VariantArray;

use super::*;
use crate::event::{CheckPlace, EventKind, Phase, RunEnd, Stream, TemplatePlace, WaitKind};

const TIME: i64 = 1_767_225_600_123;

fn written(events: &[Event]) -> Vec<String> {
    let mut out = Vec::new();
    let mut json = Json::new(&mut out);
    let at = Timestamp::from_millisecond(TIME).unwrap();
    events.iter().for_each(|event| json.event(event, at).unwrap());
    String::from_utf8(out).unwrap().lines().map(str::to_owned).collect()
}

#[test]
fn one_object_a_line_with_the_time_first_and_the_run() {
    let lines = written(&[samples().remove(0), Event::Note { message: "a\nb".into() }]);
    assert!(lines[0].starts_with(r#"{"time":"2026-01-01T00:00:00.123Z","type":"run_started","run":"r1","#));
    assert_eq!(lines[1], r#"{"time":"2026-01-01T00:00:00.123Z","run":"r1","type":"note","message":"a\nb"}"#);
}

#[test]
fn a_transfer_is_told_of_once_a_second_and_at_its_end() {
    let (mut out, mut done) = (Vec::new(), Vec::new());
    let mut json = Json::new(&mut out);
    for (millis, done) in [(0, 1), (400, 20), (999, 40), (1000, 60), (1500, 80), (1700, 100)] {
        let at = Timestamp::from_millisecond(TIME + millis).unwrap();
        json.event(&Event::Progress { task: "upload".into(), done, total: Some(100) }, at).unwrap();
    }
    for line in String::from_utf8(out).unwrap().lines() {
        let object: serde_json::Value = serde_json::from_str(line).unwrap();
        done.push(object["done"].as_u64().unwrap());
    }
    assert_eq!(done, [1, 60, 100]);
}

/// Counts what is written by itself.
struct Pieces<'a>(&'a mut Vec<Vec<u8>>);

impl Write for Pieces<'_> {
    fn write(&mut self, piece: &[u8]) -> io::Result<usize> {
        self.0.push(piece.to_vec());
        Ok(piece.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn beside_other_runs_each_line_is_written_whole_and_names_its_run_once() {
    let mut pieces = Vec::new();
    let mut json = Json::new(Pieces(&mut pieces)).of("r1");
    let note = || Event::Note { message: "a note".into() };
    for event in [note(), samples().remove(0), note()] {
        json.event(&event, Timestamp::UNIX_EPOCH).unwrap();
    }
    assert_eq!(pieces.len(), 3);
    for line in pieces.into_iter().map(|line| String::from_utf8(line).unwrap()) {
        assert!(line.ends_with("}\n") && line.matches(r#""run":"r1""#).count() == 1, "{line}");
    }
}

#[test]
fn the_reference_describes_every_event_field_and_value() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/events.md");
    let reference = fs::read_to_string(path).unwrap();
    let mut told = HashSet::new();
    for line in written(&samples()) {
        let object: serde_json::Map<String, serde_json::Value> = serde_json::from_str(&line).unwrap();
        let kind = object["type"].as_str().unwrap();
        let heading = format!("## `{kind}`\n");
        let section = reference.split_once(&heading).unwrap_or_else(|| panic!("no section {heading}")).1;
        let section = section.split("\n## ").next().unwrap();
        for field in object.keys().filter(|field| !matches!(field.as_str(), "time" | "run" | "type")) {
            assert!(section.contains(&format!("| `{field}` |")), "`{field}` of `{kind}` is missing");
        }
        assert!(section.contains(&line), "the example of `{kind}` should be\n{line}");
        told.insert(heading);
    }
    assert_eq!(reference.matches("\n## `").count(), told.len(), "a section describes no event");
    let name = |value: serde_json::Value| format!("`{}`", value.as_str().unwrap());
    for phase in Phase::VARIANTS {
        let name = name(serde_json::json!(phase));
        assert!(reference.contains(&format!("| {name} |")), "phase {name} is missing");
    }
    for kind in WaitKind::VARIANTS {
        let name = name(serde_json::json!(kind));
        assert!(reference.contains(&name), "the kind of waiting {name} is missing");
    }
}

/// One of each event at least: a new kind fails until it is here too.
fn samples() -> Vec<Event> {
    let samples = [run_samples(), step_samples(), told_samples(), made_samples(), outside_samples()].concat();
    let sampled: HashSet<EventKind> = samples.iter().map(EventKind::from).collect();
    let missing = EventKind::VARIANTS.iter().filter(|kind| !sampled.contains(kind));
    assert_eq!(missing.collect::<Vec<_>>(), Vec::<&EventKind>::new(), "there is no sample of these");
    samples
}

fn run_samples() -> Vec<Event> {
    vec![
        Event::RunStarted {
            run: "r1".into(),
            image: "hello".into(),
            version: Some("1.0".into()),
            platform: "qemu".into(),
            log: "/home/ana/.local/state/hornero/runs/r1/log".into(),
            format: Event::FORMAT,
            hornero: "0.1.0".into(),
            expected_seconds: Some(249.6),
        },
        Event::PhaseStarted { phase: Phase::CloudInit },
        Event::PhaseFinished { phase: Phase::CloudInit, seconds: 20.500_499, ok: true },
    ]
}

fn step_samples() -> Vec<Event> {
    let (number, name) = (2, "configure".to_owned());
    vec![
        Event::StepStarted { number, total: 3, name: name.clone(), kind: "shell".into() },
        Event::StepRetried {
            number,
            name: name.clone(),
            attempt: 2,
            reason: "step `configure` failed with exit code 1".into(),
        },
        Event::StepFinished { number, name, seconds: 3.25, ok: true, exit_code: Some(0), attempts: 2 },
    ]
}

fn told_samples() -> Vec<Event> {
    vec![
        Event::Output {
            source: "configure".into(),
            number: Some(2),
            stream: Stream::Merged,
            line: "done".into(),
        },
        Event::OutputSkipped { lines: 1200 },
        Event::UnfinishedLine { source: "configure".into(), number: Some(2), line: "10 %\r50 %\r".into() },
        Event::Progress { task: "convert root".into(), done: 1048576, total: Some(4194304) },
        Event::Reused { what: "base".into(), detail: "debian bookworm, built from packages".into() },
        Event::Note { message: "the guest asked for a reboot".into() },
        Event::Warning {
            message: "KVM does not work here, so the guest is emulated and slow".into(),
            place: None,
        },
        Event::Warning {
            message: "the files of [seal] stay in the image".into(),
            place: Some(TemplatePlace {
                file: "web.toml".into(),
                line: Some(3),
                column: Some(8),
                hint: Some("remove the line".into()),
            }),
        },
        Event::Waiting {
            kind: WaitKind::Server,
            target: "10.0.0.7:22".into(),
            seconds: 30.3,
            answer: "Connection refused (os error 111)".into(),
        },
        Event::CheckFinished {
            machine: CheckPlace::TestMachine,
            name: "service nginx".into(),
            ok: false,
            expected: "running".into(),
            found: "failed".into(),
        },
    ]
}

fn made_samples() -> Vec<Event> {
    vec![
        Event::ImageCaptured {
            image: "hello-r1".into(),
            location: "/home/ana/.local/share/hornero/images/hello-r1".into(),
            bytes: 432013312,
        },
        Event::UpToDate {
            name: "hello".into(),
            version: Some("1.0".into()),
            image: "hello-r0".into(),
            parameter: "/images/hello/dev".into(),
            created: "2025-12-31T00:00:00Z".parse().unwrap(),
        },
        Event::Published {
            parameter: "/images/hello/dev".into(),
            value: "hello-r1".into(),
            version: 3,
            region: None,
        },
        Event::RunFinished {
            ok: false,
            seconds: 41.5,
            error: Some("step `configure` ended with exit code 3".into()),
            hint: Some("the log has every line of the step".into()),
            tail: vec!["install: cannot create directory".into()],
            end: RunEnd {
                code: 6,
                kind: Some("bake".into()),
                phase: Some(Phase::Steps),
                step: Some("configure".into()),
                image: None,
                parameter: None,
            },
        },
    ]
}

fn outside_samples() -> Vec<Event> {
    vec![
        Event::Error {
            image: None,
            code: 3,
            kind: "template".into(),
            message: "2 mistakes in `web.toml`".into(),
            hint: None,
            tail: Vec::new(),
        },
        Event::NotBaked { image: "web".into(), reason: "`base`, which it is made from, was not".into() },
    ]
}
