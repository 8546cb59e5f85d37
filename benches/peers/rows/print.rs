//! Steps that print a gigabyte: the memory of the whole bake, whatever the lines are like.

use anyhow::Result;

use crate::{
    measure::Series,
    outcome::{Fresh, Outcome, Target, Unit},
    rig::{
        bench::Bench,
        cloud::{Cloud, Trip},
        hornero::{self, Content},
        job,
    },
};

/// What is printed, and the step that does it.
const STEPS: [(&str, &str); 3] = [
    ("a step that prints 1 GB in lines of 1,000 bytes", "yes $(printf %0999d 0) | head -n 1000000"),
    ("a step that prints 1 GB in one line", "head -c 1000000000 /dev/zero | tr '\\0' x"),
    ("a step that prints the numbers to 20,000,000", "seq 1 20000000"),
];

pub async fn run(bench: &Bench<'_>) -> Result<Fresh> {
    let mut fresh = Fresh::default();
    for (number, (what, step)) in STEPS.into_iter().enumerate() {
        let cloud = Cloud::start(bench).await?;
        let content = Content { steps: &[step], ..Content::default() };
        let name = format!("print-{number}");
        let template = hornero::template(&cloud, &name, cloud.port(Trip::None), content)?;
        let template = template.display().to_string();
        let arguments = ["bake", "--force", "--output", "lines", &template];
        let ran = job::run(what, hornero::in_cloud(&cloud, &cloud.moto.endpoint(), &arguments)).await?;
        let outcome =
            |what: String, unit, value| Outcome::new(what, unit, vec![Series::of("hornero", vec![value])]);
        let memory = outcome(format!("{what}: memory"), Unit::MiB, ran.peak);
        fresh.outcomes.push(memory.target(Target::Most { limit: 100.0 }));
        fresh.outcomes.push(outcome("the same: time".into(), Unit::Seconds, ran.seconds));
    }
    Ok(fresh)
}
