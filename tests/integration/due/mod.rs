//! What is baked and what is not: locks, templates that are made from each other, many at once.

mod chains;
mod forest;
mod here;
mod locks;
mod many;
