//! The upload alone: many small files, and one large one that compresses or does not.

use std::path::Path;

use anyhow::Result;

use super::carry::{By, bake, carry};
use crate::{
    measure::{Entrant, Series, in_turn},
    outcome::{Fresh, Outcome, Target, Unit},
    rig::{
        bench::Bench,
        cloud::{Cloud, Trip},
        data,
        hornero::Content,
    },
};

/// Packer's upload of 2,000 files takes 14 s over the long line.
const SLOW: u32 = 2;
const LARGE: usize = 256;

pub async fn files(bench: &Bench<'_>) -> Result<Fresh> {
    let (cloud, from) = (Cloud::start(bench).await?, data::folder(bench.folder(), 2000, 4096)?);
    let pairs = bench.args.pairs(u32::MAX);
    let mut fresh = Fresh::default();
    for trip in Trip::BOTH {
        let packer = if trip == Trip::Long { bench.args.pairs(SLOW) } else { pairs };
        let entrants = [
            Entrant { who: By::Hornero, name: "hornero", times: pairs },
            Entrant { who: By::Pipe, name: "tar | ssh", times: pairs },
            Entrant { who: By::Rsync, name: "rsync", times: pairs },
            Entrant { who: By::Packer, name: "Packer", times: packer },
        ];
        let series = timed(&cloud, trip, &entrants, &from).await?;
        let work = format!("2,000 files of 4 KiB, {}", trip.told());
        let outcome = Outcome::new(work, Unit::Seconds, series).ratio("tar | ssh", 1.0);
        fresh.outcomes.push(match trip {
            Trip::None => outcome,
            Trip::Long => outcome.ratio("Packer", 0.1),
        });
    }
    Ok(fresh)
}

/// Also how much memory the files take, beside what a bake without them takes.
pub async fn forest(bench: &Bench<'_>) -> Result<Fresh> {
    let (cloud, from) = (Cloud::start(bench).await?, data::folder(bench.folder(), 50_000, 1024)?);
    let pairs = bench.args.pairs(u32::MAX);
    let entrants = [
        Entrant { who: By::Hornero, name: "hornero", times: pairs },
        Entrant { who: By::Pipe, name: "tar | ssh", times: pairs },
    ];
    let idle = bake(&cloud, Trip::Long, Content { steps: &["true"], ..Content::default() }).await?.peak;
    let mut memory = Series::new("hornero");
    let series = in_turn(&entrants, async |by| {
        let carried = carry(&cloud, Trip::Long, by, &from).await?;
        if by == By::Hornero {
            memory.values.push(carried.peak - idle);
        }
        Ok(carried.seconds)
    });
    let work = "50,000 files of 1 KiB, 50 ms";
    let time = Outcome::new(work, Unit::Seconds, series.await?).ratio("tar | ssh", 1.2);
    let memory = Outcome::new("the same: memory above a bake without files", Unit::MiB, vec![memory])
        .target(Target::Most { limit: 64.0 });
    Ok(Fresh { outcomes: vec![time, memory], ..Fresh::default() })
}

pub async fn noise(bench: &Bench<'_>) -> Result<Fresh> {
    let (cloud, from) = (Cloud::start(bench).await?, data::noise(bench.folder(), LARGE)?);
    let mut fresh = Fresh::default();
    for (trip, limit) in [(Trip::None, 1.1), (Trip::Long, 0.35)] {
        fresh.outcomes.push(large(&cloud, trip, &from, "of noise", limit).await?);
    }
    Ok(fresh)
}

pub async fn log(bench: &Bench<'_>) -> Result<Fresh> {
    let (cloud, from) = (Cloud::start(bench).await?, data::log(bench.folder(), LARGE)?);
    let outcome = large(&cloud, Trip::Long, &from, "of a web server's log", 0.2).await?;
    Ok(Fresh { outcomes: vec![outcome], ..Fresh::default() })
}

async fn large(cloud: &Cloud<'_>, trip: Trip, from: &Path, what: &str, limit: f64) -> Result<Outcome> {
    let times = cloud.bench.args.pairs(u32::MAX);
    let entrants = [
        Entrant { who: By::Hornero, name: "hornero", times },
        Entrant { who: By::Pipe, name: "cat | ssh", times },
    ];
    let series = timed(cloud, trip, &entrants, from).await?;
    let work = format!("one file, {LARGE} MiB {what}, {}", trip.told());
    Ok(Outcome::new(work, Unit::Seconds, series).ratio("cat | ssh", limit))
}

async fn timed(cloud: &Cloud<'_>, trip: Trip, entrants: &[Entrant<By>], from: &Path) -> Result<Vec<Series>> {
    in_turn(entrants, async |by| Ok(carry(cloud, trip, by, from).await?.seconds)).await
}
