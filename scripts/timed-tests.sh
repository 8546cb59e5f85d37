#!/usr/bin/env bash
# Cargo's runner in `make test`: runs a test binary so that each test tells how long it took, and lists the
# slowest ones in front of the result.
#
#   scripts/timed-tests.sh BINARY [ARGUMENT...]
#
# The harness of stable Rust tells times only where RUSTC_BOOTSTRAP allows what is unstable. It is set for the
# binary alone: cargo would build every dependency anew for it.
set -euo pipefail

slowest=10

work="$(mktemp -d)"
trap 'rm -rf "$work"' EXIT
# Tests that wait for each other write down how long they did (`rig/guests.rs`).
export HORNERO_TEST_WAITS="$work/waits"
touch "$HORNERO_TEST_WAITS" "$work/times"

list_slowest() {
    # NAME SECONDS of each test that waited, then the harness's line of each test that took a second or more.
    awk -v waits="$HORNERO_TEST_WAITS" '
        FILENAME == waits { waited[$1] += $2; next }
        { seconds = $NF; gsub(/[<>s]/, "", seconds); printf "%.1f %.1f %s\n", seconds - waited[$2], waited[$2], $2 }
    ' "$HORNERO_TEST_WAITS" "$work/times" | sort -rn | awk -v most="$slowest" '
        NR == 1 { printf "slowest tests, in seconds without the wait for a turn, and that wait:\n" }
        NR <= most { printf "%9.1f %9.1f  %s\n", $1, $2, $3 }'
}

color=()
case " $* " in
    *" --color"*) ;;
    # The harness sees a pipe.
    *) [ -t 1 ] && color=(--color always) ;;
esac

RUSTC_BOOTSTRAP=1 "$@" -Z unstable-options --report-time "${color[@]}" | while IFS= read -r line; do
    case "$line" in
        "test "*" <"*"s>") printf '%s\n' "$line" >>"$work/times" ;;
        "test result: "*) list_slowest ;;
    esac
    printf '%s\n' "$line"
done
