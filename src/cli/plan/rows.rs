//! One template of a plan as rows, which the forms of the answer print each in its way.

use std::time::Duration;

use crate::{
    amount,
    cli::judge::Judged,
    engine::due::{Verdict, Why},
    plan::{Action, Known, Section, Surroundings},
    provision::seal,
    template::{model::Step, units::Span},
    time::minute,
};

/// One line: what it belongs to, what it is called there, and what is said of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    pub topic: &'static str,
    /// Empty where the topic says it all.
    pub name: String,
    pub value: String,
    pub known: Known,
}

/// A template that was judged, with what an answer needs besides.
#[derive(Clone, Copy, Debug)]
pub struct Report<'a> {
    pub judged: &'a Judged,
    /// Where it would be baked.
    pub region: Option<&'a str>,
    /// How long that takes, as far as the last bakes tell.
    pub seconds: Option<f64>,
    /// Whether what every bake does alike is told too.
    pub verbose: bool,
}

impl Report<'_> {
    pub fn title(&self) -> String {
        format!("{} on {}", self.judged.plan.title(), self.judged.plan.platform.name())
    }

    pub fn outline(&self) -> Vec<Section> {
        self.judged.plan.outline(Surroundings { region: self.region })
    }

    pub fn rows(&self) -> Vec<Row> {
        let mut rows = match &self.judged.verdict {
            Verdict::UpToDate { image } => {
                let created = minute(image.created);
                vec![row("up to date", format!("{} of {created}, made from the same", image.id))]
            }
            Verdict::Unpublished { image } => {
                let parameter = &self.judged.plan.template.publish.parameter;
                let why = format!(
                    "{} is made from the same, and not yet all that the template wants of it",
                    image.id
                );
                vec![
                    row("because", why),
                    row("publish", format!("{parameter}, and copies and sharing where they lack")),
                ]
            }
            Verdict::Due { why } => self.bake(why),
        };
        let used = self.judged.provisioners.iter();
        rows.extend(used.map(|used| Row { name: used.name.clone(), ..row("uses", used.folder.to_string()) }));
        rows.extend(
            unknown_inputs(&self.judged.plan.template.steps)
                .map(|(step, what)| Row { name: format!("step {step}"), ..row("not known", what) }),
        );
        rows
    }

    /// Everything that a bake does and makes, in the order of the bake.
    fn bake(&self, why: &Why) -> Vec<Row> {
        let mut rows: Vec<Row> = because(why).into_iter().map(|line| row("because", line)).collect();
        let outline = self.outline();
        let of = |titles: &[&str]| {
            outline.iter().filter(|one| titles.contains(&one.title)).flat_map(details).collect::<Vec<_>>()
        };
        rows.extend(self.base());
        rows.extend(of(&["builder", "access", "disks"]));
        for phase in ["cloud-init", "upload", "steps", "checks", "seal"] {
            rows.extend(self.actions(phase));
        }
        rows.extend(of(&["image"]));
        rows.extend(self.actions("test"));
        rows.extend(of(&["publish", "time limits"]));
        // Parts of a second say nothing here.
        let rounded = self.seconds.map(|seconds| Span(Duration::from_secs(seconds.max(1.0).round() as u64)));
        rows.extend(rounded.map(|span| row("time", format!("about {span}, as the last bakes took"))));
        rows
    }

    fn base(&self) -> Vec<Row> {
        let mut rows = self.actions("base");
        if let Some(base) = &self.judged.base {
            let found = format!("{} ({})", base.id, base.description);
            // A base that is named by its ID needs no second line.
            rows.retain(|row| row.value != base.id);
            rows.push(row("base", found));
        }
        rows
    }

    /// The parts of the seal are the same in every bake.
    fn actions(&self, phase: &str) -> Vec<Row> {
        let settings = &self.judged.plan.template.seal;
        let is_part = |action: &Action| seal::parts(settings).any(|part| part.removes == action.what);
        let of_phase = self.judged.plan.actions.iter().filter(|action| action.phase == phase);
        let (parts, mut rows): (Vec<_>, Vec<_>) =
            of_phase.partition(|action| phase == "seal" && is_part(action));
        let mut told: Vec<Row> = match (phase, self.verbose) {
            ("seal", false) => vec![row("seal", sealed(parts.len(), &settings.keep))],
            _ => {
                rows.splice(0..0, parts);
                Vec::new()
            }
        };
        told.extend(rows.into_iter().map(|action| row(action.phase, action.what.clone())));
        told
    }
}

fn sealed(parts: usize, kept: &[String]) -> String {
    match (parts, kept) {
        (0, []) => "nothing is removed: it is switched off".into(),
        (parts, []) => format!("{}, listed with `--verbose`", amount::count(parts, "part")),
        (parts, kept) => {
            let parts = amount::count(parts, "part");
            format!("{parts}, listed with `--verbose`; kept: {}", kept.join(", "))
        }
    }
}

fn row(topic: &'static str, value: String) -> Row {
    Row { topic, name: String::new(), value, known: Known::Now }
}

fn details(section: &Section) -> impl Iterator<Item = Row> + '_ {
    section.details.iter().map(|detail| Row {
        topic: section.title,
        name: detail.name.clone(),
        value: detail.value.clone(),
        known: detail.known,
    })
}

/// What steps may read and the fingerprint does not follow, with the name of the step.
pub fn unknown_inputs(steps: &[Step]) -> impl Iterator<Item = (&str, String)> {
    steps.iter().flat_map(|step| step.inputs.unknown.iter().map(|what| (step.name.as_str(), what.clone())))
}

/// What fits into a line.
pub fn short(why: &Why) -> String {
    match why {
        Why::Changed { differences, .. } => match differences.as_slice() {
            [] => because(why).concat(),
            [one] => one.to_string(),
            [first, rest @ ..] => format!("{first}, and {} more", rest.len()),
        },
        Why::Forced
        | Why::First
        | Why::TooOld { .. }
        | Why::Unproved { .. }
        | Why::Gone { .. }
        | Why::Other { .. }
        | Why::Base { .. }
        | Why::NoBase
        | Why::Secret { .. } => because(why).concat(),
    }
}

pub fn because(why: &Why) -> Vec<String> {
    let one = |text: String| vec![text];
    match why {
        Why::Forced => one("--force was given".into()),
        Why::First => one("there is no image of it yet".into()),
        Why::TooOld { image, days, allowed } => {
            one(format!("{image} is {days} days old, and --max-age is {allowed}"))
        }
        Why::Unproved { image } => one(format!(
            "{image} was made from the same, and did not pass its checks, was not finished, or comes from a resumed bake"
        )),
        Why::Gone { image, what } => {
            one(format!("{image} was made from the same, and cannot be used: {what}"))
        }
        Why::Other { image } => one(format!(
            "{image} was made from something else; what has changed is known where it was baked, if anywhere"
        )),
        Why::Base { template } => one(format!("its base `{template}` is baked anew")),
        Why::NoBase => one("its base is not made yet".into()),
        Why::Secret { why } => one(format!("whether a secret has changed is not known here: {why}")),
        Why::Changed { image, differences } => {
            let since = format!("changed since {image}:");
            [since].into_iter().chain(differences.iter().map(|one| format!("  {one}"))).collect()
        }
    }
}
