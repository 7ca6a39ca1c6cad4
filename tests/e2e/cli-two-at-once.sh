#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
#
# Two publishes of one room, a publish of a disk in use, an interrupted publish: one wins, the
# other says why, nothing stays behind.
# shellcheck source=tests/e2e/functions.sh
. "$(dirname "$0")/functions.sh"
requires qemu-img qemu-io qemu-nbd flock

new_server "$work/state"
make_disk "$work/disk.raw" 8
pupitre --quiet master import win "$work/disk.raw"
pupitre --quiet room add r1 --master win
pupitre --quiet room add r2 --master win
pupitre --quiet room publish r1

# A publish that stops after its chunks are stored, until it is told to go on.
hold() {
    PUPITRE_FAILPOINT=publish-hashed:1:stop start room publish "$1"
    wait_for 20 "held publish" stopped "$started"
}
stopped() {
    grep -q '^State:.*T' "/proc/$1/status"
}

show "the second publish of a room is told to wait, another room's is not"
write_room r1 1M 64k 0x21
hold r1
fails 6 "room 'r1' is being worked on" pupitre room publish r1
fails 6 "room 'r1' is being worked on" pupitre room remove r1 --yes
pupitre --quiet room publish r2
kill -CONT "$started"
wait "$started" || die "the held publish: $(cat "$work/started.out")"
says "r1@2 is published" cat "$work/started.out"

show "an interrupted publish leaves the version that was there"
write_room r1 2M 64k 0x22
hold r1
kill -INT "$started"
kill -CONT "$started"
status=0
wait "$started" || status=$?
[ "$status" = 130 ] || die "the interrupted publish ended with $status"
says "2 +\*" pupitre room history r1
check_clean

show "a sub-master that a machine is writing to"
coproc qemu-io -f qcow2 "$state/images/rooms/r1.qcow2" >"$work/qemu-io.out" 2>&1
writer=$COPROC_PID
cleanup_fn kill "$writer"
printf 'write 0 4k\n' >&"${COPROC[1]}"
wait_for 10 "writer of the image" grep -q wrote "$work/qemu-io.out"
fails 6 "in use" pupitre room publish r1
printf 'quit\n' >&"${COPROC[1]}"
wait "$writer" 2>/dev/null || true
pupitre --quiet room publish r1
check_clean
