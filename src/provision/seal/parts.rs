//! What a seal removes, part by part, and how it is seen that it is gone.

/// One part of the seal.
#[derive(Clone, Copy, Debug)]
pub struct Part {
    /// As `[seal] keep` names it.
    pub name: &'static str,
    /// What a person reads.
    pub removes: &'static str,
    /// Services that would write it again.
    pub(super) stops: &'static str,
    /// Shell; may use `$account`, `$key` and `drop`, and waits where what writes must have stopped.
    pub(super) script: &'static str,
    /// Shell that tells what should be gone and is not, with `there` or into `told`.
    pub(super) remains: &'static str,
}

/// All parts, in the order in which they run. The account goes last: it is the way in.
pub const PARTS: [Part; 11] = [
    Part {
        name: "package-cache",
        removes: "downloaded packages and package lists",
        stops: "",
        script: "if command -v apt-get >/dev/null; then
    # Also where apt's settings name another cache.
    for file in /var/cache/apt/*.bin /var/cache/apt/archives/*.deb /var/cache/apt/archives/partial/* $(grep -lrs Cache /etc/apt/apt.conf /etc/apt/apt.conf.d); do
        if [ -e \"$file\" ]; then apt-get clean; break; fi
    done
    drop /var/lib/apt/lists/*
fi
if command -v dnf >/dev/null; then dnf clean all -q; fi",
        remains: "find /var/cache/apt/archives /var/lib/apt/lists -name '*.deb' -o -name '*_Packages*' 2>/dev/null | told",
    },
    Part {
        name: "temporary-files",
        removes: "everything in /tmp and /var/tmp, core dumps, hornero's own folder",
        stops: "",
        script: "find /tmp /var/tmp -mindepth 1 -maxdepth 1 ! -name 'systemd-private-*' -exec rm -rf {} +
drop /var/crash/* /var/lib/systemd/coredump/*",
        remains: "find /tmp /var/tmp /var/crash /var/lib/systemd/coredump -mindepth 1 -maxdepth 1 ! -name 'systemd-private-*' 2>/dev/null | told",
    },
    Part {
        name: "cloud-init-state",
        removes: "what cloud-init remembers of this machine, and the network settings it wrote for it",
        stops: "",
        script: "drop /var/lib/cloud/instance /var/lib/cloud/instances /var/lib/cloud/data /var/lib/cloud/sem /var/lib/cloud/handlers \
    /var/log/cloud-init.log /var/log/cloud-init-output.log \
    /etc/netplan/50-cloud-init.yaml /etc/network/interfaces.d/50-cloud-init /etc/systemd/network/10-cloud-init-*",
        remains: "there /var/lib/cloud/instance /var/lib/cloud/instances /var/lib/cloud/data /var/lib/cloud/sem /etc/netplan/50-cloud-init.yaml /etc/network/interfaces.d/50-cloud-init",
    },
    Part {
        name: "ssh-host-keys",
        removes: "the SSH host keys; each machine started from the image makes its own",
        stops: "",
        script: "drop /etc/ssh/ssh_host_*_key /etc/ssh/ssh_host_*_key.pub",
        remains: "there /etc/ssh/ssh_host_*_key /etc/ssh/ssh_host_*_key.pub",
    },
    Part {
        name: "machine-id",
        removes: "the machine-id; each machine started from the image gets its own",
        stops: "",
        script: ": >/etc/machine-id
if [ -e /var/lib/dbus/machine-id ] && [ ! -L /var/lib/dbus/machine-id ]; then drop /var/lib/dbus/machine-id; fi",
        remains: "if [ -s /etc/machine-id ]; then there /etc/machine-id; fi
if [ -s /var/lib/dbus/machine-id ] && [ ! -L /var/lib/dbus/machine-id ]; then there /var/lib/dbus/machine-id; fi",
    },
    Part {
        name: "dhcp-leases",
        removes: "DHCP leases",
        stops: "",
        script: "drop /var/lib/dhcp/*.leases /var/lib/dhclient/*.lease /var/lib/NetworkManager/*.lease",
        remains: "there /var/lib/dhcp/*.leases /var/lib/dhclient/*.lease /var/lib/NetworkManager/*.lease",
    },
    Part {
        name: "random-seed",
        removes: "the saved random seed: clones must not start from the same one",
        // Stopping the service now keeps it from saving another seed when the machine goes down.
        stops: "systemd-random-seed.service",
        script: "wait
drop /var/lib/systemd/random-seed /boot/efi/loader/random-seed",
        remains: "there /var/lib/systemd/random-seed /boot/efi/loader/random-seed",
    },
    Part {
        name: "shell-history",
        removes: "shell and editor histories of root and every account, and marks of its first login",
        stops: "",
        script: "for folder in /root /home/*; do
    drop \"$folder/.bash_history\" \"$folder/.viminfo\" \"$folder/.lesshst\" \"$folder/.python_history\" \"$folder/.wget-hsts\" \
        \"$folder/.sudo_as_admin_successful\" \"$folder/.cache/motd.legal-displayed\"
done",
        remains: "there /root/.bash_history /home/*/.bash_history /home/*/.sudo_as_admin_successful",
    },
    Part {
        name: "logs",
        removes: "logs and the journal; log files stay, empty",
        stops: "",
        script: "wait
journalctl --relinquish-var >/dev/null 2>&1 || true
drop /var/log/journal/* /var/log/installer
find /var/log -type f \\( \\( -name '*.gz' -o -name '*.old' -o -name '*.[0-9]' -o -name '*.xz' \\) -exec rm -f {} + -o -size +0 -exec truncate -s 0 {} + \\)",
        remains: "find /var/log -type f -size +0 ! -path '/var/log/journal/*' 2>/dev/null | told
there /var/log/journal/*/*.journal",
    },
    Part {
        name: "authorized-keys",
        removes: "the key of this bake from every authorized_keys file",
        stops: "",
        script: "for file in $(key_files); do
    grep -vF \"$key\" \"$file\" >\"$file.new\" || true
    cat \"$file.new\" >\"$file\"
    rm -f \"$file.new\"
    # Where a server keeps the keys of each account in a file of its own.
    if [ ! -s \"$file\" ] && [ \"${file##*/}\" = \"$account\" ]; then rm -f \"$file\"; fi
done",
        remains: "key_files | told",
    },
    Part {
        name: "builder-account",
        removes: "the account that hornero worked with, its group, its home and its sudo rule",
        stops: "",
        script: "for file in $(grep -l \"^$account \" /etc/sudoers.d/* 2>/dev/null); do
    sed -i -e \"/^# User rules for $account\\$/d\" -e \"/^$account /d\" \"$file\"
done
userdel -f -r \"$account\" 2>/dev/null || ! getent passwd \"$account\" >/dev/null
if getent group \"$account\" >/dev/null; then groupdel \"$account\"; fi
# What these programs keep as it was before.
for file in $(account_files); do sed -i \"/^$account:/d\" \"$file\"; done
drop \"$home\" \"/var/mail/$account\"",
        remains: "account_files | told
there \"$home\"
grep -l \"^$account \" /etc/sudoers.d/* 2>/dev/null | told",
    },
];
