//! Builders as EC2 instances.

pub mod capture;
pub mod error;
