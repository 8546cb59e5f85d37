# shellcheck shell=sh
# Starts, in the first boot of a machine that is saved, the program that waits until it has been.
port=/dev/virtio-ports/org.hornero.warm

start() {
    cloud_init=$(command -v cloud-init) || return
    python=$(sed -n '1s/^#![[:space:]]*//p' "$cloud_init")
    case $python in *python*) ;; *) return 1 ;; esac
    mkdir -m 0700 /run/hornero-warm || return
    cat >/run/hornero-warm/wait.py <<'HORNERO-END' || return
PROGRAM
HORNERO-END
    # As the units of cloud-init are: what its modules start in the background goes on.
    # shellcheck disable=SC2086 # the interpreter may have arguments
    systemd-run --quiet --no-block --collect --unit=hornero-warm --property=DefaultDependencies=no \
        --property=KillMode=process --property=TasksMax=infinity --property=StandardOutput=journal+console \
        $python -B /run/hornero-warm/wait.py
}

start || {
    tries=0
    while [ ! -e "$port" ] && [ "$tries" -lt 100 ]; do
        sleep 0.1
        tries=$((tries + 1))
    done
    echo '{"state": "cannot", "why": "this needs systemd, and a cloud-init that Python runs"}' >"$port"
}
