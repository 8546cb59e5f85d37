//! Tests with real parts: a real sshd, real templates, real guests.

mod remote;
mod rig;
