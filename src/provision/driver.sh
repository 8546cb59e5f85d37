# shellcheck shell=sh disable=SC2015
# Runs one script: reads its user, interpreter, the size of its environment, the environment and
# the script from standard input. Exits with the script's own code, or 254 when it could not be run.
set -u
umask 077
fail() {
    echo "hornero: $1" >&2
    exit 254
}
# What is run may hold secrets: it lies in memory, also where `/run` does not.
in_memory() { case $(stat -f -c %T "$1" 2>/dev/null) in tmpfs | ramfs) ;; *) return 1 ;; esac; }
root=${HORNERO_RUN_FOLDER:-/run/hornero}
if [ -z "${HORNERO_RUN_FOLDER:-}" ] && ! in_memory /run && in_memory /dev/shm; then root=/dev/shm/hornero; fi
mkdir -p "$root" && chmod 0711 "$root" || fail "cannot make $root on the builder"
folder=$(mktemp -d "$root/XXXXXXXXXX") || fail "cannot make a folder in $root on the builder"
trap 'rm -rf "$folder"' EXIT
IFS= read -r user
IFS= read -r interpreter
IFS= read -r size
head -c "$size" >"$folder/env" && cat >"$folder/script" || fail "cannot write to $folder on the builder"
entry=$(getent passwd "$user") || fail "there is no user $user on the builder"
cat >"$folder/start" <<'END'
folder=$1
set -f
set -- $2 "$folder/script"
. "$folder/env"
umask 022
cd "$HOME" 2>/dev/null || cd /
exec "$@"
END
HOME=$(echo "$entry" | cut -d: -f6)
PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
export HOME PATH USER="$user" LOGNAME="$user" DEBIAN_FRONTEND=noninteractive
unset SUDO_COMMAND SUDO_USER SUDO_UID SUDO_GID MAIL
become=
if [ "$(id -u)" -eq 0 ] && [ "$user" != root ]; then
    chown -R "$user" "$folder" || fail "cannot hand $folder to $user on the builder"
    become="runuser -u $user --"
fi
# The first line tells the process group, by which all that the script starts is ended when its time is over.
# shellcheck disable=SC2016 # the inner shell expands these
setsid -w sh -c 'printf "\001%s%s group %s\n" "$4" "$5" $$
    $1 sh "$2/start" "$2" "$3"
    exit $?' \
    sh "$become" "$folder" "$interpreter" "${1-}" "${2-}" </dev/null
