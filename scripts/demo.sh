#!/usr/bin/env bash
# Bakes a template of `templates/` in a local virtual machine, and tells how to go on.
#
#   scripts/demo.sh NAME
set -euo pipefail

name="$1"
hornero() { cargo run --quiet -- "$@" --platform qemu; }

image="$(hornero bake "templates/$name.toml")"
parameter="$(hornero get "$name")"
[ "$image" = "$parameter" ] || {
    echo "demo: baked $image, but \`hornero get $name\` says $parameter" >&2
    exit 1
}

cat <<END

image      $image
parameter  /images/$name/dev

Go on with
    cargo run -- get $name --platform qemu
    cargo run -- test $image --platform qemu
END
