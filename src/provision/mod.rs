//! What each declared thing becomes on the machine: cloud-init's user-data, scripts, archive
//! entries, questions for checks. Pure: text in, text out.

pub mod accounts;
pub mod answers;
pub mod apt;
pub mod checks;
pub mod cloud_init;
mod environment;
pub mod exclude;
pub mod judge;
pub mod machine;
pub mod packed;
pub mod power_off;
mod render;
mod repositories;
pub mod script;
pub mod seal;
pub mod search;
pub mod snapshot;
pub mod supervisor;
pub mod time_to_live;
pub mod user_data;

pub use crate::{
    quote::{QuoteError, shell_word as quote},
    template::model::BUILDER_ACCOUNT,
};

/// Why something declared cannot be brought to the machine.
#[derive(Debug, thiserror::Error)]
pub enum ProvisionError {
    #[error("rendering `{template}`")]
    Render { template: &'static str, source: minijinja::Error },
    #[error(transparent)]
    Quote(#[from] QuoteError),
    #[error("writing a value as YAML")]
    Yaml(#[from] serde_json::Error),
    #[error("writing the parts of the user-data")]
    Mime(#[from] std::io::Error),
}
