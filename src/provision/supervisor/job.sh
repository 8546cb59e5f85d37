# shellcheck shell=sh disable=SC2094,SC2015
# Supervises one step, apart from any SSH line: reads user, interpreter, environment and script from a
# pipe, runs the script, and keeps what it prints until it has arrived. The last line of either stream
# tells the exit code; 254 when the script could not be run.
set -u
umask 077
cd "$1" || exit
# Whatever starts it a second time, and one that was given up before it began, runs nothing.
[ ! -e over ] && (set -C && : >started) 2>/dev/null || exit
# The environment of the session that started it, which systemd would not hand on.
# shellcheck source=/dev/null
. ./outer

# Keeps what comes on standard input in a file, and stops reading while too much of it has not arrived.
spool() {
    hornero_size=0
    while :; do
        # The step must not end because its words have no room.
        if ! dd bs=65536 count=64 2>/dev/null; then
            : >full
            continue
        fi
        hornero_before=$hornero_size
        hornero_size=$(stat -c %s "$1") && [ "$hornero_size" -gt "$hornero_before" ] || return
        while
            hornero_arrived=0
            read -r hornero_arrived <"$1.arrived"
            [ $((hornero_size - ${hornero_arrived:-0})) -gt 8388608 ]
        do
            sleep 0.05
        done
    done
}

conclude() {
    [ ! -e full ] || echo "hornero: /run was full on the builder: some of what this step printed is missing" >&2
    printf '\001hornero %s exit %s\n' "$hornero_id" "$1"
    printf '\001hornero %s exit %s\n' "$hornero_id" "$1" >&2
    exec >/dev/null 2>&1
    wait
    exit
}

fail() {
    echo "hornero: $1" >&2
    conclude 254
}

# Names that no environment has: a variable that was exported stays so, whatever is put into it.
hornero_id=$2
spool out <out.pipe >>out &
spool err <err.pipe >>err &
echo $$ >pid
exec <in
read -r hornero_user
read -r hornero_interpreter
read -r hornero_size
hornero_env=$(head -c "$hornero_size")
hornero_script=$(cat)
exec </dev/null >out.pipe 2>err.pipe

hornero_entry=$(getent passwd "$hornero_user") || fail "there is no user $hornero_user on the builder"
IFS=: read -r _ _ _ _ _ HOME _ <<END
$hornero_entry
END
PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
export HOME PATH USER="$hornero_user" LOGNAME="$hornero_user" DEBIAN_FRONTEND=noninteractive
unset SUDO_COMMAND SUDO_USER SUDO_UID SUDO_GID MAIL INVOCATION_ID JOURNAL_STREAM SYSTEMD_EXEC_PID \
    MEMORY_PRESSURE_WATCH MEMORY_PRESSURE_WRITE
hornero_become=
if [ "$hornero_user" != root ] && [ "$(id -u)" -eq 0 ]; then
    chown "$hornero_user" script out.pipe err.pipe || fail "cannot hand pipes to $hornero_user on the builder"
    hornero_become="runuser -u $hornero_user --"
fi
printf '%s\n' "$hornero_script" >script 2>/dev/null &
hornero_writer=$!
# A process group of its own, so that a step that ran out of time can be ended with all that it started.
# shellcheck disable=SC2016 # the inner shells expand these
printf '%s\n' "$hornero_env" | setsid -w sh -c 'echo $$ >group; exec $1 sh -c "$2" sh "$3" "$4"' \
    sh "$hornero_become" 'hornero_env=$(cat)
        eval "$hornero_env"
        umask 022
        cd "$HOME" 2>/dev/null || cd /
        exec $1 "$2" </dev/null' "$hornero_interpreter" "$1/script"
hornero_code=$?
kill "$hornero_writer" 2>/dev/null
conclude "$hornero_code"
