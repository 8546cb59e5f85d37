# shellcheck shell=sh disable=SC2154,SC2015,SC2034,SC2016
# Puts the pieces of an upload together. Further lines that have joined bring every next piece, in turn.
part=
others=
clear() {
    # Nobody finds it any more; whoever waits for a reader already sees one come and go.
    mv -T "$1" "$1.gone" 2>/dev/null
    for line in "$1.gone"/[3-9]; do if [ -p "$line" ]; then : <>"$line"; fi; done
    rm -rf "$1" "$1.gone"
}
leave() { clear "$here"; if [ -n "$part" ]; then rm -f "$part"; fi; }
fail() { echo "$*" >&2; exit 1; }
# Why something could not be put at a path: the last words that a program said of it are the system's own.
failed() {
    why=$(printf '%s\n' "$1" | head -n 1)
    printf 'failed %s\t%s\n' "${why##*: }" "$(printf %s "$2" | tr '\000-\037' '?')"
    exit 1
}
trap leave EXIT
trap 'exit 1' HUP INT TERM PIPE

for old in "${here%-*}"-*; do
    if [ "$old" != "$here" ] && [ -d "$old" ]; then clear "$old"; fi
done
why=$(mkdir -p "$here" 2>&1) || failed "$why" /var/tmp

# The lines that have not said yet that their piece is there.
owing=
await() {
    for one in "$@"; do
        case $owing in *"$one"*) ;; *) continue ;; esac
        read -r said <&"$one" || fail "the line ended early"
        [ "$said" = ok ] || failed "$said" "${target:-/var/tmp}"
        owing=${owing%"$one"*}${owing#*"$one"}
    done
}
# Whether each thing can take its place, before anything has changed: a file, a link, or a folder. A link to a
# folder stands for that folder.
look='
for item; do
    path=${item#?}
    why=
    case $item in
        f*)
            if [ -d "$path" ]; then why="a folder is there"
            elif [ -e "$path" ] && [ ! -f "$path" ]; then why="a device is there"; fi
            ;;
        l*) if [ -d "$path" ] && [ ! -L "$path" ]; then why="a folder is there"; fi ;;
        *) if [ ! -d "$path" ] && { [ -e "$path" ] || [ -L "$path" ]; }; then why="no folder is there"; fi ;;
    esac
    if [ -n "$why" ]; then
        printf "failed %s\t%s\n" "$why" "$(printf %s "$path" | tr "\000-\037" "?")"
        exit 255
    fi
done'
missing='for path; do if [ ! -d "$path" ]; then printf "%s\0" "$path"; fi; done'
# Makes those that are missing, and gives owner and mode to all where the template says them.
folders() {
    umask 022
    xargs -0 sh -c "$missing" folders <"$1" >"$1.new" &&
        xargs -0 -r mkdir -p -- <"$1.new" &&
        xargs -0 -r chown 0:0 -- <"$1.new" &&
        xargs -0 -r chmod 00755 -- <"$1.new" || return
    if [ "$2" != - ]; then xargs -0 chown "$2" -- <"$1" || return; fi
    if [ "$3" != - ]; then xargs -0 chmod "$3" -- <"$1" || return; fi
    rm "$1" "$1.new"
}
# A folder that is there keeps its owner and mode; a link to a folder (`/lib`) is followed, not replaced.
unpack() {
    umask 022
    tar --extract --file "$1" --directory / --same-permissions --numeric-owner --same-owner \
        --keep-directory-symlink --warning=no-timestamp --quoting-style=literal && rm "$1"
}
# A program that cannot replace what is there says only that it is there: whether the folder can be written to,
# and the file, tells more.
blame() {
    first=$(head -n 1 "$here/said")
    first=${first#*: }
    name=${first%%: Cannot *}
    name=${name%%: Wrote only *}
    target=/${name#/}
    case $first in
        *": Wrote only "*) failed "No space left on device" "$target" ;;
        *": File exists")
            probe=${target%/*}/.hornero-probe
            why=$( { : >"$probe"; } 2>&1) || failed "$why" "$target"
            rm -f "$probe"
            why=$( { : >>"$target"; } 2>&1) || failed "$why" "$target"
            ;;
    esac
    failed "$first" "$target"
}
echo ready
working=
settle() {
    if [ -z "$working" ]; then return; fi
    wait "$working" || blame
    working=
    echo "done $unpacked"
}
# A large file comes in slices beside its destination.
begin() {
    settle
    why=$( { umask 022 && mkdir -p "${1%/*}/" && umask 077 && : >"$1"; } 2>&1) || failed "$why" "$target"
    part=$1
}

while :; do
    for line in 0 $others; do
        await "$line"
        read -r number kind form size rest <&"$line" || fail "the line ended early"
        # shellcheck disable=SC2086
        set -- $rest
        case $kind in
            tar | look | folders)
                block=$here/tar$number
                case $line in
                    0) why=$(take 2>&1 >"$block") || failed "$why" /var/tmp ;;
                    *) owing=$owing$line && await "$line" ;;
                esac
                [ "$(cksum <"$block")" = "$1 $2" ] || fail "a piece did not arrive as it was sent"
                settle
                case $kind in
                    tar)
                        unpack "$block" 2>"$here/said" &
                        working=$! unpacked=$number
                        continue
                        ;;
                    look) xargs -0 sh -c "$look" look <"$block" && rm "$block" || exit 1 ;;
                    folders)
                        why=$(folders "$block" "$3" "$4" 2>&1)  || {
                            target=${why#*\'}
                            failed "$why" "${target%%\'*}"
                        }
                        ;;
                esac
                echo "done $number"
                ;;
            slice)
                decode "$3"
                target=$path
                decode "$2"
                if [ "$path" != "$part" ]; then begin "$path"; fi
                case $line in
                    0) why=$(put "$part" "$1" 2>&1) || failed "$why" "$target" ;;
                    *) owing=$owing$line ;;
                esac
                ;;
            place)
                # shellcheck disable=SC2086
                await $others
                decode "$4"
                target=$path
                decode "$7"
                # Nothing has come of one that is all holes.
                if [ "$path" != "$part" ]; then begin "$path"; fi
                if [ "$8" = holes ]; then why=$(truncate -s "$6" "$part" 2>&1) || failed "$why" "$target"; fi
                case $5 in
                    # Sums of its slices were checked as they were unpacked.
                    -) found="- $(wc -c <"$part")" ;;
                    *) found=$(cksum <"$part") ;;
                esac
                [ "$found" = "$5 $6" ] || fail "a file did not arrive as it was sent"
                why=$( { chown "$1" "$part" && chmod "$2" "$part" && touch -d "@$3" "$part" &&
                    mv -fT "$part" "$target"; } 2>&1) || failed "$why" "$target"
                part=
                echo "done $number"
                ;;
            join)
                others=$rest
                for one in $others; do eval "exec $one<\"\$here/$one\""; done
                ;;
            end)
                settle
                exit 0
                ;;
            *) fail "a piece of an unknown kind: $kind" ;;
        esac
    done
done
