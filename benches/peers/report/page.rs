//! `docs/benchmarks.md`: the table, how it was taken, and what was decided on the way.

use std::{fs, path::Path};

use anyhow::{Context, Result};

use super::{Found, plot, table};

/// How things are measured; each line is a decision that could have been another.
const METHOD: &str = include_str!("method.md");

/// Into `folder`, with the plots beside it.
pub fn write(found: &Found, folder: &Path) -> Result<()> {
    fs::create_dir_all(folder).with_context(|| format!("making `{}`", folder.display()))?;
    let mut plots = String::new();
    for one in &found.plots {
        plot::write(one, &folder.join(format!("{}.svg", one.name)))?;
        plots += &format!("![{}, over {}]({}.svg)\n\n", one.title, one.x, one.name);
    }
    let text = format!(
        "# Benchmarks\n\n\
         hornero against its peers at the same work, on one computer, in turn. `make bench` takes it all again\n\
         and writes this page.\n\n\
         {}\n\n\
         Medians; of hornero also the fastest and the slowest run. A ratio is hornero's median to that of the\n\
         peer in the same run.\n\n\
         ## The computer\n\n{}\n\n{METHOD}\n## Growth\n\n{}\n",
        table::markdown(&found.outcomes),
        facts(found),
        plots.trim_end(),
    );
    let path = folder.join("benchmarks.md");
    fs::write(&path, text).with_context(|| format!("writing `{}`", path.display()))
}

fn facts(found: &Found) -> String {
    let kvm = found.machine.kvm.as_deref().unwrap_or("not tried");
    let all = found.machine.facts.iter().map(|(name, what)| (name.as_str(), what.as_str()));
    let lines = all.chain([("KVM", kvm)]).map(|(name, what)| format!("| {name} | {what} |"));
    format!("| | |\n|---|---|\n{}", lines.collect::<Vec<_>>().join("\n"))
}
