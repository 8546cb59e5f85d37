//! The seal: what is removed from a builder before it becomes an image, and how it is seen that it
//! is gone. `docs/seal.md` is the same list for people.

use super::{BUILDER_ACCOUNT, ProvisionError, power_off, quote};
use crate::template::model::Seal;

/// One part of the seal.
#[derive(Clone, Copy, Debug)]
pub struct Part {
    /// As `[seal] keep` names it.
    pub name: &'static str,
    /// What a person reads.
    pub removes: &'static str,
    /// Shell; may use `$account` and `$key`.
    script: &'static str,
    /// Shell that prints what should be gone and is not.
    remains: &'static str,
}

/// All parts, in the order in which they run. The account goes last: it is the way in.
pub const PARTS: [Part; 11] = [
    Part {
        name: "package-cache",
        removes: "downloaded packages and package lists",
        script: "if command -v apt-get >/dev/null; then apt-get clean; rm -rf /var/lib/apt/lists/*; fi
if command -v dnf >/dev/null; then dnf clean all -q; fi",
        remains: "find /var/cache/apt/archives /var/lib/apt/lists -name '*.deb' -o -name '*_Packages*' 2>/dev/null",
    },
    Part {
        name: "temporary-files",
        removes: "everything in /tmp and /var/tmp, core dumps, hornero's own folder",
        script: "find /tmp /var/tmp -mindepth 1 -maxdepth 1 ! -name 'systemd-private-*' -exec rm -rf {} +
rm -rf /var/crash/* /var/lib/systemd/coredump/*",
        remains: "find /tmp /var/tmp /var/crash /var/lib/systemd/coredump -mindepth 1 -maxdepth 1 ! -name 'systemd-private-*' 2>/dev/null",
    },
    Part {
        name: "cloud-init-state",
        removes: "what cloud-init remembers of this machine, and the network settings it wrote for it",
        script: "rm -rf /var/lib/cloud/instance /var/lib/cloud/instances /var/lib/cloud/data /var/lib/cloud/sem /var/lib/cloud/handlers
rm -f /var/log/cloud-init.log /var/log/cloud-init-output.log
rm -f /etc/netplan/50-cloud-init.yaml /etc/network/interfaces.d/50-cloud-init /etc/systemd/network/10-cloud-init-*",
        remains: "ls -d /var/lib/cloud/instance /var/lib/cloud/instances /var/lib/cloud/data /var/lib/cloud/sem /etc/netplan/50-cloud-init.yaml /etc/network/interfaces.d/50-cloud-init 2>/dev/null",
    },
    Part {
        name: "ssh-host-keys",
        removes: "the SSH host keys; each machine started from the image makes its own",
        script: "rm -f /etc/ssh/ssh_host_*_key /etc/ssh/ssh_host_*_key.pub",
        remains: "ls /etc/ssh/ssh_host_*_key /etc/ssh/ssh_host_*_key.pub 2>/dev/null",
    },
    Part {
        name: "machine-id",
        removes: "the machine-id; each machine started from the image gets its own",
        script: ": >/etc/machine-id
if [ -e /var/lib/dbus/machine-id ] && [ ! -L /var/lib/dbus/machine-id ]; then rm -f /var/lib/dbus/machine-id; fi",
        remains: "if [ -s /etc/machine-id ]; then echo /etc/machine-id; fi
if [ -s /var/lib/dbus/machine-id ] && [ ! -L /var/lib/dbus/machine-id ]; then echo /var/lib/dbus/machine-id; fi",
    },
    Part {
        name: "dhcp-leases",
        removes: "DHCP leases",
        script: "rm -f /var/lib/dhcp/*.leases /var/lib/dhclient/*.lease /var/lib/NetworkManager/*.lease",
        remains: "ls /var/lib/dhcp/*.leases /var/lib/dhclient/*.lease /var/lib/NetworkManager/*.lease 2>/dev/null",
    },
    Part {
        name: "random-seed",
        removes: "the saved random seed: clones must not start from the same one",
        // Stopping the service now keeps it from saving another seed when the machine goes down.
        script: "systemctl stop systemd-random-seed.service 2>/dev/null || true
rm -f /var/lib/systemd/random-seed /boot/efi/loader/random-seed",
        remains: "ls /var/lib/systemd/random-seed /boot/efi/loader/random-seed 2>/dev/null",
    },
    Part {
        name: "shell-history",
        removes: "shell and editor histories of root and every account",
        script: "rm -f /root/.bash_history /root/.viminfo /root/.lesshst /root/.python_history /home/*/.bash_history /home/*/.viminfo /home/*/.lesshst /home/*/.python_history",
        remains: "ls /root/.bash_history /home/*/.bash_history 2>/dev/null",
    },
    Part {
        name: "logs",
        removes: "logs and the journal; log files stay, empty",
        script: "journalctl --relinquish-var >/dev/null 2>&1 || true
rm -rf /var/log/journal/* /var/log/installer
find /var/log -type f \\( -name '*.gz' -o -name '*.old' -o -name '*.[0-9]' -o -name '*.xz' \\) -exec rm -f {} +
find /var/log -type f -size +0 -exec truncate -s 0 {} +",
        remains: "find /var/log -type f -size +0 ! -path '/var/log/journal/*' 2>/dev/null; ls -d /var/log/journal/*/*.journal 2>/dev/null",
    },
    Part {
        name: "authorized-keys",
        removes: "the key of this bake from every authorized_keys file",
        script: "for file in /root/.ssh/authorized_keys /home/*/.ssh/authorized_keys; do
    if grep -qF \"$key\" \"$file\" 2>/dev/null; then grep -vF \"$key\" \"$file\" >\"$file.new\" || true; cat \"$file.new\" >\"$file\"; rm -f \"$file.new\"; fi
done",
        remains: "grep -lF \"$key\" /root/.ssh/authorized_keys /home/*/.ssh/authorized_keys 2>/dev/null | grep -v \"^/home/$account/\"",
    },
    Part {
        name: "builder-account",
        removes: "the account that hornero worked with, its home and its sudo rule",
        script: "for file in /etc/sudoers.d/*; do
    if grep -q \"^$account \" \"$file\" 2>/dev/null; then sed -i -e \"/^# User rules for $account\\$/d\" -e \"/^$account /d\" \"$file\"; fi
done
userdel -f -r \"$account\" 2>/dev/null || ! getent passwd \"$account\" >/dev/null
rm -rf \"/home/$account\" \"/var/mail/$account\"",
        remains: "getent passwd \"$account\"; ls -d \"/home/$account\" 2>/dev/null; grep -l \"^$account \" /etc/sudoers.d/* 2>/dev/null",
    },
];

