//! KMS keys belong to a region; what a template names may or may not be found in another one.

/// The name of `key` in `region`, or why it has none.
///
/// # Errors
/// When the key exists in its own region alone.
pub fn in_region(key: &str, region: &str) -> Result<String, String> {
    // arn:aws:kms:eu-west-1:123456789012:key/mrk-...
    let parts: Vec<&str> = key.splitn(6, ':').collect();
    let name = parts.last().copied().unwrap_or(key);
    let everywhere = name.starts_with("alias/") || name.trim_start_matches("key/").starts_with("mrk-");
    match parts.as_slice() {
        _ if !everywhere && parts.get(3) != Some(&region) => Err(format!(
            "the key `{key}` exists in its own region alone: use an alias that each region has, or a multi-Region key"
        )),
        [arn, partition, kms, _, account, name] => Ok([arn, partition, kms, region, account, name].join(":")),
        _ => Ok(key.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_alias_or_a_multi_region_key_is_the_one_of_the_other_region() {
        let key = |key| in_region(key, "eu-south-2");
        assert_eq!(key("alias/campus").as_deref(), Ok("alias/campus"));
        assert_eq!(key("mrk-12").as_deref(), Ok("mrk-12"));
        let (here, there) = ("arn:aws:kms:eu-west-1:1:key/mrk-12", "arn:aws:kms:eu-south-2:1:key/mrk-12");
        assert_eq!(key(here).as_deref(), Ok(there));
        let (here, there) = ("arn:aws:kms:eu-west-1:1:alias/campus", "arn:aws:kms:eu-south-2:1:alias/campus");
        assert_eq!(key(here).as_deref(), Ok(there));
    }

    #[test]
    fn a_key_of_one_region_is_refused_before_aws_fails_on_it() {
        assert!(in_region("1234abcd-12ab", "eu-south-2").is_err());
        assert!(in_region("arn:aws:kms:eu-west-1:1:key/1234abcd", "eu-south-2").is_err());
        assert!(in_region("arn:aws:kms:eu-south-2:1:key/1234abcd", "eu-south-2").is_ok());
    }
}
