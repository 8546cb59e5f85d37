//! Phases and their times: each is announced, timed and closed, also when it fails.

use std::{
    future::Future,
    time::{Duration, Instant},
};

use serde::{Deserialize, Serialize};

use crate::{
    error::{Error, caught},
    event::{Event, Events, Phase},
};

/// How long one phase or step took.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Timing {
    pub name: String,
    pub seconds: f64,
}

/// Where the time of a run goes.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Timings {
    pub phases: Vec<Timing>,
    pub steps: Vec<Timing>,
}

impl Timings {
    pub fn phase(&mut self, phase: Phase, seconds: f64) {
        self.phases.push(Timing { name: phase.title().into(), seconds });
    }

    /// All phases together.
    pub fn so_far(&self) -> Duration {
        Duration::try_from_secs_f64(self.phases.iter().map(|phase| phase.seconds).sum())
            .unwrap_or(Duration::MAX)
    }

    pub fn step(&mut self, name: &str, seconds: f64) {
        self.steps.push(Timing { name: name.into(), seconds });
    }
}

/// Runs `work` as `phase`.
pub async fn phase<T>(
    events: &Events,
    timings: &mut Timings,
    phase: Phase,
    work: impl Future<Output = Result<T, Error>>,
) -> Result<T, Error> {
    events.send(Event::PhaseStarted { phase });
    let start = Instant::now();
    let result = caught(work).await;
    let seconds = start.elapsed().as_secs_f64();
    timings.phase(phase, seconds);
    events.send(Event::PhaseFinished { phase, seconds, ok: result.is_ok() });
    result
}
