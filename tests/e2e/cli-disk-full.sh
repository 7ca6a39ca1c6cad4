#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
#
# A full disk during import and publish: it is said, nothing half-done stays, the version that
# was there is served; with room again, everything goes on.
# shellcheck source=tests/e2e/functions.sh
. "$(dirname "$0")/functions.sh"
requires qemu-img qemu-io qemu-nbd jq

mkdir "$work/small"
mount -t tmpfs -o size=64M pupitre-test "$work/small" 2>"$work/mount.err" ||
    skip "cannot mount a small tmpfs: $(cat "$work/mount.err")"
cleanup_fn umount "$work/small"
new_server "$work/small/state"

# Leave $1 KiB free. Programs that wait for room would hang here, and the test with them.
leave_kib() {
    local free
    rm -f "$work/small/ballast"
    free=$(df --output=avail -k "$work/small" | tail -n 1)
    [ "$free" -gt "$1" ] || die "the disk has only $free KiB"
    head -c "$(((free - $1) * 1024))" /dev/zero >"$work/small/ballast"
}

# All that is in the store and the images, but the room's own sub-master.
listing() {
    (cd "$state" && find store images -type f ! -name r1.qcow2 ! -name lock | sort | xargs sha256sum)
}

same_listing() {
    listing | diff "$work/before" - || die "$1 left something"
}

show "an import that could never fit is refused at once"
make_disk "$work/disk.raw" 8
make_disk "$work/other.raw" 8 2
leave_kib 2048
listing >"$work/before"
fails 10 "takes at least" pupitre master import win "$work/disk.raw"
same_listing "the refused import"

show "a disk that fills while the master is copied"
dd if=/dev/zero of="$work/zero.raw" bs=1M count=8 status=none
tr '\0' 'a' <"$work/zero.raw" >"$work/soft.raw"
printf '\125\252' | dd of="$work/soft.raw" bs=1 seek=510 conv=notrunc status=none
qemu-img convert -c -O qcow2 "$work/soft.raw" "$work/soft.qcow2"
fails 10 "No space left" pupitre master import win "$work/soft.qcow2"
same_listing "the failed import"

show "a disk that fills while the master is stored"
leave_kib 6144
fails 10 "No space left" pupitre master import win "$work/disk.raw"
same_listing "the failed import"
says '"masters": \[\]' pupitre master list --json

show "a disk that fills while a room is published"
leave_kib 20480
pupitre --quiet master import win "$work/disk.raw"
pupitre --quiet room add r1 --master win
pupitre --quiet room publish r1
noise 3 | head -c 2M >"$work/noise"
qemu-io -f qcow2 -c "write -s $work/noise 0 2M" "$state/images/rooms/r1.qcow2" >/dev/null
leave_kib 512
listing >"$work/before"
fails 10 "No space left" pupitre room publish r1
same_listing "the failed publish"
says "1 +\*" pupitre room history r1
check_clean

show "each step of a publish that can run out of space"
leave_kib 24576
version=1
n_failed=0
for point in $(PUPITRE_FAILPOINT=list pupitre | grep -Ev '^(gc|remove|import|rename)-'); do
    status=0
    PUPITRE_FAILPOINT=$point:1:enospc pupitre room publish r1 >/dev/null 2>"$work/err" ||
        status=$?
    current=$(pupitre room history r1 --json | jq '.versions[] | select(.current) | .version')
    case $status:$((current - version)) in
    10:* | 0:*) [ "$current" -ge "$version" ] || die "$point: back to version $current" ;;
    *) die "$point: status $status, version $current after $version: $(cat "$work/err")" ;;
    esac
    [ "$status" = 0 ] || n_failed=$((n_failed + 1))
    [ "$current" = "$version" ] ||
        qemu-io -f qcow2 -c "write -P $current 3M 64k" "$state/images/rooms/r1.qcow2" >/dev/null
    version=$current
    pupitre --quiet gc
    check_clean
done
[ "$n_failed" -ge 15 ] || die "only $n_failed steps of a publish failed"

show "with room again everything goes on"
rm -f "$work/small/ballast"
pupitre --quiet room publish r1
check_clean
