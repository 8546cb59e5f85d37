//! A bake that failed and its builder: kept where the user wants that and somebody can come back to it,
//! removed otherwise.

use jiff::Timestamp;

use super::{
    Bake,
    ground::Ground,
    progress::{Progress, Stage},
};
use crate::{
    engine::{
        Interrupt, alive,
        kept::{self, Kept},
        line,
        on_error::Choice,
        phases::Timings,
        stop,
    },
    error::{Error, Kind},
    platform::{Builder, PowerOff},
};

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
        error
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
        if timer && progress.stage > Stage::Connect {
            let account = line::account(builder, &template.ssh, &self.keys).await?;
            if let Err(error) = alive::put_off_anew(self.rooms.connect.as_ref(), account, ttl.0).await {
                self.events.warn(format!("the end of the builder could not be put off: {error}"));
            }
        }
        let until = Timestamp::now() + ttl.0;
        let kept = Kept {
            run: self.folders.id.clone(),
            image: template.image.name.clone(),
            platform: self.plan.platform,
            template: self.inputs.template.clone(),
            parameter: template.publish.parameter.clone(),
            progress,
            base: ground.base.clone(),
            declared_base: self.plan.declared_base(),
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
        Ok(until)
    }

    fn advise(&self, error: Error, until: Timestamp) -> Error {
        let run = &self.folders.id;
        let until = until.strftime("%Y-%m-%d %H:%M UTC");
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
