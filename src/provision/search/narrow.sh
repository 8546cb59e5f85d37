# shellcheck shell=sh disable=SC2154,SC2034 # `program.sh` brings these parts together
# Searches one file system, and names the files that hold something.
# Searches one file system, which is seen at `$tree`.
search() {
    place=$1
    pass "$place" all
    if [ -z "$here" ]; then
        if [ -z "$failed" ]; then tell "searched $place"; fi
        return
    fi
    for set_of_hits in joined lines; do
        pass "$place" "$set_of_hits"
        if [ -z "$here" ]; then continue; fi
        found=yes told=''
        tar --create --file=/dev/null --verbose --index-file="$work/list" --quoting-style=escape \
            ${alone:+--one-file-system} -C "$tree" . 2>/dev/null
        narrow "$set_of_hits" 1 "$(wc -l <"$work/list")"
        # It may have changed meanwhile, or several files hold it together.
        if [ -z "$told" ]; then tell "found 0 somewhere $place"; fi
    done
    tell "searched $place"
}

# Whether the lines `$3` to `$4` of the list name a file that holds a form of the set `$1` of the secret `$2`.
holds() {
    sed -n "$3,$4p" "$work/list" >"$work/part"
    besides_canaries "$(stream "$1" "$2" --no-recursion -T "$work/part")"
}

# Finds the files of the list that hold a form of the set `$1`, between the lines `$2` and `$3`.
narrow() {
    if [ "$examined" -ge "$max_hits" ] || ! holds "$1" 0 "$2" "$3"; then return; fi
    if [ "$2" -eq "$3" ]; then
        examine "$1" "$2"
    else
        narrow "$1" "$2" $((($2 + $3) / 2))
        narrow "$1" $((($2 + $3) / 2 + 1)) "$3"
    fi
}

# Tells of the file in the line `$2` which secrets it holds, and where.
examine() {
    examined=$((examined + 1))
    name=$(sed -n "$2p" "$work/list")
    one=1
    while [ "$one" -le "$secrets" ]; do
        if holds "$1" "$one" "$2" "$2"; then
            tell "found $one $(whereabouts "$1" "$2" "$name") ${place%/}${name#.}"
            told=yes
        fi
        one=$((one + 1))
    done
}

whereabouts() {
    if printf '%s' "$3" | tr -d "$(left_out "$1")" |
        { forms "$1" "$one" | grep -a -F -q -f - -- /proc/self/fd/3; } 3<&0; then
        echo name
    elif [ -L "$tree/$3" ]; then
        echo target
    else
        attributes=
        if holds "$1" "$one" "$2" "$2"; then echo content; else echo attribute; fi
    fi
}
