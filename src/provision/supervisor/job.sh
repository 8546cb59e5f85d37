# shellcheck shell=sh disable=SC2094,SC2015,SC2317
# Supervises one step, apart from any SSH line: reads user, interpreter, environment and script from a
# pipe, runs the script, and keeps what it prints until it has arrived. Both streams of the step are one
# pipe, so its lines stay in the order of writing. The last line tells the exit code; 254 when the script
# could not be run.
set -u
umask 077
exec >/dev/null 2>&1
cd "$1" || exit
# Whatever starts it a second time, and one that was given up before it began, runs nothing.
[ ! -e over ] && (set -C && : >started) || exit
# The environment of the session that started it, which systemd would not hand on.
# shellcheck source=/dev/null
. ./outer

# Keeps what comes on standard input in `out`, and stops reading while too much of it has not arrived.
spool() {
    hornero_size=0
    while :; do
        # The step must not end because its words have no room.
        if ! dd bs=65536 count=64; then
            : >full
            continue
        fi
        hornero_before=$hornero_size
        hornero_size=$(stat -c %s out) && [ "$hornero_size" -gt "$hornero_before" ] || return
        while
            hornero_arrived=0
            read -r hornero_arrived <out.arrived
            [ $((hornero_size - ${hornero_arrived:-0})) -gt 8388608 ]
        do
            sleep 0.05
        done
    done
}

tell_end() {
    [ ! -e full ] || echo "hornero: /run was full on the builder: some of what this step printed is missing"
    printf '\001hornero %s exit %s\n' "$hornero_id" "$hornero_code"
}

# The line that followed the step is done with it. What the step left running may go on to write.
leave() {
    kill "$hornero_spool" "$hornero_timer"
    exec cat <&4
}

# Whatever the step has started holds the pipe as long as it may still write to it. That is waited for,
# but not for long: it may be a daemon.
conclude() {
    hornero_code=$1
    {
        exec 4<&- 5>&-
        sleep 2
        # Behind all that was written by now. Opened for both ways, which never waits for a reader.
        exec 1<>out.pipe
        tell_end
    } &
    hornero_timer=$!
    exec 5>&-
    trap leave TERM
    wait "$hornero_spool"
    kill "$hornero_timer"
    tell_end >>out
    exit
}

# The folders of a root login, each once: as the machine's settings for logins say, the usual ones, those of
# this session, which are sudo's, and that of snapd, which adds it to logins by a script.
login_path() {
    hornero_session=$PATH
    hornero_path=
    set -f
    # Quotes are not part of a folder.
    IFS=":'\"
"
    # shellcheck disable=SC2046 # words are wanted
    for hornero_folder in $(sed -n -e 's/^[[:space:]]*\(export[[:space:]]\{1,\}\)\{0,1\}PATH=//p' \
        -e 's/^[[:space:]]*ENV_SUPATH[[:space:]]\{1,\}PATH=//p' /etc/environment /etc/login.defs) \
        /usr/local/sbin /usr/local/bin /usr/sbin /usr/bin /sbin /bin $hornero_session \
        $([ ! -e /etc/profile.d/apps-bin-path.sh ] || echo /snap/bin); do
        case $hornero_folder:$hornero_path: in
            [!/]* | *[[:space:]]*) ;;
            "$hornero_folder:$hornero_folder:"* | *":$hornero_folder:"*) ;;
            *) hornero_path=${hornero_path:+$hornero_path:}$hornero_folder ;;
        esac
    done
    printf '%s\n' "$hornero_path"
}

fail() {
    echo "hornero: $1" >&5
    conclude 254
}

# Names that no environment has: a variable that was exported stays so, whatever is put into it.
hornero_id=$2
# 4 is the end that is read from, 5 the one that is written to. Neither waits for the other.
exec 3<>out.pipe 4<out.pipe 5>out.pipe 3>&-
{
    # By `exec`, or the shell would keep what it closes.
    exec <&4 >>out 4<&- 5>&-
    spool
} &
hornero_spool=$!
echo $$ >pid
exec <in
read -r hornero_user
read -r hornero_interpreter
read -r hornero_size
hornero_env=$(head -c "$hornero_size")
hornero_script=$(cat)
exec </dev/null

hornero_entry=$(getent passwd "$hornero_user") || fail "there is no user $hornero_user on the builder"
IFS=: read -r _ _ _ _ _ HOME _ <<END
$hornero_entry
END
hornero_path=$(login_path)
PATH=$hornero_path
export HOME PATH USER="$hornero_user" LOGNAME="$hornero_user" DEBIAN_FRONTEND=noninteractive
unset SUDO_COMMAND SUDO_USER SUDO_UID SUDO_GID MAIL INVOCATION_ID JOURNAL_STREAM SYSTEMD_EXEC_PID \
    MEMORY_PRESSURE_WATCH MEMORY_PRESSURE_WRITE
hornero_become=
if [ "$hornero_user" != root ] && [ "$(id -u)" -eq 0 ]; then
    chown "$hornero_user" script out.pipe || fail "cannot hand pipes to $hornero_user on the builder"
    hornero_become="runuser -u $hornero_user --"
fi
{
    exec >script 4<&- 5>&-
    printf '%s\n' "$hornero_script"
} &
hornero_writer=$!
# A process group of its own, so that a step that ran out of time can be ended with all that it started.
# shellcheck disable=SC2016 # the inner shells expand these
printf '%s\n' "$hornero_env" | setsid -w sh -c 'echo $$ >group; exec $1 sh -c "$2" sh "$3" "$4"' \
    sh "$hornero_become" 'hornero_env=$(cat)
        set -f
        set -- $1 "$2"
        eval "$hornero_env"
        umask 022
        cd "$HOME" 2>/dev/null || cd /
        exec "$@" </dev/null' "$hornero_interpreter" "$1/script" >&5 2>&1 4<&- 5>&-
hornero_code=$?
kill "$hornero_writer"
conclude "$hornero_code"
