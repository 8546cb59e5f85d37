//! What names may look like, one rule each, with the words that explain it.

use std::net::IpAddr;

use crate::{
    quote::{apt_word, sudo_rule},
    template::regions,
};

/// A rule for one kind of name.
pub struct Rule {
    pub what: &'static str,
    pub hint: &'static str,
    pub most_chars: usize,
    pub fits: fn(&str) -> bool,
    /// What was probably meant by a name that does not fit.
    pub meant: fn(&str) -> Option<&'static str>,
}

/// Whether a stage may be called this.
///
/// # Errors
/// What is wrong, and what to write.
pub fn stage_name(text: &str) -> Result<(), String> {
    match (STAGE.fits)(text) {
        true => Ok(()),
        false => Err(format!("not {}; {}", STAGE.what, STAGE.hint)),
    }
}

/// A name that is longer is told so, whatever else may be wrong with it.
macro_rules! most {
    () => {
        usize::MAX
    };
    ($most:literal) => {
        $most
    };
}

macro_rules! rules {
    ($($name:ident: $what:literal, $(most $most:literal,)? $hint:literal, $fits:expr;)*) => {
        $(pub const $name: Rule =
            Rule { what: $what, hint: $hint, most_chars: most!($($most)?), fits: $fits, meant: |_| None };)*
    };
}

