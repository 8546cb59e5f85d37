#!/usr/bin/env bash
# Times the program itself: how long a start takes, and reading every template. No guest is started.
set -euo pipefail

program="$(cargo metadata --format-version 1 --no-deps | sed 's/.*"target_directory":"\([^"]*\)".*/\1/')/debug/hornero"

measure() {
    if command -v hyperfine >/dev/null; then
        hyperfine --shell=none --warmup 3 "$*"
    else
        echo "20 x $*"
        time for _ in $(seq 20); do "$@" >/dev/null 2>&1; done
    fi
}

measure "$program" --version
measure "$program" validate templates/*.toml
