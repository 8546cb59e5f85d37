//! Names of parameters: what every store accepts, so that a template works on every platform.

use super::StoreError;

/// Parameter Store counts the ARN before the name too.
const LONGEST: usize = 900;
const DEEPEST: usize = 15;

/// # Errors
/// When no parameter can have this name.
pub fn check_name(name: &str) -> Result<(), StoreError> {
    let odd = |c: char| !(c.is_ascii_alphanumeric() || "/_.-".contains(c));
    let first = name.trim_start_matches('/').to_ascii_lowercase();
    let why = match name {
        "" => "it is empty",
        _ if name.len() > LONGEST => "it is longer than 900 characters",
        _ if name.contains(odd) => "it may only have letters, digits, `/`, `.`, `-` and `_`",
        _ if name.contains('/') && !name.starts_with('/') => "a name with `/` in it must start with one",
        _ if name.ends_with('/') || name.contains("//") => "a part between two `/` is empty",
        _ if name.matches('/').count() > DEEPEST => "it has more than 15 parts",
        _ if first.starts_with("aws") || first.starts_with("ssm") => {
            "AWS keeps what starts with `aws` or `ssm`"
        }
        _ => return Ok(()),
    };
    Err(StoreError::BadName { name: name.into(), why })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_parameter_store_refuses_are_refused_before_a_bake() {
        let deep = "/a".repeat(16);
        for name in
            ["", "a/b", "/a/", "/a//b", "/a b", "/ü", "/aws/x", "ssm-x", "/AWSome", &deep, &"x".repeat(901)]
        {
            assert!(check_name(name).is_err(), "{name}");
        }
        for name in ["/images/web/dev", "web", "/a.b/c-d/e_f", &"/a".repeat(15)] {
            assert!(check_name(name).is_ok(), "{name}");
        }
    }
}
