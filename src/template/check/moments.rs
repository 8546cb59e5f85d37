//! When files go up: before all steps, or after one that they name.

use std::path::Path;

use super::{
    cx::Cx,
    draft::{Draft, StepName, Waiting},
};
use crate::template::{
    diagnose::{Fault, did_you_mean},
    model::Action,
};

/// What a new boot begins without.
const EMPTIED_BY_A_REBOOT: [&str; 5] = ["/tmp", "/run", "/dev/shm", "/var/run", "/var/lock"];

impl Cx<'_> {
    pub fn moments_of_files(&self, draft: &mut Draft) {
        for waiting in std::mem::take(&mut draft.waiting) {
            if let Some(done) = self.steps_done_before(&waiting, &draft.step_names) {
                draft.files[waiting.file].value.after = done;
            }
        }
        self.gone_after_a_reboot(draft);
    }

    /// How many steps are done when the named one is.
    fn steps_done_before(&self, waiting: &Waiting, steps: &[StepName]) -> Option<usize> {
        let Waiting { step, place, prefix, .. } = waiting;
        let own = prefix.as_ref().map(|prefix| format!("{prefix}: {step}"));
        let named = |name: &str| steps.iter().filter(|step| step.name == name).collect::<Vec<_>>();
        let found =
            own.map(|own| named(&own)).filter(|found| !found.is_empty()).unwrap_or_else(|| named(step));
        match found.as_slice() {
            [one] => return Some(one.done),
            [] if self.shared.broken => {}
            [] => {
                let names = steps.iter().map(|step| step.name.as_str());
                let hint = did_you_mean(step, names).unwrap_or_else(|| "the template has no steps".into());
                self.fault(Fault::at(place.clone(), format!("there is no step `{step}`")).hint(hint));
            }
            several => {
                let message = format!("{} steps are called `{step}`", several.len());
                self.fault(Fault::at(place.clone(), message).hint("give the step a `name` of its own"));
            }
        }
        None
    }

    fn gone_after_a_reboot(&self, draft: &Draft) {
        for file in &draft.files {
            let destination = Path::new(&file.value.destination);
            let Some(emptied) = EMPTIED_BY_A_REBOOT.iter().find(|folder| destination.starts_with(folder))
            else {
                continue;
            };
            let mut later = draft.steps.iter().skip(file.value.after);
            if let Some(reboot) = later.rfind(|step| step.may_reboot || matches!(step.action, Action::Reboot))
            {
                let name = &reboot.name;
                let message =
                    format!("what goes to `{}` is gone after the step `{name}`", destination.display());
                self.warn(
                    Fault::at(file.place.clone(), message)
                        .label(format!("a reboot empties `{emptied}`"))
                        .hint(format!("choose another folder, or send it later: after = \"{name}\"")),
                );
            }
        }
    }
}
