//! Nothing that a builder, a file's name or an API can say does anything to a terminal or to CI.

use proptest::prelude::*;

use super::*;
use crate::{
    event::{CheckPlace, Events, Stream},
    ui::{Listener, json::Json, lines::Lines, summary::Summary},
};
use jiff::Timestamp;

const PIECES: [&str; 22] = [
    "::error::x",
    "::set-output name=a::b",
    "##[group]",
    "##[add-path]/evil",
    "##vso[task.setvariable]x",
    "##teamcity[x]",
    "###[error]",
    "section_start:1:a\r\x1b[0K",
    "\x1b]0;title\x07",
    "\x1b[2J",
    "\x1b[8m",
    "\u{9b}31m",
    "\u{202e}",
    "\u{2028}",
    "\u{85}",
    "\r",
    "\n",
    " ",
    "\t",
    "\u{a0}",
    "\u{61c}",
    "text",
];

fn outside() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        4 => prop::sample::select(&PIECES[..]).prop_map(str::to_owned),
        1 => any::<char>().prop_map(String::from),
    ];
    prop::collection::vec(piece, 0..10).prop_map(|pieces| pieces.concat())
}

/// As GitHub's runner, Azure's agent and TeamCity look for commands in a line.
fn is_a_command(line: &str) -> bool {
    let after = |start: &str| line.contains(start);
    line.trim_start().starts_with("::") || after("##[") || after("##vso[") || after("##teamcity[")
}

#[track_caller]
fn assert_harmless(shown: &str) {
    assert!(!shown.contains(|char: char| char != '\n' && acts_on_screen(char)), "{shown:?}");
    assert!(!shown.lines().any(is_a_command), "{shown:?}");
    assert!(!shown.contains("section_start:1:a\r"), "{shown:?}");
}

/// One event of each kind that holds text from outside, each with the same text in all its places.
fn events_of(text: &str) -> Vec<Event> {
    let own = || text.to_owned();
    vec![
        Event::StepStarted { number: 1, total: 1, name: own(), kind: "shell".into() },
        Event::StepRetried { number: 1, name: own(), attempt: 2, reason: own() },
        Event::StepFinished { number: 1, name: own(), seconds: 1.0, ok: false, exit_code: None, attempts: 1 },
        Event::Output { source: own(), number: None, stream: Stream::Merged, line: own() },
        Event::Reused { what: own(), detail: own() },
        Event::Note { message: own() },
        Event::Warning { message: own(), place: None },
        Event::CheckFinished {
            machine: CheckPlace::Builder,
            name: own(),
            ok: false,
            expected: own(),
            found: own(),
        },
        Event::ImageCaptured { image: own(), location: own(), bytes: 1 },
        Event::Published { parameter: own(), value: own(), version: 1, region: Some(own()) },
        Event::NotBaked { image: own(), reason: own() },
        Event::RunFinished {
            ok: false,
            seconds: 1.0,
            error: Some(own()),
            hint: Some(own()),
            tail: vec![own()],
            end: Default::default(),
        },
    ]
}

/// What a listener writes of these events.
fn written_by(text: &str, make: impl FnOnce(Shared) -> Box<dyn Listener>) -> String {
    let shared = Shared::default();
    let mut listener = make(shared.clone());
    for mut event in events_of(text) {
        clean_event(&mut event);
        listener.event(&event, Timestamp::UNIX_EPOCH).unwrap();
    }
    listener.finish().unwrap();
    String::from_utf8(shared.0.lock().unwrap().clone()).unwrap()
}

#[derive(Clone, Default)]
struct Shared(std::sync::Arc<std::sync::Mutex<Vec<u8>>>);

impl std::io::Write for Shared {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(300) })]

    #[test]
    fn lines_and_summary_do_nothing_to_a_terminal_or_to_ci(text in outside()) {
        assert_harmless(&written_by(&text, |out| Box::new(Lines::new(out))));
        assert_harmless(&for_screen(&written_by(&text, |out| Box::new(Summary::new(out, 80, false)))));
    }

    #[test]
    fn json_says_the_same_and_does_nothing(text in outside()) {
        let said = written_by(&text, |out| Box::new(Json::new(out)));
        assert_harmless(&said);
        let output = said.lines().find(|line| line.contains(r#""type":"output""#)).unwrap();
        let read: serde_json::Value = serde_json::from_str(output).unwrap();
        prop_assert_eq!(read["line"].as_str(), Some(text.as_str()));
    }

    #[test]
    fn whatever_is_printed_passes_here(text in outside()) {
        let shown = for_screen(&text).into_owned();
        let plain: String = AnsiCodeIterator::new(&shown).filter(|(_, sequence)| !sequence).map(|(part, _)| part).collect();
        assert_harmless(&plain.replace('\t', " "));
        prop_assert_eq!(for_screen(&shown), shown.as_str(), "what is harmless stays as it is");
    }
}

#[test]
fn ordinary_text_is_shown_as_it_is() {
    for text in
        ["a::b", "std::fs", "## heading", "C# ## x", "plain\nlines\n", "\x1b[1;31merror\x1b[0m: x", "é日🦀"]
    {
        assert_eq!(for_screen(text), text);
    }
    assert_eq!(for_screen("  ::error::x\n##[group]y"), "  : :error::x\n# #[group]y");
    assert_eq!(for_json(r###"{"a":"##[x]"}"###), r###"{"a":"#\u0023[x]"}"###);
}

#[tokio::test]
async fn every_listener_is_told_the_cleaned_event() {
    let (events, receiver) = Events::channel();
    events.note("a\u{202e}b\x1b]0;t\x07\n::error::c");
    events.output("s\x1b[2J", Stream::Stdout, "raw \x1b[31m");
    drop(events);
    let shared = Shared::default();
    crate::ui::listen(receiver, vec![Box::new(Json::new(shared.clone()))]).await;
    let said = String::from_utf8(shared.0.lock().unwrap().clone()).unwrap();
    let lines: Vec<serde_json::Value> =
        said.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines[0]["message"], "ab\n::error::c");
    assert_eq!((&lines[1]["source"], &lines[1]["line"]), (&"s".into(), &"raw \x1b[31m".into()));
}
