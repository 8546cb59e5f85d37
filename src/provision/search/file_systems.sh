# shellcheck shell=sh disable=SC2154 # `program.sh` brings these parts together
# The file systems of this machine that become its image, each seen without what is mounted on it.
# The file systems that become the image, each once and at its own root where it is mounted so: number, root, type and
# place. What is read-only by its kind comes from packages.
file_systems() {
    awk '
        FILENAME == "/proc/filesystems" { if ($1 != "nodev") on_disk[$1] = 1; next }
        { for (i = 7; $i != "-"; i++); type = $(i + 1) }
        type ~ /^(squashfs|iso9660)$/ { next }
        on_disk[type] || type ~ /^(zfs|ubifs|bcachefs)$/ || $5 == "/" {
            if ($4 == "/" && !($3 in whole)) whole[$3] = NR
            line[NR] = $3 " " $4 " " type " " $5
            device[NR] = $3
            root[NR] = $3 " " $4
        }
        END {
            for (n = 1; n <= NR; n++) {
                if (!(n in line) || seen[root[n]]++) continue
                if (!(device[n] in whole) || whole[device[n]] == n) print line[n]
            }
        }' /proc/filesystems /proc/self/mountinfo
}

plain() { printf '%b' "$(printf '%s\n' "$1" | sed 's/\\134/\\0134/g')"; }

# What is mounted at `$tree`: number and root.
at_tree() { awk -v tree="$tree" '$5 == tree { last = $3 " " $4 } END { print last }' /proc/self/mountinfo; }

# Shows the whole of a file system at `$tree`, without what is mounted on its folders: `$1` is its number, `$2` its
# root, `$3` its type and `$4` its place.
show() {
    mount --bind "$4" "$tree" 2>/dev/null || true
    if [ "$(at_tree)" != "$1 $2" ]; then
        # Something else is mounted over it. Where the script lies no device may be opened.
        while umount "$tree" 2>/dev/null; do :; done
        mkdir -p "$work/devices"
        mount -t tmpfs -o mode=0700 devices "$work/devices" &&
            mknod "$work/devices/disk" b "${1%:*}" "${1#*:}" &&
            mount -t "$3" "$work/devices/disk" "$tree" || return
        umount "$work/devices" || return
    fi
    mount -o remount,bind,ro "$tree" 2>/dev/null || true
}

file_systems_in_turn() {
    file_systems >"$work/file-systems" || fail 'listing the file systems of this machine'
    if [ ! -s "$work/file-systems" ]; then fail 'this machine tells of no file system'; fi
    while read -r device root type place <&5; do
        place=$(plain "$place")
        if [ -f "$place" ]; then continue; fi
        if ! show "$device" "$root" "$type" "$place" 2>"$work/said"; then
            fail "$place: it cannot be shown without what is mounted on its folders: $(head -n 1 "$work/said")"
            continue
        fi
        search "$place"
        umount "$tree" || fail "$place: it cannot be unmounted again"
    done 5<"$work/file-systems"
}
