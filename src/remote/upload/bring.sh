# shellcheck shell=sh disable=SC2154
# Takes what a further line brings, beside `receive.sh`, which is told each piece over a pipe: first what
# comes, then that it is there. Before this text: `line`, the number of the pipe.
# Without the folder, all is there already.
mkfifo "$here/$line" 2>/dev/null || exit 0
# The first line tells the other end of the pipe, in its turn.
echo ready
exec 9>"$here/$line" || exit 1
# Not longer than anybody waits for this line.
until_it() {
    until [ "$@" ]; do
        [ -p "$here/$line" ] || exit 1
        sleep 0.01
    done
}
before=
while read -r number kind form size rest; do
    printf '%s\n' "$number $kind $form $size $rest" >&9
    case $kind in
        tar | look | folders)
            # One waits at most: the disk may have no room for more.
            until_it ! -e "$here/tar$before"
            why=$(take 2>&1 >"$here/tar$number") || why=${why:-no room in /var/tmp}
            before=$number
            ;;
        slice)
            part=${rest#* }
            decode "${part%% *}"
            until_it -e "$path"
            # One that was killed says nothing.
            why=$(put "$path" "${rest%% *}" 2>&1) || why=${why:-a slice could not be written}
            ;;
        *) continue ;;
    esac
    printf '%s\n' "${why:-ok}" >&9
done
