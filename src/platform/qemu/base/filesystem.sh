#!/bin/sh
# Puts a tree of packages into the root partition of a disk image, with no loop device and no
# mount. Standard input is the tree as a tar, standard output the disk image, open for reading
# and writing; the partition starts at byte $1 and is $2 KiB long; $3 is the UUID it gets.
#
# Runs as root, of the computer or of a user namespace, so that owners come out right. In a
# namespace the image can be opened through the descriptor only, because its path may lead
# through a folder that is closed to everybody but the caller.
set -eu

offset=$1
kib=$2
uuid=$3
# mke2fs lies where an ordinary user's search path does not lead.
PATH=$PATH:/usr/sbin:/sbin
# Everything that the boot loader of the suite can read, whatever this computer's mke2fs would
# choose by itself.
features=none,has_journal,ext_attr,resize_inode,dir_index,filetype,extent,64bit,flex_bg
features=$features,sparse_super,large_file,huge_file,dir_nlink,extra_isize,metadata_csum

# What the programs say goes to the error output, away from the image.
exec 3>&1 >&2

tree=$(mktemp -d "${TMPDIR:-/tmp}/hornero-tree.XXXXXX")
trap 'rm -rf "$tree"' EXIT
trap 'exit 1' HUP INT TERM

# Device nodes are the kernel's business, and a user namespace may not make them.
tar --extract --directory="$tree" --numeric-owner --preserve-permissions \
    --xattrs --xattrs-include='*' --exclude='./dev/*' --exclude='./boot/efi/*'
# The kernel mounts these; a tree without the folders does not start.
mkdir -p "$tree/dev" "$tree/proc" "$tree/sys" "$tree/run"
mke2fs -q -F -t ext4 -b 4096 -I 256 -m 1 -O "$features" -L root -U "$uuid" \
    -E "offset=$offset,lazy_itable_init=0,lazy_journal_init=0,nodiscard" \
    -d "$tree" /proc/self/fd/3 "${kib}k"
