//! The keys of one launch: of the account that hornero logs in with, and of the builder itself.

use crate::{
    error::{Error, Kind},
    provision::user_data::Keys,
    remote::key::{KeyError, KeyPair},
};

/// The keys of one launch: made new each time, in memory.
pub struct LaunchKeys {
    /// Whose they are.
    pub run: String,
    pub account: KeyPair,
    pub host: KeyPair,
}

impl LaunchKeys {
    /// # Errors
    /// When the operating system gives no random bytes.
    pub fn generate(run: &str) -> Result<Self, Error> {
        let make = |what: &str| {
            KeyPair::generate(&format!("hornero {what} {run}"))
                .map_err(|error| Error::new(Kind::Local, format!("making the {what} key")).because(&error))
        };
        Ok(Self { run: run.to_owned(), account: make("account")?, host: make("host")? })
    }

    /// Of a builder that an earlier process has launched. The private half of its host key is there alone.
    ///
    /// # Errors
    /// When they are no keys.
    pub fn kept(run: &str, account: &str, host: &str) -> Result<Self, Error> {
        let read = |what: &str, key: Result<KeyPair, _>| {
            key.map_err(|error: KeyError| {
                Error::new(Kind::Local, format!("reading the {what} key of the builder")).because(&error)
            })
        };
        Ok(Self {
            run: run.to_owned(),
            account: read("account", KeyPair::from_private(account))?,
            host: read("host", KeyPair::from_public(host))?,
        })
    }

    pub fn for_cloud_init(&self) -> Keys<'_> {
        Keys {
            account_public: &self.account.public,
            host_private: &self.host.private,
            host_public: &self.host.public,
        }
    }
}
