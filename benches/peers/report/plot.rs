//! Plots as SVG, which browsers draw with fonts of their own.

use std::path::Path;

use anyhow::{Context, Result};
use svg::{
    Document,
    node::element::{Circle, Line, Polyline, Rectangle, Text},
};

use crate::outcome::{Curve, Plot};

const WIDTH: f64 = 720.0;
const HEIGHT: f64 = 400.0;
const LEFT: f64 = 70.0;
const RIGHT: f64 = 24.0;
const TOP: f64 = 44.0;
const BOTTOM: f64 = 56.0;

/// Told apart in grey too: one is dark, the other is light.
const COLOURS: &[&str] = &["#8c3b1b", "#4a90c2", "#777777"];

pub fn write(plot: &Plot, path: &Path) -> Result<()> {
    svg::save(path, &drawn(plot)).with_context(|| format!("writing `{}`", path.display()))
}

/// How far the axes go: from 0 to a round number that no point is above.
struct Scale {
    x: Vec<f64>,
    y: Vec<f64>,
}

impl Scale {
    fn of(plot: &Plot) -> Self {
        let points = || plot.lines.iter().flat_map(|line| &line.points);
        let most = |of: fn(&(f64, f64)) -> f64| points().map(of).fold(0.0, f64::max);
        Self { x: ticks(most(|point| point.0)), y: ticks(most(|point| point.1)) }
    }

    fn place(&self, (x, y): (f64, f64)) -> (f64, f64) {
        let part = |ticks: &[f64], value: f64| value / ticks.last().copied().unwrap_or(1.0);
        let right = LEFT + part(&self.x, x) * (WIDTH - LEFT - RIGHT);
        let down = HEIGHT - BOTTOM - part(&self.y, y) * (HEIGHT - TOP - BOTTOM);
        // Tenths are enough, and every digit would be in the file.
        ((right * 10.0).round() / 10.0, (down * 10.0).round() / 10.0)
    }
}

/// Four to ten round numbers from 0 on, the last not below `most`.
fn ticks(most: f64) -> Vec<f64> {
    let power = 10_f64.powf(most.max(1e-3).log10().floor());
    let steps = [0.1, 0.2, 0.5, 1.0, 2.0].map(|part| part * power);
    let step = steps.into_iter().find(|step| most / step <= 9.0).unwrap_or(power);
    let count = (most / step).ceil().max(1.0) as u32;
    (0..=count).map(|number| f64::from(number) * step).collect()
}

fn drawn(plot: &Plot) -> Document {
    let scale = Scale::of(plot);
    let back = Rectangle::new().set("width", "100%").set("height", "100%").set("fill", "white");
    let mut document = Document::new()
        .set("viewBox", (0, 0, WIDTH, HEIGHT))
        .set("font-family", "sans-serif")
        .set("font-size", 13)
        .add(back)
        .add(text(&plot.title, (LEFT, 24.0), "start").set("font-weight", "bold"))
        .add(text(&plot.x, (f64::midpoint(LEFT, WIDTH - RIGHT), HEIGHT - 14.0), "middle"))
        .add(text(&plot.y, (LEFT - 8.0, TOP - 8.0), "end"));
    document = axes(document, &scale);
    for (number, line) in plot.lines.iter().enumerate() {
        document = curve(document, &scale, line, number);
    }
    document
}

fn axes(mut document: Document, scale: &Scale) -> Document {
    let (right, bottom) = (WIDTH - RIGHT, HEIGHT - BOTTOM);
    for value in &scale.y {
        let (_, y) = scale.place((0.0, *value));
        let label = text(&told(*value), (LEFT - 8.0, y + 4.0), "end");
        document = document.add(stroke((LEFT, y), (right, y))).add(label);
    }
    for value in &scale.x {
        let (x, _) = scale.place((*value, 0.0));
        let label = text(&told(*value), (x, bottom + 20.0), "middle");
        document = document.add(stroke((x, bottom), (x, bottom + 5.0))).add(label);
    }
    document
}

fn curve(mut document: Document, scale: &Scale, line: &Curve, number: usize) -> Document {
    let colour = COLOURS[number % COLOURS.len()];
    let places: Vec<(f64, f64)> = line.points.iter().map(|point| scale.place(*point)).collect();
    let corners: Vec<String> = places.iter().map(|(x, y)| format!("{x:.1},{y:.1}")).collect();
    let along = Polyline::new().set("points", corners.join(" ")).set("fill", "none");
    document = document.add(along.set("stroke", colour).set("stroke-width", 2));
    for (x, y) in &places {
        document = document.add(Circle::new().set("cx", *x).set("cy", *y).set("r", 3.5).set("fill", colour));
    }
    let at = (LEFT + 16.0, TOP + 20.0 + 20.0 * number as f64);
    document.add(text(&line.who, at, "start").set("fill", colour))
}

fn text(content: &str, (x, y): (f64, f64), anchor: &str) -> Text {
    Text::new(content).set("x", x).set("y", y).set("text-anchor", anchor)
}

fn stroke(from: (f64, f64), to: (f64, f64)) -> Line {
    let line = Line::new().set("x1", from.0).set("y1", from.1).set("x2", to.0).set("y2", to.1);
    line.set("stroke", "#cccccc")
}

/// `20,000`, `0.4`: no more digits than a tick has.
fn told(value: f64) -> String {
    if value < 10.0 && value.fract() != 0.0 {
        return format!("{value:.2}").trim_end_matches('0').to_owned();
    }
    let digits = format!("{value:.0}");
    let groups: Vec<&str> =
        digits.as_bytes().rchunks(3).rev().filter_map(|part| std::str::from_utf8(part).ok()).collect();
    groups.join(",")
}
