# shellcheck shell=sh
# In front of `receive.sh` and `bring.sh`, which run as root on the builder. A piece is one line (number,
# kind, form, bytes, and what its kind needs) and so many bytes. Before this text: `here`, a folder of
# this attempt alone.
umask 077
export LC_ALL=C
# Paths come with everything but plain letters as octal numbers.
decode() { path=$(printf '%b.' "$1"); path=${path%.}; }
# No byte more than the piece has: the next line follows at once.
# shellcheck disable=SC2154
take() {
    case $form in
        zstd) dd bs=128K count="$size" iflag=fullblock,count_bytes status=none | zstd -dcq ;;
        *) dd bs=128K count="$size" iflag=fullblock,count_bytes status=none ;;
    esac
}
# Into a file that is there, at its place in it: several lines bring the same one. The first program of
# two only goes to the place, where the second one then writes.
put() {
    case $form in
        zstd) { dd bs=1 seek="$2" count=0 conv=notrunc status=none </dev/null && take; } 1<>"$1" ;;
        *)
            dd of="$1" bs=128K count="$size" iflag=fullblock,count_bytes oflag=seek_bytes seek="$2" \
                conv=notrunc,nocreat status=none
            ;;
    esac
}
