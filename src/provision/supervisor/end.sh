# shellcheck shell=sh disable=SC2094
# Ends a step and all that it started: first politely, then by force, then what has left its group.
set -u
exec 2>/dev/null
read -r folder && read -r id || exit
cd "$folder" || exit
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
    systemctl kill --signal=KILL "hornero-step-$id.service"
fi
if read -r pid <pid; then
    kill -s KILL -- "-$pid"
fi
rm -f "$folder"/* && : >over
