//! Asks a machine all checks at once, and says which of them do not hold.

use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

use super::{answer::unguessable_word, follow::ask, machine::Machine};
use crate::{
    amount,
    error::{Error, Kind},
    event::{CheckPlace, Event, Events},
    provision::{
        answers::Marks,
        checks::script,
        judge::{Verdict, judge},
        script::Job,
    },
    template::model::{Check, Probe},
};

/// How long one round of all checks may take.
const ROUND: Duration = Duration::from_secs(10 * 60);

/// How long a service or a port may take to come up when the check says nothing.
const SETTLE: Duration = Duration::from_secs(20);

/// Between two rounds.
const AGAIN: Duration = Duration::from_secs(1);

/// Runs every check, and those that may still come true again until their time is over.
///
/// # Errors
/// When any of them does not hold; all have been run by then.
pub async fn run(
    machine: &mut Machine<'_>,
    checks: &[Check],
    place: CheckPlace,
    events: &Events,
) -> Result<(), Error> {
    let start = Instant::now();
    let mut verdicts = BTreeMap::new();
    let mut open: Vec<usize> = (0..checks.len()).collect();
    while !open.is_empty() {
        for (number, verdict) in round(machine, checks, &open, events).await? {
            let last = verdict.ok || start.elapsed() >= patience(&checks[number]);
            if last {
                tell(&checks[number], &verdict, place, events);
                open.retain(|other| *other != number);
                verdicts.insert(number, verdict);
            }
        }
        if !open.is_empty() {
            tokio::time::sleep(AGAIN).await;
        }
    }
    conclude(checks, &verdicts, place)
}

async fn round(
    machine: &mut Machine<'_>,
    checks: &[Check],
    open: &[usize],
    events: &Events,
) -> Result<Vec<(usize, Verdict)>, Error> {
    let probes: Vec<&Probe> = open.iter().map(|number| &checks[*number].probe).collect();
    let marks = Marks::of(&unguessable_word());
    let (text, env) = (script(&probes, &marks)?, BTreeMap::new());
    let job = Job { text: &text, user: "root", env: &env };
    let lines = ask(machine, &job, Some(ROUND), "running the checks", events).await?;
    let said = marks.answers(&lines);
    let verdict = |place: usize| judge(probes[place], said.get(&place));
    Ok(open.iter().enumerate().map(|(place, number)| (*number, verdict(place))).collect())
}

/// What starts in the background may need a moment; everything else is as it is.
fn patience(check: &Check) -> Duration {
    let by_kind = match &check.probe {
        Probe::Service { running: Some(true), .. } | Probe::Port { listening: true, .. } => SETTLE,
        Probe::Service { .. }
        | Probe::Port { .. }
        | Probe::Package { .. }
        | Probe::File { .. }
        | Probe::User { .. }
        | Probe::Group { .. }
        | Probe::Mount { .. }
        | Probe::Command { .. } => Duration::ZERO,
    };
    check.timeout.map_or(by_kind, |timeout| timeout.0)
}

fn tell(check: &Check, verdict: &Verdict, machine: CheckPlace, events: &Events) {
    let Verdict { ok, expected, found } = verdict.clone();
    events.send(Event::CheckFinished { machine, name: check.name.clone(), ok, expected, found });
}

fn conclude(checks: &[Check], verdicts: &BTreeMap<usize, Verdict>, place: CheckPlace) -> Result<(), Error> {
    let failed: Vec<String> = verdicts
        .iter()
        .filter(|(_, verdict)| !verdict.ok)
        .map(|(number, verdict)| {
            format!("{}: expected {}; found {}", checks[*number].name, verdict.expected, verdict.found)
        })
        .collect();
    if failed.is_empty() {
        return Ok(());
    }
    let place = match place {
        CheckPlace::Builder => "the builder",
        CheckPlace::TestMachine => "a machine started from the image",
    };
    let all = amount::count(checks.len(), "check");
    let message = format!("{} of {all} failed on {place}", failed.len());
    Err(Error::new(Kind::Check, message).tail(failed))
}
