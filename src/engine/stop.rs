//! How a builder that is to be captured is powered off. One that hornero has an account on powers
//! itself off, so that nobody cuts it off half-written; any other is asked to by the platform.

use crate::{platform::PowerOff, template::model::Template};

/// Where cloud-init is off the base is the user's, who may have reasons to see it stopped otherwise.
pub fn by(template: &Template) -> PowerOff {
    if template.cloud_init.enabled { PowerOff::Guest } else { PowerOff::Platform }
}
