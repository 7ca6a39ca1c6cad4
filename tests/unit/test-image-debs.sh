#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Which Debian packages of the client image's build come from this machine, which from the
# archive, here a folder of files, and what is told when none comes.
set -u
folder=$(mktemp -d) || exit 99
trap 'rm -rf "$folder"' EXIT
failures=0
[ -x /usr/lib/apt/apt-helper ] || { echo "apt is not on this machine" && exit 77; }
# shellcheck source=/dev/null
. "$PUP_TOP_SRCDIR/client-image/image/lib/debs.sh"

mkdir -p "$folder/apt/archives/partial" "$folder/pool" "$folder/debs"
printf 'Dir::Cache "%s/apt";\n' "$folder" >"$folder/apt.conf"
export APT_CONFIG=$folder/apt.conf

# line NAME TEXT [HASH]: as --print-uris says it of a package that holds TEXT.
line() {
    local hash=${3:-SHA256} program=sha256sum
    [ "$hash" != MD5Sum ] || program=md5sum
    printf "'file:%s/pool/%s' %s %s %s:%s\n" "$folder" "$1" "$1" "${#2}" "$hash" \
        "$(printf '%s' "$2" | $program | cut -d ' ' -f 1)"
}

# check TITLE WANTED FOUND
check() {
    [ "$2" = "$3" ] && return
    echo "$1: wanted '$2', found '$3'"
    failures=$((failures + 1))
}

here() {
    (cd "$folder/debs" && for file in *; do [ ! -e "$file" ] || echo "$file=$(cat "$file")"; done) |
        tr '\n' ' '
}

{
    line good.deb one
    line old.deb two MD5Sum
    line touched.deb three
    line other.deb four SHA1
    line away.deb five
} >"$folder/lines"
printf one >"$folder/apt/archives/good.deb"
printf two >"$folder/apt/archives/old.deb"
printf thrEe >"$folder/apt/archives/touched.deb"
printf four >"$folder/apt/archives/other.deb"

copy_known_debs "$folder/debs" <"$folder/lines"
check "what apt has whole is taken" "good.deb=one old.deb=two " "$(here)"
printf mine >"$folder/debs/good.deb"
copy_known_debs "$folder/debs" <"$folder/lines"
check "what is there already is kept" "good.deb=mine old.deb=two " "$(here)"

printf three >"$folder/pool/touched.deb"
download_one_deb "$folder/debs" "$folder/log" <"$folder/lines"
check "the first that lacks comes from the archive" "0 good.deb=mine old.deb=two touched.deb=three " \
    "$? $(here)"
printf foul >"$folder/pool/other.deb"
{
    line good.deb one
    line other.deb four
} >"$folder/damaged"
download_one_deb "$folder/debs" "$folder/log" <"$folder/damaged"
check "damage is not taken" "1 good.deb=mine old.deb=two touched.deb=three " "$? $(here)"
check "damage is told" yes "$(grep -q '^E: .*other.deb' "$folder/log" && echo yes)"
download_one_deb "$folder/debs" "$folder/log" < <(line away.deb five)
check "one that does not come is told" "1 yes" \
    "$? $(grep -q '^E: .*away.deb' "$folder/log" && echo yes)"
download_one_deb "$folder/debs" "$folder/log" < <(line good.deb one)
check "nothing lacks" 0 $?

[ "$failures" -eq 0 ]
