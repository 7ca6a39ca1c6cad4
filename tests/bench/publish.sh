#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
#
# publish.sh [MIB] - importing and publishing against `qemu-img convert -O qcow2 -c`
#
# Both put a disk into compressed form, from the same files in a warm page cache, one after the
# other. The disk is made of this machine's own programs and libraries, so it compresses as
# disks do. Two comparisons:
#     full     a whole master                       goal: at least 6 times as fast
#     overlay  a room that changed 5 % of it        goal: at least 10 times as fast
# Bytes read are what the programs asked the kernel for (rchar).
# shellcheck source=tests/e2e/functions.sh
. "$(dirname "$0")/../e2e/functions.sh"
requires qemu-img qemu-io qemu-nbd awk
mib=${1:-1024}

# Files of the system one after the other, up to the size, with a boot sector's signature.
make_real_disk() {
    truncate -s "${mib}M" "$1"
    { find /usr/lib /usr/bin /usr/share -xdev -type f -size +64k -print0 | sort -z |
        xargs -0 cat 2>/dev/null || true; } |
        head -c "${mib}M" | dd of="$1" conv=notrunc bs=1M iflag=fullblock status=none
    printf '\125\252' | dd of="$1" bs=1 seek=510 conv=notrunc status=none
}

# measure COMMAND...: sets seconds and read_mib. A process's own io file has what the children
# that it waited for have read.
measure() {
    local figures
    figures=$(
        start=$(date +%s.%N)
        "$@" >"$work/measure.out" 2>&1 || exit
        end=$(date +%s.%N)
        awk -v a="$start" -v b="$end" '/^rchar: / { printf "%.2f %d", b - a, $2 / 1048576 }' \
            "/proc/$BASHPID/io"
    ) || die "'$*': $(cat "$work/measure.out")"
    read -r seconds read_mib <<<"$figures"
}

# report NAME GOAL: ours is in $seconds, theirs in $their_seconds.
report() {
    awk -v name="$1" -v goal="$2" -v ours="$seconds" -v theirs="$their_seconds" \
        -v our_mib="$read_mib" -v their_mib="$their_mib" 'BEGIN {
        printf "%-8s pupitre %7.2f s, %6d MiB read   qemu-img convert -c %7.2f s, %6d MiB read   " \
            "%5.1fx as fast (goal %dx: %s)\n", name, ours, our_mib, theirs, their_mib,
            theirs / ours, goal, (theirs / ours >= goal) ? "met" : "MISSED"
    }'
}

compress() {
    measure qemu-img convert -O qcow2 -c "$@" "$work/compressed.qcow2"
    their_seconds=$seconds their_mib=$read_mib
    rm "$work/compressed.qcow2"
}

import() {
    measure "$pupitre_program" --config "$work/etc/pupitre.conf" --quiet master import m "$1"
}

publish() {
    measure "$pupitre_program" --config "$work/etc/pupitre.conf" --quiet room publish r
}

# Eight places of the disk, 5 % of it together, overwritten with other real bytes.
change_overlay() {
    local i piece=$((mib * 1024 * 1024 / 160 / 65536 * 65536))
    for i in 1 2 3 4 5 6 7 8; do
        dd if="$work/disk.raw" of="$work/piece" iflag=skip_bytes,count_bytes,fullblock bs=1M \
            skip=$((i * piece + 12345)) count="$piece" status=none
        qemu-io -f qcow2 -c "write -s $work/piece $((i * mib / 9))M $piece" \
            "$state/images/rooms/r.qcow2" >/dev/null
    done
}

new_server "$work/state"
make_real_disk "$work/disk.raw"
cat "$work/disk.raw" >/dev/null
echo "disk of $mib MiB, $(nproc) cores"
compress -f raw "$work/disk.raw"
import "$work/disk.raw"
report full 6
pupitre --quiet room add r --master m
change_overlay
compress -f qcow2 "$state/images/rooms/r.qcow2"
publish
report overlay 10
