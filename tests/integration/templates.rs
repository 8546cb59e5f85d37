//! Shipped templates and fixtures.
