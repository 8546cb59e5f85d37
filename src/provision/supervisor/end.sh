# shellcheck shell=sh disable=SC2094
# Ends a step and all that it started: first politely, then by force, then what has left its group; for
# `*` all steps of the run. One that has not begun by then never does.
set -u
umask 077
exec 2>/dev/null
read -r root && read -r wanted || exit
end() {
    cd "$1" || return
    if [ ! -e over ]; then
        # The unit is there as long as its supervisor, which would end together with the step.
        if read -r pid <pid; then
            kill -s STOP "$pid"
        fi
        if read -r group <group; then
            kill -s TERM -- "-$group"
            tries=0
            while kill -s 0 -- "-$group" && [ "$tries" -lt 20 ]; do
                sleep 0.1
                tries=$((tries + 1))
            done
            kill -s KILL -- "-$group"
        fi
        if [ -d /run/systemd/system ]; then
            systemctl kill --signal=KILL "hornero-step-${1##*/}.service"
        fi
        if [ -n "${pid-}" ]; then
            kill -s KILL -- "-$pid"
        fi
    fi
    : >over
    for file in *; do
        [ "$file" = over ] || rm -f "$file"
    done
}
if [ "$wanted" != '*' ]; then
    mkdir -m 0711 "$root"
    mkdir -m 0711 "$root/$wanted"
fi
for folder in "$root"/$wanted; do
    if [ -d "$folder" ]; then
        (end "$folder") || exit
    fi
done
exit 0
