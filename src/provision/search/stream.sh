# shellcheck shell=sh disable=SC2154,SC2034 # `program.sh` brings these parts together
# Reads files as one stream and finds forms in it, with a bounded memory, whatever the files are.
# Prints the forms of the secret with this number, or of all of them for 0, and the canaries. The shell prints them
# itself: a program would show them to everybody.
forms() {
    each=1
    while [ "$each" -le "$secrets" ]; do
        if [ "$2" -eq 0 ] || [ "$2" -eq "$each" ]; then
            case $1 in
                all) forms_of joined "$each" && forms_of short "$each" ;;
                *) forms_of "$1" "$each" ;;
            esac || return
        fi
        each=$((each + 1))
    done
    printf '%s\n' "$half$other-first" "$half$other-last"
}

# Every name comes whole: after a first part of this length tar writes it in one piece.
long=$(printf '%0160d' 0)

# The files that the arguments name between two canaries, with names, link targets and attributes, without holes.
archive() {
    if [ -n "$alone" ]; then set -- --one-file-system "$@"; fi
    if [ -n "$attributes" ]; then set -- --xattrs '--xattrs-include=*' "$@"; fi
    tar --create --file=- --record-size="$pipe_bytes" --format=posix --sparse --numeric-owner --quoting-style=escape \
        --pax-option=delete=atime,delete=ctime,delete=mtime --transform="s,^,$long/,S" \
        -C "$work/canary" first -C "$tree" "$@" -C "$work/canary" last
}

# Cuts a stream into lines. What stands at the end of one stands at the beginning of the next again.
pieces() {
    seam=
    while :; do
        printf '%s' "$seam"
        dd bs="$piece_bytes" count=1 iflag=fullblock 2>"$work/dd" || { cat "$work/dd" >&2; return 1; }
        seam=$(dd bs="$longest" count=1 iflag=fullblock 2>"$work/dd") || { cat "$work/dd" >&2; return 1; }
        printf '%s\n' "$seam"
        if [ -z "$seam" ]; then return 0; fi
    done
}

# Blanks and line ends are left out of what is searched, so that a form is found wherever lines end.
left_out() {
    case $1 in
        all | joined) printf '%s' '\n\r\t \000' ;;
        lines) printf '%s' '\n\r\000' ;;
    esac
}

# Prints each form of a set that stands in the files; the arguments of tar come last. How each program ended lies in
# `$work/ends`, and what they said beside it.
stream() {
    set_name=$1 number=$2
    shift 2
    rm -f "$work/said"
    {
        { archive "$@" 2>"$work/said.tar"; echo "tar $?" >&4; } |
            { tr -d "$(left_out "$set_name")" 2>>"$work/said"; echo "tr $?" >&4; } |
            { pieces 2>>"$work/said"; echo "dd $?" >&4; } |
            {
                { forms "$set_name" "$number" | grep -a -o -F -f - -- /proc/self/fd/3; } 3<&0 2>>"$work/said"
                echo "grep $?" >&4
            } |
            { awk '!seen[$0]++' 2>>"$work/said"; echo "awk $?" >&4; }
    } 4>"$work/ends"
}

# What stands in the files beside the canaries.
besides_canaries() { printf '%s\n' "$1" | grep -v -x -F -e "$half$other-first" -e "$half$other-last" | grep -q .; }

# Whether the last stream went through all of its programs to its end. `$1` is what it printed, `$2` where it looked.
went_through() {
    # Who ended first is told, not those that it took with it; grep ends with 1 where nothing reaches it.
    order='grep awk dd tr'
    if grep -q -x 'grep 1' "$work/ends"; then order='dd tr awk grep'; fi
    for program in $order; do
        if ! grep -q -x "$program 0" "$work/ends"; then
            code=$(sed -n "s/^$program //p" "$work/ends")
            fail "$2: \`$program\` ended with ${code:-a signal}: $(head -n 1 "$work/said" 2>/dev/null)"
            return 1
        fi
    done
    if ! grep -q '^tar [012]$' "$work/ends"; then
        fail "$2: \`tar\` ended with $(sed -n 's/^tar //p' "$work/ends"): $(head -n 1 "$work/said.tar")"
        return 1
    fi
    for canary in first last; do
        if ! printf '%s\n' "$1" | grep -q -x -F -e "$half$other-$canary"; then
            fail "$2: it did not find what was put there to be found"
            return 1
        fi
    done
}

# Sorts what tar said: files that changed meanwhile are searched again, what else it could not read is a failure.
understand() {
    : >"$work/again"
    refused=0 gone=''
    while IFS= read -r line; do
        name=${line#tar: }
        case $line in
            'tar: '*': file changed as we read it') printf '%s\n' "${name%: file changed*}" >>"$work/again" ;;
            'tar: '*': File shrank by '*) printf '%s\n' "${name%: File shrank by*}" >>"$work/again" ;;
            'tar: '*': File removed before we read it' | 'tar: '*': socket ignored') ;;
            'tar: '*': Cannot stat: No such file or directory' | 'tar: '*': Cannot open: No such file or directory')
                # It was named because it changed, and is gone now.
                if [ "$round" -gt 0 ]; then gone=yes; else refuse "$1${name#.}"; fi
                ;;
            'tar: '*': Warning: '*'xattr'*': Operation not supported') ;;
            'tar: Exiting with failure status due to previous errors') ;;
            'tar: '*' file is on a different filesystem; not dumped') ;;
            'tar: The POSIX xattr support is not available' | 'tar: XATTR support is not available'*) unseen=yes ;;
            *) refuse "$1${name#.}" ;;
        esac
    done <"$work/said.tar"
    # A colon is told with a backslash there.
    sed 's/\\:/:/g' "$work/again" >"$work/names"
    if grep -q -x 'tar 2' "$work/ends" && [ "$refused" -eq 0 ] && [ -z "$gone" ]; then
        fail "$1: \`tar\` ended with 2 and did not say why"
    fi
}

# So many reasons are told.
refuse() {
    refused=$((refused + 1))
    if [ "$refused" -le 20 ]; then fail "$1"; fi
}

# Searches the tree under the name `$1` for a set, and again what changed meanwhile. Whether there is anything, is in
# `here`.
pass() {
    place=$1 set=$2 round=0 here=''
    shift 2
    set -- .
    while :; do
        printed=$(stream "$set" 0 "$@")
        went_through "$printed" "$place" || return
        if besides_canaries "$printed"; then here=yes; fi
        understand "${place%/}"
        if [ ! -s "$work/names" ]; then return; fi
        round=$((round + 1))
        if [ "$round" -ge 5 ]; then
            fail "${place%/}$(head -n 1 "$work/names" | sed 's/^\.//'): it is written to all the time while it is searched"
            return
        fi
        set -- -T "$work/names"
    done
}
