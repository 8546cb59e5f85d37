//! Builders as EC2 instances.

pub mod address;
pub mod capture;
pub mod error;
