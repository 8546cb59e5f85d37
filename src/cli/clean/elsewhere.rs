//! Runs of any computer, known by the tags of what they made.

use std::collections::BTreeSet;

use jiff::Timestamp;

use super::{Clean, Context, Findings, locks, wiring};
use crate::{
    error::Error,
    event::Events,
    journal::Place,
    platform::{Leftover, Whose},
    store::StoreError,
    template::model::PlatformKind,
    time::minute,
};

impl Clean {
    /// Where is to be looked: where this computer's runs were, and where the user says.
    pub(super) async fn places(
        &self,
        mut places: BTreeSet<Place>,
        context: &Context,
    ) -> Result<BTreeSet<Place>, Error> {
        if context.global.platform != PlatformKind::Ec2 {
            return Ok(BTreeSet::new());
        }
        let given = self.regions.iter().map(|region| Place { region: region.clone(), role: None });
        places.extend(given);
        if self.regions.is_empty() {
            match context.accounts.open(None, None).await {
                Ok(aws) => drop(places.insert(aws.place())),
                // Whoever bakes only on this computer has no region.
                Err(error) if error.is_no_region() && places.is_empty() && self.runs.is_empty() => {}
                Err(_) if !places.is_empty() => {}
                Err(error) => return Err(StoreError::aws("look for what runs have left")(error).into()),
            }
        }
        Ok(places)
    }

    pub(super) async fn elsewhere(
        &self,
        place: &Place,
        context: &Context,
        findings: &mut Findings,
        events: &Events,
    ) -> Result<(), Error> {
        let platform = wiring::platform_of(PlatformKind::Ec2, context)?;
        let found = platform.leftovers(Whose::Anyone { place }).await?;
        let (mut dead, mut maybe) = (Vec::new(), Vec::new());
        let now = Timestamp::now();
        for left in found {
            if findings.alive.contains(&left.run) || findings.listed.contains(&left) || !self.wants(&left.run)
            {
                continue;
            }
            findings.dead.insert(left.run.clone());
            match left.may_be_in_use(now) && !self.force {
                true => maybe.push(left),
                false => dead.push(left),
            }
        }
        tell(&maybe, events);
        match self.dry_run {
            true => findings.listed.extend(dead.into_iter().chain(maybe)),
            false => drop(findings.cleaned.remove(platform.as_ref(), dead, None, events).await),
        }
        for run in self.runs.iter().filter(|_| self.force && !self.dry_run) {
            if let Err(error) = locks::release_there(run, place, context).await {
                events.warn(format!("the lock of {run} stays until its end: {error}"));
            }
        }
        Ok(())
    }
}

/// What is left alone, by its runs.
fn tell(maybe: &[Leftover], events: &Events) {
    let runs: BTreeSet<&str> = maybe.iter().map(|left| left.run.as_str()).collect();
    for run in runs {
        let of_run: Vec<&Leftover> = maybe.iter().filter(|left| left.run == run).collect();
        let until = of_run.iter().filter_map(|left| left.expires).max();
        let until = until.map(minute).unwrap_or_default();
        let names: Vec<String> = of_run.iter().map(|left| format!("the {left}")).collect();
        events.note(format!(
            "{} of {run} may be in use on another computer until {until}; if that run is dead: `hornero clean --force {run}`",
            names.join(", ")
        ));
    }
}
