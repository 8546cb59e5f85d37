//! A bake under the lock of its image: whoever had the lock before may have made the image that this one
//! would make.

use super::{Bake, Baked, From, Made, Progress, ground::Ground};
use crate::{
    engine::{
        Delivery, Interrupt, Rooms, clean, deliver,
        due::{self, Names},
        lock::{self, Lock},
        phases::{Timings, phase},
        settle::settle,
    },
    error::{Error, caught},
    event::{Event, Events, Phase},
    platform::LaunchSpec,
    store::ImageRecord,
};

/// What is asked and made before a launch.
async fn ready(rooms: &Rooms, spec: &LaunchSpec, events: &Events) -> Result<(), Error> {
    rooms.platform.check_launch(spec).await?;
    rooms.platform.warm_up(spec, events).await;
    Ok(())
}

impl Bake<'_> {
    /// From nothing, or from a builder that was kept.
    pub(super) async fn run(
        &self,
        from: Option<From>,
        lock: Lock,
        interrupt: Interrupt,
    ) -> Result<Made, Error> {
        // The time that a bake has begins when it is its turn.
        let interrupt = interrupt.within(self.plan.template.image.timeout);
        let guarded = lock.guard(self.rooms);
        let work = async {
            match from {
                None => self.anew(&guarded, interrupt).await,
                Some((builder, mut ground, kept)) => {
                    let so_far = (kept.progress, kept.timings);
                    let baked = self.go_on(builder, &mut ground, so_far, interrupt.clone()).await;
                    self.delivered(baked, &guarded, interrupt).await
                }
            }
        };
        let result = caught(work).await;
        if result.is_err() {
            clean::after_failure(self.rooms, self.folders, self.events).await;
        }
        lock::give_back(lock, self.events).await;
        result
    }

    pub(super) async fn lock(&self, interrupt: Interrupt) -> Result<Lock, Error> {
        let image = &self.plan.template.image.name;
        let (run, wait) = (&self.folders.id, !self.inputs.no_wait);
        let who = self.inputs.who.as_str();
        let wanted = lock::Wanted { image, platform: self.plan.platform, run, who, wait };
        lock::lock(&self.rooms.store, wanted, interrupt, (&self.folders.journal, self.events)).await
    }

    /// `guarded` are the rooms for what is done under the lock alone.
    async fn anew(&self, guarded: &Rooms, mut interrupt: Interrupt) -> Result<Made, Error> {
        let mut timings = Timings::default();
        let looked = async {
            let ground = self.ground(&mut timings).await?;
            let there = self.there_already(&ground).await?;
            if there.is_none() {
                self.check_targets().await?;
            }
            Ok::<_, Error>((there, ground))
        };
        let (there, ground) = tokio::select! {
            looked = looked => looked?,
            error = interrupt.wanted("the bake") => return Err(error),
        };
        match there {
            Some(image) => self.reuse(image, guarded, interrupt).await,
            None => {
                let baked = self.make(ground, timings, interrupt.clone()).await;
                self.delivered(baked, guarded, interrupt).await
            }
        }
    }

    /// The image that this bake would make.
    async fn there_already(&self, ground: &Ground) -> Result<Option<ImageRecord>, Error> {
        let template = &self.plan.template;
        let (image, publish) = (template.image.name.as_str(), &template.publish);
        let names = Names { image, publish, platform: self.plan.platform };
        due::there(self.rooms.store.as_ref(), names, &ground.fingerprint, &self.inputs.wanted).await
    }

    async fn reuse(
        &self,
        image: ImageRecord,
        guarded: &Rooms,
        mut interrupt: Interrupt,
    ) -> Result<Made, Error> {
        let events = self.events;
        events.send(Event::UpToDate {
            name: image.name.clone(),
            version: image.version.clone(),
            image: image.id.clone(),
            parameter: self.plan.template.publish.parameter.clone(),
            created: image.created,
        });
        let (target, settings) = (&self.plan.template.publish, self.settings());
        let telling = (&self.folders.journal, events);
        let work = async {
            tokio::select! {
                settled = settle(guarded, &image, target, &settings, telling) => settled,
                error = interrupt.wanted("publishing the image") => Err(error),
            }
        };
        phase(events, &mut Timings::default(), Phase::Publish, work).await?;
        Ok(Made { image: image.id, reused: true })
    }

    async fn make(
        &self,
        mut ground: Ground,
        mut timings: Timings,
        mut interrupt: Interrupt,
    ) -> Result<Baked, Error> {
        let Self { rooms, events, .. } = self;
        let spec = self.launch_spec(&ground.base)?;
        let launch = async {
            tokio::select! {
                ready = ready(rooms, &spec, events) => ready?,
                error = interrupt.wanted("the bake") => return Err(error),
            }
            // What a launch that is left half-done has made stands in the journal, and is removed below.
            tokio::select! {
                launched = rooms.platform.launch(spec, events) => Ok(launched?),
                error = interrupt.wanted("the bake") => Err(error),
            }
        };
        let builder = phase(events, &mut timings, Phase::Launch, launch).await?;
        self.go_on(builder, &mut ground, (Progress::default(), timings), interrupt).await
    }

    async fn delivered(
        &self,
        baked: Result<Baked, Error>,
        guarded: &Rooms,
        interrupt: Interrupt,
    ) -> Result<Made, Error> {
        let Baked { mut manifest, outcome } = baked?;
        let Self { plan, folders, events, .. } = *self;
        let target = &plan.template.publish;
        let image = Delivery { manifest: &mut manifest, outcome, made_by: &folders.run, target };
        deliver(guarded, image, folders, interrupt, events).await?;
        Ok(Made { image: manifest.image, reused: false })
    }
}
