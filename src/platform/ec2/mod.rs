//! Builders on Amazon EC2.

pub mod address;
