#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
#
# gc on a disk that is nearly full: it removes what is dead, rewrites what there is room for,
# says what it left and what that needs, and does it once there is room.
# shellcheck source=tests/e2e/functions.sh
. "$(dirname "$0")/functions.sh"
requires qemu-img qemu-io qemu-nbd jq

mkdir "$work/small"
mount -t tmpfs -o size=96M pupitre-test "$work/small" 2>"$work/mount.err" ||
    skip "cannot mount a small tmpfs: $(cat "$work/mount.err")"
cleanup_fn umount "$work/small"
new_server "$work/small/state"

packs_kib() {
    du -sk "$state/store/packs" | cut -f 1
}
free_kib() {
    df --output=avail -k "$work/small" | tail -n 1
}
leave_kib() {
    rm -f "$work/small/ballast"
    head -c "$((($(free_kib) - $1) * 1024))" /dev/zero >"$work/small/ballast"
}
# sparse_pack ROOM KIB: a pack of which KIB of twice and a half as many will be needed.
sparse_pack() {
    pupitre --quiet room add "$1" --master win
    noise "$1" | head -c "$2K" >"$work/kept"
    noise "$1 dead" | head -c "$(($2 * 3 / 2))K" >"$work/dead"
    qemu-io -f qcow2 -c "write -s $work/kept 0 $2K" -c "write -s $work/dead $2K $(($2 * 3 / 2))K" \
        "$state/images/rooms/$1.qcow2" >/dev/null
    pupitre --quiet room publish "$1"
    qemu-io -f qcow2 -c "write -z -u $2K $(($2 * 3 / 2))K" "$state/images/rooms/$1.qcow2" >/dev/null
    pupitre --quiet room publish "$1"
    printf '[room]\nmaster = win\n[versions]\nkeep = 1\n' >"$work/etc/rooms/$1.conf"
}

make_disk "$work/disk.raw" 32
dd if=/dev/zero of="$work/disk.raw" bs=1M count=30 seek=1 conv=notrunc status=none
pupitre --quiet master import win "$work/disk.raw"
sparse_pack r1 8192
sparse_pack r2 4096
[ "$(packs_kib)" -gt $((30 * 1024)) ] || die "only $(packs_kib) KiB of packs"

show "nothing fits: what is dead as a whole goes, the rest is left and told"
leave_kib 2048
before=$(packs_kib)
says "would leave 2 packs with 18.0 MiB .* takes 4.1 MiB of free space, and there is" pupitre gc --dry-run
says "left 2 packs with 18.0 MiB .* takes 4.1 MiB" pupitre gc
[ "$(packs_kib)" -le "$before" ] || die "gc made it worse"
check_clean

show "the smaller fits, and what it gives back is room for the larger"
leave_kib 5120
says "would rewrite 2|rewrite 2" pupitre gc --dry-run
says "rewrote 2" pupitre gc
[ "$(packs_kib)" -lt $((before - 17 * 1024)) ] || die "$before KiB before, $(packs_kib) after"
check_clean

show "many small packs that cannot be joined are rewritten one by one"
rm "$work/small/ballast"
for n in {1..16}; do sparse_pack "s$n" 256; done
rm "$state"/images/rooms/s*.qcow2
leave_kib 2048
before=$(packs_kib)
says "rewrite 16" pupitre gc --dry-run
says "rewrote 16" pupitre gc
[ "$(packs_kib)" -lt $((before - 5 * 1024)) ] || die "$before KiB before, $(packs_kib) after"
leave_kib 20480
says "rewrote [1-9][0-9]" pupitre gc
[ "$(find "$state/store/packs" -name '*.pack' | wc -l)" -lt 8 ] || die "small packs are not joined"
rm "$work/small/ballast"
for n in {1..16}; do pupitre --quiet room rebase "s$n" --yes; done
check_clean
pupitre --quiet room publish r1
