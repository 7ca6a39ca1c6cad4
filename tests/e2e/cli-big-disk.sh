#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
#
# A disk of 40 GB of which a room changed 100 MB publishes in time for the 100 MB: what is read
# is counted, and the same change of a small disk is the measure.
# shellcheck source=tests/e2e/functions.sh
. "$(dirname "$0")/functions.sh"
requires qemu-img qemu-io qemu-nbd jq

new_server "$work/state"

# make_room NAME DISK_BYTES: a master with data at its ends, a room that changed 100 MB of it.
make_room() {
    qemu-img create -q -f qcow2 "$work/$1.qcow2" "$2"
    noise "$1" | head -c 4M >"$work/noise"
    qemu-io -f qcow2 -c "write -s $work/noise 0 4M" -c "write -s $work/noise $(($2 - 8388608)) 4M" \
        "$work/$1.qcow2" >/dev/null
    pupitre --quiet master import "$1" "$work/$1.qcow2"
    rm "$work/$1.qcow2"
    pupitre --quiet room add "$1" --master "$1"
    qemu-io -f qcow2 -c "write -P 7 64M 50M" -c "write -P 8 $(($2 - 67108864)) 50M" \
        "$state/images/rooms/$1.qcow2" >/dev/null
}

# publish_ms ROOM: how long it took, in milliseconds.
publish_ms() {
    local start end
    start=$(date +%s%N)
    says "is published: 100.0 MiB read" pupitre room publish "$1"
    end=$(date +%s%N)
    echo $(((end - start) / 1000000))
}

show "a sparse disk of 40 GB is imported in the time of its data"
make_room small $((1 << 30))
start=$SECONDS
make_room big $((40 << 30))
[ $((SECONDS - start)) -lt 20 ] || die "importing and changing 40 GB took $((SECONDS - start)) s"

small_ms=$(publish_ms small)
big_ms=$(publish_ms big)
show "100 MB of 1 GB: $small_ms ms, of 40 GB: $big_ms ms"
[ "$big_ms" -lt $((small_ms * 2 + 500)) ] || die "the size of the disk costs time"
check_clean
