//! The tags by which hornero knows what it made, on any computer.

use std::time::Duration;

use jiff::Timestamp;

use crate::time::Moment;

/// The run's ID: on everything that a run makes.
pub const RUN: &str = "hornero:run";
/// When whoever finds it may remove it: on everything that is not to stay.
pub const EXPIRES: &str = "hornero:expires";

/// No bake takes longer. After this a leftover of a dead run may be removed by anybody.
pub const BAKE: Duration = Duration::from_secs(12 * 60 * 60);

/// The value of [`EXPIRES`] for what is made now.
pub fn expiry() -> String {
    time(Timestamp::now().later(BAKE))
}

/// A time as a tag has it.
pub fn time(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// The image's name.
pub const NAME: &str = "hornero:name";
/// The image's version, where it has one.
pub const VERSION: &str = "hornero:version";
/// Of everything that decides the image's content.
pub const FINGERPRINT: &str = "hornero:fingerprint";
/// Begins the names of the tags that hold what decided the image, part by part, in short form.
pub const INPUTS: &str = "hornero:inputs-";
/// Begins the names of the tags that say how the image is to be published, as long as it is not: any computer can do
/// that then.
pub const DELIVERY: &str = "hornero:delivery-";
/// The largest number of those tags.
pub const MOST_DELIVERY: usize = 16;
/// The image has passed its checks and lacks nothing; the value says for what it was finished.
pub const PROVED: &str = "hornero:proved";
/// ID of the base that the bake started from.
pub const BASE: &str = "hornero:base";
/// Name of the base.
pub const BASE_NAME: &str = "hornero:base-name";
/// Version of hornero.
pub const TOOL: &str = "hornero:tool";
/// Of a copy: the AMI that it is a copy of, and its region.
pub const SOURCE: &str = "hornero:source";
