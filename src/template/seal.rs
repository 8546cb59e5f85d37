//! The parts of the seal, by the names that `[seal] keep` uses.

/// Every part, in the order in which the seal does them.
pub const PARTS: [&str; 11] = [
    "builder-account",
    "ssh-host-keys",
    "machine-id",
    "cloud-init-state",
    "authorized-keys",
    "shell-history",
    "package-cache",
    "logs",
    "temporary-files",
    "random-seed",
    "dhcp-leases",
];
