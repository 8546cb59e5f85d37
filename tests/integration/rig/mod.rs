//! The real parts that tests run against.

pub mod sshd;
