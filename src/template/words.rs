//! What other programs call the things of a template: Packer, cloud-init, Ansible, Debian, AWS. Whoever
//! comes from there is told our word, not a list of everything there is.

/// Names of keys: the tables where they are met (`""` is the top of the file, `*` any), their words, and
/// our key in the same table.
const KEYS: &[(&str, &str, &str)] = &[
    ("", "provisioner provisioners provision build runcmd bootcmd step tasks run", "steps"),
    ("", "write_files file upload", "files"),
    ("", "source sources builders builder from", "base"),
    ("", "variable locals local vars", "variables"),
    ("", "user accounts", "users"),
    ("", "group", "groups"),
    ("", "package apt yum dnf", "packages"),
    ("", "disk volume volumes block_devices", "disks"),
    ("", "root_volume rootdisk root_block_device", "root_disk"),
    ("", "check test tests", "checks"),
    ("", "secret", "secrets"),
    ("", "metadata ami", "image"),
    ("", "cloud-init cloudinit", "cloud_init"),
    ("", "aws amazon amazon-ebs", "ec2"),
    ("", "uses modules roles", "use"),
    ("", "communicator", "ssh"),
    ("image", "ami_name image_name hostname", "name"),
    ("image", "ami_description", "description"),
    ("image", "labels run_tags ami_tags", "tags"),
    ("base", "architecture cpu", "arch"),
    ("base", "distribution distro release image_family", "os"),
    ("ec2", "instance_type size", "instance_types"),
    ("ec2", "subnet subnet_id subnet_ids", "subnets"),
    ("ec2", "security_group security_group_id security_group_ids", "security_groups"),
    ("ec2", "iam_instance_profile iam_role", "instance_profile"),
    ("ec2", "associate_public_ip_address", "public_ip"),
    ("ec2", "ami_regions regions copy_regions", "copy_to"),
    ("ec2", "kms_key_id kms_key_arn", "kms_key"),
    ("ec2", "deprecate_at deprecation", "deprecate_after"),
    ("ec2", "assume_role role", "role_arn"),
    ("ec2", "temporary_security_group_source_cidrs", "ssh_cidrs"),
    ("ec2", "ami_users accounts", "share_with"),
    ("share_with", "ami_users users account_ids", "accounts"),
    ("share_with", "ami_org_arns orgs", "organizations"),
    ("share_with", "ami_ou_arns ous", "organizational_units"),
    ("ssh", "ssh_username username login", "user"),
    ("ssh", "ssh_private_key_file private_key_file key identity_file", "private_key"),
    ("ssh", "ssh_host address", "host"),
    ("ssh", "ssh_port", "port"),
    ("ssh", "ssh_timeout", "timeout"),
    ("ssh", "ssh_interface", "via"),
    ("ssh", "fingerprint host_key_fingerprint", "host_key"),
    ("bastion", "username", "user"),
    ("bastion", "private_key_file key", "private_key"),
    ("bastion", "fingerprint", "host_key"),
    ("steps", "inline command commands cmd shell", "run"),
    ("steps", "environment_vars environment vars", "env"),
    ("steps", "playbook_file", "playbook"),
    ("steps", "max_retries retry", "retries"),
    ("steps", "valid_exit_codes exit_codes", "allowed_exit_codes"),
    ("steps", "expect_disconnect", "may_reboot"),
    ("steps", "only if condition", "when"),
    ("steps", "type provisioner action", "kind"),
    ("steps", "become_user run_as username", "user"),
    ("files", "path dest dst target remote_path", "destination"),
    ("files", "permissions perms chmod file_mode", "mode"),
    ("files", "dir_mode directory_mode", "folder_mode"),
    ("files", "text data body", "content"),
    ("users", "username login", "name"),
    ("users", "ssh_authorized_keys authorized_keys ssh_key keys", "ssh_keys"),
    ("users", "homedir home_dir", "home"),
    ("users", "group secondary_groups", "groups"),
    ("users", "sudoers", "sudo"),
    ("users", "id", "uid"),
    ("groups", "id", "gid"),
    ("packages", "packages names present list", "install"),
    ("packages", "purge absent", "remove"),
    ("packages", "update package_update package_upgrade dist_upgrade", "upgrade"),
    ("packages", "repos sources", "repositories"),
    ("disks", "volume_size size_gb", "size"),
    ("disks", "mountpoint mount_point path", "mount"),
    ("disks", "fstype fs fs_type", "filesystem"),
    ("disks", "label", "name"),
    ("root_disk", "volume_size size_gb", "size"),
    ("*", "volume_type", "type"),
    ("*", "src file", "source"),
    ("*", "dest", "destination"),
    ("*", "permissions", "mode"),
    ("*", "id title label", "name"),
    ("checks", "path", "file"),
    ("checks", "unit systemd", "service"),
    ("checks", "active", "running"),
    ("checks", "run cmd inline", "command"),
    ("checks", "stdout output", "stdout_contains"),
    ("checks", "regex pattern", "stdout_matches"),
    ("qemu", "ram memory_size", "memory"),
    ("qemu", "cpu vcpus cores", "cpus"),
    ("qemu", "accel", "accelerator"),
    ("qemu", "bios", "firmware"),
    ("publish", "ssm_parameter name path", "parameter"),
    ("cloud_init", "userdata user_data_file parts", "user_data"),
    ("seal", "skip exclude", "keep"),
    ("use", "name role module", "provisioner"),
    ("use", "vars variables", "with"),
];

