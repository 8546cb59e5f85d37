//! What makes a bake due although nothing has changed, as it is said on the command line.

use clap::Args;

use crate::{engine::due, template::units::Span};

#[derive(Clone, Copy, Debug, Args)]
pub struct Anew {
    /// Bakes whatever there is already; of templates that others are made from only those that are named
    #[arg(long)]
    force: bool,
    /// An older image counts as changed: 30d takes in the security updates of a month
    #[arg(long, value_name = "TIME")]
    max_age: Option<Span>,
}

impl Anew {
    /// For a template that was named, or only is the base of one.
    pub fn wanted(&self, named: bool) -> due::Wanted {
        due::Wanted { anew: self.force && named, max_age: self.max_age }
    }
}
