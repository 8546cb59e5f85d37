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
pub mod script;
pub mod seal;
pub mod search;
pub mod snapshot;
pub mod supervisor;
pub mod time_to_live;
pub mod user_data;

pub use crate::template::model::BUILDER_ACCOUNT;

/// Why something declared cannot be brought to the machine.
#[derive(Debug, thiserror::Error)]
pub enum ProvisionError {
    #[error("rendering `{template}`")]
    Render { template: &'static str, source: minijinja::Error },
    #[error("{what} contains a NUL byte, which no shell can take")]
    Nul { what: String },
    #[error("writing the parts of the user-data")]
    Mime(#[from] std::io::Error),
}

/// `text` as one word of a POSIX shell.
///
/// # Errors
/// When it contains a NUL byte.
pub fn quote(text: &str) -> Result<String, ProvisionError> {
    let quoted = shlex::try_quote(text).map_err(|_| ProvisionError::Nul { what: format!("`{text}`") })?;
    Ok(quoted.into_owned())
}
