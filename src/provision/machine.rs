//! Groups and disks: the script that cloud-init runs early in the first boot, and the one that
//! follows over SSH once the packages are there.

use serde_json::json;

use super::{ProvisionError, accounts, render::render};
use crate::template::model::{Disk, DiskName, Group, Packages, User};

const EARLY: &str = include_str!("../../cloud-init/machine.sh.j2");
const LATE: &str = include_str!("../../cloud-init/prepare.sh.j2");
const GATE: &str = include_str!("../../cloud-init/gate.sh");

/// How the guest recognises its disks.
#[derive(Clone, Copy, Debug)]
pub enum Names<'a> {
    /// Each by its own name, from the first moment.
    Own,
    /// As they are known when the builder runs already. What cloud-init has put under a mount point
    /// by then, such as the home of a user, moves to the disk.
    Given(&'a [DiskName]),
}

/// Holds cloud-init up before it configures and installs, until the script that makes the disks
/// has run over SSH: a package may write under their mount points.
pub fn gate() -> &'static str {
    GATE
}

/// Makes the groups and disks; run early, for users and packages may need them. `None` when there
/// is nothing to make. Can be run again.
///
/// # Errors
/// When a value cannot be written into a shell script.
pub fn early_script(
    groups: &[Group],
    disks: &[Disk],
    names: Names<'_>,
) -> Result<Option<String>, ProvisionError> {
    if groups.is_empty() && disks.is_empty() {
        return Ok(None);
    }
    // A mount point inside another disk needs that disk first.
    let mut disks: Vec<&Disk> = disks.iter().collect();
    disks.sort_by_key(|disk| disk.mount.matches('/').count());
    let named: Vec<_> =
        disks.iter().map(|disk| json!({ "disk": disk, "known": recognised(disk, names) })).collect();
    let late = matches!(names, Names::Given(_));
    render("machine.sh.j2", EARLY, json!({ "groups": groups, "disks": named, "late": late })).map(Some)
}

fn recognised(disk: &Disk, names: Names<'_>) -> DiskName {
    let given = match names {
        Names::Own => None,
        Names::Given(names) => names.iter().find(|given| given.name == disk.name),
    };
    given.cloned().unwrap_or_else(|| DiskName::itself(&disk.name))
}

/// Gives mount points their owner and mode, puts users into groups of other users, and removes packages; run when
/// all accounts exist.
///
/// # Errors
/// When a value cannot be written into a shell script.
pub fn late_script(
    packages: &Packages,
    disks: &[Disk],
    users: &[User],
) -> Result<Option<String>, ProvisionError> {
    let memberships = accounts::late_memberships(users);
    let owned = |disk: &&Disk| disk.owner != Default::default() || disk.mode.is_some();
    let disks: Vec<&Disk> = disks.iter().filter(owned).collect();
    if packages.remove.is_empty() && disks.is_empty() && memberships.is_empty() {
        return Ok(None);
    }
    render("prepare.sh.j2", LATE, json!({ "packages": packages, "disks": disks, "memberships": memberships }))
        .map(Some)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::template::{
        model::{Filesystem, Owner},
        units::{Mode, Size},
    };

    fn disk(name: &str, mount: &str) -> Disk {
        let owner = Owner { user: Some("www-data".into()), group: Some("www-data".into()) };
        let (size, mode) = (Size(1 << 30), Some(Mode(0o750)));
        Disk {
            name: name.into(),
            size,
            filesystem: Filesystem::Ext4,
            mount: mount.into(),
            owner,
            mode,
            ec2: Default::default(),
        }
    }

    #[test]
    fn an_outer_mount_point_comes_before_one_inside_it() {
        let disks = [disk("inner", "/srv/data/inner"), disk("outer", "/srv/data")];
        let script = early_script(&[], &disks, Names::Own).unwrap().unwrap();
        assert!(script.find("outer").unwrap() < script.find("inner").unwrap(), "{script}");
    }

    #[test]
    fn a_disk_is_looked_for_by_what_it_says_of_itself() {
        let own = early_script(&[], &[disk("data", "/srv")], Names::Own).unwrap().unwrap();
        assert!(own.contains("device=$(by_serial data)"), "{own}");
        let given =
            [DiskName { name: "data".into(), serial: "vol0123".into(), device: Some("/dev/xvdf".into()) }];
        let late = early_script(&[], &[disk("data", "/srv")], Names::Given(&given)).unwrap().unwrap();
        assert!(late.contains("device=$(by_serial vol0123)"), "{late}");
        assert!(late.contains("/dev/xvdf") && late.contains("/run/hornero-disks"), "{late}");
    }

    #[test]
    fn nothing_declared_needs_no_script() {
        assert_eq!(early_script(&[], &[], Names::Own).unwrap(), None);
        assert_eq!(late_script(&Packages::default(), &[], &[]).unwrap(), None);
    }

    #[test]
    fn packages_are_removed_when_the_lock_of_dpkg_is_free() {
        let packages = Packages { remove: vec!["nano".into()], ..Packages::default() };
        let script = late_script(&packages, &[], &[]).unwrap().unwrap();
        assert!(script.contains("apt-get remove -y -q -o DPkg::Lock::Timeout=3600 nano\n"), "{script}");
    }

    #[test]
    fn values_are_single_words_of_the_shell() {
        let script =
            late_script(&Packages::default(), &[disk("d", "/srv/it's; reboot")], &[]).unwrap().unwrap();
        assert!(script.contains(r#""/srv/it's; reboot""#), "{script}");
    }
}
