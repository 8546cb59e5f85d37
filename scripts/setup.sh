#!/usr/bin/env bash
# Installs the distribution's packages that hornero needs, where they are missing.
#
#   scripts/setup.sh [--dry-run] [demo|test|bench]
#
# `demo` is what building and baking take, `test` (the default) what the tests take too, `bench` that
# and the programs that hornero is measured against. Does nothing, and takes no time, when everything
# is there. Never up- or downgrades what is installed.
set -euo pipefail

# Package, and a program that shows it is there however it came; `-` asks the package manager.
demo_packages="
build-essential         cc
pkg-config              pkg-config
libssl-dev              -
zlib1g-dev              -
ca-certificates         -
debian-archive-keyring  -
mmdebstrap              mmdebstrap
uidmap                  newuidmap
e2fsprogs               mke2fs
qemu-utils              qemu-img
qemu-system-x86         qemu-system-x86_64
ovmf                    -
"
test_packages="
fdisk                   sfdisk
openssh-client          ssh
openssh-server          sshd
python3                 python3
python3-venv            -
shellcheck              shellcheck
socat                   socat
ansible-core            ansible-playbook
"
bench_packages="
packer                  packer
rsync                   rsync
"

dry_run=no
packages="$demo_packages$test_packages"
for argument in "$@"; do
    case "$argument" in
        --dry-run) dry_run=yes ;;
        demo) packages="$demo_packages" ;;
        test) ;;
        bench) packages="$packages$bench_packages" ;;
        *) echo "usage: scripts/setup.sh [--dry-run] [demo|test|bench]" >&2; exit 2 ;;
    esac
done

say() { echo "setup: $*" >&2; }

installed() {
    [ "$(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null)" = installed ]
}

# System programs lie where an ordinary user's PATH may not look.
has_program() { PATH="$PATH:/usr/sbin:/sbin" command -v "$1" >/dev/null; }

missing=()
while read -r package program; do
    [ -n "$package" ] || continue
    [ "$program" != - ] && has_program "$program" && continue
    installed "$package" || missing+=("$package")
done <<<"$packages"

if [ "${#missing[@]}" -eq 0 ]; then
    exit 0
fi

if ! command -v apt-get >/dev/null; then
    say "this is no Debian or Ubuntu machine; please install what these packages hold: ${missing[*]}"
    exit 1
fi

as_root=()
if [ "$(id -u)" -ne 0 ]; then
    if ! command -v sudo >/dev/null; then
        say "neither root nor sudo here; as root, run: apt-get install ${missing[*]}"
        exit 1
    fi
    as_root=(sudo)
fi

run() {
    if [ "$dry_run" = yes ]; then
        echo "$*"
    else
        "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive "$@"
    fi
}

# The packages of QEMU fit together in one version only. Where a part is there from a backports
# suite, the rest must come from it too; that suite, or nothing.
qemu_suite() {
    local part
    for part in qemu-utils qemu-system-common qemu-system-data; do
        installed "$part" || continue
        apt-cache policy "$part" | awk '
            /^ \*\*\*/ { here = 1; next }
            here && $2 !~ /^[0-9]+$/ && $3 ~ /-backports/ { sub("/.*", "", $3); print $3; exit }
            here && $2 ~ /^-?[0-9]+$/ { exit }'
        return
    done
}

install() {
    [ "$#" -gt 0 ] || return 0
    run apt-get install --yes --no-install-recommends --no-upgrade "$@"
}

# A machine that had no SSH server must not have one listening because of our tests.
keep_sshd_quiet=no
case " ${missing[*]} " in
    *" openssh-server "*) keep_sshd_quiet=yes ;;
esac
policy=/usr/sbin/policy-rc.d
if [ "$keep_sshd_quiet" = yes ] && [ "$dry_run" = no ] && [ ! -e "$policy" ]; then
    trap '"${as_root[@]}" rm -f "$policy"' EXIT
    printf '#!/bin/sh\nexit 101\n' | "${as_root[@]}" tee "$policy" >/dev/null
    "${as_root[@]}" chmod 755 "$policy"
fi

qemu=()
others=()
for package in "${missing[@]}"; do
    case "$package" in
        qemu-*) qemu+=("$package") ;;
        *) others+=("$package") ;;
    esac
done

say "installing ${missing[*]}"
run apt-get update --quiet
install "${others[@]}"
suite="$(qemu_suite)"
if [ "${#qemu[@]}" -gt 0 ]; then
    install ${suite:+--target-release "$suite"} "${qemu[@]}"
fi

if [ "$keep_sshd_quiet" = yes ] && [ -d /run/systemd/system ]; then
    run systemctl disable --quiet ssh.service ssh.socket || say "could not disable the new SSH server"
fi
