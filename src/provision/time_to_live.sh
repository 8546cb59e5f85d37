# shellcheck shell=sh
# Ends this machine by itself `seconds` from now, unless that is put off by running this again. Run
# early in each boot, and over SSH by a live run. All of it lies under /run.
put_off() {
    mkdir -p /run/hornero && chmod 0711 /run/hornero || return
    read -r up _ </proc/uptime
    # shellcheck disable=SC2154 # written in front of this script
    echo $((${up%.*} + seconds)) >/run/hornero/ends.new || return
    mv /run/hornero/ends.new /run/hornero/ends || return
    cat >/run/hornero/watch.new <<'END' || return
while true; do
    if read -r new </run/hornero/ends; then ends=$new; fi
    read -r up _ </proc/uptime
    left=$((ends - ${up%.*}))
    if [ "$left" -le 0 ]; then break; fi
    sleep $((left < 5 ? left : 5))
done
echo "hornero: the time to live of this builder is over" >/dev/console
if [ -d /run/systemd/system ]; then
    systemctl start --no-block --job-mode=replace-irreversibly poweroff.target
else
    poweroff
fi
# Nothing on the builder is worth a shutdown that hangs.
sleep 60
systemctl poweroff --force --force || poweroff -f
END
    mv /run/hornero/watch.new /run/hornero/watch || return
    watch
}
# Starts the watch, unless it is there. It is no part of the boot that it may have to wait for, and goes
# on while the machine shuts down.
watch() {
    if [ -d /run/systemd/system ]; then
        if systemctl is-active --quiet hornero-watch.service; then return; fi
        systemd-run --quiet --no-block --collect --unit=hornero-watch \
            --description="ends this builder when nobody works on it any more" \
            --property=DefaultDependencies=no --property=Restart=always --property=OOMScoreAdjust=-1000 \
            sh /run/hornero/watch
    elif ! kill -s 0 "$(cat /run/hornero/watching)" 2>/dev/null; then
        setsid sh /run/hornero/watch </dev/null >/dev/null 2>&1 &
        echo $! >/run/hornero/watching
    fi
}
put_off || {
    echo "hornero: this builder would not end by itself when hornero is gone" >&2
    exit 1
}
