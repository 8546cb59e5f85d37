//! What is wrong with the way in which AWS is set up here: the region, the profile, an endpoint. It is found
//! before the first call, so it is the same for every command and costs no wait.

use aws_config::profile::{self, ProfileSet};
use aws_runtime::env_config::file::EnvConfigFiles;
use aws_types::{
    SdkConfig,
    os_shim_internal::{Env, Fs},
    service_config::ServiceConfigKey,
};
use reqwest::Url;

use super::{AwsError, Fault};
use crate::{causes, template::regions};

/// These name an endpoint for all services: a variable of the environment, and a word in a profile.
const ENDPOINT: (&str, &str) = ("AWS_ENDPOINT_URL", "endpoint_url");

/// Services that hornero calls, as the SDK names them for an endpoint of their own.
const SERVICES: [&str; 5] = ["EC2", "SSM", "Secrets Manager", "STS", "KMS"];

/// The code of the error that says that no region is set.
pub(super) const NO_REGION: &str = "NoRegion";

/// The profile that was asked for must be there. Without AWS_PROFILE it need not.
///
/// # Errors
/// When it is not there, or the files that may have it cannot be read.
pub async fn check_profile() -> Result<(), AwsError> {
    let loaded = profile::load(&Fs::real(), &Env::real(), &EnvConfigFiles::default(), None).await;
    let profiles = loaded.map_err(|error| {
        let texts: Vec<String> = causes::of(&error).map(ToString::to_string).collect();
        setup_error(format!("reading the AWS configuration: {}", texts.join(": "))).with_hint(
            "correct ~/.aws/config and ~/.aws/credentials, or the files that AWS_CONFIG_FILE and \
                     AWS_SHARED_CREDENTIALS_FILE name",
        )
    })?;
    match profiles.selected_profile() {
        "default" => Ok(()),
        name if profiles.get_profile(name).is_some() => Ok(()),
        name => Err(no_profile(name, &profiles)),
    }
}

fn no_profile(name: &str, profiles: &ProfileSet) -> AwsError {
    let mut known: Vec<&str> = profiles.profiles().collect();
    known.sort_unstable();
    let there = match known.is_empty() {
        true => "there are no profiles yet: `aws configure` makes one".to_owned(),
        false => format!("there are {}", known.join(", ")),
    };
    setup_error(format!("there is no AWS profile `{name}` in ~/.aws/config or ~/.aws/credentials"))
        .with_hint(format!("set AWS_PROFILE to a profile that is there ({there}), or unset it"))
}

/// Endpoints that the environment or the profile names must be addresses.
///
/// # Errors
/// When one is not.
pub fn check_endpoints(sdk: &SdkConfig) -> Result<(), AwsError> {
    let of_services = SERVICES.iter().filter_map(|service| endpoint_of(service, sdk));
    sdk.endpoint_url().map(str::to_owned).into_iter().chain(of_services).try_for_each(|url| check_url(&url))
}

fn endpoint_of(service: &str, sdk: &SdkConfig) -> Option<String> {
    let (variable, word) = ENDPOINT;
    let key = ServiceConfigKey::builder().service_id(service).env(variable).profile(word).build().ok()?;
    sdk.service_config()?.load_config(key)
}

fn check_url(url: &str) -> Result<(), AwsError> {
    let why = match Url::parse(url) {
        Ok(parsed) if matches!(parsed.scheme(), "http" | "https") && parsed.has_host() => return Ok(()),
        // `localhost:4566` is an address with the scheme `localhost`.
        Ok(_) => "it does not begin with http:// or https://".to_owned(),
        Err(error) if url.contains("://") => error.to_string(),
        Err(_) => "it does not begin with http:// or https://".to_owned(),
    };
    Err(setup_error(format!("the AWS endpoint `{}` is no web address: {why}", url.escape_debug())).with_hint(
        "write AWS_ENDPOINT_URL, or `endpoint_url` in the profile, as in http://localhost:4566, or unset it",
    ))
}

/// A region must be called as one can be.
///
/// # Errors
/// When it is not. A cloud of one's own may call its regions as it likes, so there only a slip is one.
pub fn check_region(region: &str, sdk: &SdkConfig) -> Result<(), AwsError> {
    let own_cloud = sdk.endpoint_url().is_some() && regions::meant(region).is_none();
    match regions::doubt(region).filter(|_| !own_cloud) {
        Some(doubt) => Err(no_such_region(region, &doubt)),
        None => Ok(()),
    }
}

/// The error of a region that AWS does not have; `doubt` says what speaks against it.
pub fn no_such_region(region: &str, doubt: &str) -> AwsError {
    setup_error(format!("there is no AWS region `{}`: {doubt}", region.escape_debug()))
        .with_hint("correct `region` in [ec2] or --region where they name it, AWS_REGION otherwise")
}

/// The error of whoever has set no region.
pub fn no_region() -> AwsError {
    let message = "hornero works on EC2 unless told otherwise, and no AWS region is set";
    let error = AwsError { code: Some(NO_REGION.to_owned()), ..setup_error(message.to_owned()) };
    error.with_hint("set `region` in [ec2], or AWS_REGION; or add `--platform qemu` to stay on this computer")
}

/// An error of what is set up here; AWS was not asked, so there is neither an action nor a code.
fn setup_error(message: String) -> AwsError {
    AwsError {
        fault: Fault::Setup,
        action: "",
        resource: String::new(),
        region: String::new(),
        code: None,
        message,
        request_id: None,
        hint: None,
    }
}

#[cfg(test)]
mod tests {
    use aws_types::region::Region;

    use super::*;

    #[test]
    fn an_endpoint_is_a_web_address() {
        for url in ["http://localhost:4566", "https://ec2.example.org/path", "http://[::1]:5000"] {
            assert!(check_url(url).is_ok(), "{url}");
        }
        for url in
            ["localhost:4566", "127.0.0.1:5000", "ec2.example.org", "http://", "ftp://x", "http:// x", "x y"]
        {
            let error = check_url(url).unwrap_err();
            assert!(
                error.to_string().starts_with(&format!("the AWS endpoint `{url}` is no web address")),
                "{error}"
            );
            assert!(error.hint().contains("http://localhost:4566"));
        }
    }

    #[test]
    fn a_cloud_of_ones_own_calls_its_regions_as_it_likes_but_for_slips() {
        let aws = SdkConfig::builder().region(Region::new("x")).build();
        let own = SdkConfig::builder().endpoint_url("http://localhost:4566").build();
        assert!(check_region("garage", &own).is_ok() && check_region("garage", &aws).is_err());
        for sdk in [aws, own] {
            assert!(check_region("eu-west-1", &sdk).is_ok());
            let error = check_region("eu-wset-1", &sdk).unwrap_err().to_string();
            assert_eq!(error, "there is no AWS region `eu-wset-1`: did you mean `eu-west-1`?");
        }
    }
}
