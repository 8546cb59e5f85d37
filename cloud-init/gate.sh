# shellcheck shell=sh
# The disks are made over SSH: what cloud-init does from here on waits for them.
set -eu
mkdir -p /run/systemd/system/cloud-config.service.d
cat >/run/systemd/system/cloud-config.service.d/hornero.conf <<'END'
[Service]
ExecStartPre=/usr/bin/timeout 900 /bin/sh -c 'until test -e /run/hornero-disks; do sleep 0.2; done'
END
systemctl daemon-reload
