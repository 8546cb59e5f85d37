# shellcheck shell=sh
# Powers the machine off from inside as soon as whoever asked for it has closed the SSH line: by then
# the answer has arrived, and what had to be done before the machine goes off is done. All of it lies
# under /run, and the account that asked may be gone already.
power_off() {
    line=$$
    while [ "$line" -gt 1 ]; do
        case $(cat "/proc/$line/comm") in sshd*) break ;; esac
        line=$(sed -n 's/^PPid:[[:space:]]*//p' "/proc/$line/status")
    done
    mkdir -p /run/hornero || return
    echo "line=$line" >/run/hornero/power-off || return
    # A line that nobody closes, or one without an sshd, is waited for a minute.
    cat >>/run/hornero/power-off <<'END' || return
{
    rm -f /run/hornero/power-off
    waited=0
    while [ -d "/proc/$line" ] && [ "$waited" -lt 300 ]; do
        sleep 0.2
        waited=$((waited + 1))
    done
    # The watch would cut a shutdown short that takes long.
    if [ -d /run/systemd/system ]; then
        systemctl stop hornero-watch.service
        systemctl start --no-block --job-mode=replace-irreversibly poweroff.target
    else
        kill "$(cat /run/hornero/watching)"
        poweroff
    fi
    exit
}
END
    if [ -d /run/systemd/system ]; then
        systemd-run --quiet --collect --unit=hornero-power-off sh /run/hornero/power-off
    else
        setsid sh /run/hornero/power-off </dev/null >/dev/null 2>&1 &
    fi
}
power_off || {
    echo "hornero: the machine cannot be told to power itself off" >&2
    exit 1
}
