//! From a change of state to hornero's next action: what is lost by looking too seldom.

use std::{str::FromStr, time::Duration};

use anyhow::{Context, Result};
use futures::future::try_join_all;
use jiff::Timestamp;
use rand::RngExt;
use serde_json::{Value, json};

use super::bake::STEPS;
use crate::{
    measure::Series,
    outcome::{Fresh, Outcome, Target, Unit},
    rig::{
        bench::Bench,
        cloud::Cloud,
        gate::Gate,
        hornero::{self, Content},
        job::{Line, watch},
        server::Server,
    },
};

/// Seconds that a state takes to come: long enough that hornero looks as seldom as it ever does.
const SHORTEST: f64 = 3.0;
const LONGEST: f64 = 9.0;
/// At a time; they hardly do anything but wait.
const TOGETHER: usize = 4;
const PORT: &str = "SSH port open";

pub async fn run(bench: &Bench<'_>) -> Result<Fresh> {
    let cloud = Cloud::start(bench).await?;
    let times = [SHORTEST.to_string(), LONGEST.to_string()];
    let mut clock = Server::start(bench, "timed.py", &[&cloud.moto.endpoint(), &times[0], &times[1]]).await?;
    let (mut port, mut running) = (Series::new("hornero"), Vec::new());
    for round in 0..bench.args.pairs(u32::MAX) as usize {
        let bakes = (0..TOGETHER).map(|number| bake(&cloud, clock.endpoint(), round * TOGETHER + number));
        for (reached, launched) in try_join_all(bakes).await? {
            port.values.push(reached);
            running.push(launched);
        }
        eprintln!("  {} bakes", port.values.len());
    }
    let changes = clock.ask(&json!({ "reactions": true })).await?;
    let changes = changes.as_array().context("the clock told no changes")?;
    let mut outcomes = vec![outcome("running", launched(changes, &running)?), outcome(PORT, port)];
    for state in ["stopped", "available", "terminated"] {
        outcomes.push(outcome(state, answered(changes, state)?));
    }
    Ok(Fresh { outcomes, ..Fresh::default() })
}

fn outcome(state: &str, series: Series) -> Outcome {
    Outcome::new(format!("reaction to: {state}"), Unit::Seconds, vec![series])
        .target(Target::Median { limit: 0.8 })
        .target(Target::Percentile { percent: 95, limit: 1.5 })
}

/// Which instance a bake launched, and when it had seen it running.
type Launched = (String, f64);

async fn bake(cloud: &Cloud<'_>, endpoint: String, number: usize) -> Result<(f64, Launched)> {
    let gate = Gate::before(cloud.sshd.address())?;
    let content = Content { steps: STEPS, ..Content::default() };
    let template = hornero::template(cloud, &format!("timed-{number:03}"), gate.port, content)?;
    let template = template.display().to_string();
    let command = hornero::in_cloud(cloud, &endpoint, &["bake", "--force", &template]);
    let (mut opened, closed) = (None, rand::rng().random_range(SHORTEST..LONGEST));
    let told = |line: &Line| {
        let event = hornero::event(line).unwrap_or_default();
        if event["type"] == "phase_started" && event["phase"] == "connect" {
            opened = Some(gate.open_after(Duration::from_secs_f64(closed)));
        }
    };
    let ran = watch("hornero", command, told).await?;
    let opened = &mut opened.context("hornero told no phase `connect`")?;
    let reached = (&mut opened.first).await.context("nobody came to the SSH port")?;
    Ok((reached.as_secs_f64(), seen_running(&ran.lines)?))
}

fn seen_running(lines: &[Line]) -> Result<Launched> {
    let events: Vec<Value> = lines.iter().filter_map(hornero::event).collect();
    // The note that hornero gives: "the instance i-1 is starting".
    let id = events.iter().find_map(|event| {
        event["message"].as_str()?.strip_prefix("the instance ")?.strip_suffix(" is starting")
    });
    let finished = |event: &&Value| event["type"] == "phase_finished" && event["phase"] == "launch";
    let time = events.iter().find(finished).and_then(|event| event["time"].as_str());
    let time = Timestamp::from_str(time.context("hornero told no phase `launch`")?)?;
    let id = id.context("hornero told no instance")?;
    Ok((id.to_owned(), time.as_millisecond() as f64 / 1000.0))
}

/// By the end of hornero's phase: the next action is no call.
fn launched(changes: &[Value], running: &[Launched]) -> Result<Series> {
    let reaction = |(id, seen): &Launched| {
        let change = changes.iter().find(|one| one["state"] == "running" && one["id"] == id.as_str());
        let at = change.and_then(|one| one["at"].as_f64());
        Ok(seen - at.with_context(|| format!("the clock knows no start of {id}"))?)
    };
    Ok(Series::of("hornero", running.iter().map(reaction).collect::<Result<_>>()?))
}

/// By the next call that needs the state.
fn answered(changes: &[Value], state: &str) -> Result<Series> {
    let reaction = |change: &Value| {
        let (at, next) = (change["at"].as_f64(), change["next"]["at"].as_f64());
        let told = || format!("hornero did nothing after {} was {state}", change["id"]);
        Ok(next.with_context(told)? - at.with_context(told)?)
    };
    let changes = changes.iter().filter(|change| change["state"] == state);
    Ok(Series::of("hornero", changes.map(reaction).collect::<Result<_>>()?))
}
