//! hornero bakes machine images from TOML templates. `ARCHITECTURE.md` is the map of the rooms.

pub mod event;
pub mod load;
pub mod platform;
pub mod template;
