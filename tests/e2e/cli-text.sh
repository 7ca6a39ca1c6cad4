#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
#
# Text of all sources: editors of Windows, other locales, and what must not reach a terminal.
# shellcheck source=tests/e2e/functions.sh
. "$(dirname "$0")/functions.sh"
requires qemu-img jq iconv

new_server "$work/state"
make_disk "$work/disk.raw" 2
pupitre --quiet master import win "$work/disk.raw"
bom=$'\xef\xbb\xbf'
profile=$work/etc/rooms/r1.conf

show "arguments are UTF-8 in every locale"
title=$(printf 'Salle d\342\200\231\303\251t\303\251')
for locale in C C.UTF-8 POSIX; do
    LC_ALL=$locale pupitre --quiet room add r1 --master win --title "$title" --seat pc01=52:54:00:00:00:01
    [ "$(pupitre room show r1 --json | jq -r .title)" = "$title" ] || die "the title under $locale"
    LC_ALL=$locale says "$title" pupitre room show r1
    pupitre --quiet room remove r1 --yes
done
fails 2 "room add: '.xe9t.xe9' is not UTF-8" pupitre room add r1 --master win --title $'\xe9t\xe9'
fails 2 "is not UTF-8" pupitre room add r1 --master win "--title=\xe9"$'\xe9'
fails 2 "is no name for a room" pupitre room add $'r\xe9' --master win

show "names of files are bytes"
latin=$work/$'disque-\xe9.raw'
cp "$work/disk.raw" "$latin"
printf 'other' | dd of="$latin" conv=notrunc status=none
pupitre --quiet master import latin "$latin"
mkdir "$work/"$'\xe9tc'
cp "$work/etc/pupitre.conf" "$work/"$'\xe9tc/pupitre.conf'
says 'configuration .*/.xe9tc/pupitre.conf' "$pupitre_program" -c "$work/"$'\xe9tc/pupitre.conf' status
"$pupitre_program" -c "$work/"$'\xe9tc/pupitre.conf' status --json | jq -e .config >/dev/null || die "JSON of a path"

show "names in UTF-8 are shown as they are by those who refuse them"
fails 2 "^pupitre: 'Salle été' is no name for a room" pupitre room add 'Salle été' --master win
fails 2 "^pupitre: '×' is no name" pupitre room pin ×@1
fails 2 "^pupitre: 'r@é' names no version" pupitre room pin r@é
fails 2 "the state folder '.*/é.nb' holds characters" \
    "$pupitre_program" -c "$work/none.conf" init --state-dir "$work/é"$'\n'b
: >"$work/etc/rooms/Été.conf"
says 'profile .*/Été.conf: cannot be a room' pupitre status
fails 5 'to mend' pupitre fsck
grep -q 'profile .*/Été.conf: cannot be a room' "$work/fails.out" || die "fsck: $(cat "$work/fails.out")"
rm "$work/etc/rooms/Été.conf"

show "files as Notepad saves them are read"
pupitre --quiet room add r1 --master win --seat pc01=52:54:00:00:00:01
sed -i "1s/^/$bom/; s/\$/\r/" "$profile" "$work/etc/pupitre.conf"
[ "$(pupitre -q seat list r1)" = pc01 ] || die "a profile with a mark"
says '^master = win$' pupitre room show r1
mkdir -p "$work/etc/recipes/r1"
printf '%s[recipe]\r\nboot_test = none\r\n' "$bom" >"$work/etc/recipes/r1/recipe.conf"
pupitre --quiet room regenerate r1
cp "$profile" "$work/good"
iconv -f UTF-8 -t UTF-16LE "$work/good" >"$profile"
fails 2 "r1.conf is text in UTF-16: save it as UTF-8" pupitre room show r1
cp "$work/good" "$profile"

show "what a file says does not move the cursor"
printf '[server]\n\033[2Jstate_dir = x\n' >"$work/bad.conf"
fails 2 'bad.conf:2' "$pupitre_program" -c "$work/bad.conf" status
fails 3 'no such|there is no' "$pupitre_program" -c $'/nowhere\033[2J\n/x' status
if grep -q $'\033' "$work/fails.err" || [ "$(wc -l <"$work/fails.err")" != 1 ]; then
    die "an escape reached the terminal"
fi
grep -q '/nowhere\\x1b\[2J\\n/x' "$work/fails.err" || die "it is not shown: $(cat "$work/fails.err")"
