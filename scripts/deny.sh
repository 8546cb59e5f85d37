#!/usr/bin/env bash
# Holds deny.toml: licences, sources and bans from Cargo.lock alone, advisories where their database can
# be fetched. Says what it could not hold.
set -euo pipefail
cd "$(dirname "$0")/.."

if ! command -v cargo-deny >/dev/null; then
    echo "deny: cargo-deny is not installed; deny.toml was not held" >&2
    exit
fi
cargo deny check bans licenses sources
if cargo deny fetch db 2>/dev/null; then
    cargo deny check advisories
else
    echo "deny: the database of advisories cannot be fetched; advisories were not looked at" >&2
fi
