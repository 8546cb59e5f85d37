//! The real parts that tests run against.

pub mod hornero;
pub mod image;
pub mod sshd;
pub mod web;
