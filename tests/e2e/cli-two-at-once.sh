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

# hold POINT COMMAND...: a command that stands still at a fail point, until it is told to go on.
hold() {
    PUPITRE_FAILPOINT=$1:1:stop start "${@:2}"
    wait_for 20 "command that is held at $1" stopped "$started"
}
stopped() {
    grep -q '^State:.*T' "/proc/$1/status"
}

show "the second publish of a room is told to wait, another room's is not"
write_room r1 1M 64k 0x21
hold publish-hashed room publish r1
fails 6 "room 'r1' is being worked on" pupitre room publish r1
fails 6 "room 'r1' is being worked on" pupitre room remove r1 --yes
pupitre --quiet room publish r2
kill -CONT "$started"
wait "$started" || die "the held publish: $(cat "$work/started.out")"
says "r1@2 is published" cat "$work/started.out"

show "an interrupted publish leaves the version that was there"
noise 7 | head -c 7M >"$work/noise"
qemu-io -f qcow2 -c "write -s $work/noise 0 7M" "$state/images/rooms/r1.qcow2" >/dev/null
hold publish-planned room publish r1
kill -INT "$started"
kill -CONT "$started"
status=0
wait "$started" || status=$?
[ "$status" = 130 ] || die "the interrupted publish ended with $status"
says "2 +\*" pupitre room history r1
check_clean

show "an interrupted import leaves nothing"
make_disk "$work/other.raw" 8 2
hold import-begun master import other "$work/other.raw"
kill -INT "$started"
kill -CONT "$started"
status=0
wait "$started" || status=$?
[ "$status" = 130 ] || die "the interrupted import ended with $status"
[ -z "$(find "$state/images/masters" -name '*other*')" ] || die "a file is left"
check_clean

show "an import that is interrupted while it copies"
truncate -s 1500M "$work/long.raw"
make_disk "$work/head.raw" 2
dd if="$work/head.raw" of="$work/long.raw" conv=notrunc status=none
noise long | head -c 400M | dd of="$work/long.raw" conv=notrunc bs=1M seek=2 iflag=fullblock status=none
start master import long "$work/long.raw"
wait_for 20 "copy of the disk" test -e "$state/images/masters/.long@1.qcow2.tmp"
kill -INT "$started"
status=0
wait "$started" || status=$?
[ "$status" = 130 ] || die "the interrupted import ended with $status"
[ -z "$(pgrep -f "qemu-nbd.*$work" || true)" ] || die "qemu-nbd is still there"
[ ! -e "$state/images/masters/.long@1.qcow2.tmp" ] || die "the copy is still there"
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
