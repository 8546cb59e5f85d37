//! The template room owns the language: what may be written (`raw`), what it means once checked
//! (`model`), how strings are rendered (`render`), the operating systems it knows (`catalogue`),
//! and how mistakes are told (`diagnose`). Pure: no files, no clock, no environment.

pub mod model;
pub mod units;
