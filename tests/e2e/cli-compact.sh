#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
#
# What a guest discards reads as zeros in the next version and leaves the file with room
# compact; the disk stays the same, whoever writes is not disturbed, a kill loses nothing.
# shellcheck source=tests/e2e/functions.sh
. "$(dirname "$0")/functions.sh"
requires qemu-img qemu-io qemu-nbd jq

bytes_of() {
    echo $(($(stat -c %b "$1") * 512))
}
on_image() {
    local image=$1
    shift
    qemu-io -f qcow2 -d unmap "$@" "$image" >"$work/qemu-io.out"
}
# usage NAME KEY: of a version.
usage() {
    pupitre image usage --json | jq ".usage[] | select(.name == \"$1\" and .kind == \"version\") | .$2"
}

new_server "$work/state"
make_disk "$work/disk.raw" 32
pupitre --quiet master import win "$work/disk.raw"
pupitre --quiet room add r1 --master win
r1=$state/images/rooms/r1.qcow2
win=$state/images/masters/win@1.qcow2

show "what the guest discards is zeros in the next version, over the master's data, too"
noise r1 | head -c 8M >"$work/noise"
on_image "$r1" -c "write -s $work/noise 20M 8M"
pupitre --quiet room publish r1
[ "$(usage r1@1 allocated_bytes)" = $((24 << 20)) ] || die "allocated: $(usage r1@1 allocated_bytes)"
on_image "$r1" -c "discard 20M 6M" -c "discard 1M 2M"
on_image "$r1" -c "read -P 0 20M 6M" -c "read -P 0 1M 2M"
# 20 MiB begin with 2 MiB of r1 that nobody discarded; nothing of what was is read or stored.
says "r1@2 is published: 2.0 MiB read, 0 new chunks" pupitre room publish r1
[ "$(usage r1@2 allocated_bytes)" = $((16 << 20)) ] || die "allocated: $(usage r1@2 allocated_bytes)"

show "room compact gives the bytes back and keeps the disk"
# Discards of this kind are punched out at once; zeros that were written are not.
on_image "$r1" -c "write -P 0 24M 4M" -c "write -s $work/noise 10M 4M"
qemu-io -f qcow2 -c "discard 10M 4M" "$r1" >/dev/null
cp --sparse=always "$r1" "$state/images/rooms/.before"
before=$(bytes_of "$r1")
says "would compact r1: .* now, at most" pupitre room compact r1 --dry-run
[ "$(bytes_of "$r1")" = "$before" ] || die "the dry run changed the file"
inode=$(stat -c %i "$r1")
chmod 640 "$r1"
says "r1: .* before, .* after" pupitre room compact r1
after=$(bytes_of "$r1")
[ "$after" -le $((before - (4 << 20))) ] || die "$before before, $after after"
[ "$after" -lt $((1 << 20)) ] || die "nothing is left of its data, and it takes $after"
[ "$inode" != "$(stat -c %i "$r1")" ] || die "the file was changed in place"
[ "$(stat -c %a "$r1")" = 640 ] || die "the mode has changed"
qemu-img compare -q -f qcow2 -F qcow2 "$state/images/rooms/.before" "$r1" || die "the disk has changed"
grep -q '^backing file: \.\./masters/win@1.qcow2' < <(qemu-img info "$r1") || die "the backing file"
says "r1@3 is published|nothing changed" pupitre room publish r1
says "left as it was" pupitre room compact r1
rm "$state/images/rooms/.before"
check_clean

show "a master keeps its disk, and what stands on it, too"
grown=$state/images/masters/win@1.qcow2
chmod u+w "$grown"
# As an installation leaves it: written, discarded, never given back.
qemu-io -f qcow2 -c "write -s $work/noise 20M 8M" -c "write -P 0 20M 8M" "$grown" >/dev/null
before=$(bytes_of "$win")
qemu-img convert -O raw "$r1" "$work/r1.raw"
says "would compact win@1" pupitre master compact win --dry-run
says "win@1: .* before, .* after" pupitre master compact win@1
[ "$(bytes_of "$win")" -le $((before - (7 << 20))) ] || die "the master takes $(bytes_of "$win")"
qemu-img compare -q -f raw -F qcow2 "$work/disk.raw" "$win" || die "the master has changed"
qemu-img compare -q -f raw -F qcow2 "$work/r1.raw" "$r1" || die "the sub-master has changed"
says "left as it was" pupitre master compact win
fails 3 "there is no master 'other'" pupitre master compact other
fails 3 "win@7 has no file" pupitre master compact win@7
fails 3 "no sub-master" pupitre room compact r9

show "whoever writes, or works on it, is not disturbed"
coproc qemu-io -f qcow2 "$r1" >"$work/writer.out" 2>&1
writer=$COPROC_PID
cleanup_fn kill "$writer"
printf 'write 0 4k\n' >&"${COPROC[1]}"
wait_for 10 "writer of the image" grep -q wrote "$work/writer.out"
fails 6 "in use" pupitre room compact r1
printf 'quit\n' >&"${COPROC[1]}"
wait "$writer" 2>/dev/null || true
PUPITRE_FAILPOINT=compact-compared:1:stop start room compact r1
stopped() {
    grep -q '^State:.*T' "/proc/$1/status"
}
wait_for 20 "compact that is held" stopped "$started"
fails 6 "being worked on" pupitre room publish r1
# The file that will be replaced takes no writer: what it wrote would be lost.
! qemu-io -f qcow2 -c "write 0 4k" "$r1" >/dev/null 2>&1 || die "a writer got in"
kill -CONT "$started"
wait "$started" || die "the held compact: $(cat "$work/started.out")"

show "a snapshot is not lost"
qemu-img snapshot -c mine "$r1"
fails 11 "holds 1 snapshots" pupitre room compact r1
qemu-img snapshot -d mine "$r1"

show "a kill or a full disk leaves the old file, and the next one works"
qemu-img convert -O raw "$r1" "$work/r1.raw"
for point in compact-copied compact-compared; do
    on_image "$r1" -c "write -P 0 8M 4M"
    for action in kill enospc; do
        ! PUPITRE_FAILPOINT=$point:1:$action pupitre room compact r1 >/dev/null 2>&1 ||
            die "$point was not met"
        qemu-img convert -O raw "$r1" "$work/now.raw"
        qemu-img check -q "$r1"
    done
    pupitre --quiet gc
    check_clean
done
pupitre --quiet room compact r1
qemu-img compare -q -f raw -F qcow2 "$work/now.raw" "$r1" || die "the disk has changed"
pupitre --quiet room publish r1
check_clean
