//! Tests with real parts: a real sshd, real templates, real guests.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on fails, which is its purpose")]

mod accounts;
mod adversary;
mod alone;
mod bakes;
mod both;
mod cloud;
mod commands;
mod differences;
mod docs;
mod due;
mod ec2;
mod fetch;
mod fingerprints;
mod hints;
mod hostile;
mod leaks;
mod limits;
mod line;
mod machines;
mod named_files;
mod output;
mod packages;
mod packer;
mod panics;
mod private_keys;
mod publish_again;
mod remote;
mod rig;
mod rooms;
mod rootfs;
mod secret_search;
mod setup;
mod shipped;
mod step_inputs;
mod store_ssm;
mod supply_chain;
mod templates;
mod upload;
mod uploads;
mod ways;