/// Keys that have another place or no counterpart: where they are met, the words, and what to do.
const ADVICE: &[(&str, &str, &str)] = &[
    ("*", "source_ami", "write it in [base]: ec2 = { ami = \"ami-...\" }"),
    (
        "*",
        "source_ami_filter",
        "write it in [base]: ec2 = { owner = \"...\", name = \"...\" }; the newest is taken",
    ),
    ("base", "ami", "write ec2 = { ami = \"ami-...\" }"),
    ("base", "parameter", "write ec2 = { parameter = \"/...\" }"),
    (
        "base",
        "suite bootstrap",
        "write qemu = { bootstrap = \"bookworm\" }, or os = \"debian-12\" for both platforms",
    ),
    (
        "base",
        "image url disk iso_url",
        "write qemu = { image = \"base.qcow2\" } or qemu = { url = \"https://...\", sha256 = \"...\" }",
    ),
    ("*", "ssh_username", "write it in [ssh]: user = \"...\""),
    (
        "ec2",
        "tags run_tags snapshot_tags",
        "tags stand in [image], and are those of everything that a bake makes",
    ),
    ("ec2", "encrypt_boot encrypted", "write it in [root_disk]: ec2 = { encrypted = true }"),
    ("ec2", "user_data user_data_file", "write it in [cloud_init]: user_data = [\"file.yaml\"]"),
    ("ec2", "vpc_id", "the subnet says which network it is: `subnets`"),
    ("ec2", "spot_price spot_instance_types", "write spot = true; `instance_types` are tried in order"),
    ("ec2", "skip_create_ami", "`hornero plan` says what would be done"),
    ("ec2", "access_key secret_key profile", "credentials come from the environment, as AWS_PROFILE"),
    ("ec2", "launch_block_device_mappings volume_size volume_type", "write [root_disk] and [[disks]]"),
    ("", "launch_block_device_mappings block_device_mappings", "write [root_disk] and [[disks]]"),
    (
        "",
        "post-processor post-processors post_processor",
        "write what is to be done after `hornero bake` into your CI; [publish] records the image",
    ),
    ("", "packer required_plugins", "leave it out: hornero has no plug-ins"),
    ("", "ssh_authorized_keys", "write it in [[users]]: ssh_keys = [\"...\"]"),
    ("", "name version description tags", "write it in [image]"),
    ("", "os arch", "write it in [base]"),
    ("steps", "scripts", "write a [[steps]] table with `script` for each"),
    ("steps", "execute_command", "leave it out: steps run as root, or as the `user` of the step"),
    ("steps", "become sudo", "leave it out: steps run as root, or as the `user` of the step"),
    ("steps", "extra_arguments", "write `extra_vars`, or call ansible-playbook in a step of kind `local`"),
    (
        "steps",
        "pause_before pause_after start_retry_timeout",
        "leave it out: hornero waits for the builder itself",
    ),
    (
        "steps",
        "destination_path remote_path remote_folder",
        "leave it out: a script is in no file on the builder",
    ),
    ("files", "sources", "write a [[files]] table for each"),
    ("files", "encoding", "write the content itself, or a `source`"),
    (
        "users",
        "password passwd hashed_passwd plain_text_passwd",
        "hornero makes no passwords: write `ssh_keys`, or run chpasswd in a step with a secret in `env`",
    ),
    ("users", "lock_passwd", "leave it out: accounts are made without a password"),
    ("disks", "device device_name", "leave it out: disks are found by their `name`"),
    ("disks", "volume_type iops throughput encrypted", "write ec2 = { type = \"gp3\", ... }"),
    ("root_disk", "volume_type iops throughput encrypted", "write ec2 = { type = \"gp3\", ... }"),
];

