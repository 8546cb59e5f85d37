# shellcheck shell=sh disable=SC2154 # `root` and `stamp` are written in front of this script
# Ends what snapshot.sh has begun: the package sources that were put aside come back, and nothing of the
# snapshot stays. Can be run again.
set -eu
apt=$root/etc/apt
kept=$root/var/lib/hornero-snapshot
over=$root/run/hornero-snapshot-over

if [ -e "$over" ]; then exit 0; fi
if [ ! -e "$kept/done" ]; then
    echo "hornero: the packages of this builder did not come from the snapshot: its sources were not put in place" >&2
    exit 1
fi
failed=
for was in "$kept"/was/sources.list "$kept"/was/sources.list.d/*; do
    if [ ! -e "$was" ] && [ ! -L "$was" ]; then continue; fi
    name=${was#"$kept/was/"}
    # What a step has changed or removed is as the template wants it.
    if cmp -s "$apt/$name" "$kept/is/$name"; then
        mv "$was" "$apt/$name"
    elif grep -qF "/$stamp/" "$apt/$name" 2>/dev/null; then
        echo "hornero: something has changed /etc/apt/$name, and it still names the snapshot" >&2
        failed=yes
    fi
done
if [ -n "$failed" ]; then exit 1; fi
rm -rf "$root"/var/lib/apt/lists/*_"$stamp"_dists_* "$root"/var/lib/apt/lists/partial/*_"$stamp"_dists_*
rm -f "$root/var/cache/apt/pkgcache.bin" "$root/var/cache/apt/srcpkgcache.bin"
rm -rf "$kept"
: >"$over"
