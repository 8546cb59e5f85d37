//! Tests with real parts: a real sshd, real templates, real guests.

mod bakes;
mod remote;
mod rig;
mod templates;
