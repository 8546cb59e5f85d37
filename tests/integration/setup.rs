//! What `scripts/setup.sh` would install, on machines that are only pretended: its programs are
//! stand-ins, and nothing is installed.

use std::{fs, os::unix::fs::PermissionsExt, path::Path, process::Command};

use tempfile::TempDir;

/// A machine with these packages, as the real one's programs would tell it.
struct Machine(TempDir);

impl Machine {
    fn new(packages: &[&str], policy: &str) -> Self {
        let machine = Self(tempfile::tempdir().unwrap());
        let query =
            format!("case \" {} \" in *\" $4 \"*) echo installed;; *) exit 1;; esac", packages.join(" "));
        machine.program("dpkg-query", &query);
        machine.program("apt-get", "exit 9");
        machine.program("apt-cache", &format!("cat <<'END'\n{policy}\nEND"));
        machine.program("id", "echo 0");
        for real in ["env", "bash", "awk", "cat"] {
            let path = format!("/usr/bin/{real}");
            std::os::unix::fs::symlink(path, machine.0.path().join(real)).unwrap();
        }
        machine
    }

    fn program(&self, name: &str, text: &str) {
        let path = self.0.path().join(name);
        fs::write(&path, format!("#!/bin/sh\n{text}\n")).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    }

    /// Exit code, and everything it says.
    fn setup(&self, arguments: &[&str]) -> (Option<i32>, String) {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("scripts/setup.sh");
        let output = Command::new("/usr/bin/env")
            .arg("bash")
            .arg(script)
            .args(arguments)
            .env("PATH", self.0.path())
            .output()
            .unwrap();
        let text = [output.stdout, output.stderr].concat();
        (output.status.code(), String::from_utf8(text).unwrap())
    }
}

const ALL: &[&str] = &[
    "build-essential",
    "pkg-config",
    "libssl-dev",
    "zlib1g-dev",
    "ca-certificates",
    "debian-archive-keyring",
    "mmdebstrap",
    "uidmap",
    "e2fsprogs",
    "qemu-utils",
    "qemu-system-x86",
    "ovmf",
    "fdisk",
    "openssh-client",
    "openssh-server",
    "python3",
    "python3-venv",
    "shellcheck",
    "socat",
    "ansible-core",
];

fn all_but(missing: &str) -> Vec<&'static str> {
    ALL.iter().copied().filter(|package| *package != missing).collect()
}

#[test]
fn nothing_is_done_where_everything_is_there() {
    assert_eq!(Machine::new(ALL, "").setup(&["--dry-run"]), (Some(0), String::new()));
}

#[test]
fn only_what_is_missing_is_installed() {
    let (code, said) = Machine::new(&all_but("ovmf"), "").setup(&["--dry-run"]);
    assert_eq!(code, Some(0), "{said}");
    assert!(said.contains("apt-get install --yes --no-install-recommends --no-upgrade ovmf\n"), "{said}");
    assert_eq!(said.matches("apt-get install").count(), 1, "{said}");
}

#[test]
fn the_demo_does_without_what_only_tests_take() {
    let machine = Machine::new(&all_but("openssh-server"), "");
    assert_eq!(machine.setup(&["--dry-run", "demo"]), (Some(0), String::new()));
}

#[test]
fn what_hornero_is_measured_against_is_for_the_benchmark_alone() {
    let machine = Machine::new(ALL, "");
    let (code, said) = machine.setup(&["--dry-run", "bench"]);
    assert_eq!(code, Some(0), "{said}");
    assert!(said.contains("--no-upgrade packer rsync\n"), "{said}");
    assert_eq!(machine.setup(&["--dry-run", "test"]), (Some(0), String::new()));
}

#[test]
fn qemu_comes_from_backports_where_a_part_of_it_did() {
    let policy = "qemu-utils:\n  Installed: 1:10.0~bpo12+1\n  Version table:\n *** 1:10.0~bpo12+1 100\n        \
                  100 https://mirror/debian bookworm-backports/main amd64 Packages\n        \
                  100 /var/lib/dpkg/status\n     1:7.2 500\n        \
                  500 https://mirror/debian bookworm/main amd64 Packages";
    let (_, said) = Machine::new(&all_but("qemu-system-x86"), policy).setup(&["--dry-run"]);
    assert!(said.contains("--no-upgrade --target-release bookworm-backports qemu-system-x86\n"), "{said}");

    let policy = "qemu-utils:\n  Version table:\n     1:10.0~bpo12+1 100\n        \
                  100 https://mirror/debian bookworm-backports/main amd64 Packages\n *** 1:7.2 500\n        \
                  500 https://mirror/debian bookworm/main amd64 Packages\n        100 /var/lib/dpkg/status";
    let (_, said) = Machine::new(&all_but("qemu-system-x86"), policy).setup(&["--dry-run"]);
    assert!(said.contains("--no-upgrade qemu-system-x86\n"), "{said}");
}

#[test]
fn without_root_and_sudo_the_packages_are_named() {
    let machine = Machine::new(&all_but("ovmf"), "");
    machine.program("id", "echo 1000");
    let (code, said) = machine.setup(&[]);
    assert_eq!(code, Some(1));
    assert!(said.contains("as root, run: apt-get install ovmf"), "{said}");
    machine.program("sudo", "exit 0");
    assert_eq!(machine.setup(&["--dry-run"]).0, Some(0));
}
