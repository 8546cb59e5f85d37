#!/bin/sh
# Turns a bare package tree into a root file system that boots alone: mount table, boot
# loader files, console, network names; then takes away what must not be shared by machines.
#
# mmdebstrap runs this outside the tree, which is $1. HORNERO_ROOT_UUID is the UUID the root
# file system is going to get.
set -eu

root=$1
uuid=${HORNERO_ROOT_UUID:?}
kernel_options="console=tty0 console=ttyS0,115200n8"

cat >"$root/etc/fstab" <<FSTAB
UUID=$uuid / ext4 errors=remount-ro 0 1
LABEL=ESP /boot/efi vfat umask=0077,noauto 0 0
FSTAB

# The boot sectors are written from outside, so no grub-install ever has to run. This first
# menu names the kernel by its link; update-grub replaces it when a kernel is installed.
mkdir -p "$root/boot/grub/i386-pc" "$root/boot/efi/EFI/BOOT" "$root/etc/default/grub.d"
cat >"$root/etc/default/grub.d/hornero.cfg" <<DEFAULTS
GRUB_TIMEOUT=0
GRUB_RECORDFAIL_TIMEOUT=0
GRUB_CMDLINE_LINUX_DEFAULT=""
GRUB_CMDLINE_LINUX="$kernel_options"
GRUB_TERMINAL="console serial"
GRUB_SERIAL_COMMAND="serial --unit=0 --speed=115200"
GRUB_DISABLE_OS_PROBER=true
DEFAULTS
cat >"$root/boot/grub/grub.cfg" <<MENU
serial --unit=0 --speed=115200
terminal_input console serial
terminal_output console serial
set timeout=0
search --no-floppy --fs-uuid --set=root $uuid
menuentry "Debian GNU/Linux" {
    linux /vmlinuz root=UUID=$uuid ro $kernel_options
    initrd /initrd.img
}
MENU

cp "$root"/usr/lib/grub/i386-pc/*.mod "$root"/usr/lib/grub/i386-pc/*.lst \
    "$root/boot/grub/i386-pc/"
cp "$root/usr/lib/grub/i386-pc/boot.img" "$root/boot/grub/i386-pc/"
cat >"$root/tmp/early.cfg" <<EARLY
serial --unit=0 --speed=115200
terminal_output console serial
search.fs_uuid $uuid root
set prefix=(\$root)/boot/grub
normal
EARLY
modules="part_gpt ext2 fat search search_fs_uuid search_label normal configfile linux echo test ls
    cat serial terminal boot reboot halt sleep gzio zstd probe minicmd loadenv"
# shellcheck disable=SC2086
chroot "$root" grub-mkimage -O i386-pc -o /boot/grub/i386-pc/core.img \
    -c /tmp/early.cfg -p /boot/grub biosdisk $modules
# shellcheck disable=SC2086
chroot "$root" grub-mkimage -O x86_64-efi -o /boot/efi/EFI/BOOT/BOOTX64.EFI \
    -c /tmp/early.cfg -p /boot/grub all_video $modules
rm "$root/tmp/early.cfg"

# cloud-init would replace the sources by its own template, make a locale that nobody asked for,
# and tell the boot loader's package a disk that it is not installed on.
echo 'LANG=C.UTF-8' >"$root/etc/default/locale"
cat >"$root/etc/cloud/cloud.cfg.d/90_hornero.cfg" <<CLOUD
apt:
  preserve_sources_list: true
locale: C.UTF-8
grub_dpkg:
  enabled: false
CLOUD

# A bake holds the package lock itself; nothing may take it at a moment of its own choosing.
for unit in apt-daily.timer apt-daily-upgrade.timer dpkg-db-backup.timer \
    grub-common.service grub-initrd-fallback.service e2scrub_reap.service \
    e2scrub_all.timer; do
    if [ -e "$root/lib/systemd/system/$unit" ]; then
        chroot "$root" systemctl disable "$unit"
    fi
done

# Every machine gets its own identity, and none of this computer's.
rm -f "$root"/etc/ssh/ssh_host_*_key "$root"/etc/ssh/ssh_host_*_key.pub
: >"$root/etc/machine-id"
rm -f "$root/var/lib/dbus/machine-id" "$root/var/lib/systemd/random-seed"
rm -f "$root"/etc/.resolv.conf.*.bak
echo localhost >"$root/etc/hostname"
printf '127.0.0.1 localhost\n::1 localhost ip6-localhost ip6-loopback\n' >"$root/etc/hosts"
ln -sf ../run/systemd/resolve/stub-resolv.conf "$root/etc/resolv.conf"
