//! The page for those who come from Packer: every option of its amazon-ebs builder is there, and
//! every key that it names exists.

use std::{fs, path::Path};

use syn::{GenericArgument, PathArguments, Type};

use crate::docs::{Key, keys, quoted};

/// Options of amazon-ebs of packer-plugin-amazon 1.8.2, those of their blocks, and its variables.
const OPTIONS: &str = "
    access_key secret_key token profile shared_credentials_file region assume_role role_arn
    session_name external_id duration_seconds policy policy_arns tags transitive_tag_keys mfa_code
    vault_aws_engine custom_endpoint_ec2 insecure_skip_tls_verify max_retries
    skip_credential_validation skip_metadata_api_check decode_authorization_messages
    aws_polling delay_seconds max_attempts AWS_POLL_DELAY_SECONDS AWS_MAX_ATTEMPTS AWS_TIMEOUT_SECONDS
    source_ami source_ami_filter filters owners most_recent include_deprecated
    instance_type ebs_optimized enable_nitro_enclave enable_unlimited_credits placement tenancy
    host_id host_resource_group_arn capacity_reservation_preference capacity_reservation_id
    capacity_reservation_group_arn license_specifications user_data user_data_file
    shutdown_behavior disable_stop_instance availability_zone
    spot_price spot_instance_types spot_allocation_strategy spot_tags fleet_tags
    block_duration_minutes
    vpc_id vpc_filter subnet_id subnet_filter most_free random associate_public_ip_address
    security_group_id security_group_ids security_group_filter
    temporary_security_group_source_cidrs temporary_security_group_source_public_ip
    iam_instance_profile skip_profile_validation temporary_iam_instance_profile_policy_document
    metadata_options http_endpoint http_tokens http_put_response_hop_limit instance_metadata_tags
    ssh_interface public_ip private_ip public_dns private_dns ipv6 session_manager
    session_manager_port pause_before_ssm temporary_key_pair_name temporary_key_pair_type
    temporary_key_pair_bits windows_password_timeout
    launch_block_device_mappings ami_block_device_mappings device_name volume_size volume_type iops
    throughput encrypted kms_key_id snapshot_id delete_on_termination virtual_name no_device
    no_ephemeral
    ami_name ami_description ami_virtualization_type ena_support sriov_support imds_support
    deprecate_at deregistration_protection enabled with_cooldown force_deregister
    force_delete_snapshot skip_create_ami skip_save_build_region skip_ami_run_tags
    encrypt_boot region_kms_key_ids
    ami_regions skip_region_validation snapshot_copy_duration_minutes ami_users ami_groups
    ami_org_arns ami_ou_arns ami_product_codes snapshot_users snapshot_groups
    snapshot_tags run_tags run_volume_tags tag snapshot_tag run_tag run_volume_tag spot_tag fleet_tag
    fast_launch enable_fast_launch target_resource_count max_parallel_launches
    region_launch_templates
";

fn page() -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/coming-from-packer.md")).unwrap()
}

/// What Packer calls it stands in the first column.
fn first_columns(page: &str) -> String {
    let rows = page.lines().filter_map(|line| line.strip_prefix("| "));
    rows.filter_map(|row| row.split(" | ").next()).map(|cell| format!("{cell}\n")).collect()
}

#[test]
fn every_option_of_amazon_ebs_has_its_line() {
    let columns = first_columns(&page());
    let lacking: Vec<&str> = OPTIONS.split_whitespace().filter(|option| !quoted(&columns, option)).collect();
    assert!(lacking.is_empty(), "docs/coming-from-packer.md lacks {lacking:?}");
}

#[test]
fn every_key_that_it_names_is_in_the_language() {
    let (page, keys) = (page(), keys());
    let named: Vec<&str> = page.split('`').skip(1).step_by(2).filter(|code| code.starts_with('[')).collect();
    assert!(named.len() > 50, "keys were found: {}", named.len());
    let unknown: Vec<&&str> = named.iter().filter(|name| !exists(name, &keys)).collect();
    assert!(unknown.is_empty(), "docs/coming-from-packer.md names {unknown:?}");
    for wrong in ["[ec2] no_such_key", "[ec2] share_with.nobody", "[disks]", "[[ec2]]", "[no_such_table]"] {
        assert!(!exists(wrong, &keys), "{wrong} was taken for a key");
    }
}

/// Whether `[table] key.key` or `[[table]] key` is a key of the language.
fn exists(name: &str, keys: &[Key]) -> bool {
    let list = name.starts_with("[[");
    let (open, close) = if list { ("[[", "]]") } else { ("[", "]") };
    let Some((table, rest)) = name.strip_prefix(open).and_then(|rest| rest.split_once(close)) else {
        return false;
    };
    let find = |of: &str, name: &str| keys.iter().find(|key| key.table == of && key.name == name);
    let mut found = None;
    let mut within = "Raw".to_owned();
    let path = table.split('.').chain(rest.trim().split('.')).filter(|part| !part.is_empty());
    for (depth, part) in path.enumerate() {
        let Some(key) = find(&within, part) else { return false };
        if depth == 0 && (outer(&key.value) == "Vec") != list {
            return false;
        }
        within = inner(&key.value);
        found = Some(key);
    }
    found.is_some()
}

/// `Vec` of `Vec<Spanned<Disk>>`.
fn outer(value: &Type) -> String {
    let Type::Path(path) = value else { return String::new() };
    path.path.segments.last().map(|segment| segment.ident.to_string()).unwrap_or_default()
}

/// `Disk` of it.
fn inner(value: &Type) -> String {
    let Type::Path(path) = value else { return String::new() };
    let Some(PathArguments::AngleBracketed(arguments)) =
        path.path.segments.last().map(|segment| &segment.arguments)
    else {
        return outer(value);
    };
    match arguments.args.last() {
        Some(GenericArgument::Type(value)) => inner(value),
        Some(_) | None => outer(value),
    }
}
