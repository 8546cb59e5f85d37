# shellcheck shell=sh disable=SC2034,SC2154 # `mark` stands before this, `hits` and `search` are asked for after it
# Starts the search for secrets. It stands at the end of this script, which comes through standard input and lies in
# memory, and runs in a mount namespace of its own. HORNERO_SEARCH_IN names a folder to be searched instead of the
# machine, for a builder that is no machine of its own.
hits='' search=failed why='there is no room for it'
search_for_secrets() {
    work=$(mktemp -d "${0%/*}/search.XXXXXXXXXX") || return 9
    if ! sed -n '/^# The search begins here\.$/,$p' "$0" >"$work/program"; then
        rm -rf "$work"
        return 9
    fi
    # Where nothing can be mounted, the folder is searched as it is seen.
    if [ -n "${HORNERO_SEARCH_IN:-}" ] && ! unshare --mount true 2>/dev/null; then
        sh "$work/program" "$work" "$HORNERO_SEARCH_IN" alone 2>"$work/errors"
    else
        unshare --mount --propagation unchanged sh "$work/program" "$work" "${HORNERO_SEARCH_IN:-}" '' 2>"$work/errors"
    fi
    set -- $?
    why=$(head -n 1 "$work/errors")
    # What is still mounted there is not to be removed.
    if [ -d "$work/tree" ] && ! rmdir "$work/tree"; then return 9; fi
    rm -rf "$work"
    return "$1"
}
search_for_secrets
ended=$?
case $ended in
    0) search=whole ;;
    3) search=whole hits=some ;;
    4) ;;
    *) printf '\001%s failed the search itself ended with %s: %s\n' "$mark" "$ended" "$why" ;;
esac
