# shellcheck shell=sh disable=SC2154
# The first process of a Debian in namespaces of its own. `tree` is what it begins with and stays as it is,
# `place` an empty folder, `setup` a script that is run in it before its SSH server starts.
set -eu
mount -t tmpfs -o mode=0755 rootfs "$place"
root=$place/root
mkdir "$root" "$place/upper" "$place/work"
# Where the kernel does not lay one folder over another, a copy in memory does.
mount -t overlay -o "lowerdir=$tree,upperdir=$place/upper,workdir=$place/work" rootfs "$root" ||
    cp -a "$tree/." "$root"
mount -t proc proc "$root/proc"
mount -t tmpfs -o mode=0755 dev "$root/dev"
for name in null zero full random urandom tty; do
    touch "$root/dev/$name"
    mount --bind "/dev/$name" "$root/dev/$name"
done
mkdir "$root/dev/pts" "$root/dev/shm"
mount -t devpts -o newinstance,ptmxmode=0666,mode=0620,gid=5 devpts "$root/dev/pts"
ln -s pts/ptmx "$root/dev/ptmx"
ln -s /proc/self/fd "$root/dev/fd"
mount -t tmpfs -o mode=0755 run "$root/run"
mkdir "$root/run/sshd" "$root/run/rig"
cat "$keys/host" >"$root/run/rig/host"
cat "$keys/user.pub" >"$root/run/rig/authorized_keys"
cat "$keys/config" >"$root/run/rig/sshd_config"
cat "$keys/setup" >"$root/run/rig/setup"
chmod 0600 "$root/run/rig/host"
hostname rootfs
# A shell that reaps whoever is left behind by its parent, while it waits.
exec chroot "$root" /bin/bash -c '
set -eu
sh -eu /run/rig/setup >&2
/usr/sbin/sshd -f /run/rig/sshd_config -E /run/rig/log
echo ready
read -r _ || true'
