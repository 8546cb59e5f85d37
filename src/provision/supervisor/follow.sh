# shellcheck shell=sh disable=SC2015
# Follows a step over one SSH line, and starts it first unless that was done over an earlier one. What
# it is told on standard input: where the step lives, how many bytes of its output have arrived already,
# the supervisor and the step itself; after that how many have arrived by then, and at last `done`.
set -u
umask 077
fail() {
    echo "hornero: $1" >&2
    exit 254
}
tell() {
    printf '\001hornero %s %s\n' "$id" "$1"
}
read -r root && read -r id && read -r arrived && read -r job_size && read -r step_size || exit 1
folder=$root/$id

launch() {
    # What a step leaves in the background stays, and dies with its unit when its time is over. Whatever
    # restarts services after an upgrade must not restart this one.
    if [ -d /run/systemd/system ] && systemd-run --quiet --collect --unit="hornero-step-$id" \
        --property=KillMode=process --property=IgnoreSIGPIPE=no --property=OOMPolicy=continue \
        --property=RefuseManualStop=yes --property=IgnoreOnIsolate=yes \
        --property=TasksMax=infinity sh "$folder/job" "$folder" "$id" </dev/null >/dev/null 2>&1; then
        return
    fi
    setsid -f sh "$folder/job" "$folder" "$id" </dev/null >/dev/null 2>&1
}

start() {
    cd "$folder" && : >out && : >out.arrived && export -p >outer && printf '%s\n' "$job" >job &&
        mkfifo in script out.pipe ||
        fail "cannot write to $folder on the builder"
    launch || fail "cannot start the step's supervisor on the builder"
    # Through a pipe: nothing of a step is ever in a file.
    printf '%s\n' "$step" >in
}

if [ "$step_size" -gt 0 ]; then
    job=$(head -c "$job_size")
    step=$(head -c "$step_size")
    # A line that was cut before all of it was here starts nothing.
    read -r whole && [ "$whole" = whole ] || exit 1
    # From here on a lost line ends nothing. A handler, for what is ignored stays so in the step.
    trap : HUP PIPE TERM
    mkdir -m 0711 "$root" 2>/dev/null || [ -d "$root" ] || fail "cannot make $root on the builder"
    # The folder stays when the step is over: whoever makes it starts the step, and nobody else does.
    mkdir -m 0711 "$folder" 2>/dev/null && new=yes
fi
# Nothing of a step outlives its boot.
boot=
read -r boot </proc/sys/kernel/random/boot_id
tell "follow $boot"
[ -z "${new-}" ] || start
tries=0
until [ -s "$folder/pid" ]; do
    # A machine that was restarted has an empty /run.
    # One that is being started may take its time on a busy machine.
    [ -e "$folder/outer" ] && patience=1200 || patience=100
    if [ ! -d "$folder" ] || [ -e "$folder/over" ] || [ "$tries" -ge "$patience" ]; then
        tell ended
        exit 1
    fi
    sleep 0.1
    tries=$((tries + 1))
done
read -r pid <"$folder/pid"
{
    trap 'kill "${tail-}" 2>/dev/null; exit' TERM
    # What tail itself has to say is none of the step's.
    tail -c "+$((arrived + 1))" -f --pid="$pid" "$folder/out" 2>/dev/null &
    tail=$!
    wait
    # After everything that the step has printed: it tells nothing new where the step told its end.
    tell ended
} </dev/null &
follower=$!
while read -r what count; do
    case $what in
        arrived)
            # An older line may still say what it knew.
            before=0
            read -r before <"$folder/out.arrived"
            [ "$count" -gt "${before:-0}" ] || continue
            echo "$count" >"$folder/out.arrived"
            fallocate --punch-hole --offset 0 --length "$count" "$folder/out" 2>/dev/null
            ;;
        done)
            # Its group is the supervisor's alone; what the step left running is in another one.
            kill -s TERM -- "-$pid" 2>/dev/null
            rm -f "$folder"/* && : >"$folder/over"
            break
            ;;
    esac
done
kill "$follower" 2>/dev/null