rules! {
    IMAGE: "an image name", most 63, "write 1 to 63 of a-z, 0-9 and `-`, neither first nor last a `-`",
        |s| dashed(s, 63);
    DISK: "a disk name", most 12, "write 1 to 12 of a-z, 0-9 and `-`: it becomes the filesystem label",
        |s| dashed(s, 12);
    STAGE: "a stage name", most 63, "write 1 to 63 of a-z, 0-9 and `-`, such as \"dev\"", |s| dashed(s, 63);
    ACCOUNT: "a user or group name", most 32, "write at most 32 of a-z, 0-9, `_` and `-`, first a letter or `_`", account;
    OWNER: "an owner", "write a user or group name or its number", |s| account(s) || number(s);
    PACKAGE: "a package name", "write the name alone, or with a version: \"jq=1.6*\"", package;
    VERSION: "a package version", "write a version or a pattern, such as \"1.6*\"", version;
    ENV: "the name of an environment variable", "write 1 to 128 characters without `=` and line breaks",
        |s| !s.is_empty() && s.len() <= 128 && !s.contains('=') && !s.contains(char::is_control);
    ENV_VALUE: "the value of an environment variable", "take the NUL character out", |s| !s.contains('\0');
    EXTRA_VAR: "the name of a variable", "write letters, digits and `_`, first not a digit", identifier;
    VARIABLE: "the name of a variable", "write a-z, 0-9 and `_`, first not a digit",
        |s| identifier(s) && s.len() <= 64;
    DESTINATION: "an absolute path", most 4096, "write it from `/`, without `..` and without line breaks", absolute;
    HOME: "the path of a home or a shell", "write it from `/`, without `..`, `:` and line breaks",
        |s| absolute(s) && !s.contains(':');
    SERVICE: "the name of a service", "write the name of the systemd unit, such as \"nginx\"",
        |s| only(s, 1, 200, "@.-_:\\") && !s.starts_with('-');
    COMMAND: "a command", "write what to run", |s| !s.trim().is_empty() && !s.contains('\0');
    LABEL: "a name", most 100, "write one line of at most 100 characters", line_of_text;
    VALUE: "one line of text", most 256, "write at most 256 characters, without line breaks", |s| plain(s, 256);
    REASON: "a reason", most 256, "say in a few words why the value has to lie in the image",
        |s| plain(s, 256) && s.trim().len() >= 3;
    SUDO: "a sudo rule", most 500, "write the right-hand side of one, such as \"ALL=(ALL) NOPASSWD:ALL\"",
        |s| plain(s, 500) && s.contains('=') && sudo_rule(s).is_ok();
    TAG: "the key of a tag", most 128, "write 1 to 128 characters, not beginning with `aws:` or `hornero:`",
        |s| plain(s, 128) && !is_reserved_tag(s);
    DESCRIPTION: "one line of text", most 255, "write at most 255 characters, without line breaks",
        |s| plain(s, 255);
    URI: "an address", "write it with its scheme: \"https://...\"; other characters than those of addresses are escaped (`%20`)",
        |s| (s.starts_with("https://") || s.starts_with("http://")) && address(s);
    APT_URI: "an address for apt", "write it with its scheme: \"https://...\"; `$(ARCH)` is the only variable in it",
        |s| (URI.fits)(s) && apt_word(s).is_ok();
    SUITE: "a word of a package source", "write a name such as \"bookworm\" or \"main\"",
        |s| graphic(s) && apt_word(s).is_ok();
    WORD: "a single word", "write it without blanks", graphic;
    SHA256: "a SHA-256 sum", "write its 64 hex digits, as `sha256sum` prints them",
        |s| s.len() == 64 && s.bytes().all(|b| b.is_ascii_hexdigit());
    HOST_KEY: "the fingerprint of a host key", "write it as `ssh-keygen -l` prints it: \"SHA256:...\"",
        |s| s.strip_prefix("SHA256:").is_some_and(|sum| only(sum, 43, 43, "+/"));
    HOST: "a host name or address", "write it without scheme and port", |s| only(s, 1, 253, ".-:_") && !s.starts_with('-');
    LOGIN: "a login name", "write the account to log in as", |s| only(s, 1, 64, "._-@\\") && !s.starts_with('-');
    ENDPOINT: "an EC2 Instance Connect Endpoint", "write its ID, such as \"eice-0123456789abcdef0\"", |s| id(s, "eice-");
    INSTANCE_TYPE: "an instance type", "write one such as \"t3.large\"",
        |s| s.split_once('.').is_some_and(|(family, size)| only(family, 2, 20, "-") && only(size, 2, 20, "-"));
    SUBNET: "a subnet", "write its ID, such as \"subnet-0123456789abcdef0\"", |s| id(s, "subnet-");
    SECURITY_GROUP: "a security group", "write its ID, such as \"sg-0123456789abcdef0\"", |s| id(s, "sg-");
    ROLE: "a role", "write its ARN: \"arn:aws:iam::123456789012:role/NAME\"",
        |s| s.starts_with("arn:") && s.contains(":iam::") && s.contains(":role/") && graphic(s);
    CIDR: "a range of addresses", "write it with its length: \"203.0.113.0/24\", one address as \"203.0.113.7/32\"", cidr;
    ADDRESS_SERVICE: "the web address of a service", "write it as \"https://...\"",
        |s| graphic(s) && (s.starts_with("https://") || s.starts_with("http://127.0.0.1:"));
    AMI: "an AMI", "write its ID, such as \"ami-0123456789abcdef0\"", |s| id(s, "ami-");
    AWS_ACCOUNT: "an AWS account", "write its 12 digits, in quotes",
        |s| s.len() == 12 && s.bytes().all(|b| b.is_ascii_digit());
    AMI_OWNER: "the owner of an AMI", "write an account's 12 digits, or `amazon`, `aws-marketplace`, `self`",
        |s| matches!(s, "amazon" | "aws-marketplace" | "self") || (AWS_ACCOUNT.fits)(s);
    PARAMETER: "the name of a parameter", "write letters, digits and `._-/`, beginning with `/`",
        |s| s.starts_with('/') && s.len() > 1 && !s.ends_with('/') && !s.contains("//") && only(s, 2, 1011, "._-/");
    PUBLISHED: "the name of a parameter that can be written",
        "write letters, digits and `._-/`, beginning with `/`, not beginning with `/aws` or `/ssm`",
        |s| s.starts_with('/') && !s.ends_with('/') && !s.contains("//") && only(s, 2, usize::MAX, "._-/") && !reserved(s);
    ARN: "an ARN", "write it in full: \"arn:aws:organizations::...\"", |s| s.starts_with("arn:") && graphic(s);
}

