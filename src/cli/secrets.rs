//! Values of a template's secrets, looked up just before a bake. AWS is asked only for those that
//! lie there, whatever the platform.

use std::{borrow::Cow, collections::BTreeMap, path::Path};

use super::{Context, show};
use crate::{
    aws::{Aws, AwsError},
    error::{Error, Kind},
    open_file::{self, Confinement},
    provision::search::SHORTEST_SOUGHT,
    redact::{LONGEST_ORDINARY_CHARS, Redact, SHORTEST, forms, is_ordinary, values},
    store::Store,
    template::model::{Ec2, Secret, SecretSource, Template},
};

/// Of a secret in a file: far more than a key or a certificate has.
const LARGEST_SECRET_BYTES: u64 = 1 << 20;

/// Values by name.
///
/// # Errors
/// When one has no value, named with where it was looked for.
pub async fn resolve(
    secrets: &[Secret],
    ec2: &Ec2,
    context: &Context,
) -> Result<BTreeMap<String, String>, Error> {
    let mut values = BTreeMap::new();
    for secret in secrets {
        let value = match &secret.source {
            SecretSource::Env(name) => variable(secret, name)?,
            SecretSource::File(path) => file(secret, path)?,
            SecretSource::Parameter(name) => {
                let aws = open(secret, name, ec2, context).await?;
                aws.secure_parameter(name).await.map_err(|error| refused(secret, &error))?
            }
            SecretSource::SecretsManager { secret: id, key } => {
                let aws = open(secret, id, ec2, context).await?;
                let value = aws.secret_value(id).await.map_err(|error| refused(secret, &error))?;
                match key {
                    Some(key) => field(&value, key).map_err(|why| unfit(secret, &why))?,
                    None => value,
                }
            }
        };
        if value.is_empty() {
            return Err(unfit(secret, "it is empty"));
        }
        values.insert(secret.name.clone(), value);
    }
    Ok(values)
}

/// Values that this computer has, for a look at them; one that is not there is no error.
pub fn at_hand(secrets: &[Secret]) -> BTreeMap<String, String> {
    let value = |secret: &Secret| match &secret.source {
        SecretSource::Env(name) => variable(secret, name).ok(),
        // A pipe would give its value away.
        SecretSource::File(path) if path.is_file() => file(secret, path).ok(),
        SecretSource::File(_) | SecretSource::Parameter(_) | SecretSource::SecretsManager { .. } => None,
    };
    secrets.iter().filter_map(|secret| Some((secret.name.clone(), value(secret)?))).collect()
}

/// What stands in the fingerprint for each value.
///
/// # Errors
/// When the store's key cannot be read; it is asked for only when there are secrets.
pub async fn sums(
    values: &BTreeMap<String, String>,
    store: &dyn Store,
    make_key: bool,
) -> Result<BTreeMap<String, String>, Error> {
    if values.is_empty() {
        return Ok(BTreeMap::new());
    }
    let key = store.key(make_key).await?;
    // Without a key nothing was made of these secrets yet.
    let sum = |(name, value): (&String, &String)| {
        let sum = key.as_ref().map(|key| key.sum(name, value)).unwrap_or_default();
        (name.clone(), sum)
    };
    Ok(values.iter().map(sum).collect())
}

/// Names, tags and parameters are seen by everybody who may look at the account, and go to places
/// where nothing can be taken out of them.
///
/// # Errors
/// When one of them holds the value of a secret.
pub fn kept_out(template: &Template, values: &BTreeMap<String, String>) -> Result<(), Error> {
    let (image, publish) = (&template.image, &template.publish);
    let mut texts =
        vec![("`name` of [image]", &image.name), ("`parameter` of [publish]", &publish.parameter)];
    texts.extend(image.version.iter().map(|text| ("`version` of [image]", text)));
    texts.extend(image.description.iter().map(|text| ("`description` of [image]", text)));
    texts.extend(image.tags.values().map(|text| ("`tags` of [image]", text)));
    for (name, value) in values {
        let redact = Redact::new([value.clone()]);
        let forms: Vec<String> = forms::of(value).into_iter().filter(|form| form.len() >= SHORTEST).collect();
        let holds = |text: &str| forms.iter().any(|form| text.contains(form.as_str()));
        let holds = |text: &str| holds(text) || matches!(redact.apply_to_record(text), Cow::Owned(_));
        if let Some((place, _)) = texts.iter().find(|(_, text)| holds(text)) {
            let what = format!("baking `{}`: {place} holds the value of the secret `{name}`", image.name);
            return Err(Error::new(Kind::Template, what)
                .hint("everybody who may list images reads it there: take it out of the template"));
        }
        check_of_secret(template, name, &redact)?;
    }
    Ok(())
}

