# shellcheck shell=sh disable=SC2154 # `root`, `stamp` and `archive` are written in front of this script
# Packages come from the distribution's archive as it was at one moment: its sources are put aside, and
# others for the same suites and components stand in their place. Run early in each boot of a builder, or
# over SSH where there is no cloud-init; only the first time does anything.
set -eu
apt=$root/etc/apt
kept=$root/var/lib/hornero-snapshot

give_up() {
    echo "hornero: $1" >&2
    exit 1
}

# One variable of os-release.
os() {
    # shellcheck source=/dev/null
    (. "$root/etc/os-release" && eval "printf '%s' \"\${$1-}\"")
}

# Rewrites one file; ends with 1 where none of its sources is one of the distribution.
rewrite() {
    form=$1 id=$id codename=$codename before=$archive after=$stamp awk '
    # Whether this is an archive of the distribution, on whatever mirror, and no repository of others: those
    # have a key or suites of their own, or lie deeper.
    function known(uri, suites, key,    place, list, count, i) {
        place = tolower(uri)
        sub(/^[a-z0-9+]+:\/*/, "", place)
        sub(/\/+$/, "", place)
        if (place ~ "^etc/apt/mirrors/" id || place ~ /^mirrors\.ubuntu\.com\//) return 1
        if (place ~ /^security\.debian\.org$/) return 1
        if (place !~ "^[^/]+(/pub|/mirrors?|/[^/]*(debian[.]org|ubuntu[.]com))?/" id "(-security|-ports)?$") return 0
        if (place ~ /^([^\/]*\.)?(debian\.org|ubuntu\.com)\//) return 1
        if (key != "" && key !~ /(debian|ubuntu)-archive/) return 0
        count = split(suites, list)
        for (i = 1; i <= count; i++) if (index(list[i], codename) != 1) return 0
        return count > 0
    }
    function moment(uri, suites,    security) {
        touched = 1
        security = id == "debian" && (uri ~ /security/ || suites ~ /-security|\/updates/)
        return ENVIRON["before"] "/" (security ? "debian-security" : id) "/" ENVIRON["after"] "/"
    }
    function word(text) {
        sub(/[ \t].*/, "", text)
        return text
    }
    function beyond(text, start) {
        text = substr(text, start)
        sub(/^[ \t]+/, "", text)
        return text
    }
    # deb [signed-by=...] http://deb.debian.org/debian bookworm main
    function one_line(line,    type, options, key, uri) {
        line = beyond(line, 1)
        type = word(line)
        line = beyond(line, length(type) + 1)
        if (line ~ /^\[/) {
            options = beyond(substr(line, 1, index(line, "]") - 1), 2)
            sub(/[ \t]*$/, " ", options)
            line = beyond(line, index(line, "]") + 1)
        }
        if (match(options, /signed-by=[^ \t]*/)) key = substr(options, RSTART, RLENGTH)
        uri = word(line)
        line = beyond(line, length(uri) + 1)
        if (!known(uri, word(line), key)) return 0
        print type " [" options "check-valid-until=no] " moment(uri, word(line)) " " line
        return 1
    }
    # The fields of a stanza, each with its lines: "URIs: ..." and what is indented under it.
    function stanza(    i, field, value, uris, count, uri, new, fields, names) {
        for (i = 1; i <= lines; i++) {
            if (text[i] ~ /^#/) continue
            value = text[i]
            if (value ~ /^[^ \t]/) {
                field = tolower(value)
                sub(/[ \t]*:.*/, "", field)
                sub(/^[^:]*:/, "", value)
            }
            names[i] = field
            fields[field] = fields[field] " " value
        }
        count = split(fields["uris"], uris)
        for (i = 1; i <= count; i++) {
            uri = uris[i]
            if (known(uri, fields["suites"], fields["signed-by"])) {
                uri = moment(uri, fields["suites"])
                names[0] = "ours"
            }
            if (index(new " ", " " uri " ") == 0) new = new " " uri
        }
        for (i = 1; i <= lines; i++) {
            if (names[0] == "" || names[i] !~ /^(uris|check-valid-until)$/) print text[i]
            else if (tolower(text[i]) ~ /^uris/) print "URIs:" new "\nCheck-Valid-Until: no"
        }
        lines = 0
    }
    BEGIN {
        id = ENVIRON["id"]
        codename = ENVIRON["codename"]
    }
    ENVIRON["form"] == "list" {
        if ($0 !~ /^[ \t]*deb(-src)?[ \t]/ || !one_line($0)) print
        next
    }
    /^[ \t]*$/ {
        stanza()
        print
        next
    }
    { text[++lines] = $0 }
    END {
        stanza()
        exit !touched
    }'
}

# Puts one file aside, and another in its place. A boot that is cut off here goes on with the next.
exchange() {
    name=${1#"$apt"/}
    if [ ! -e "$kept/was/$name" ]; then
        case $1 in *.sources) form=sources ;; *) form=list ;; esac
        code=0
        rewrite "$form" <"$1" >"$kept/is/$name" || code=$?
        if [ "$code" -gt 1 ]; then give_up "the package sources in $1 could not be read"; fi
        if [ "$code" -eq 1 ]; then
            rm "$kept/is/$name"
            if grep -Eq '^[[:space:]]*deb(-src)?[[:space:]]|^URIs:' "$1"; then
                echo "hornero: $1 is of somebody else, and stays as it is"
            fi
            return
        fi
        cp -a "$1" "$kept/new"
        mv "$kept/new" "$kept/was/$name"
    fi
    cp "$kept/is/$name" "$1.new"
    chmod 644 "$1.new"
    mv "$1.new" "$1"
    found=yes
}

if [ ! -e "$kept/done" ]; then
    id=$(os ID)
    codename=$(os VERSION_CODENAME)
    case $id in
    debian) home=https://snapshot.debian.org/archive ;;
    ubuntu) home=https://snapshot.ubuntu.com ;;
    *) give_up "$(os PRETTY_NAME) has no archive of its packages by date: leave \`snapshot\` out of [packages]" ;;
    esac
    # What comes is signed; a bare base knows no certificates.
    if [ ! -s "$root/etc/ssl/certs/ca-certificates.crt" ]; then home=http:${home#https:}; fi
    archive=${archive:-$home}
    mkdir -p "$kept/was/sources.list.d" "$kept/is/sources.list.d"
    found=
    for file in "$apt/sources.list" "$apt"/sources.list.d/*.list "$apt"/sources.list.d/*.sources; do
        if [ -f "$file" ]; then exchange "$file"; fi
    done
    if [ -z "$found" ]; then give_up "$apt has no source of $id whose snapshot could take its place"; fi
    : >"$kept/done"
    echo "hornero: packages come from $archive as of $stamp"
fi
