//! The table: a line for each target, or for each work that has none.

use comfy_table::{
    Table, TableStyle,
    presets::{ASCII_MARKDOWN, UTF8_FULL_CONDENSED},
};

use crate::{
    measure::Series,
    outcome::{Outcome, Target},
};

const HEADER: [&str; 6] = ["work", "hornero", "peers", "ratio", "target", "held"];

/// For a terminal.
pub fn of(outcomes: &[Outcome]) -> String {
    filled(outcomes, UTF8_FULL_CONDENSED).to_string()
}

/// For a page.
pub fn markdown(outcomes: &[Outcome]) -> String {
    // Names of peers have bars in them, which would end a column.
    filled(outcomes, ASCII_MARKDOWN).to_string().replace(" | ssh", " \\| ssh")
}

fn filled(outcomes: &[Outcome], style: TableStyle) -> Table {
    let mut table = Table::new();
    table.load_style(style).set_header(HEADER);
    for outcome in outcomes {
        let targets: Vec<Option<&Target>> = match outcome.targets.as_slice() {
            [] => vec![None],
            targets => targets.iter().map(Some).collect(),
        };
        for (number, target) in targets.into_iter().enumerate() {
            table.add_row(row(outcome, target, number == 0));
        }
    }
    table
}

fn row(outcome: &Outcome, target: Option<&Target>, first: bool) -> [String; 6] {
    let only_first = |text: String| if first { text } else { String::new() };
    let peers: Vec<String> = outcome.series.iter().skip(1).map(|peer| peer_told(outcome, peer)).collect();
    let (ratio, limit) = target.map_or_else(Default::default, |target| told(outcome, target));
    let held = target.map_or("", |target| if outcome.holds(target) { "yes" } else { "no" });
    [
        only_first(outcome.work.clone()),
        only_first(outcome.own().map(|own| own_told(outcome, own)).unwrap_or_default()),
        only_first(peers.join(", ")),
        ratio,
        limit,
        held.to_owned(),
    ]
}

/// The median, and how far the runs were apart.
fn own_told(outcome: &Outcome, own: &Series) -> String {
    let unit = outcome.unit;
    format!("{} ({} to {})", unit.told(own.median()), unit.told(own.least()), unit.told(own.most()))
}

fn peer_told(outcome: &Outcome, peer: &Series) -> String {
    format!("{} {}", peer.who, outcome.unit.told(peer.median()))
}

/// What it came to, and what it was to be.
fn told(outcome: &Outcome, target: &Target) -> (String, String) {
    let value = outcome.value(target);
    let (value_told, limit) = (outcome.unit.told(value), outcome.unit.told(target.limit()));
    match target {
        Target::Ratio { peer, limit } => (format!("{value:.2} x"), format!("<= {limit} x {peer}")),
        Target::Median { .. } => (value_told, format!("median <= {limit}")),
        Target::Percentile { percent, .. } => (value_told, format!("{percent}% <= {limit}")),
        Target::Most { .. } => (value_told, format!("<= {limit}")),
    }
}
