# shellcheck shell=sh disable=SC2154,SC2016 # `secrets` and the two functions stand before this; the inner shell expands
# Looks for secrets in the files of this machine's image. `everything` prints all forms of all
# secrets, `secret N` those of the one with that number; both are made with the script, which comes
# through standard input and lies in memory: no argv and no disk tells them.
export LC_ALL=C
for tool in awk find grep head sort xargs; do
    if ! command -v "$tool" >/dev/null; then
        echo "hornero: searching this machine for secrets needs \`$tool\`, which is not installed" >&2
        exit 9
    fi
done

# HORNERO_SEARCH_IN names a folder to be searched instead, for a builder that is no machine of its own.

# Mounted filesystems that are on disks of this machine, each once, without read-only packages.
disks() {
    echo /
    awk '{
        for (i = 7; i < NF && $i != "-"; i++);
        if ($(i + 2) ~ /^\/dev\// && $(i + 1) !~ /^(squashfs|iso9660)$/ && !seen[$3, $4]++) print $5
    }' /proc/self/mountinfo
}

# The script itself holds what is looked for: a search that does not find it does not work.
files() {
    printf '%s\0' "$0"
    (if [ -n "${HORNERO_SEARCH_IN:-}" ]; then echo "$HORNERO_SEARCH_IN"; else disks | sort -u; fi) |
        while IFS= read -r mount; do
            mount=$(printf '%b' "$mount")
            find "$mount" -xdev -type f -size +0 -print0 2>/dev/null
        done
}

# grep reads the forms anew for each batch of files, from its standard input.
HORNERO_FORMS=$(everything)
export HORNERO_FORMS
found=$(files | xargs -0 -n 1000 sh -c 'printf "%s\n" "$HORNERO_FORMS" | grep -a -F -l -f - -- "$@" 2>/dev/null' sh | head -n 500)
unset HORNERO_FORMS
if ! printf '%s\n' "$found" | grep -q -x -F -e "$0"; then
    echo "hornero: searching this machine for secrets does not work: the search did not find its own script" >&2
    exit 9
fi
# shellcheck disable=SC2034 # whoever comes after this asks whether there were any
hits=$(printf '%s\n' "$found" | grep -v -x -F -e "$0")
printf '%s\n' "$hits" | grep . | while IFS= read -r file; do
    known=
    number=1
    while [ "$number" -le "$secrets" ]; do
        if secret "$number" | grep -a -F -q -f - -- "$file" 2>/dev/null; then
            known=yes
            printf '\001hornero-secret %s %s\n' "$number" "$file"
        fi
        number=$((number + 1))
    done
    # A name that a line cannot hold is a hit all the same.
    if [ -z "$known" ]; then printf '\001hornero-secret 0 %s\n' "$file"; fi
done
