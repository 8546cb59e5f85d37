//! The one integration binary.

mod templates;

fn main() {}
