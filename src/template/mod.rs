//! The template room owns the language: what may be written (`raw`), what it means once checked
//! (`check` makes `model`), how strings are rendered (`render`), the operating systems it knows
//! (`catalogue`), and how mistakes are told (`diagnose`). Pure: no files, no clock, no environment.

pub mod catalogue;
pub mod check;
pub mod diagnose;
pub mod kms;
pub mod literal;
pub mod model;
pub mod path_name;
pub mod raw;
pub mod regions;
pub mod render;
pub mod reserved;
pub mod seal;
pub mod sources;
pub mod units;
pub mod words;