/// How a part's remains are told apart in the script's output.
pub const REMAINS_MARK: &str = "\u{1}hornero-remains ";

/// Ends what writes by itself while the seal is at work: timers (package lists, cleaners), what they
/// have started, and the system's logger. All of it is back at the next boot.
const QUIET: &str = "if command -v systemctl >/dev/null; then
    systemctl stop '*.timer' 2>/dev/null
    systemctl stop apt-daily.service apt-daily-upgrade.service unattended-upgrades.service packagekit.service syslog.socket rsyslog.service 2>/dev/null
fi
";

/// A program that was just writing may make a file again; what is there the third time stays there.
const ROUNDS: &str = "}
for round in 1 2 3; do
    remove
    left=$(remains)
    if [ -z \"$left\" ]; then break; fi
done
if [ -n \"$left\" ]; then printf '%s\\n' \"$left\"; fi
";

/// What is not to become an image stays up.
const UNLESS_FOUND: &str = "if [ -n \"${left:-}${hits:-}\" ]; then exit 0; fi\n";

/// Tells one seal from another that removes otherwise: everything that its parts do.
pub fn version(seal: &Seal) -> Vec<(&'static str, &'static str)> {
    parts(seal).map(|part| (part.script, part.remains)).collect()
}

/// The parts that run with these settings.
pub fn parts(seal: &Seal) -> impl Iterator<Item = &'static Part> {
    PARTS.iter().filter(|part| seal.enabled && !seal.keep.iter().any(|keep| keep == part.name))
}

/// Removes, looks whether everything is gone, runs `search` on what is left, and gives free blocks
/// back. Prints a line with `REMAINS_MARK`, the part and the path for everything that is still there.
/// A builder in which nothing remains and nothing was found is then told to power itself off, if it is
/// ours to do so. It is one script, for afterwards there is no way in any more.
///
/// # Errors
/// When the key cannot be written into a shell script.
pub fn script(seal: &Seal, account_key: &str, search: &str, ours: bool) -> Result<String, ProvisionError> {
    let mut script = match seal.enabled {
        true => removal(seal, account_key)?,
        false => "set +e -u\n".to_owned(),
    };
    script += search;
    if seal.enabled {
        script += "fstrim -a 2>/dev/null || true\nsync\n";
    }
    if ours {
        script += &format!("{UNLESS_FOUND}{}", power_off::SCRIPT);
    }
    Ok(script)
}

fn removal(seal: &Seal, account_key: &str) -> Result<String, ProvisionError> {
    let body = account_key.split(' ').nth(1).unwrap_or(account_key);
    let mut script = format!("set +e -u\naccount={BUILDER_ACCOUNT}\nkey={}\n{QUIET}", quote(body)?);
    script += "remove() {\n:\n";
    for part in parts(seal) {
        script += &format!("{}\n", part.script);
    }
    script += "}\nremains() {\n:\n";
    for part in parts(seal) {
        script += &format!(
            "{{ {}\n}} | while read -r path; do printf '\\001hornero-remains %s %s\\n' {} \"$path\"; done\n",
            part.remains, part.name
        );
    }
    script += ROUNDS;
    Ok(script)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seal(keep: &[&str]) -> Seal {
        Seal { enabled: true, keep: keep.iter().map(|name| (*name).into()).collect() }
    }

    #[test]
    fn a_kept_part_is_neither_removed_nor_looked_for() {
        let script = script(&seal(&["logs"]), "ssh-ed25519 AAAA hornero", "", true).unwrap();
        assert!(!script.contains("/var/log/journal"));
        assert!(script.contains("ssh_host_"));
    }

    #[test]
    fn a_seal_that_is_off_has_no_parts() {
        assert_eq!(parts(&Seal { enabled: false, keep: Vec::new() }).count(), 0);
    }

    #[test]
    fn the_search_comes_after_what_removes_and_also_without_a_seal() {
        let script = |seal: Seal| script(&seal, "ssh-ed25519 AAAA hornero", "search here\n", false).unwrap();
        let whole = script(seal(&[]));
        let at = |text: &str| whole.find(text).unwrap();
        assert!(at("userdel") < at("search here") && at("for round in") < at("search here"), "{whole}");
        assert!(at("search here") < at("fstrim"), "{whole}");
        let off = script(Seal { enabled: false, keep: Vec::new() });
        assert!(off.ends_with("search here\n") && !off.contains("rm "), "{off}");
    }

    #[test]
    fn the_way_in_is_removed_last() {
        assert_eq!(PARTS[PARTS.len() - 1].name, "builder-account");
    }

    #[test]
    fn a_builder_is_powered_off_last_and_only_when_it_is_ours_and_nothing_remains() {
        let ours = script(&seal(&[]), "ssh-ed25519 AAAA hornero", "", true).unwrap();
        let (before, last) = ours.split_once(UNLESS_FOUND).unwrap();
        assert!(before.ends_with("sync\n") && !before.contains("poweroff"), "{ours}");
        assert!(last.contains("poweroff"), "{ours}");
        let theirs = script(&seal(&[]), "ssh-ed25519 AAAA hornero", "", false).unwrap();
        assert!(!theirs.contains("poweroff"), "{theirs}");
    }

    #[test]
    fn the_script_is_one_that_a_shell_can_read() {
        let script = script(&seal(&[]), "ssh-ed25519 AAAA hornero", "", true).unwrap();
        let status = std::process::Command::new("sh").args(["-n", "-c", &script]).status().unwrap();
        assert!(status.success(), "{script}");
    }

    #[test]
    fn a_template_can_keep_exactly_the_parts_that_there_are() {
        let mut known = crate::template::seal::PARTS.to_vec();
        let mut run: Vec<&str> = PARTS.iter().map(|part| part.name).collect();
        known.sort_unstable();
        run.sort_unstable();
        assert_eq!(known, run);
    }

    #[test]
    fn the_page_for_people_names_every_part() {
        let page = include_str!("../../docs/seal.md");
        for part in PARTS {
            assert!(page.contains(&format!("`{}`", part.name)), "docs/seal.md lacks {}", part.name);
        }
    }
}
