//! The real parts that work is done with: programs, a cloud in memory, a machine to bake, a slow line.

pub mod bench;
pub mod cloud;
pub mod data;
pub mod delay;
pub mod gate;
pub mod guest;
pub mod hornero;
pub mod job;
pub mod memory;
pub mod packer;
pub mod plain;
pub mod seed;
pub mod server;
pub mod sshd;
