//! Values of a template's secrets, looked up just before a bake.

use std::collections::BTreeMap;

use crate::{
    error::{Error, Kind},
    template::model::{Secret, SecretSource},
};

/// # Errors
/// When one has no value, named with where it was looked for.
pub fn resolve(secrets: &[Secret]) -> Result<BTreeMap<String, String>, Error> {
    secrets.iter().map(|secret| Ok((secret.name.clone(), value(secret)?))).collect()
}

fn value(secret: &Secret) -> Result<String, Error> {
    let failed =
        |place: &str| Error::new(Kind::Usage, format!("looking up the secret `{}` in {place}", secret.name));
    match &secret.source {
        SecretSource::Env(name) => std::env::var(name).map_err(|error| {
            failed(&format!("the environment variable {name}"))
                .because(&error)
                .hint(format!("set {name} and bake again"))
        }),
        SecretSource::File(path) => std::fs::read_to_string(path)
            .map(|text| text.trim_end_matches('\n').to_owned())
            .map_err(|error| failed(&format!("the file `{}`", path.display())).because(&error)),
        SecretSource::Parameter(name) => Err(failed(&format!("the parameter {name}")).hint(AWS)),
        SecretSource::SecretsManager { secret: name, .. } => {
            Err(failed(&format!("the Secrets Manager secret {name}")).hint(AWS))
        }
    }
}

const AWS: &str = "this version reads secrets from `env` and `file` only";
