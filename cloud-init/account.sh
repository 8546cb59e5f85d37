# shellcheck shell=sh disable=SC2154 # `account`, `home`, `first_number` and `description` are written in front of this script
# Makes the account that hornero works with, early in each boot. Left to cloud-init it would be a user like any
# other: every user after it would get the next uid, gid and subordinate range. Its number lies above those that
# useradd, systemd and subordinate ranges hand out, and its home outside of what a template may mount a disk on.
make_builder_account() {
    number=$(awk -v least="$first_number" '
        ($1 == "UID_MAX" || $1 == "GID_MAX") && $2 + 1 > least { least = $2 + 1 }
        END { print least }' /etc/login.defs 2>/dev/null)
    number=${number:-$first_number}
    # 65534 is nobody, 65535 is no number.
    while [ "$number" = 65534 ] || [ "$number" = 65535 ] ||
        getent passwd "$number" >/dev/null || getent group "$number" >/dev/null; do
        number=$((number + 1))
    done
    if ! getent group "$account" >/dev/null; then groupadd -g "$number" "$account" || return; fi
    # As a system account it gets no mailbox and no subordinate range.
    useradd -r -K "SYS_UID_MAX=$number" -u "$number" -g "$account" -d "$home" -M -s /bin/sh -c "$description" "$account"
}
if ! getent passwd "$account" >/dev/null; then
    make_builder_account || echo "hornero: the account $account could not be made: no way into this builder" >&2
fi
mkdir -p "$home"
chmod 0700 "$home"
chown "$account:" "$home"
