//! The running builder becomes what the template says, and is sealed.

use super::Bake;
use crate::{
    engine::{
        alive::Alive,
        checks, cloud_init,
        machine::Machine,
        phases::{Timings, phase},
        prepare, seal,
        secrets::filled,
        steps, stop,
        survey::{self, Survey},
    },
    error::Error,
    event::Phase,
    platform::{Builder, PowerOff},
    provision::search::sought,
};

impl Bake<'_> {
    /// Makes the running builder what the template says, and seals it. The line is closed when this comes
    /// back, which is what a builder that powers itself off waits for.
    pub(super) async fn provision(
        &self,
        builder: &mut dyn Builder,
        timings: &mut Timings,
    ) -> Result<Survey, Error> {
        let (events, template) = (self.events, &self.plan.template);
        let connect = self.rooms.connect.as_ref();
        let mut machine = phase(events, timings, Phase::Connect, async {
            Machine::connect(builder, connect, &template.ssh, &self.keys).await
        })
        .await?;
        let made = match stop::by(template) {
            // A base without cloud-init may be a machine that hornero must not end.
            PowerOff::Platform => self.shape(&mut machine, timings).await?,
            PowerOff::Guest => {
                let alive = Alive::on(&machine, connect, template.image.builder_ttl.0, events).await;
                alive.during(self.shape(&mut machine, timings)).await?
            }
        };
        machine.builder.keep_when_off().await?;
        Ok(made)
    }

    /// Everything that is done over the line.
    async fn shape(&self, machine: &mut Machine<'_>, timings: &mut Timings) -> Result<Survey, Error> {
        let (events, template) = (self.events, &self.plan.template);
        if template.cloud_init.enabled {
            let work = async {
                // cloud-init waits for disks that it could not make itself.
                if !self.rooms.platform.names_disks() {
                    prepare::disks(machine, template, events).await?;
                }
                cloud_init::wait(machine, events).await
            };
            phase(events, timings, Phase::CloudInit, work).await?;
        }
        phase(
            events,
            timings,
            Phase::Upload,
            prepare::run(machine, template, &self.folders.downloads, events),
        )
        .await?;
        if !template.steps.is_empty() {
            let steps = filled(&template.steps, &self.inputs.secrets)?;
            let mut steps_timings = Timings::default();
            let work = steps::run(machine, &steps, &mut steps_timings, events);
            let result = phase(events, timings, Phase::Steps, work).await;
            timings.steps = steps_timings.steps;
            result?;
        }
        if !template.checks.is_empty() {
            phase(
                events,
                timings,
                Phase::Checks,
                checks::run(machine, &template.checks, "the builder", events),
            )
            .await?;
        }
        let survey = survey::run(machine).await?;
        let (by, sought) = (stop::by(template), sought(&template.secrets, &self.inputs.secrets));
        let work = seal::run(machine, &template.seal, &self.keys, (by, &sought), events);
        phase(events, timings, Phase::Seal, work).await?;
        Ok(survey)
    }
}
