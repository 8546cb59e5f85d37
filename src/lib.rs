//! hornero bakes machine images from TOML templates. `ARCHITECTURE.md` is the map of the rooms.

pub mod amount;
pub mod aws;
mod causes;
pub mod cli;
pub mod engine;
pub mod error;
pub mod event;
pub mod fetch;
pub mod journal;
pub mod load;
mod open_file;
pub mod plan;
pub mod platform;
mod private;
#[cfg(test)]
mod properties;
pub mod provision;
pub mod quote;
pub mod redact;
pub mod remote;
pub mod store;
pub mod sum;
pub mod template;
pub mod time;
pub mod ui;
pub mod wait;