/// Checks stand in the manifest as they are, for they are made again on machines started from the image.
fn check_of_secret(template: &Template, secret: &str, redact: &Redact) -> Result<(), Error> {
    for check in &template.checks {
        let text = serde_json::to_string(&check.probe).unwrap_or_default();
        if let Cow::Owned(_) = redact.apply_to_record(&text) {
            let (image, check) = (&template.image.name, redact.apply(&check.name));
            let what =
                format!("baking `{image}`: the check `{check}` holds the value of the secret `{secret}`");
            return Err(Error::new(Kind::Template, what).hint(
                "checks stand in the manifest: make the check without it, or look in a step of the template",
            ));
        }
    }
    Ok(())
}

/// Secrets that the template lets into the image, as it says why.
pub fn exceptions(secrets: &[Secret]) -> Vec<String> {
    let says = |secret: &Secret| {
        let reason = secret.in_image.as_ref()?;
        Some(format!("the secret `{}` may be in the image: {reason}", secret.name))
    };
    secrets.iter().filter_map(says).collect()
}

/// What cannot be kept to for values that are short or ordinary words.
pub fn warnings(values: &BTreeMap<String, String>) -> Vec<String> {
    values
        .iter()
        .flat_map(|(name, value)| warning(name, value).into_iter().chain(of_fields(name, value)))
        .collect()
}

/// The same where there is no run that could tell it.
pub fn warn(values: &BTreeMap<String, String>) {
    warnings(values).iter().for_each(|text| show::stderr(&format!("warning: {text}\n")));
}

fn warning(name: &str, value: &str) -> Option<String> {
    let length = value.chars().count();
    let what = match length {
        _ if !is_ordinary(value) => return None,
        _ if length > LONGEST_ORDINARY_CHARS => "is a common word".to_owned(),
        1 => "has only 1 character".to_owned(),
        _ => format!("has only {length} characters"),
    };
    let lost = match length {
        _ if length < SHORTEST => "it is neither taken out of what is shown, nor looked for in the image",
        _ if length < SHORTEST_SOUGHT => {
            "it is not looked for in the image, and taken out of every text that holds it by chance"
        }
        _ => "it is taken out of every text that holds it by chance",
    };
    Some(format!("the secret `{name}` {what}: {lost}; make it a random text of 12 characters or more"))
}

/// Of a secret that is JSON, an `.env` file or the like. Its short fields are no secrets of their own.
fn of_fields(name: &str, value: &str) -> Option<String> {
    let fields = values::fields(value);
    let ordinary = fields.iter().filter(|field| is_ordinary(field)).count();
    let (count, are) = match ordinary {
        0 => return None,
        1 => ("one field".to_owned(), "is a short or common word, and is"),
        more => (format!("{more} fields"), "are short or common words, and are"),
    };
    Some(format!(
        "the secret `{name}` has {count} that {are} taken out of every text that holds it by chance; name the field that \
         is secret with `key`, or keep the others elsewhere"
    ))
}

fn failed(secret: &Secret) -> Error {
    let (name, place) = (&secret.name, &secret.source);
    Error::new(Kind::Usage, format!("looking up the secret `{name}` in {place}"))
}

fn refused(secret: &Secret, error: &AwsError) -> Error {
    match error.is_setup() {
        true => error.clone().into(),
        false => {
            let top = failed(secret).because(error).hint(error.hint());
            Error { kind: Kind::of_aws(error, top.kind), ..top }
        }
    }
}

fn unfit(secret: &Secret, why: &str) -> Error {
    let error = failed(secret);
    Error { message: format!("{}: {why}", error.message), ..error }
        .hint("correct what lies there, or what [secrets] says of it")
}

