//! hornero bakes machine images from TOML templates. `ARCHITECTURE.md` is the map of the rooms.

pub mod event;
pub mod platform;
pub mod provision;
pub mod remote;
pub mod template;
