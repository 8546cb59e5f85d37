//! What belongs to hornero on a builder: accounts, paths and names of disks that a template cannot have. The account
//! and what hornero writes are removed from the image, and a template's own things would go with them.

use super::model::BUILDER_ACCOUNT;

/// The home of the temporary account. It must survive a restart, so `/run` is no place for it, and a template
/// may mount a disk on `/home`, `/var` or `/srv` that would hide it; servers may read keys under `/etc` with
/// SELinux too.
pub const BUILDER_HOME: &str = "/etc/hornero-builder";

/// Paths of hornero on a builder. Of those that end in `-` or `.` only the beginning is fixed; what lies below a
/// path is hornero's too.
pub const PATHS: [&str; 8] = [
    BUILDER_HOME,
    "/run/hornero",
    "/run/hornero-",
    "/run/systemd/system/cloud-config.service.d/hornero.",
    "/var/lib/hornero-",
    "/var/lib/cloud/instance/hornero-",
    "/var/tmp/.hornero-",
    "/etc/apt/apt.conf.d/zz-hornero-",
];

/// Folders that the builder needs as they are, over which nothing can be mounted.
const NEEDED_FOLDERS: [&str; 15] = [
    "/bin", "/boot", "/dev", "/etc", "/lib", "/lib32", "/lib64", "/libx32", "/proc", "/run", "/sbin", "/sys",
    "/usr", "/usr/bin", "/usr/lib",
];

/// Filesystem labels and serials that mean something to cloud-init or to hornero: where cloud-init looks for its
/// settings (NoCloud, ConfigDrive), and the disk that it is given them on.
const DISK_NAMES: [&str; 4] = ["root", "seed", "cidata", "config-2"];

/// Whether an account of this name is hornero's own, in any case of its letters.
pub fn is_account(name: &str) -> bool {
    name.eq_ignore_ascii_case(BUILDER_ACCOUNT)
}

/// Whether this is a path of hornero's, or one in a folder of hornero's.
pub fn is_path(path: &str) -> bool {
    let path = tidy(path);
    PATHS.iter().any(|ours| match path.strip_prefix(ours) {
        Some(rest) => ours.ends_with(['-', '.']) || rest.is_empty() || rest.starts_with('/'),
        None => false,
    })
}

/// Whether a disk that is mounted here would hide what the builder or hornero needs.
pub fn is_needed_folder(path: &str) -> bool {
    let path = tidy(path);
    let in_memory = ["/dev/", "/proc/", "/sys/", "/run/"].iter().any(|folder| path.starts_with(folder));
    in_memory || NEEDED_FOLDERS.contains(&path.as_str()) || is_path(&path)
}

/// Whether a disk cannot have this name.
pub fn is_disk(name: &str) -> bool {
    DISK_NAMES.contains(&name)
}

/// The path without doubled and trailing slashes.
fn tidy(path: &str) -> String {
    format!("/{}", path.split('/').filter(|part| !part.is_empty()).collect::<Vec<_>>().join("/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_hornero_uses_is_reserved_however_it_is_written() {
        for path in [
            "/etc/hornero-builder",
            "/etc//hornero-builder/.ssh/authorized_keys",
            "/run/hornero",
            "/run/hornero/x",
            "/run/hornero-web-01J/steps",
            "/var/lib/hornero-snapshot/was",
            "/etc/apt/apt.conf.d/zz-hornero-bake",
        ] {
            assert!(is_path(path), "{path}");
        }
        for path in
            ["/etc/hornero", "/etc/hornero-builders", "/run/horneros", "/srv/hornero", "/opt/hornero-tools"]
        {
            assert!(!is_path(path), "{path}");
        }
        assert!(is_needed_folder("/etc/") && is_needed_folder("/run/lock") && is_needed_folder("/usr"));
        assert!(
            !is_needed_folder("/usr/local") && !is_needed_folder("/var") && !is_needed_folder("/etc/app")
        );
        assert!(is_disk("cidata") && !is_disk("data"));
        assert!(is_account("Hornero") && !is_account("hornero-app"));
    }
}
