//! Configured access to AWS, opened when it is first needed: the standard chain (environment,
//! profiles, SSO, roles of instances and containers), a role to take on, the region.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use aws_config::{
    BehaviorVersion, Region, retry::RetryConfig, sts::AssumeRoleProvider, timeout::TimeoutConfig,
};
use aws_types::SdkConfig;
use tokio::sync::Mutex as AsyncMutex;

use super::{AnswerCheck, Audit, Aws, AwsError, Limiter, Shared, setup};

/// A try that takes longer is given up and made again.
const CONNECT: Duration = Duration::from_secs(5);
const ATTEMPT: Duration = Duration::from_secs(60);

/// What one process does differently from the standard chain.
#[derive(Debug, Default)]
pub struct Options {
    /// Collects the actions that are called.
    pub audit: Option<Audit>,
    /// Used in place of what the environment and the user's files say.
    pub sdk: Option<SdkConfig>,
}

/// An account as it is asked for: by its role, and the region.
type Place = (Option<String>, String);

/// Hands out one `Aws` for each account and region.
#[derive(Debug, Default)]
pub struct Accounts {
    pub(super) options: Options,
    /// Held while one is opened, so that a role is taken on once.
    open: AsyncMutex<BTreeMap<Place, Aws>>,
    limiters: Mutex<BTreeMap<Place, Arc<Limiter>>>,
}

impl Accounts {
    pub fn new(options: Options) -> Arc<Self> {
        Arc::new(Self { options, ..Self::default() })
    }

    /// The account of `role`, or of the standard chain, in `region`, or in the environment's.
    ///
    /// # Errors
    /// When nothing says which region, or what is set up for AWS here cannot be used.
    pub async fn open(self: &Arc<Self>, role: Option<&str>, region: Option<&str>) -> Result<Aws, AwsError> {
        let mut open = self.open.lock().await;
        // A region that is not given is the same for the whole process: it is looked up each time.
        let base = match region {
            Some(region) if open.contains_key(&place_of(role, region)) => {
                return Ok(open[&place_of(role, region)].clone());
            }
            region => self.load_config(region).await?,
        };
        let Some(region) = base.region().map(ToString::to_string) else { return Err(setup::no_region()) };
        setup::check_region(&region, &base)?;
        setup::check_endpoints(&base)?;
        if let Some(there) = open.get(&place_of(role, &region)) {
            return Ok(there.clone());
        }
        let sdk = match role {
            Some(role) => assume_role(role, &base).await,
            None => base,
        };
        let aws = self.connect(sdk, role, &region);
        open.insert(place_of(role, &region), aws.clone());
        Ok(aws)
    }

    fn connect(self: &Arc<Self>, sdk: SdkConfig, role: Option<&str>, region: &str) -> Aws {
        let check = AnswerCheck::default();
        let ec2 = aws_sdk_ec2::config::Builder::from(&sdk).interceptor(check.clone());
        let ssm = aws_sdk_ssm::config::Builder::from(&sdk).interceptor(check.clone());
        let secrets = aws_sdk_secretsmanager::config::Builder::from(&sdk).interceptor(check.clone());
        let kms = aws_sdk_kms::config::Builder::from(&sdk).interceptor(check.clone());
        let shared = Shared {
            region: region.to_owned(),
            role: role.map(str::to_owned),
            ec2: aws_sdk_ec2::Client::from_conf(ec2.build()),
            ssm: aws_sdk_ssm::Client::from_conf(ssm.build()),
            secrets: aws_sdk_secretsmanager::Client::from_conf(secrets.build()),
            kms: aws_sdk_kms::Client::from_conf(kms.build()),
            check,
            limiter: self.limiter_of(role, region),
            accounts: self.clone(),
            sdk,
        };
        Aws { shared: Arc::new(shared), events: None, journal: None }
    }

