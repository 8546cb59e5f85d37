# shellcheck shell=sh disable=SC2317
# For the time of a bake: apt waits for its locks, its timers find nothing to do, and it fetches no translated
# descriptions of packages, which nobody reads and which take as long as all else. Whoever has locked the
# package lists by now is waited for, because apt itself does not wait for that lock; and so are services of the
# timers that have begun before, because they may lock the lists at any moment.
hornero_apt_lists_are_locked() {
    hornero_locked=
    # Most machines have no lock of this kind: then no program is started.
    while read -r _ hornero_kind _ hornero_access _ hornero_place _; do
        if [ "$hornero_kind $hornero_access" = 'POSIX WRITE' ]; then
            hornero_locked="$hornero_locked ${hornero_place##*:} "
        fi
    done </proc/locks
    [ -n "$hornero_locked" ] || return 1
    hornero_lists=$(stat -c %i /var/lib/apt/lists/lock) || return 1
    case $hornero_locked in *" $hornero_lists "*) ;; *) return 1 ;; esac
}
hornero_apt_services_run() {
    # systemd has a folder for each service as long as it runs, with either version of control groups.
    for hornero_service in apt-daily.service apt-daily-upgrade.service; do
        [ ! -d "/sys/fs/cgroup/system.slice/$hornero_service" ] || return 0
        [ ! -d "/sys/fs/cgroup/systemd/system.slice/$hornero_service" ] || return 0
    done
    return 1
}
hornero_hold_apt() {
    # A builder that is no machine of its own shares its apt with others.
    [ -z "${HORNERO_SEARCH_IN:-}" ] || return 0
    [ -w /etc/apt/apt.conf.d ] || return 0
    if [ ! -e /etc/apt/apt.conf.d/zz-hornero-bake ]; then
        (umask 022 && printf '%s\n' '// Of hornero, for the time of a bake.' 'DPkg::Lock::Timeout "3600";' \
            'APT::Periodic::Enable "0";' 'Acquire::Languages "none";' >/etc/apt/apt.conf.d/zz-hornero-bake)
    fi
    hornero_tries=0
    while [ "$hornero_tries" -lt 300 ] && { hornero_apt_lists_are_locked || hornero_apt_services_run; }; do
        sleep 1
        hornero_tries=$((hornero_tries + 1))
    done
}
hornero_hold_apt 2>/dev/null
