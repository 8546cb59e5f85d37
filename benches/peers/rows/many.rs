//! Many bakes at once in one process: its memory, and that it keeps to its own limit of calls.

use std::collections::BTreeMap;

use anyhow::{Context, Result};
use serde_json::{Value, json};

use super::bake::STEPS;
use crate::{
    measure::Series,
    outcome::{Fresh, Outcome, Target, Unit},
    rig::{
        bench::Bench,
        cloud::{Cloud, REGION, Trip},
        hornero::{self, Content},
        job,
        server::Server,
    },
};

const BAKES: usize = 50;

/// As in `src/aws/limiter.rs`: calls at once, and calls a second after that, for each account and region.
const BURST: f64 = 40.0;
const PER_SECOND: f64 = 10.0;
/// Calls that waited on their way arrive closer together than they were sent: a fifth of a second of them.
const JITTER: f64 = 2.0;

/// What so many bakes at once came to.
pub struct Together {
    pub seconds: f64,
    pub peak: f64,
    /// How many calls were beyond the limit at the worst moment.
    beyond: f64,
}

pub async fn run(bench: &Bench<'_>) -> Result<Fresh> {
    let together = bake(bench, BAKES, &[REGION]).await?;
    let one = |value| vec![Series::of("hornero", vec![value])];
    let outcomes = vec![
        Outcome::new("50 bakes at once: time", Unit::Seconds, one(together.seconds)),
        Outcome::new("the same: memory", Unit::MiB, one(together.peak)).target(Target::Most { limit: 200.0 }),
        Outcome::new("the same: calls beyond the limiter's rate", Unit::Calls, one(together.beyond))
            .target(Target::Most { limit: JITTER }),
    ];
    Ok(Fresh { outcomes, ..Fresh::default() })
}

/// In these regions in turn.
pub async fn bake(bench: &Bench<'_>, bakes: usize, regions: &[&str]) -> Result<Together> {
    let cloud = Cloud::start(bench).await?;
    let mut notes = Server::start(bench, "timed.py", &[&cloud.moto.endpoint(), "0", "0"]).await?;
    let mut arguments = vec!["bake".to_owned(), "--force".to_owned(), format!("--jobs={bakes}")];
    for (number, region) in (0..bakes).zip(regions.iter().cycle()) {
        let content = Content { steps: STEPS, carried: None, region };
        let port = cloud.port(Trip::None);
        let template = hornero::template(&cloud, &format!("many-{number:03}"), port, content)?;
        arguments.push(template.display().to_string());
    }
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let what = format!("a bake of {bakes} templates");
    let ran = job::run(&what, hornero::in_cloud(&cloud, &notes.endpoint(), &arguments)).await?;
    let calls = notes.ask(&json!({ "calls": true })).await?;
    Ok(Together { seconds: ran.seconds, peak: ran.peak, beyond: beyond(&calls)? })
}

/// Fills and empties a bucket for each region as the calls came.
fn beyond(calls: &Value) -> Result<f64> {
    let mut regions: BTreeMap<&str, Vec<f64>> = BTreeMap::new();
    for call in calls.as_array().context("the proxy told no calls")? {
        let region = call["region"].as_str().unwrap_or_default();
        regions.entry(region).or_default().extend(call["at"].as_f64());
    }
    Ok(regions.values_mut().map(|times| worst(times)).fold(0.0, f64::max))
}

fn worst(times: &mut [f64]) -> f64 {
    times.sort_by(f64::total_cmp);
    let (mut tokens, mut last, mut worst) = (BURST, times.first().copied().unwrap_or(0.0), 0.0_f64);
    for at in times {
        tokens = (tokens + (*at - last) * PER_SECOND).min(BURST) - 1.0;
        last = *at;
        worst = worst.max(-tokens);
    }
    worst
}
