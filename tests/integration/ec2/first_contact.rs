//! What somebody meets who has set up nothing, or something wrong: the same sentence and the same exit code in
//! every command, without a wait.

use std::{
    process::Command,
    time::{Duration, Instant},
};

use super::Cloud;
use crate::rig::hornero::{Hornero, Ran};

const TEMPLATE: &str = "[image]\nname = \"web\"\n[base]\nec2 = { ami = \"ami-0d000000000000012\" }\n";

/// Everything that asks AWS, with arguments that need nothing to be there.
const COMMANDS: [&[&str]; 9] = [
    &["plan", "web.toml"],
    &["bake", "web.toml"],
    &["matrix", "web.toml"],
    &["get", "web"],
    &["images"],
    &["history", "web"],
    &["test", "ami-0d000000000000012"],
    &["diff", "ami-0d000000000000012", "ami-0d000000000000013"],
    &["clean", "web-01"],
];

/// Keys and a region, and nothing of the user's own.
const USUAL: [(&str, &str); 4] = [
    ("AWS_ACCESS_KEY_ID", "testing"),
    ("AWS_SECRET_ACCESS_KEY", "testing"),
    ("AWS_REGION", "eu-west-1"),
    ("AWS_EC2_METADATA_DISABLED", "true"),
];

fn command(hornero: &Hornero, arguments: &[&str]) -> Command {
    let mut command = hornero.command(arguments);
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("AWS_") {
            command.env_remove(name);
        }
    }
    command.envs(USUAL).env("HORNERO_PLATFORM", "ec2").env("HOME", hornero.folder.path());
    command
}

/// Every command says the same with the same code. `None` takes a variable away.
fn each_says(variables: &[(&str, Option<&str>)], code: i32, error: &str, hints: &[&str]) {
    let hornero = Hornero::alone();
    hornero.template("web.toml", TEMPLATE);
    for arguments in COMMANDS {
        let mut command = command(&hornero, arguments);
        for (name, value) in variables {
            match value {
                Some(value) => command.env(name, value),
                None => command.env_remove(name),
            };
        }
        let begun = Instant::now();
        let Ran { code: ended, stderr, .. } = Ran::from(command.output().unwrap());
        assert_eq!(ended, code, "{arguments:?} {variables:?}: {stderr}");
        assert!(stderr.contains(error), "{arguments:?} {variables:?}: {stderr}");
        assert!(hints.iter().all(|hint| stderr.contains(hint)), "{arguments:?} {variables:?}: {stderr}");
        assert!(!stderr.contains("dispatch failure") && !stderr.contains("panicked"), "{stderr}");
        assert!(begun.elapsed() < Duration::from_secs(20), "{arguments:?} took {:?}", begun.elapsed());
    }
}

#[test]
fn without_a_region_every_command_says_what_to_set() {
    let error = "error: hornero works on EC2 unless told otherwise, and no AWS region is set\n";
    each_says(&[("AWS_REGION", None)], 2, error, &["`region` in [ec2], or AWS_REGION", "--platform qemu"]);
    each_says(&[("AWS_REGION", Some(""))], 2, error, &["AWS_REGION"]);
}

#[test]
fn a_region_that_is_none_is_told_at_once_with_what_was_meant() {
    for (given, meant) in [("eu-wset-1", "eu-west-1"), ("us-east-1a", "us-east-1")] {
        let error = format!("error: there is no AWS region `{given}`: did you mean `{meant}`?\n");
        each_says(&[("AWS_REGION", Some(given))], 2, &error, &["AWS_REGION"]);
    }
    let hornero = Hornero::alone();
    let template = hornero.template("web.toml", &format!("{TEMPLATE}[ec2]\nregion = \"eu-wset-1\"\n"));
    let ran = Ran::from(command(&hornero, &["validate", &template]).output().unwrap());
    assert_eq!(ran.code, 3, "{}", ran.stderr);
    assert!(ran.stderr.contains("did you mean `eu-west-1`?"), "{}", ran.stderr);
}

#[test]
fn a_profile_that_is_not_there_is_named_whatever_else_is_set() {
    let error = "error: there is no AWS profile `prod` in ~/.aws/config or ~/.aws/credentials\n";
    let hints = ["set AWS_PROFILE to a profile that is there", "there are no profiles yet"];
    each_says(&[("AWS_PROFILE", Some("prod"))], 2, error, &hints);
    let keys = [("AWS_PROFILE", Some("prod")), ("AWS_ACCESS_KEY_ID", None), ("AWS_SECRET_ACCESS_KEY", None)];
    each_says(&keys, 2, error, &hints);
}

#[test]
fn the_profiles_that_there_are_are_listed() {
    let hornero = Hornero::alone();
    let aws = hornero.folder.path().join(".aws");
    std::fs::create_dir(&aws).unwrap();
    std::fs::write(
        aws.join("config"),
        "[default]\nregion = eu-west-1\n[profile staging]\nregion = eu-west-1\n",
    )
    .unwrap();
    let ran = Ran::from(command(&hornero, &["images"]).env("AWS_PROFILE", "prod").output().unwrap());
    assert_eq!(ran.code, 2, "{}", ran.stderr);
    assert!(ran.stderr.contains("there are default, staging"), "{}", ran.stderr);
}

