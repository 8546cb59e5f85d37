#!/usr/bin/env bash
# Makes the Python environment of tests and benchmarks, with what tests/aws/requirements.txt names.
#
#   scripts/python.sh FOLDER
#
# The environment is FOLDER/python, and its programs' folder is printed. Takes no time when it is
# there; those who ask at the same time wait for the one that makes it.
set -euo pipefail

folder="$(mkdir -p "$1" && cd "$1" && pwd)"
cd "$(dirname "$0")/.."
environment="$folder/python"
marker="$folder/python-installed.txt"
# Its programs hold its path, so one that came here with a copied target directory is made anew.
wanted="$environment
$(cat tests/aws/requirements.txt)"

exec 9>"$folder/python.lock"
flock 9
if [ ! -e "$marker" ] || [ "$(cat "$marker")" != "$wanted" ]; then
    rm -rf "$environment"
    python3 -m venv "$environment"
    "$environment/bin/pip" install --quiet --disable-pip-version-check --requirement tests/aws/requirements.txt
    printf '%s\n' "$wanted" >"$marker"
fi
echo "$environment/bin"
