//! What a row found: numbers, and whether they are as good as they were to be.

use serde::{Deserialize, Serialize};

use crate::measure::Series;

/// What the numbers are.
#[derive(Clone, Copy, Debug, Deserialize, Serialize)]
pub enum Unit {
    Seconds,
    MiB,
    Calls,
}

impl Unit {
    pub fn told(self, value: f64) -> String {
        match self {
            Self::Seconds if value < 0.1 => format!("{:.1} ms", value * 1000.0),
            Self::Seconds => format!("{value:.2} s"),
            Self::MiB => format!("{value:.0} MiB"),
            Self::Calls => format!("{value:.1}"),
        }
    }
}

/// What hornero's numbers were to be at most.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub enum Target {
    /// Median, as a part of this peer's median.
    Ratio {
        peer: String,
        limit: f64,
    },
    Median {
        limit: f64,
    },
    Percentile {
        percent: usize,
        limit: f64,
    },
    Most {
        limit: f64,
    },
}

/// One work that was done and measured.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Outcome {
    /// The row that it belongs to.
    pub row: String,
    pub work: String,
    pub unit: Unit,
    /// hornero's first.
    pub series: Vec<Series>,
    pub targets: Vec<Target>,
}

impl Outcome {
    pub fn new(work: impl Into<String>, unit: Unit, series: Vec<Series>) -> Self {
        Self { row: String::new(), work: work.into(), unit, series, targets: Vec::new() }
    }

    pub fn ratio(self, peer: &str, limit: f64) -> Self {
        self.target(Target::Ratio { peer: peer.to_owned(), limit })
    }

    pub fn target(mut self, target: Target) -> Self {
        self.targets.push(target);
        self
    }

    pub fn own(&self) -> Option<&Series> {
        self.series.first()
    }

    pub fn peer(&self, name: &str) -> Option<&Series> {
        self.series.iter().skip(1).find(|series| series.who == name)
    }

    /// What hornero's numbers come to where this target looks.
    pub fn value(&self, target: &Target) -> f64 {
        let Some(own) = self.own() else { return f64::NAN };
        match target {
            Target::Ratio { peer, .. } => own.median() / self.peer(peer).map_or(f64::NAN, Series::median),
            Target::Median { .. } => own.median(),
            Target::Percentile { percent, .. } => own.percentile(*percent),
            Target::Most { .. } => own.most(),
        }
    }

    pub fn holds(&self, target: &Target) -> bool {
        self.value(target) <= target.limit()
    }
}

impl Target {
    pub fn limit(&self) -> f64 {
        match self {
            Self::Ratio { limit, .. }
            | Self::Median { limit }
            | Self::Percentile { limit, .. }
            | Self::Most { limit } => *limit,
        }
    }
}

/// Lines over one axis.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Plot {
    pub row: String,
    /// The name of its file, without the ending.
    pub name: String,
    pub title: String,
    pub x: String,
    pub y: String,
    pub lines: Vec<Curve>,
}

#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Curve {
    pub who: String,
    pub points: Vec<(f64, f64)>,
}

/// Everything that one row came to.
#[derive(Default)]
pub struct Fresh {
    pub row: String,
    pub outcomes: Vec<Outcome>,
    pub plots: Vec<Plot>,
}