    /// The SDK's own retries are off: `call` retries, with the limiter that all calls share.
    async fn load_config(&self, region: Option<&str>) -> Result<SdkConfig, AwsError> {
        let region = region.map(|region| Region::new(region.to_owned()));
        if let Some(sdk) = &self.options.sdk {
            let region = region.or_else(|| sdk.region().cloned());
            return Ok(sdk.to_builder().region(region).retry_config(RetryConfig::disabled()).build());
        }
        setup::check_profile().await?;
        let timeouts =
            TimeoutConfig::builder().connect_timeout(CONNECT).operation_attempt_timeout(ATTEMPT).build();
        let loader = aws_config::defaults(BehaviorVersion::latest())
            .retry_config(RetryConfig::disabled())
            .timeout_config(timeouts);
        Ok(match region {
            Some(region) => loader.region(region).load().await,
            None => loader.load().await,
        })
    }

    /// AWS counts calls per account and region, so two roles of one account share a limiter.
    fn limiter_of(&self, role: Option<&str>, region: &str) -> Arc<Limiter> {
        // arn:aws:iam::123456789012:role/name
        let account = role.and_then(|arn| arn.split(':').nth(4)).map(str::to_owned);
        let mut limiters = self.limiters.lock().unwrap_or_else(PoisonError::into_inner);
        limiters.entry((account, region.to_owned())).or_default().clone()
    }
}

fn place_of(role: Option<&str>, region: &str) -> Place {
    (role.map(str::to_owned), region.to_owned())
}

/// The configuration of whoever has assumed the role.
async fn assume_role(role: &str, base: &SdkConfig) -> SdkConfig {
    // What carries no token is not repeated by `call`, so a lost answer of STS is asked for again
    // here. It is not for long: the SDK gives credentials five seconds.
    let asking = base.to_builder().retry_config(RetryConfig::standard()).build();
    let provider = AssumeRoleProvider::builder(role).session_name("hornero").configure(&asking).build().await;
    let provider = aws_credential_types::provider::SharedCredentialsProvider::new(provider);
    base.to_builder().credentials_provider(provider).build()
}

#[cfg(test)]
mod tests {
    use super::*;

    const ONE: &str = "arn:aws:iam::111111111111:role/bake";
    const OTHER: &str = "arn:aws:iam::222222222222:role/bake";

    #[tokio::test]
    async fn two_templates_with_other_regions_or_accounts_share_nothing() {
        let accounts = Accounts::new(Options::default());
        let home = accounts.open(Some(ONE), Some("eu-west-1")).await.unwrap();
        for (role, region) in [(Some(ONE), "eu-south-2"), (Some(OTHER), "eu-west-1"), (None, "eu-west-1")] {
            let other = accounts.open(role, Some(region)).await.unwrap();
            assert!(!Arc::ptr_eq(&home.shared, &other.shared), "{role:?} {region}");
            assert!(!Arc::ptr_eq(home.limiter(), other.limiter()), "{role:?} {region}");
            assert_eq!(other.ec2().config().region().unwrap().as_ref(), region);
            assert_eq!(other.ssm().config().region().unwrap().as_ref(), region);
        }
    }

    #[tokio::test]
    async fn the_same_account_and_region_is_opened_once() {
        let accounts = Accounts::new(Options::default());
        let one = accounts.open(Some(ONE), Some("eu-west-1")).await.unwrap();
        let again = accounts.open(Some(ONE), Some("eu-west-1")).await.unwrap();
        assert!(Arc::ptr_eq(&one.shared, &again.shared));
        let role = "arn:aws:iam::111111111111:role/other";
        let other_role = accounts.open(Some(role), Some("eu-west-1")).await.unwrap();
        assert!(Arc::ptr_eq(one.limiter(), other_role.limiter()), "AWS counts by account");
        let back = other_role.in_region("eu-south-2").await.unwrap().in_region("eu-west-1").await.unwrap();
        assert!(Arc::ptr_eq(&other_role.shared, &back.shared), "the role stays when the region changes");
    }
}