/// AWS keeps `aws:` to itself, in any case of the letters.
fn is_reserved_tag(s: &str) -> bool {
    let key = s.to_ascii_lowercase();
    key.starts_with("aws:") || key.starts_with("hornero:")
}

pub const REGION: Rule = Rule {
    what: "an AWS region",
    hint: "write its code, such as \"eu-west-1\"",
    most_chars: usize::MAX,
    fits: |s| regions::doubt(s).is_none(),
    meant: regions::meant,
};

/// What starts so is AWS's own, in any case of the letters.
fn reserved(s: &str) -> bool {
    let first = s.trim_start_matches('/').to_ascii_lowercase();
    first.starts_with("aws") || first.starts_with("ssm")
}

/// As EC2 takes it: the bits behind the length are zero.
fn cidr(s: &str) -> bool {
    let Some((address, length)) = s.split_once('/') else { return false };
    let Ok(length) = length.parse::<u32>() else { return false };
    match address.parse() {
        Ok(IpAddr::V4(v4)) => length <= 32 && v4.to_bits().checked_shl(length).unwrap_or(0) == 0,
        Ok(IpAddr::V6(v6)) => length <= 128 && v6.to_bits().checked_shl(length).unwrap_or(0) == 0,
        Err(_) => false,
    }
}

fn dashed(s: &str, longest: usize) -> bool {
    let fits = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
    (1..=longest).contains(&s.len()) && s.bytes().all(fits) && !s.starts_with('-') && !s.ends_with('-')
}

fn account(s: &str) -> bool {
    let first = |b: &u8| b.is_ascii_lowercase() || *b == b'_';
    let fits = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_' || b == b'-';
    s.as_bytes().first().is_some_and(first) && s.len() <= 32 && s.bytes().all(fits)
}

fn number(s: &str) -> bool {
    // The largest one means "no change".
    s.parse().is_ok_and(|number: u32| number < u32::MAX) && s.bytes().all(|b| b.is_ascii_digit())
}

fn package(s: &str) -> bool {
    // apt takes `name-` for the wish to remove that package.
    s.as_bytes().first().is_some_and(u8::is_ascii_alphanumeric)
        && only(s, 1, 128, "+.-_:~")
        && !s.ends_with('-')
}

fn version(s: &str) -> bool {
    only(s, 1, 128, "+.-_:~*")
}

fn identifier(s: &str) -> bool {
    !s.starts_with(|c: char| c.is_ascii_digit()) && only(s, 1, 128, "_")
}

fn absolute(s: &str) -> bool {
    s.starts_with('/')
        && s.len() <= 4096
        && !s.contains(breaks_line)
        && !s.split('/').any(|part| part == ".." || part == ".")
}

fn id(s: &str, prefix: &str) -> bool {
    s.strip_prefix(prefix)
        .is_some_and(|hex| (8..=17).contains(&hex.len()) && hex.bytes().all(|b| b.is_ascii_hexdigit()))
}

/// Letters, digits and the extra characters.
fn only(s: &str, shortest: usize, longest: usize, extra: &str) -> bool {
    (shortest..=longest).contains(&s.len())
        && s.chars().all(|c| c.is_ascii_alphanumeric() || extra.contains(c))
}

fn graphic(s: &str) -> bool {
    (1..=2048).contains(&s.len()) && s.bytes().all(|b| b.is_ascii_graphic())
}

/// The characters of addresses (RFC 3986), short of the `#` before a part that no server is sent.
fn address(s: &str) -> bool {
    graphic(s) && only(s, 1, 2048, "-._~:/?[]@!$&'()*+,;=%")
}

fn plain(s: &str, longest: usize) -> bool {
    !s.trim().is_empty() && s.chars().count() <= longest && !s.contains(breaks_line)
}

/// Control characters, and what some programs take for the end of a line though a terminal shows none.
pub fn breaks_line(char: char) -> bool {
    char.is_control() || matches!(char, '\u{2028}' | '\u{2029}')
}

