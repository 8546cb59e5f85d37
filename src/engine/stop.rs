//! How a builder that is to be captured is powered off. One that hornero has an account on powers
//! itself off, so that nobody cuts it off half-written; any other is asked to by the platform.

use std::{collections::BTreeMap, time::Duration};

use super::machine::Machine;
use crate::{
    error::Error,
    platform::PowerOff,
    provision::{power_off::SCRIPT, script::Job},
    template::model::Template,
};

/// Only so long as it takes to tell the builder; it goes off later.
const TIMEOUT: Duration = Duration::from_secs(60);

/// Where cloud-init is off the base is the user's, who may have reasons to see it stopped otherwise.
pub fn by(template: &Template) -> PowerOff {
    if template.cloud_init.enabled { PowerOff::Guest } else { PowerOff::Platform }
}

/// Tells the builder to power itself off as soon as the line is closed.
///
/// # Errors
/// When it cannot be told.
pub async fn power_off(machine: &Machine<'_>) -> Result<(), Error> {
    let job = Job { text: SCRIPT, user: "root", env: &BTreeMap::new() };
    let command = machine.command(&job)?.timeout(Some(TIMEOUT));
    machine.ask(command, "telling the builder to power itself off").await.map(drop)
}
