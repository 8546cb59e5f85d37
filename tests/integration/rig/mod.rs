//! The real parts that tests run against.

pub mod archive;
pub mod cable;
pub mod ec2;
pub mod guests;
pub mod hornero;
pub mod image;
pub mod moto;
pub mod places;
pub mod proxy;
pub mod python;
pub mod quick;
pub mod rootfs;
pub mod server;
pub mod sshd;
pub mod web;
