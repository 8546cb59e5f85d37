# shellcheck shell=sh
# Writes what `ssh_pwauth: false` writes later in the boot, and where cloud-init would (its ssh_util.py): when it
# finds that written already, it does not restart the server.
include='^Include /etc/ssh/sshd_config\.d/\*\.conf'
settings=/etc/ssh/sshd_config.d/50-cloud-init.conf
if grep -qs "$include" /etc/ssh/sshd_config && [ ! -s "$settings" ]; then
    (umask 077 && echo 'PasswordAuthentication no' >"$settings") || true
fi
