//! `hornero clean`: runs of this computer by their journals (`here`), runs of others by their tags
//! (`elsewhere`).

mod by_hand;
mod elsewhere;
mod here;
mod locks;

use std::{collections::BTreeSet, process::ExitCode};

use clap::Args;
use jiff::Timestamp;

use super::{
    Context,
    find_run::{self, RunFilter},
    known, show, wiring,
};
use crate::{
    engine::clean::Cleaned,
    error::{Error, Kind},
    event::Events,
    platform::Leftover,
    template::units::Span,
    ui::table::table,
};

pub use here::tell_of_dead;

/// Removes what dead runs have left
///
/// Runs of this computer are known by their journals, those of others by the tags of what they made.
/// A run that is alive, and whatever hornero has not made, is never touched; complete images stay.
#[derive(Debug, Args)]
pub struct Clean {
    /// IDs of runs, their beginnings, or names of images; all dead runs when none is given
    runs: Vec<String>,
    /// Only lists what is left, with its age and what keeping it costs
    #[arg(long)]
    dry_run: bool,
    /// Regions to look into, beside those of this computer's runs [default: the environment's]
    #[arg(long = "region", value_name = "REGION")]
    regions: Vec<String>,
    /// Also removes what a run of another computer has made before its time is over: it must be dead
    #[arg(long, requires = "runs")]
    force: bool,
}

/// What was found and done.
#[derive(Default)]
struct Findings {
    /// Runs of this computer that live.
    alive: BTreeSet<String>,
    /// Dead runs that were looked at, here or elsewhere.
    seen: BTreeSet<String>,
    /// What there is, where nothing is to be removed.
    listed: Vec<Leftover>,
    cleaned: Cleaned,
    /// Why some run or place could not be looked at, or not be cleaned up.
    failed: Vec<Error>,
}

impl Clean {
    pub async fn run(mut self, context: &Context) -> Result<ExitCode, Error> {
        for run in &mut self.runs {
            *run = of_this_computer(run, context)?;
        }
        let (events, receiver) = Events::channel();
        let shown = show::listen(receiver, wiring::lines())?;
        let mut findings = Findings::default();
        let looked = self.look(context, &mut findings, &events).await;
        drop(events);
        show::wait_until_shown(shown).await;
        looked?;
        let Findings { listed, cleaned, mut failed, .. } = findings;
        let removed = cleaned.told().unwrap_or_else(|error| {
            failed.insert(0, error);
            Vec::new()
        });
        let told = if self.dry_run { listed } else { removed };
        if failed.is_empty() || !told.is_empty() {
            print(&told, context)?;
        }
        match one_of(failed) {
            Some(error) => Err(error),
            None => Ok(ExitCode::SUCCESS),
        }
    }

    async fn look(&self, context: &Context, findings: &mut Findings, events: &Events) -> Result<(), Error> {
        let mut places = BTreeSet::new();
        // What cannot be done for one run, for lack of its account's credentials, is done for the others.
        for folder in known::folders(context)? {
            match self.here(&folder, context, findings, events).await {
                Ok(more) => places.extend(more),
                Err(error) => findings.failed.push(error),
            }
        }
        let places = self.places(places, context).await?;
        let searched: Vec<String> = places.iter().map(|place| place.region.clone()).collect();
        for place in places {
            if let Err(error) = self.elsewhere(&place, context, findings, events).await {
                findings.failed.push(error);
            }
        }
        if !findings.failed.is_empty() {
            return Ok(());
        }
        let unseen: Vec<&String> = self.runs.iter().filter(|run| !findings.seen.contains(*run)).collect();
        for run in unseen {
            match findings.alive.contains(run) {
                true => findings.failed.push(
                    Error::new(Kind::Usage, format!("cleaning up after {run}: it is alive"))
                        .hint("interrupt it with Ctrl-C: it then cleans up itself"),
                ),
                false if self.force && find_run::is_run_id(run) => {
                    events.note(format!("nothing is left of {run}"))
                }
                false => findings.failed.push(no_such_run(run, &searched)),
            }
        }
        Ok(())
    }

    /// Whether this run is to be looked at.
    fn wants(&self, run: &str) -> bool {
        self.runs.is_empty() || self.runs.iter().any(|wanted| wanted == run)
    }
}

/// The ID of the run that is meant; a run of another computer goes by its whole ID alone.
fn of_this_computer(typed: &str, context: &Context) -> Result<String, Error> {
    let found = find_run::find_any(typed, RunFilter::WITH_LEFTOVERS, context)?;
    Ok(found.map_or_else(|| typed.to_owned(), |run| run.id))
}

fn no_such_run(run: &str, regions: &[String]) -> Error {
    let there = match regions {
        [] => String::new(),
        regions => format!(", and nothing in {} is tagged as one of its things", regions.join(", ")),
    };
    Error::new(Kind::Usage, format!("there is no run `{run}` on this computer{there}")).hint(
        "`hornero runs` lists the runs of this computer; what a run of another computer has left goes by the whole \
         ID of the run, in the regions that --region names",
    )
}

/// All of them as one, which tells each and what to do about it.
fn one_of(mut failed: Vec<Error>) -> Option<Error> {
    let rest = failed.split_off(failed.len().min(1));
    let first = failed.pop()?;
    if rest.is_empty() {
        return Some(first);
    }
    let mut hints: Vec<&str> = first
        .hint
        .iter()
        .chain(rest.iter().filter_map(|error| error.hint.as_ref()))
        .map(String::as_str)
        .collect();
    hints.dedup();
    let hint = hints.join("; ");
    let tail = first.tail.iter().cloned().chain(rest.iter().map(|error| format!("also: {error}"))).collect();
    Some(if hint.is_empty() { first.tail(tail) } else { first.tail(tail).hint(hint) })
}

fn print(left: &[Leftover], context: &Context) -> Result<(), Error> {
    if context.json() {
        return left.iter().try_for_each(show::stdout_json);
    }
    if left.is_empty() {
        return show::stdout("nothing is left of dead runs\n");
    }
    let now = Timestamp::now();
    let rows = left.iter().map(|one| {
        let region = one.place.as_ref().map_or("here", |place| &place.region);
        [
            if one.run.is_empty() { "unknown".to_owned() } else { one.run.clone() },
            one.kind.name().to_owned(),
            one.id.clone(),
            one.detail.clone(),
            region.to_owned(),
            one.age(now)
                .map(|age| Span(std::time::Duration::from_secs(age.as_secs())).to_string())
                .unwrap_or_default(),
            one.kind.cost().to_owned(),
        ]
    });
    show::stdout(&table(["run", "kind", "id", "detail", "where", "age", "cost"], rows))
}
