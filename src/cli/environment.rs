//! The environment as hornero and its libraries read it: a variable that is set and empty counts as one that
//! is not set. CI systems set variables that have no value to nothing, and libraries differ in what they make
//! of that.

/// Variables that hornero, the AWS SDK and the HTTP clients read, where not all of a family are.
const NAMES: [&str; 37] = [
    "AWS_ACCESS_KEY_ID",
    "AWS_ACCOUNT_ID",
    "AWS_ACCOUNT_ID_ENDPOINT_MODE",
    "AWS_CA_BUNDLE",
    "AWS_CONFIG_FILE",
    "AWS_CONTAINER_AUTHORIZATION_TOKEN",
    "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE",
    "AWS_CONTAINER_CREDENTIALS_FULL_URI",
    "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
    "AWS_DEFAULT_REGION",
    "AWS_EC2_METADATA_DISABLED",
    "AWS_EXECUTION_ENV",
    "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS",
    "AWS_MAX_ATTEMPTS",
    "AWS_PROFILE",
    "AWS_REGION",
    "AWS_RETRY_MODE",
    "AWS_ROLE_ARN",
    "AWS_ROLE_SESSION_NAME",
    "AWS_SDK_UA_APP_ID",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
    "AWS_SHARED_CREDENTIALS_FILE",
    "AWS_USE_DUALSTACK_ENDPOINT",
    "AWS_USE_FIPS_ENDPOINT",
    "AWS_WEB_IDENTITY_TOKEN_FILE",
    "CI",
    "HOME",
    "NO_COLOR",
    "SSH_AUTH_SOCK",
    "SSL_CERT_DIR",
    "SSL_CERT_FILE",
    "TERM",
    "TMPDIR",
    "USER",
    "AWS_AUTH_SCHEME_PREFERENCE",
    "AWS_LOGIN_CACHE_DIRECTORY",
];

/// Families of them. A variable for the programs of others, such as AWS_PAGER, stays as it is: for some of
/// them empty has a meaning.
const PREFIXES: [&str; 8] = [
    "AWS_DISABLE_",
    "AWS_EC2_METADATA_SERVICE_",
    "AWS_ENDPOINT_URL",
    "AWS_REQUEST_",
    "AWS_RESPONSE_",
    "AWS_SIGV4A_",
    "HORNERO_",
    "XDG_",
];

/// Clients of HTTP read these in small letters too.
const PROXIES: [&str; 4] = ["HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY"];

/// Takes out of the environment what is set to nothing. To be called before there is a second thread.
#[expect(
    unsafe_code,
    reason = "libraries read the environment themselves, so it has to be right for them too"
)]
#[expect(clippy::disallowed_methods, reason = "there is no other thread yet")]
pub fn unset_what_is_empty() {
    let empty = std::env::vars_os().filter(|(_, value)| value.is_empty());
    let names: Vec<_> = empty.filter(|(name, _)| name.to_str().is_some_and(is_read)).collect();
    for (name, _) in names {
        // SAFETY: `main` calls this before it starts a thread, so nobody reads the environment meanwhile.
        unsafe { std::env::remove_var(name) };
    }
}

fn is_read(name: &str) -> bool {
    NAMES.contains(&name)
        || PREFIXES.iter().any(|prefix| name.starts_with(prefix))
        || PROXIES.iter().any(|proxy| proxy.eq_ignore_ascii_case(name))
}

#[cfg(test)]
mod tests {
    use super::is_read;

    #[test]
    fn what_hornero_and_its_libraries_read_is_known_and_nothing_else() {
        for name in [
            "AWS_ENDPOINT_URL",
            "AWS_ENDPOINT_URL_SECRETS_MANAGER",
            "AWS_REGION",
            "AWS_SESSION_TOKEN",
            "HORNERO_STATE_DIR",
            "HORNERO_VAR_name",
            "XDG_STATE_HOME",
            "https_proxy",
            "NO_PROXY",
        ] {
            assert!(is_read(name), "{name}");
        }
        for name in ["AWS_PAGER", "AWS_CLI_AUTO_PROMPT", "TZ", "PATH", "LANG", "MY_TOKEN"] {
            assert!(!is_read(name), "{name}");
        }
    }
}
