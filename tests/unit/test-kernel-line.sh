#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# The client image's parser of the kernel line: what it takes, what it refuses.
set -u
# shellcheck source=client-image/image/shared/usr/lib/pupitre/kernel-line.sh
. "$PUP_TOP_SRCDIR/client-image/image/shared/usr/lib/pupitre/kernel-line.sh"

failures=0
cd "$PUP_TOP_SRCDIR" || exit 99

# check TITLE WANTED FOUND
check() {
    [ "$2" = "$3" ] && return
    echo "$1: wanted '$2', found '$3'"
    failures=$((failures + 1))
}

# refused WORD: the line is refused, and the message names the word.
refused() {
    if parse_kernel_line "quiet $1 console=ttyS0"; then
        check "$1" refused accepted
    fi
    check "$1: message" "the kernel line's '$1' is not valid, or there twice" "$kernel_line_error"
}

sha=0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef
line="BOOT_IMAGE=vmlinuz initrd=initrd.img pupitre.server=http://10.77.0.1:8080 \
pupitre.mac=52:54:00:AB:cd:01 pupitre.image=0123456789abcdef pupitre.root_sha256=$sha \
pupitre.root_bytes=72000000 console=ttyS0"

parse_kernel_line "$line" || check "a good line" accepted "$kernel_line_error"
check server http://10.77.0.1:8080 "$pup_server"
check mac 52:54:00:ab:cd:01 "$pup_mac"
check image 0123456789abcdef "$pup_image"
check root_sha256 "$sha" "$pup_root_sha256"
check root_bytes 72000000 "$pup_root_bytes"
check shell '' "$pup_shell"
is_kernel_line_complete || check "a good line" complete "$kernel_line_error"

for key in server mac image root_sha256 root_bytes; do
    parse_kernel_line "$(echo "$line" | sed "s/pupitre\.$key=[^ ]* //")"
    if is_kernel_line_complete; then
        check "without $key" refused accepted
    fi
    check "without $key" "the kernel line has no pupitre.$key" "$kernel_line_error"
done

parse_kernel_line "$line pupitre.shell=ttyS0" || check "shell" accepted "$kernel_line_error"
check shell ttyS0 "$pup_shell"

for word in $line; do
    case $word in
    pupitre.*)
        parse_kernel_line "$line $word" && check "$word twice" refused accepted
        check "$word twice" "the kernel line's '$word' is not valid, or there twice" \
            "$kernel_line_error"
        ;;
    esac
done

parse_kernel_line "pupitre.debug=1 pupitre mac=x * [a-z] ? quiet splash" ||
    check "others' words" accepted "$kernel_line_error"
check "nothing set" '' "$pup_server$pup_mac$pup_image$pup_root_sha256$pup_root_bytes"
parse_kernel_line '' || check "empty line" accepted "$kernel_line_error"

# shellcheck disable=SC2016 # not to be expanded, that is the point
while read -r word; do
    refused "$word"
done <<'END'
pupitre.server=
pupitre.server=http://
pupitre.server=https://10.0.0.1
pupitre.server=ftp://10.0.0.1
pupitre.server=http://10.0.0.1/path
pupitre.server=http://10.0.0.1;reboot
pupitre.server=http://$(reboot)
pupitre.server=http://a@b
pupitre.mac=
pupitre.mac=52:54:00:ab:cd
pupitre.mac=52:54:00:ab:cd:01:02
pupitre.mac=52:54:00:ab:cd:0g
pupitre.mac=525400abcd01
pupitre.mac=../../../../../..
pupitre.image=
pupitre.image=0123456789abcde
pupitre.image=0123456789abcdef0
pupitre.image=0123456789ABCDEF
pupitre.image=../../etc/passwd
pupitre.root_sha256=0123
pupitre.root_sha256=zz23456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef
pupitre.root_bytes=
pupitre.root_bytes=0
pupitre.root_bytes=-1
pupitre.root_bytes=1e9
pupitre.root_bytes=$((1))
pupitre.root_bytes=9999999999999
pupitre.shell=
pupitre.shell=../ttyS0
pupitre.shell=a;b
END

[ "$failures" -eq 0 ]
