#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
#
# Room profiles that an admin copied, misspelt or got wrong by hand: the PCs keep what they had,
# after a restart of the daemon, too, and everybody is told.
# shellcheck source=tests/e2e/functions.sh
. "$(dirname "$0")/functions.sh"
requires qemu-img qemu-io curl jq

mac1=52:54:00:00:00:01 mac2=52:54:00:00:00:02
rooms=$work/etc/rooms

# room_of MAC: the room that the daemon gives a PC.
room_of() {
    curl -sf -X POST -d '{"boot":"b","cpus":2,"memory_mib":4096,"kvm":true,"firmware":"bios"}' \
        "http://127.0.0.1:$port/v1/seats/$1/register" | grep -o '"room": *"[^"]*"' | tr -d ' '
}

logged() {
    grep -q "$@" "$work/server.log"
}

new_server "$work/state"
server_port
make_disk "$work/disk.raw" 4
pupitre --quiet master import win "$work/disk.raw"
pupitre --quiet room add r --master win --seat pc01=$mac1 --seat pc02=$mac2
no_boot_test
pupitre --quiet room publish r

show "a copied profile takes no PC"
cp "$rooms/r.conf" "$rooms/a-copy.conf"
server_start
[ "$(room_of $mac1)" = '"room":"r"' ] || die "pc01 is in $(room_of $mac1)"
wait_for 60 "line about the copy" logged 'profile-problem.*a-copy.conf.*pc01, pc02.*had them before'
for words in 'room list' 'room publish r' 'room check r' status; do
    # shellcheck disable=SC2086 # a command's words
    pupitre $words >"$work/out" 2>&1 || [ "$words" = 'room check r' ] || die "$words failed"
    grep -q "a-copy.conf: 2 of its seats (pc01, pc02) are seats of room 'r', too" "$work/out" ||
        die "$words says nothing of the copy: $(cat "$work/out")"
done
fails 2 '1 thing to mend' pupitre room check a-copy
rm "$rooms/a-copy.conf"
wait_for 60 "line about the end" logged 'profile-mended.*a-copy.conf'

show "what is wrong in a profile leaves its PCs what they had"
sed 's/^master = .*/&\ncolour = red/' "$rooms/r.conf" >"$work/bad"
cp "$rooms/r.conf" "$work/good"
cp "$work/bad" "$rooms/r.conf"
line=$(grep -n colour "$rooms/r.conf" | cut -d: -f1)
wait_for 60 "line about the profile" logged "profile-problem.*r.conf:$line"
[ "$(room_of $mac1)" = '"room":"r"' ] || die "pc01 has no room"
server_stop TERM
server_start
[ "$(room_of $mac2)" = '"room":"r"' ] || die "pc02 has no room after the restart"
says "r.conf:$line: .*colour" pupitre status
fails 2 '1 thing to mend' pupitre room check r
grep -q "r.conf:$line: " "$work/fails.out" || die "room check names no line"
pupitre room check r >"$work/out" 2>&1 || true
grep -q ' to mend$' < <(tail -n 1 "$work/out") || die "room check's count does not end it"
[ "$(cat "$rooms/r.conf")" = "$(cat "$work/bad")" ] || die "room check changed the profile"
fails 2 "r.conf:$line: " pupitre room publish r
cp "$work/good" "$rooms/r.conf"
says 'checked 1 room profile: good' pupitre room check r
fails 3 "no room 'x'" pupitre room check x

show "what cannot be a profile is named, and keeps nobody waiting"
cp "$work/good" "$rooms/Lab2.conf"
mkfifo "$rooms/pipe.conf"
mkdir "$rooms/folder.conf"
ln -s nowhere "$rooms/dangling.conf"
ln -s loop.conf "$rooms/loop.conf"
touch "$rooms/r.conf~" "$rooms/.r.conf.swp" "$rooms/r.conf.dpkg-old"
[ "$(room_of $mac1)" = '"room":"r"' ] ||
    die "pc01 has no room beside what is no profile"
for name in Lab2 pipe folder dangling loop; do
    wait_for 60 "line about $name" logged "profile-problem.*$name.conf"
    timeout 60 "$pupitre_program" --config "$work/etc/pupitre.conf" room list >"$work/out" 2>&1
    grep -q "$name.conf" "$work/out" || die "room list says nothing of $name.conf"
done
timeout 60 "$pupitre_program" --config "$work/etc/pupitre.conf" room check --json >"$work/json" || true
[ "$(jq '.findings | length' "$work/json")" = 5 ] || die "there are others: $(cat "$work/json")"
server_stop TERM
