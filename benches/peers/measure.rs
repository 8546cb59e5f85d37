//! Numbers of one program at one work, and turns: who is measured when.

use anyhow::Result;
use serde::{Deserialize, Serialize};

/// What one program came to, run by run.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub struct Series {
    pub who: String,
    pub values: Vec<f64>,
}

impl Series {
    pub fn new(who: &str) -> Self {
        Self { who: who.to_owned(), values: Vec::new() }
    }

    pub fn of(who: &str, values: Vec<f64>) -> Self {
        Self { who: who.to_owned(), values }
    }

    pub fn median(&self) -> f64 {
        let sorted = self.sorted();
        let (low, high) = (sorted.len().saturating_sub(1) / 2, sorted.len() / 2);
        match (sorted.get(low), sorted.get(high)) {
            (Some(low), Some(high)) => f64::midpoint(*low, *high),
            (_, _) => f64::NAN,
        }
    }

    /// The smallest value that so many percent of all are not above.
    pub fn percentile(&self, percent: usize) -> f64 {
        let sorted = self.sorted();
        let rank = (sorted.len() * percent).div_ceil(100).max(1);
        sorted.get(rank - 1).copied().unwrap_or(f64::NAN)
    }

    pub fn most(&self) -> f64 {
        self.percentile(100)
    }

    pub fn least(&self) -> f64 {
        self.sorted().first().copied().unwrap_or(f64::NAN)
    }

    fn sorted(&self) -> Vec<f64> {
        let mut sorted = self.values.clone();
        sorted.sort_by(f64::total_cmp);
        sorted
    }
}

/// Who takes part, and how many times at most.
pub struct Entrant<W> {
    pub who: W,
    pub name: &'static str,
    pub times: u32,
}

/// Lets each do the work in turn, every other round in the opposite order: what one leaves in caches
/// helps or hinders the others as often.
pub async fn in_turn<W: Copy>(
    entrants: &[Entrant<W>],
    mut work: impl AsyncFnMut(W) -> Result<f64>,
) -> Result<Vec<Series>> {
    let mut series: Vec<Series> = entrants.iter().map(|one| Series::new(one.name)).collect();
    for round in 0..entrants.iter().map(|one| one.times).max().unwrap_or(0) {
        let mut order: Vec<usize> = (0..entrants.len()).collect();
        if round % 2 == 1 {
            order.reverse();
        }
        for at in order.into_iter().filter(|at| round < entrants[*at].times) {
            let value = work(entrants[at].who).await?;
            eprintln!("  {}: {value:.3}", entrants[at].name);
            series[at].values.push(value);
        }
    }
    Ok(series)
}
