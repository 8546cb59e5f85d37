# shellcheck shell=sh disable=SC2154,SC2034,SC2016 # the parts and the words that they use stand before this
# Looks for secrets in the file systems that become the image, in a mount namespace of its own: what is mounted here
# is seen by nobody else, and is gone with this program. Nothing is written outside of `$work`, which lies in memory,
# and no argv holds a form.
set -u -f
export LC_ALL=C
unset TAR_OPTIONS GREP_OPTIONS POSIXLY_CORRECT
work=$1 folder=$2 alone=$3
tree=$work/tree failed='' found='' examined=0 attributes=yes unseen=''

# What a stream is cut into. A stream without line ends is one line, and grep holds a line in memory. Each piece takes
# two programs to cut, so there are few.
piece_bytes=8388608

# What goes through a pipe at once.
pipe_bytes=65536

tell() { printf '\001%s %s\n' "$mark" "$1"; }
fail() {
    failed=yes
    tell "failed $1"
}

# What it must have.
needs() {
    for tool in awk dd grep head mount sed stat tar tr umount wc; do
        if ! command -v "$tool" >/dev/null; then fail "it needs \`$tool\`, which is not installed"; fi
    done
    case $(tar --version 2>/dev/null) in
        *'GNU tar'*) ;;
        *) fail 'it needs GNU tar' ;;
    esac
    # The one of busybox prints only one of several forms in a line.
    if [ "$(printf 'one-two\n' | grep -a -o -F -e two -e one | wc -l)" -ne 2 ]; then fail 'it needs GNU grep'; fi
    # A program would show what it prints to everybody.
    if [ "$(command -v printf)" != printf ]; then fail 'it needs a shell that has `printf` in itself'; fi
    case $(stat -f -c %T "$work") in
        tmpfs | ramfs) ;;
        *) if [ -z "$folder" ]; then fail 'neither `/run` nor `/dev/shm` of this machine lies in memory'; fi ;;
    esac
}

needs
if [ -z "$failed" ]; then
    mkdir "$work/canary" "$tree"
    for canary in first last; do printf '%s\r\n%s\000-%s\n' "$half" "$other" "$canary" >"$work/canary/$canary"; done
    if [ -n "$alone" ]; then
        rmdir "$tree"
        tree=$folder
        search "$folder"
    else
        mount --make-rprivate / 2>/dev/null
        mounts=$(awk '{ print $5, $7 }' /proc/self/mountinfo)
        if [ -z "$mounts" ] || [ "$mounts" != "${mounts#* shared:}" ]; then
            fail 'the mounts of this machine cannot be kept apart'
        elif [ -n "$folder" ]; then
            if mount --bind "$folder" "$tree"; then
                search "$folder"
                umount "$tree"
            else
                fail "$folder: it cannot be looked into"
            fi
        else
            file_systems_in_turn
        fi
    fi
fi
if [ -n "$unseen" ]; then tell 'note the `tar` of this machine does not read extended attributes: they are not searched'; fi
if [ -n "$failed" ]; then exit 4; fi
if [ -n "$found" ]; then exit 3; fi
