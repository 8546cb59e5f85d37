//! A plan as a person reads it.

use std::time::Duration;

use crate::{
    cli::judge::Judged,
    engine::due::{Verdict, Why},
    template::units::Span,
    time::minute,
};

/// One line of the graph.
pub fn line(judged: &Judged) -> String {
    let said = match &judged.verdict {
        Verdict::UpToDate { image } => format!("up to date ({})", image.id),
        Verdict::Unpublished { image } => format!("to be published ({})", image.id),
        Verdict::Due { why } => format!("to be baked: {}", short(why)),
    };
    format!("{}: {said}", judged.plan.title())
}

/// Why, and everything that a bake does: the phase before the first line of its own.
pub fn details(judged: &Judged, seconds: Option<f64>) -> String {
    let plan = &judged.plan;
    let mut text = format!("{} on {}\n", plan.title(), plan.platform.name());
    let mut last = "";
    for (phase, what) in lines(judged, seconds) {
        let shown = if phase == last { "" } else { phase };
        text += &format!("  {shown:<11} {what}\n");
        last = phase;
    }
    text + "\n"
}

/// How many, for the last line.
pub fn sum(judged: &[Judged]) -> String {
    let count = |is: fn(&Verdict) -> bool| judged.iter().filter(|one| is(&one.verdict)).count();
    let baked = count(|verdict| matches!(verdict, Verdict::Due { .. }));
    let published = match count(|verdict| matches!(verdict, Verdict::Unpublished { .. })) {
        0 => String::new(),
        some => format!("{some} to be published, "),
    };
    let rest = count(|verdict| matches!(verdict, Verdict::UpToDate { .. }));
    format!("{baked} to be baked, {published}{rest} up to date\n")
}

fn lines(judged: &Judged, seconds: Option<f64>) -> Vec<(&'static str, String)> {
    match &judged.verdict {
        Verdict::UpToDate { image } => {
            let created = minute(image.created);
            vec![("up to date", format!("{} of {created}, made from the same", image.id))]
        }
        Verdict::Unpublished { image } => {
            let publish = &judged.plan.template.publish.parameter;
            let why =
                format!("{} is made from the same, and not yet all that the template wants of it", image.id);
            vec![("because", why), ("publish", format!("{publish}, and copies and sharing where they lack"))]
        }
        Verdict::Due { why } => {
            let mut lines: Vec<_> = because(why).into_iter().map(|line| ("because", line)).collect();
            for action in &judged.plan.actions {
                lines.push((action.phase, action.what.clone()));
                if let ("base", Some(base)) = (action.phase, &judged.base) {
                    lines.push(("base", format!("{} ({})", base.id, base.description)));
                }
            }
            // Parts of a second say nothing here.
            let rounded = seconds.map(|seconds| Span(Duration::from_secs(seconds.max(1.0).round() as u64)));
            lines.extend(rounded.map(|span| ("time", format!("about {span}, as the last bakes took"))));
            lines
        }
    }
}

/// What fits into a line.
fn short(why: &Why) -> String {
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

fn because(why: &Why) -> Vec<String> {
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
        Why::Gone { image, what } => one(format!("{image} was made from the same, and is not whole: {what}")),
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
