#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
#
# A new version of a master: rooms stay on theirs until they are told, and then have its disk.
# shellcheck source=tests/e2e/functions.sh
. "$(dirname "$0")/functions.sh"
requires qemu-img qemu-io qemu-nbd jq script

on() {
    qemu-img info --output=json "$state/images/rooms/$1.qcow2" | jq -r '."backing-filename"'
}

new_server "$work/state"
make_disk "$work/one.raw" 8 1
make_disk "$work/two.raw" 12 2
fails 3 "there is no master 'win'; there is none yet; .pupitre master import." pupitre master update win "$work/one.raw"
pupitre --quiet master import win "$work/one.raw"
for room in r1 r2 r3; do
    pupitre --quiet room add $room --master win
    pupitre --quiet room publish $room
done
write_room r1 1M 256k 0x11
printf '[room]\nmaster = win@1\n' >"$work/etc/rooms/r2.conf"

show "an update says who stays where"
says "would import" pupitre master update win "$work/two.raw" --dry-run
pupitre master update win "$work/two.raw" >"$work/update.out"
grep -q "^win@2: a disk of 12.0 MiB" "$work/update.out" || die "$(cat "$work/update.out")"
grep -q "^room r1 stays on win@1: .pupitre room rebase r1. moves it" "$work/update.out" ||
    die "$(cat "$work/update.out")"
grep -q "^room r2 stays on win@1: its profile says master = win@1" "$work/update.out" ||
    die "$(cat "$work/update.out")"
[ "$(on r1)" = ../masters/win@1.qcow2 ] || die "r1 was moved"
says "nothing changed" pupitre room publish r3

show "a room with changes of its own is asked for"
says "would move room r1 from win@1 to win@2, without 256.0 KiB" pupitre room rebase r1 --dry-run
fails 7 "holds 256.0 KiB of its own" pupitre room rebase r1 </dev/null
[ "$(on r1)" = ../masters/win@1.qcow2 ] || die "r1 was moved"
mkfifo "$work/answer"
script -qec "'$pupitre_program' --config '$work/etc/pupitre.conf' room rebase r1" /dev/null \
    <"$work/answer" >"$work/asked" 2>&1 &
asked=$!
exec 5>"$work/answer"
wait_for 20 "question" grep -q "y/N" "$work/asked"
write_room r1 4M 1M 0x44
echo y >&5
exec 5>&-
status=0
wait "$asked" || status=$?
if [ "$status" != 6 ] || ! grep -q "has changed since you were asked: .*ask again" "$work/asked"; then
    die "what was written during the question: $status, $(cat "$work/asked")"
fi
[ "$(on r1)" = ../masters/win@1.qcow2 ] || die "r1 was moved"
pupitre --quiet room rebase r1 --yes
[ "$(on r1)" = ../masters/win@2.qcow2 ] || die "r1 is on $(on r1)"

show "one without any moves at once; one that is pinned stays"
says "moved room r3 from win@1 to win@2, without 0 B" pupitre room rebase r3 </dev/null
says "left room r2 where it is, on win@1" pupitre room rebase r2 </dev/null
says "left room r3 where it is, on win@2" pupitre room rebase r3 </dev/null

show "its versions stay until the next, which has the new master's disk"
[ "$(pupitre room history r3 --json | jq -r '.versions[-1].master')" = win@1 ] || die "r3@1 has changed"
says "r3@2 is published: 0 B read, 0 new chunks" pupitre room publish r3
[ "$(pupitre room history r3 --json | jq -r '.versions[-1].master')" = win@2 ] || die "r3@2's master"
[ "$(pupitre room show r3 --json | jq .current.disk_bytes)" = $((12 << 20)) ] || die "r3@2's disk"
qemu-img compare -q -f raw -F qcow2 "$work/two.raw" "$state/images/rooms/r3.qcow2" || die "r3's disk"

show "a sub-master that is being written stays"
printf '[room]\nmaster = win@1\n' >"$work/etc/rooms/r3.conf"
coproc qemu-io -f qcow2 "$state/images/rooms/r3.qcow2" >"$work/writer.out" 2>&1
writer=$COPROC_PID
cleanup_fn kill "$writer"
printf 'write 0 4k\n' >&"${COPROC[1]}"
wait_for 10 "writer of the image" grep -q wrote "$work/writer.out"
fails 6 "in use" pupitre room rebase r3 --yes
printf 'quit\n' >&"${COPROC[1]}"
wait "$writer" 2>/dev/null || true
pupitre --quiet room rebase r3 --yes
[ "$(on r3)" = ../masters/win@1.qcow2 ] || die "r3 did not go back"
fails 3 "there is no room 'r9'" pupitre room rebase r9
check_clean