#[test]
fn without_credentials_every_command_ends_with_the_same_code_and_way_out() {
    let none = [("AWS_ACCESS_KEY_ID", None), ("AWS_SECRET_ACCESS_KEY", None)];
    each_says(
        &none,
        4,
        "there are no AWS credentials here",
        &["AWS_PROFILE", "aws sso login", "--platform qemu"],
    );
    let empty = [("AWS_ACCESS_KEY_ID", Some("")), ("AWS_SECRET_ACCESS_KEY", Some(""))];
    each_says(&empty, 4, "there are no AWS credentials here", &["AWS_PROFILE"]);
}

#[test]
fn a_session_that_is_over_says_how_to_log_in() {
    let hornero = Hornero::alone();
    let aws = hornero.folder.path().join(".aws");
    std::fs::create_dir_all(aws.join("sso/cache")).unwrap();
    let config = "[profile old]\nsso_session = corp\nsso_account_id = 123456789012\nsso_role_name = bake\n\
                  [sso-session corp]\nsso_region = eu-west-1\nsso_start_url = https://127.0.0.1:9/start\n";
    std::fs::write(aws.join("config"), config).unwrap();
    let token = "{\"accessToken\":\"x\",\"expiresAt\":\"2020-01-01T00:00:00Z\",\"region\":\"eu-west-1\"}";
    for cached in [None, Some(token)] {
        if let Some(token) = cached {
            // The SDK names the file by the SHA-1 sum of the session's name.
            let file = aws.join("sso/cache/ee0bfd2552fbd840c02cc48b6e823320543c450f.json");
            std::fs::write(file, token).unwrap();
        }
        for arguments in [["images"].as_slice(), &["get", "web"], &["clean", "web-01"]] {
            let mut command = command(&hornero, arguments);
            command
                .env("AWS_PROFILE", "old")
                .env_remove("AWS_ACCESS_KEY_ID")
                .env_remove("AWS_SECRET_ACCESS_KEY");
            let ran = Ran::from(command.output().unwrap());
            assert_eq!(ran.code, 4, "{arguments:?}: {}", ran.stderr);
            assert!(ran.stderr.contains("the AWS session is over, or was never begun"), "{}", ran.stderr);
            assert!(ran.stderr.contains("aws sso login"), "{}", ran.stderr);
        }
    }
}

#[test]
fn an_endpoint_that_is_no_address_is_one_sentence() {
    for variable in ["AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_EC2", "AWS_ENDPOINT_URL_SSM"] {
        let error = "error: the AWS endpoint `localhost:4566` is no web address: it does not begin with http:// or \
                     https://\n";
        each_says(&[(variable, Some("localhost:4566"))], 2, error, &["http://localhost:4566"]);
    }
}

#[test]
fn what_is_set_and_empty_is_as_if_it_were_not_set() {
    let cloud = Cloud::start();
    for variable in [
        "AWS_ENDPOINT_URL_EC2",
        "AWS_ENDPOINT_URL_SSM",
        "AWS_ENDPOINT_URL_SECRETS_MANAGER",
        "AWS_DEFAULT_REGION",
        "AWS_PROFILE",
        "AWS_SESSION_TOKEN",
        "AWS_CONFIG_FILE",
        "AWS_SHARED_CREDENTIALS_FILE",
        "AWS_CA_BUNDLE",
        "AWS_ROLE_ARN",
        "AWS_WEB_IDENTITY_TOKEN_FILE",
        "AWS_CONTAINER_CREDENTIALS_FULL_URI",
        "AWS_MAX_ATTEMPTS",
        "AWS_RETRY_MODE",
        "HTTPS_PROXY",
        "HTTP_PROXY",
        "https_proxy",
        "NO_PROXY",
        "SSL_CERT_FILE",
        "HORNERO_OUTPUT",
        "TMPDIR",
        "XDG_DATA_HOME",
        "NO_COLOR",
        "TERM",
    ] {
        let ran = Ran::from(cloud.command(&["images"]).env(variable, "").output().unwrap());
        assert_eq!(ran.code, 0, "{variable}: {}", ran.stderr);
        assert!(!ran.stderr.contains("error"), "{variable}: {}", ran.stderr);
    }
    // Only the addresses of the services lead to the cloud then.
    let mut command = cloud.command(&["images"]);
    let endpoint = cloud.proxy.endpoint();
    command
        .env("AWS_ENDPOINT_URL", "")
        .env("AWS_ENDPOINT_URL_EC2", &endpoint)
        .env("AWS_ENDPOINT_URL_SSM", &endpoint);
    let ran = Ran::from(command.output().unwrap());
    assert_eq!(ran.code, 0, "{}", ran.stderr);
}
