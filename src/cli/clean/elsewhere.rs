//! Runs of any computer, known by the tags of what they made.

use std::collections::BTreeSet;

use jiff::Timestamp;

use super::{Clean, Context, Findings, by_hand, locks, wiring};
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
        let mut maybe = Vec::new();
        let now = Timestamp::now();
        for left in found {
            if findings.alive.contains(&left.run) || findings.listed.contains(&left) || !self.wants(&left.run)
            {
                continue;
            }
            findings.seen.insert(left.run.clone());
            maybe.push(left);
        }
        // What one of them needs, such as the group of an instance, stays with it.
        let unclear: BTreeSet<String> = maybe
            .iter()
            .filter(|left| !self.force && (left.may_be_in_use(now) || left.run.is_empty()))
            .map(|left| left.run.clone())
            .collect();
        let (maybe, dead): (Vec<Leftover>, Vec<Leftover>) =
            maybe.into_iter().partition(|left| unclear.contains(&left.run));
        let (by_hand, maybe_alive): (Vec<&Leftover>, Vec<&Leftover>) =
            maybe.iter().partition(|left| left.unreadable_expiry.is_some() || left.run.is_empty());
        for left in by_hand {
            events.note(by_hand::told(left, &format!("`hornero clean --force {}`", left.run)));
        }
        tell(&maybe_alive, events);
        match self.dry_run {
            true => findings.listed.extend(dead.into_iter().chain(maybe)),
            false => drop(findings.cleaned.remove(platform.as_ref(), dead, None, events).await),
        }
        self.tell_of_unpublished(place, context, findings, events).await?;
        for run in self.runs.iter().filter(|_| self.force && !self.dry_run) {
            locks::release_there(run, place, context).await?;
        }
        Ok(())
    }

    /// Names the images that are complete and were never published: nobody removes them, and their runs may be
    /// forgotten.
    async fn tell_of_unpublished(
        &self,
        place: &Place,
        context: &Context,
        findings: &mut Findings,
        events: &Events,
    ) -> Result<(), Error> {
        let store = wiring::store_of(PlatformKind::Ec2, context, &locks::settings_at(place.clone())).await?;
        for image in store.list(None).await?.into_iter().filter(|image| image.delivery.is_some()) {
            let (id, run) = (&image.id, &image.run);
            if findings.alive.contains(run) || !self.wants(run) {
                continue;
            }
            events.note(format!(
                "the image {id} in {} is complete and not published: when the bake {run} is over, \
                 `hornero publish {run}` does that, or `aws ec2 deregister-image --delete-associated-snapshots --image-id \
                 {id} --region {}` removes it",
                place.region, place.region
            ));
            findings.seen.insert(run.clone());
        }
        Ok(())
    }
}

/// What is left alone, by its runs.
fn tell(maybe: &[&Leftover], events: &Events) {
    let runs: BTreeSet<&str> = maybe.iter().map(|left| left.run.as_str()).collect();
    for run in runs {
        let of_run: Vec<&&Leftover> = maybe.iter().filter(|left| left.run == run).collect();
        let until = of_run.iter().filter_map(|left| left.expires).max();
        let until = until.map(minute).unwrap_or_default();
        let names: Vec<String> = of_run.iter().map(|left| format!("the {left}")).collect();
        events.note(format!(
            "{} of {run} may be in use on another computer until {until}; if that run is dead: `hornero clean --force {run}`",
            names.join(", ")
        ));
    }
}