fn variable(secret: &Secret, name: &str) -> Result<String, Error> {
    let value = match std::env::var(name) {
        // As for every variable.
        Ok(value) if value.is_empty() => Err(std::env::VarError::NotPresent),
        value => value,
    };
    value.map_err(|error| {
        // The error of a value that is no text would show the value.
        let why = match error {
            std::env::VarError::NotPresent => "it is not set, or empty",
            std::env::VarError::NotUnicode(_) => "its value is no text",
        };
        unfit(secret, why).hint(format!("set {name} and bake again"))
    })
}

fn file(secret: &Secret, path: &Path) -> Result<String, Error> {
    let read = open_file::read(path, Confinement::Anywhere, LARGEST_SECRET_BYTES).map_err(|error| {
        failed(secret).because(&error).hint("make that file readable for you; a secret is text")
    })?;
    // The error of a value that is no text would show the value.
    let text = String::from_utf8(read.bytes).map_err(|_| unfit(secret, "its value is no text"))?;
    Ok(text.trim_end_matches(['\n', '\r']).to_owned())
}

/// In the template's account; an ARN says itself in which region.
async fn open(secret: &Secret, id: &str, ec2: &Ec2, context: &Context) -> Result<Aws, Error> {
    // arn:aws:secretsmanager:eu-west-1:123456789012:secret:name
    let of_arn = id.strip_prefix("arn:").and_then(|rest| rest.split(':').nth(2));
    let region = of_arn.filter(|region| !region.is_empty()).or(ec2.region.as_deref());
    let aws = context.accounts.open(ec2.role_arn.as_deref(), region).await;
    aws.map_err(|error| refused(secret, &error))
}

/// One field of a secret that is a JSON object. No error shows a value.
fn field(text: &str, key: &str) -> Result<String, String> {
    let value: serde_json::Value = serde_json::from_str(text)
        .map_err(|_| format!("it is no JSON, so it has no key `{key}`: leave `key` out"))?;
    let object = value.as_object().ok_or("it is no JSON object: leave `key` out")?;
    match object.get(key) {
        Some(serde_json::Value::String(text)) => Ok(text.clone()),
        Some(serde_json::Value::Number(number)) => Ok(number.to_string()),
        Some(serde_json::Value::Bool(flag)) => Ok(flag.to_string()),
        Some(_) => Err(format!("what it holds under `{key}` is no text")),
        None => {
            let keys: Vec<&str> = object.keys().map(String::as_str).collect();
            Err(format!("it has no key `{key}`, but `{}`", keys.join("`, `")))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_that_are_short_or_common_words_are_warned_of_and_not_shown() {
        let env = "STAGE=production\nTOKEN=kX9vb2LmQ0\n";
        let values =
            [("pin", "987"), ("word", "peace"), ("user", "www-data"), ("db", env), ("good", "long enough")];
        let values = values.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
        let said = warnings(&values);
        let words = [
            "`db` has one field that is a short or common word",
            "`pin` has only 3 characters: it is neither taken out",
            "`user` is a common word: it is taken out of every text",
            "`word` has only 5 characters: it is not looked for in the image",
        ];
        assert_eq!(said.len(), words.len(), "{said:?}");
        assert!(said.iter().zip(words).all(|(said, words)| said.contains(words)), "{said:?}");
        let told = said.concat();
        assert!(
            ["987", "peace", "www-data", "production"].iter().all(|value| !told.contains(value)),
            "{said:?}"
        );
    }

    #[test]
    fn a_field_of_a_json_secret_is_found_and_errors_show_no_value() {
        let text = r#"{ "user": "moodle", "password": "s3cret!", "port": 5432, "deep": ["s3cret!"] }"#;
        assert_eq!(field(text, "password"), Ok("s3cret!".into()));
        assert_eq!(field(text, "port"), Ok("5432".into()));
        for (text, key) in [(text, "pasword"), (text, "deep"), ("s3cret!", "a"), ("[\"s3cret!\"]", "a")] {
            let why = field(text, key).unwrap_err();
            assert!(!why.contains("s3cret"), "{why}");
        }
        assert!(field(text, "pasword").unwrap_err().contains("`password`"));
    }
}
