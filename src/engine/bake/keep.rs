//! A bake that failed and its builder: kept where the user wants that and somebody can come back to it,
//! removed otherwise.

use std::time::Duration;

use jiff::Timestamp;

use super::{
    Bake,
    ground::Ground,
    progress::{Progress, Stage},
};
use crate::{
    engine::{
        Interrupt, alive, follow,
        kept::{self, Kept},
        line,
        on_error::Choice,
        phases::Timings,
        stop,
    },
    error::{Error, Kind},
    journal,
    platform::{Builder, PowerOff},
    time::Moment,
    time::minute,
};

/// How long a builder that is kept may take to answer: it may be the reason why the bake failed.
const ALOOF: Duration = Duration::from_secs(60);

impl Bake<'_> {
    /// Keeps the builder or removes it, and says so beside the error.
    pub(super) async fn give_up(
        &self,
        builder: &mut dyn Builder,
        (ground, progress): (&Ground, Progress),
        timings: &Timings,
        interrupt: Interrupt,
        error: Error,
    ) -> Error {
        let builder_lost = error.kind != Kind::Interrupted && progress.stage != Stage::Seal;
        // Only the user cuts a question short, not the time that the bake had.
        let mut interrupt = interrupt.within(None);
        let choice = tokio::select! {
            choice = self.choice(builder, &error, &progress) => choice,
            _ = interrupt.wanted("the bake") => Choice::CleanUp,
        };
        if choice == Choice::Keep {
            match self.keep(builder, (ground, progress), timings).await {
                Ok(until) => return self.advise(error, until),
                Err(failed) => self.events.warn(format!("the builder cannot be kept: {failed}")),
            }
        }
        self.clean_up(builder).await;
        Error { builder_lost, ..error }
    }

    /// Whoever interrupts a bake wants to be rid of it, and a builder that is off shows nothing.
    async fn choice(&self, builder: &dyn Builder, error: &Error, progress: &Progress) -> Choice {
        if error.kind == Kind::Interrupted || !self.inputs.on_error.may_keep() {
            return Choice::CleanUp;
        }
        if progress.stage == Stage::Seal {
            self.events
                .note("the builder cannot be kept: the seal had begun, which takes the way in with it");
            return Choice::CleanUp;
        }
        if let Some(why) = builder.gone().await {
            self.events.note(format!("the builder cannot be kept: {why}"));
            return Choice::CleanUp;
        }
        match progress.choice {
            Some(choice) => choice,
            None => self.inputs.on_error.choose(&self.events.redact().apply(&error.to_string()), false).await,
        }
    }

    /// It lives as long from now on as one that nobody works on does.
    async fn keep(
        &self,
        builder: &mut dyn Builder,
        (ground, progress): (&Ground, Progress),
        timings: &Timings,
    ) -> Result<Timestamp, Error> {
        let template = &self.plan.template;
        let ttl = template.image.builder_ttl;
        let timer = stop::by(template) == PowerOff::Guest;
        if progress.stage > Stage::Connect {
            self.leave(builder, timer.then_some(ttl.0)).await?;
        }
        let until = Timestamp::now().later(ttl.0);
        let kept = Kept {
            run: self.folders.id.clone(),
            image: template.image.name.clone(),
            platform: self.plan.platform,
            template: self.inputs.template.clone(),
            parameter: template.publish.parameter.clone(),
            progress,
            base: ground.base.clone(),
            declared_base: self.plan.declared_base(),
            made_from: self.inputs.made_from.clone(),
            parts: ground.fingerprint.parts.clone(),
            private_key: self.keys.account.private.clone(),
            host_key: self.keys.host.public.clone(),
            ssh: template.ssh.clone(),
            settings: self.settings(),
            ttl: timer.then_some(ttl),
            builder: builder.kept().await?,
            timings: timings.clone(),
        };
        kept.write(&self.folders.run)?;
        self.folders.journal.builder_kept(until).inspect_err(|_| drop(kept::forget(&self.folders.run)))?;
        builder.leave_running().await;
        self.retain().await;
        Ok(until)
    }

    /// Nobody who cleans up elsewhere may take for forgotten what is gone on with here.
    pub(super) async fn retain(&self) {
        let folders = self.folders;
        let work = async {
            let Some(history) = journal::read(&folders.run)? else { return Ok(()) };
            let ttl = self.plan.template.image.builder_ttl.0;
            Ok::<(), Error>(self.rooms.platform.retain(&folders.id, (&folders.journal, &history), ttl).await?)
        };
        if let Err(error) = work.await {
            self.events
                .warn(format!("`hornero clean` elsewhere may take the builder for forgotten: {error}"));
        }
    }

    /// What a step left running must not be there when the step is done again; and the builder lives on.
    async fn leave(&self, builder: &dyn Builder, ttl: Option<Duration>) -> Result<(), Error> {
        let account = line::account(builder, &self.plan.template.ssh, &self.keys).await?;
        let work = async {
            let remote = self.rooms.connect.connect(account, ALOOF.into()).await?;
            follow::end_steps(remote.as_ref(), &self.folders.id).await?;
            match ttl {
                Some(ttl) => alive::put_off_end(remote.as_ref(), ttl).await,
                None => Ok(()),
            }
        };
        if let Err(error) = work.await {
            self.events.warn(format!("the builder that is kept could not be told so: {error}"));
        }
        Ok(())
    }

    fn advise(&self, error: Error, until: Timestamp) -> Error {
        let run = &self.folders.id;
        let until = minute(until);
        let until = match stop::by(&self.plan.template) {
            PowerOff::Guest => format!("the builder is kept until {until}"),
            PowerOff::Platform => {
                format!(
                    "the builder is kept, and nothing ends it by itself (`hornero clean` does after {until})"
                )
            }
        };
        let kept = format!(
            "{until}: `hornero ssh {run}` opens a shell there, `hornero resume {run}` goes on with the corrected \
             template, `hornero clean {run}` removes it"
        );
        let hint = match &error.hint {
            Some(hint) => format!("{hint}; {kept}"),
            None => kept,
        };
        error.hint(hint)
    }
}
