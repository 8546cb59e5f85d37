//! How time and memory grow: with the number of files, and with the number of bakes at once.

use anyhow::Result;

use super::{
    carry::{By, carry},
    many,
};
use crate::{
    outcome::{Curve, Fresh, Plot},
    rig::{
        bench::Bench,
        cloud::{Cloud, REGION, Trip},
        data,
    },
};

const FILES: &[usize] = &[100, 1000, 5000, 20_000, 50_000];
const BAKES: &[usize] = &[1, 10, 25, 50, 100];
/// The limit of calls is each region's own: in one alone the plot would show nothing but that.
const REGIONS: &[&str] = &[REGION, "eu-west-2", "eu-west-3", "eu-central-1", "eu-north-1"];
/// Of the numbers above, how many a quick run has.
const QUICK: usize = 2;

pub async fn run(bench: &Bench<'_>) -> Result<Fresh> {
    let most = if bench.args.quick() { QUICK } else { FILES.len() };
    let mut fresh = Fresh::default();
    files(bench, &FILES[..most], &mut fresh).await?;
    bakes(bench, &BAKES[..most], &mut fresh).await?;
    Ok(fresh)
}

async fn files(bench: &Bench<'_>, numbers: &[usize], fresh: &mut Fresh) -> Result<()> {
    let cloud = Cloud::start(bench).await?;
    let (mut times, mut peaks) = (curves(), curves());
    for number in numbers {
        let from = data::folder(bench.folder(), *number, 1024)?;
        for (at, by) in [By::Hornero, By::Pipe].into_iter().enumerate() {
            let carried = carry(&cloud, Trip::Long, by, &from).await?;
            eprintln!("  {number} files, {by:?}: {:.2} s, {:.0} MiB", carried.seconds, carried.peak);
            times[at].points.push((*number as f64, carried.seconds));
            peaks[at].points.push((*number as f64, carried.peak));
        }
    }
    let plot = |name: &str, title: &str, y: &str, lines| plot(name, title, ("files of 1 KiB", y), lines);
    fresh.plots.push(plot("growth-files-time", "Upload over 50 ms: time", "seconds", times.into()));
    fresh.plots.push(plot("growth-files-memory", "Upload over 50 ms: memory", "MiB", peaks.into()));
    Ok(())
}

fn curves() -> [Curve; 2] {
    ["hornero", "tar | ssh"].map(|who| Curve { who: who.to_owned(), points: Vec::new() })
}

async fn bakes(bench: &Bench<'_>, numbers: &[usize], fresh: &mut Fresh) -> Result<()> {
    let [mut times, _] = curves();
    let [mut peaks, _] = curves();
    for number in numbers {
        let together = many::bake(bench, *number, REGIONS).await?;
        eprintln!("  {number} bakes: {:.1} s, {:.0} MiB", together.seconds, together.peak);
        times.points.push((*number as f64, together.seconds));
        peaks.points.push((*number as f64, together.peak));
    }
    let plot = |name: &str, title: &str, y: &str, line| plot(name, title, ("bakes at once", y), vec![line]);
    fresh.plots.push(plot("growth-bakes-time", "EC2 bakes at once, in five regions: time", "seconds", times));
    fresh.plots.push(plot("growth-bakes-memory", "EC2 bakes at once, in five regions: memory", "MiB", peaks));
    Ok(())
}

fn plot(name: &str, title: &str, (x, y): (&str, &str), lines: Vec<Curve>) -> Plot {
    let own = str::to_owned;
    Plot { row: String::new(), name: own(name), title: own(title), x: own(x), y: own(y), lines }
}