fn line_of_text(s: &str) -> bool {
    plain(s, 100)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn takes(rule: &Rule, good: &[&str], bad: &[&str]) {
        good.iter().for_each(|s| assert!((rule.fits)(s), "`{s}` was refused as {}", rule.what));
        bad.iter().for_each(|s| assert!(!(rule.fits)(s), "`{s}` was taken for {}", rule.what));
    }

    #[test]
    fn rules_take_what_is_usual_and_refuse_what_would_harm() {
        takes(&IMAGE, &["web", "moodle-4-5", "a"], &["", "Web", "a_b", "-a", "a-", "a b", &"a".repeat(64)]);
        takes(&DISK, &["data", "data-1"], &["", "a-name-too-long", "Data"]);
        takes(&ACCOUNT, &["deploy", "www-data", "_apt"], &["", "1st", "De", "a b", "x:y", &"a".repeat(33)]);
        takes(
            &OWNER,
            &["deploy", "1000", "0", "4294967294"],
            &["", "-1", "+5", "a b", "4294967295", "99999999999"],
        );
        takes(
            &PACKAGE,
            &["nginx", "g++", "libc6:i386", "php8.2-fpm"],
            &["", "-y", "a b", "a;b", "$(x)", "nginx-"],
        );
        takes(&SERVICE, &["nginx", "getty@tty1", "a\\x2db.mount"], &["", "--help", "a b"]);
        takes(&HOME, &["/srv/app", "/bin/sh"], &["", "srv", "/srv/a:b", "/a\nb", "/a\u{2028}b"]);
        takes(&LOGIN, &["admin", "DOM\\me"], &["", "-oProxyCommand"]);
        takes(&SUDO, &["ALL=(ALL) NOPASSWD:ALL"], &["", "ALL", "ALL=(ALL) ALL\\", "ALL=\nroot ALL=ALL"]);
        takes(
            &URI,
            &["https://x.org/a?b=1", "https://[::1]/"],
            &["", "ftp://x", "https://a b", "https://x/#y", "https://x/\"", "https://x/`id`"],
        );
        takes(&APT_URI, &["https://x.org/$(ARCH)"], &["https://x.org/$RELEASE"]);
        takes(
            &SUITE,
            &["bookworm", "trixie/updates", "./"],
            &["", "a b", "$RELEASE", "[a=b]", "a#b", "\"a\""],
        );
        takes(&ENV, &["PATH", "_x1", "1A", "a.b", "IFS"], &["", "A=", "A\0", "A\nB"]);
        takes(&ENV_VALUE, &["", "a\nb"], &["a\0"]);
        takes(&EXTRA_VAR, &["x", "_x1"], &["", "1A", "A-B", "A="]);
        takes(&DESTINATION, &["/srv/www", "/", "/a b"], &["", "srv", "/a/../b", "/a\nb", "../x"]);
        takes(&REGION, &["eu-west-1", "us-gov-east-1"], &["", "eu-west", "EU-west-1", "eu1", "eu-wset-1"]);
        takes(&PUBLISHED, &["/images/web/dev"], &["images", "/aws/x", "/Ssm"]);
        takes(&PARAMETER, &["/images/web/dev"], &["images", "/", "/a//b", "/a b", "/a/"]);
        takes(
            &HOST_KEY,
            &["SHA256:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU"],
            &["", "MD5:aa", "SHA256:x"],
        );
        takes(
            &ROLE,
            &["arn:aws:iam::123456789012:role/bake"],
            &["bake", "arn:aws:iam::123456789012:user/bake"],
        );
        takes(
            &CIDR,
            &["203.0.113.7/32", "10.0.0.0/8", "0.0.0.0/0", "2001:db8::/32", "::/0", "2001:db8::1/128"],
            &["", "203.0.113.7", "10.0.0.1/8", "10.0.0.0/33", "::1/64", "a/8", "10.0.0.0/", "10.0.0/8"],
        );
        takes(
            &ADDRESS_SERVICE,
            &["https://checkip.amazonaws.com", "http://127.0.0.1:8080/"],
            &["http://example.org", "checkip.amazonaws.com", "https://a b"],
        );
        takes(&AMI, &["ami-0123456789abcdef0"], &["ami-", "i-0123456789abcdef0"]);
    }
}
