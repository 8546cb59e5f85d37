//! A whole bake on EC2 that does next to nothing: what the tools themselves take.

use anyhow::Result;

use crate::{
    measure::{Entrant, in_turn},
    outcome::{Fresh, Outcome, Unit},
    rig::{
        bench::Bench,
        cloud::{Cloud, Trip},
        hornero::{self, Content},
        job, packer,
    },
};

pub const STEPS: &[&str] = &["echo one", "echo two", "echo three"];

pub async fn run(bench: &Bench<'_>) -> Result<Fresh> {
    let cloud = Cloud::start(bench).await?;
    let pairs = bench.args.pairs(u32::MAX);
    let mut fresh = Fresh::default();
    for (trip, limit) in [(Trip::None, 1.0), (Trip::Long, 0.5)] {
        let entrants = [
            Entrant { who: Who::Hornero, name: "hornero", times: pairs },
            Entrant { who: Who::Packer, name: "Packer", times: pairs },
        ];
        let series = in_turn(&entrants, async |who| bake(&cloud, trip, who).await).await?;
        let work = format!("EC2 bake, three one-line steps, {}", trip.told());
        fresh.outcomes.push(Outcome::new(work, Unit::Seconds, series).ratio("Packer", limit));
    }
    Ok(fresh)
}

#[derive(Clone, Copy)]
enum Who {
    Hornero,
    Packer,
}

async fn bake(cloud: &Cloud<'_>, trip: Trip, who: Who) -> Result<f64> {
    let content = Content { steps: STEPS, ..Content::default() };
    let command = match who {
        Who::Hornero => {
            let template = hornero::template(cloud, "small", cloud.port(trip), content)?;
            let template = template.display().to_string();
            hornero::in_cloud(cloud, &cloud.moto.endpoint(), &["bake", "--force", &template])
        }
        Who::Packer => {
            packer::build(cloud.room(), &packer::template(cloud, "small", cloud.port(trip), content)?)
        }
    };
    Ok(job::run("a bake", command).await?.seconds)
}
