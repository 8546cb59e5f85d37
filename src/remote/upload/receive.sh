# shellcheck shell=sh disable=SC2154,SC2015,SC2034
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
trap leave EXIT
trap 'exit 1' HUP INT TERM PIPE

for old in "${here%-*}"-*; do
    if [ "$old" != "$here" ] && [ -d "$old" ]; then clear "$old"; fi
done
mkdir -p "$here" || exit 1

# The lines that have not said yet that their piece is there.
owing=
await() {
    for one in "$@"; do
        case $owing in *"$one"*) ;; *) continue ;; esac
        read -r said <&"$one" || fail "the line ended early"
        [ "$said" = ok ] || fail "$said"
        owing=${owing%"$one"*}${owing#*"$one"}
    done
}
# A folder that is there keeps its owner and mode unless the archive names it; a link to a folder
# (`/lib`) is followed, not replaced.
unpack() {
    umask 022
    tar --extract --file "$1" --directory / --same-permissions --numeric-owner --same-owner \
        --keep-directory-symlink --warning=no-timestamp && rm "$1"
}
echo ready
working=
settle() {
    if [ -z "$working" ]; then return; fi
    wait "$working" || exit 1
    working=
    echo "done $unpacked"
}

while :; do
    for line in 0 $others; do
        await "$line"
        read -r number kind form size rest <&"$line" || fail "the line ended early"
        case $kind in
            tar)
                tar=$here/tar$number
                case $line in
                    0) take >"$tar" || fail "no room in /var/tmp" ;;
                    *) owing=$owing$line && await "$line" ;;
                esac
                [ "$(cksum <"$tar")" = "$rest" ] || fail "a piece did not arrive as it was sent"
                settle
                unpack "$tar" &
                working=$! unpacked=$number
                ;;
            slice)
                decode "${rest#* }"
                if [ "$path" != "$part" ]; then
                    settle
                    (umask 022 && mkdir -p "${path%/*}/") || exit 1
                    part=$path
                    : >"$part" || exit 1
                fi
                case $line in
                    0) put "$part" "${rest%% *}" || exit 1 ;;
                    *) owing=$owing$line ;;
                esac
                ;;
            place)
                # shellcheck disable=SC2086
                await $others
                # shellcheck disable=SC2086
                set -- $rest
                case $5 in
                    # Sums of its slices were checked as they were unpacked.
                    -) found="- $(wc -c <"$part")" ;;
                    *) found=$(cksum <"$part") ;;
                esac
                [ "$found" = "$5 $6" ] || fail "a file did not arrive as it was sent"
                chown "$1" "$part" && chmod "$2" "$part" && touch -d "@$3" "$part" || exit 1
                decode "$4"
                mv -fT "$part" "$path" || exit 1
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
