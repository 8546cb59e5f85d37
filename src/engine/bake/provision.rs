//! The running builder becomes what the template says, and is sealed.

use std::collections::BTreeSet;

use super::{
    Bake,
    progress::{Progress, Stage},
};
use crate::{
    engine::{
        alive::Alive,
        checks, cloud_init, follow,
        held::HeldInputs,
        machine::Machine,
        on_error::Choice,
        phases::{Timings, phase},
        prepare, seal,
        secrets::filled,
        steps, stop,
        survey::Survey,
    },
    error::{Error, Kind},
    event::{CheckPlace, Phase},
    platform::{Builder, PowerOff},
    provision::{apt, search::sought},
    template::model::{FileSpec, Step},
};

impl Bake<'_> {
    /// Makes the running builder what the template says, and seals it. The line is closed when this comes
    /// back, which is what a builder that powers itself off waits for.
    pub(super) async fn provision(
        &self,
        builder: &mut dyn Builder,
        progress: &mut Progress,
        timings: &mut Timings,
    ) -> Result<Survey, Error> {
        let (events, template) = (self.events, &self.plan.template);
        let connect = self.rooms.connect.as_ref();
        let mut machine = phase(events, timings, Phase::Connect, async {
            Machine::connect(builder, connect, &template.ssh, &self.keys, template.cloud_init.enabled, events)
                .await
        })
        .await?;
        machine.first = apt::HOLD;
        machine.user_keys.agent.clone_from(&self.inputs.user_agent);
        if !self.inputs.resumed.is_empty() {
            // Its process may have been killed before it could say so.
            follow::end_steps(machine.remote.as_ref(), &self.folders.id).await?;
        }
        let made = match stop::by(template) {
            // A base without cloud-init may be a machine that hornero must not end.
            PowerOff::Platform => self.shape(&mut machine, progress, timings).await?,
            PowerOff::Guest => {
                let over = self.inputs.resumed.is_empty().then(|| timings.so_far());
                let ttl = template.image.builder_ttl.0;
                let alive = Alive::on(&machine, connect, (ttl, over), events).await;
                alive.during(self.shape(&mut machine, progress, timings)).await?
            }
        };
        machine.builder.keep_when_off().await?;
        Ok(made)
    }

    /// Everything that is done over the line and is not done yet.
    async fn shape(
        &self,
        machine: &mut Machine<'_>,
        progress: &mut Progress,
        timings: &mut Timings,
    ) -> Result<Survey, Error> {
        let (events, template) = (self.events, &self.plan.template);
        if progress.begins(Stage::CloudInit) && template.cloud_init.enabled {
            let work = async {
                // cloud-init waits for disks that it could not make itself.
                if !self.rooms.platform.names_disks() {
                    prepare::disks(machine, template, events).await?;
                }
                cloud_init::wait(machine, events).await
            };
            phase(events, timings, Phase::CloudInit, work).await?;
        }
        if progress.begins(Stage::Upload) {
            let work = prepare::run(machine, template, self.sources(), events);
            phase(events, timings, Phase::Upload, work).await?;
        }
        progress.begins(Stage::Steps);
        self.steps(machine, progress, timings).await?;
        progress.begins(Stage::Checks);
        if !template.checks.is_empty() {
            let work = checks::run(machine, &template.checks, CheckPlace::Builder, events);
            phase(events, timings, Phase::Checks, work).await?;
        }
        // Not earlier: a step that is still to come, or is done again, has its packages from it too.
        prepare::snapshot_over(machine, template, events).await?;
        progress.begins(Stage::Seal);
        let (by, sought) = (stop::by(template), sought(&template.secrets, &self.inputs.secrets));
        let work = seal::run(machine, &template.seal, &self.keys, (by, &sought), events);
        phase(events, timings, Phase::Seal, work).await
    }

    fn sources(&self) -> prepare::FileSources<'_> {
        prepare::FileSources { downloads: &self.folders.downloads, known: &self.inputs.files }
    }

    /// The steps that are not done yet. One that failed is tried again as often as the user wants that.
    async fn steps(
        &self,
        machine: &mut Machine<'_>,
        progress: &mut Progress,
        timings: &mut Timings,
    ) -> Result<(), Error> {
        let (events, template) = (self.events, &self.plan.template);
        let moments = moments(&template.files);
        if template.steps.len() <= progress.steps
            && moments.last().is_none_or(|last| *last <= progress.files_after)
        {
            return Ok(());
        }
        let steps = filled(&template.steps, &self.inputs.secrets)?;
        let mut took = Timings::default();
        let work = async {
            while let Err(error) =
                self.steps_and_files(machine, (&steps, &moments), progress, &mut took).await
            {
                if error.kind != Kind::Bake {
                    return Err(error);
                }
                let failure = error.to_string();
                let failure = events.redact().apply(&failure);
                match self.inputs.on_error.choose(&failure, true).await {
                    Choice::Again => {}
                    choice @ (Choice::CleanUp | Choice::Keep) => {
                        progress.choice = Some(choice);
                        return Err(error);
                    }
                }
            }
            Ok(())
        };
        let result = phase(events, timings, Phase::Steps, work).await;
        timings.steps.extend(took.steps);
        result
    }

    /// The steps that are not done yet, and the files that wait for one of them, each in its turn.
    async fn steps_and_files(
        &self,
        machine: &mut Machine<'_>,
        (steps, moments): (&[Step], &[usize]),
        progress: &mut Progress,
        took: &mut Timings,
    ) -> Result<(), Error> {
        let (events, template) = (self.events, &self.plan.template);
        let held = HeldInputs { known: &self.inputs.files, again: &self.inputs.again };
        for moment in moments {
            steps::run(machine, steps, (&mut progress.steps, *moment), &held, took, events).await?;
            if progress.files_after < *moment {
                let files = template.files.iter().filter(|file| file.after == *moment);
                prepare::files(machine, files, self.sources(), events).await?;
                progress.files_after = *moment;
            }
        }
        steps::run(machine, steps, (&mut progress.steps, steps.len()), &held, took, events).await
    }
}

/// After how many steps files go up, where it is not before all of them.
fn moments(files: &[FileSpec]) -> Vec<usize> {
    let moments: BTreeSet<usize> = files.iter().map(|file| file.after).filter(|after| *after > 0).collect();
    moments.into_iter().collect()
}
