//! What the image is called, what it is parametrised by, and where its ID is announced.

use std::{collections::BTreeMap, path::PathBuf, time::Duration};

use serde::{Deserialize, Serialize};

use crate::template::units::Span;

/// `[image]`
#[derive(Clone, Debug, Serialize)]
pub struct Image {
    /// `[a-z0-9-]`, 1 to 63 characters.
    pub name: String,
    pub version: Option<String>,
    pub description: Option<String>,
    pub tags: BTreeMap<String, String>,
    /// A bake that is not done by then is given up.
    pub timeout: Option<Span>,
    /// After this a builder that nobody works on ends itself.
    pub builder_ttl: Span,
}

impl Image {
    /// Where a template says nothing.
    pub const USUAL_TTL: Span = Span(Duration::from_secs(2 * 60 * 60));
}

/// One of `[variables]`, with the value that this reading of the template uses.
#[derive(Clone, Debug, Serialize)]
pub struct Variable {
    pub name: String,
    pub value: String,
    pub description: Option<String>,
    /// Whether anything in the template uses it.
    pub used: bool,
}

impl Variable {
    /// The values of those that the template uses, by name.
    pub fn used(variables: &[Self]) -> BTreeMap<String, String> {
        let used = variables.iter().filter(|variable| variable.used);
        used.map(|variable| (variable.name.clone(), variable.value.clone())).collect()
    }
}

/// One of `[secrets]`: a name and where its value will come from. The value is never in the model.
#[derive(Clone, Debug, Serialize)]
pub struct Secret {
    pub name: String,
    pub source: SecretSource,
    /// Why its value may lie in the image; else the image is searched for it.
    pub in_image: Option<String>,
}

#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum SecretSource {
    Env(String),
    File(PathBuf),
    Parameter(String),
    SecretsManager { secret: String, key: Option<String> },
}

impl std::fmt::Display for SecretSource {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Env(name) => write!(f, "the environment variable {name}"),
            Self::File(path) => write!(f, "the file `{}`", path.display()),
            Self::Parameter(name) => write!(f, "the parameter {name}"),
            Self::SecretsManager { secret, .. } => write!(f, "the Secrets Manager secret {secret}"),
        }
    }
}

/// `[publish]`: the parameter that the image's ID is recorded under.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Publish {
    /// Default `/images/NAME/STAGE`.
    pub parameter: String,
    /// Default `dev`.
    pub stage: String,
    #[serde(default)]
    pub data_type: DataType,
}

/// What the parameter is to be. Nothing changes it once the parameter is there.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum DataType {
    /// Only ever holds the ID of an image that is there.
    #[default]
    Image,
    /// For a parameter that others have made as a text.
    Text,
}

/// `[notify]`
#[derive(Clone, Debug, Default, Serialize)]
pub struct Notify {
    /// Name of the environment variable that holds the webhook's URL.
    pub slack_webhook_env: Option<String>,
}