/// Values with a fixed set of words: what the key is called in messages, their words, and ours.
const VALUES: &[(&str, &str, &str)] = &[
    ("architecture", "amd64 x64 x86-64 x86 intel 64", "x86_64"),
    ("architecture", "aarch64 arm armv8 arm64v8 graviton", "arm64"),
    ("operating system", "bookworm debian12 debian-bookworm 12", "debian-12"),
    ("operating system", "trixie debian13 debian-trixie debian 13", "debian-13"),
    (
        "operating system",
        "jammy ubuntu22.04 ubuntu-jammy ubuntu-22.04-lts ubuntu-2204 ubuntu-22 22.04 2204",
        "ubuntu-22.04",
    ),
    (
        "operating system",
        "noble ubuntu24.04 ubuntu-noble ubuntu-24.04-lts ubuntu-2404 ubuntu-24 ubuntu 24.04 2404",
        "ubuntu-24.04",
    ),
    (
        "operating system",
        "al2023 amazonlinux amazon-linux amzn2023 amazonlinux2023 amazon-2023 2023",
        "amazon-linux-2023",
    ),
    ("suite", "debian-12 debian12 12", "bookworm"),
    ("suite", "debian-13 debian13 13", "trixie"),
    ("accelerator", "none qemu emulation", "tcg"),
    ("accelerator", "hvm hardware", "kvm"),
    ("firmware", "efi ovmf", "uefi"),
    ("firmware", "seabios legacy", "bios"),
    ("way", "session-manager session_manager ssm eice", "instance-connect-endpoint"),
    ("way", "public_ip public public_dns", "public-ip"),
    ("way", "private_ip private private_dns", "private-ip"),
    ("data type", "aws:ec2:image ami", "image"),
    ("data type", "string", "text"),
    ("kind of step", "shell-local shell_local", "local"),
    ("kind of step", "script run command inline powershell", "shell"),
    ("kind of step", "restart windows-restart", "reboot"),
    ("kind of step", "playbook ansible-playbook ansible-local", "ansible"),
    ("kind of step", "fetch", "download"),
    ("volume type", "ssd general", "gp3"),
    ("filesystem", "ext3 ext2", "ext4"),
];

/// Systems without a name of ours, by how they begin, with how their AMIs are found.
const OTHER_SYSTEMS: &[(&str, &str)] = &[
    ("rhel", "ec2 = { owner = \"309956199498\", name = \"RHEL-9*_HVM-*-x86_64-*\" }"),
    ("redhat", "ec2 = { owner = \"309956199498\", name = \"RHEL-9*_HVM-*-x86_64-*\" }"),
    ("rocky", "ec2 = { owner = \"792107900819\", name = \"Rocky-9-EC2-Base-9*.x86_64\" }"),
    ("alma", "ec2 = { owner = \"764336703387\", name = \"AlmaLinux OS 9*x86_64\" }"),
    ("amazon-linux-2", "ec2 = { owner = \"amazon\", name = \"amzn2-ami-hvm-2*-x86_64-gp2\" }"),
    ("al2", "ec2 = { owner = \"amazon\", name = \"amzn2-ami-hvm-2*-x86_64-gp2\" }"),
    (
        "ubuntu",
        "ec2 = { owner = \"099720109477\", name = \"ubuntu/images/hvm-ssd*/ubuntu-*-20.04-amd64-server-*\" }",
    ),
    ("debian", "ec2 = { owner = \"136693071363\", name = \"debian-11-amd64-*\" }"),
];

/// Our key for one that is not known in `table`, if that table has ours.
pub fn our_key<'k>(table: &str, key: &str, known: &[&'k str]) -> Option<&'k str> {
    let fits = |here: &str| here == table || here == "*" && !table.is_empty();
    let found = KEYS.iter().filter(|(here, words, _)| fits(here) && has_word(words, key));
    found.filter_map(|(_, _, ours)| known.iter().find(|known| *known == ours)).next().copied()
}

/// What to do where no key of the same table takes the place of a foreign one.
pub fn key_advice(table: &str, key: &str) -> Option<&'static str> {
    let fits = |here: &str| here == table || here == "*";
    ADVICE.iter().find(|(here, words, _)| fits(here) && has_word(words, key)).map(|(_, _, advice)| *advice)
}

/// Our word for a value.
pub fn our_value(what: &str, given: &str) -> Option<&'static str> {
    let given = given.trim().to_lowercase();
    VALUES.iter().find(|(here, words, _)| *here == what && has_word(words, &given)).map(|(_, _, ours)| *ours)
}

/// How a system that has no name of ours is found on EC2.
pub fn other_system(given: &str) -> Option<&'static str> {
    let given = given.to_lowercase();
    OTHER_SYSTEMS.iter().find(|(start, _)| given.starts_with(start)).map(|(_, base)| *base)
}

fn has_word(words: &str, wanted: &str) -> bool {
    words.split(' ').any(|word| word == wanted)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_of_other_programs_lead_to_ours() {
        assert_eq!(our_key("files", "permissions", &["mode", "owner"]), Some("mode"));
        assert_eq!(our_key("", "provisioner", &["steps"]), Some("steps"));
        assert_eq!(our_key("steps", "expect_disconnect", &["run"]), None);
        assert_eq!(our_value("architecture", "AMD64"), Some("x86_64"));
        assert_eq!(our_value("operating system", "noble"), Some("ubuntu-24.04"));
        assert_eq!(our_value("architecture", "sparc"), None);
        assert!(other_system("rocky-9").is_some_and(|base| base.contains("Rocky")));
        assert!(key_advice("steps", "execute_command").is_some());
    }
}
