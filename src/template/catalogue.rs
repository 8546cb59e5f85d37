//! The operating systems that `os = "..."` may name, with what they are on each platform.

use jiff::civil::{Date, date};

use super::model::{Arch, Ec2Base, QemuBase};

/// What a distribution's packages are, and so what its repositories look like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PackageFormat {
    Deb,
    Rpm,
}

#[derive(Debug)]
pub struct Os {
    pub name: &'static str,
    /// Public parameter that holds the newest AMI, with `{arch}` for the vendor's word for it.
    parameter: &'static str,
    arch: [&'static str; 2],
    /// Suite that a disk can be built from with distribution packages.
    suite: Option<&'static str>,
    /// Groups that exist before anything is installed.
    groups: &'static str,
    pub packages: PackageFormat,
    /// Since when the distribution keeps its archive of every moment; `None` where it does not.
    pub snapshots: Option<Date>,
}

/// The oldest moment of snapshot.debian.org, and of any archive that is known here.
pub const DEBIAN_SNAPSHOTS: Date = date(2005, 3, 12);
/// Of snapshot.ubuntu.com.
const UBUNTU_SNAPSHOTS: Date = date(2023, 3, 1);

/// Groups of a fresh Debian (base-passwd, and what cloud images add).
const DEBIAN_GROUPS: &str = "\
    root daemon bin sys adm tty disk lp mail news uucp man proxy kmem dialout fax voice cdrom \
    floppy tape sudo audio dip www-data backup operator list irc src shadow utmp video sasl plugdev \
    staff games users nogroup systemd-journal systemd-network crontab input sgx kvm render netdev";

const UBUNTU_GROUPS: &str = "\
    root daemon bin sys adm tty disk lp mail news uucp man proxy kmem dialout fax voice cdrom \
    floppy tape sudo audio dip www-data backup operator list irc src shadow utmp video sasl plugdev \
    staff games users nogroup systemd-journal systemd-network crontab input sgx kvm render netdev \
    lxd syslog landscape";

const AMAZON_GROUPS: &str = "\
    root bin daemon sys adm tty disk lp mem kmem wheel cdrom mail man dialout floppy games tape \
    video ftp lock audio users nobody utmp utempter input kvm render sgx systemd-journal \
    systemd-network dbus sshd chrony";

const DEBIAN_ARCH: [&str; 2] = ["amd64", "arm64"];

pub const ALL: [Os; 5] = [
    Os {
        name: "debian-12",
        parameter: "/aws/service/debian/release/12/latest/{arch}",
        arch: DEBIAN_ARCH,
        suite: Some("bookworm"),
        groups: DEBIAN_GROUPS,
        packages: PackageFormat::Deb,
        snapshots: Some(DEBIAN_SNAPSHOTS),
    },
    Os {
        name: "debian-13",
        parameter: "/aws/service/debian/release/13/latest/{arch}",
        arch: DEBIAN_ARCH,
        suite: Some("trixie"),
        groups: DEBIAN_GROUPS,
        packages: PackageFormat::Deb,
        snapshots: Some(DEBIAN_SNAPSHOTS),
    },
    Os {
        name: "ubuntu-22.04",
        parameter: "/aws/service/canonical/ubuntu/server/22.04/stable/current/{arch}/hvm/ebs-gp2/ami-id",
        arch: DEBIAN_ARCH,
        suite: None,
        groups: UBUNTU_GROUPS,
        packages: PackageFormat::Deb,
        snapshots: Some(UBUNTU_SNAPSHOTS),
    },
    Os {
        name: "ubuntu-24.04",
        parameter: "/aws/service/canonical/ubuntu/server/24.04/stable/current/{arch}/hvm/ebs-gp3/ami-id",
        arch: DEBIAN_ARCH,
        suite: None,
        groups: UBUNTU_GROUPS,
        packages: PackageFormat::Deb,
        snapshots: Some(UBUNTU_SNAPSHOTS),
    },
    Os {
        name: "amazon-linux-2023",
        parameter: "/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-{arch}",
        arch: ["x86_64", "arm64"],
        suite: None,
        groups: AMAZON_GROUPS,
        packages: PackageFormat::Rpm,
        snapshots: None,
    },
];

pub fn find(name: &str) -> Option<&'static Os> {
    const { &ALL }.iter().find(|os| os.name == name)
}

/// The operating system that a Debian suite is.
pub fn of_suite(suite: &str) -> Option<&'static Os> {
    const { &ALL }.iter().find(|os| os.suite == Some(suite))
}

pub fn names() -> impl Iterator<Item = &'static str> {
    ALL.into_iter().map(|os| os.name)
}

pub fn suites() -> impl Iterator<Item = &'static str> {
    ALL.into_iter().filter_map(|os| os.suite)
}

impl Os {
    pub fn groups(&self) -> impl Iterator<Item = &'static str> + use<> {
        let groups: &'static str = self.groups;
        groups.split(' ')
    }

    pub fn ec2(&self, arch: Arch) -> Ec2Base {
        let word = match arch {
            Arch::X86_64 => self.arch[0],
            Arch::Arm64 => self.arch[1],
        };
        Ec2Base::Parameter(self.parameter.replace("{arch}", word))
    }

    /// `None` where no disk can be built on this computer.
    pub fn qemu(&self) -> Option<QemuBase> {
        self.suite.map(|suite| QemuBase::Bootstrap(suite.into()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_system_has_an_ec2_entry_for_each_architecture() {
        for os in &ALL {
            for arch in [Arch::X86_64, Arch::Arm64] {
                let Ec2Base::Parameter(name) = os.ec2(arch) else { panic!("{} is no parameter", os.name) };
                assert!(name.starts_with("/aws/service/") && !name.contains('{'), "{name}");
            }
            assert_eq!(find(os.name).map(|found| found.name), Some(os.name));
        }
    }
}
