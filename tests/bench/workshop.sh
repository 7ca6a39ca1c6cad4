#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
#
# workshop.sh - publishing a second version against `borg create` and `casync make`
#
# A disk of 4 GiB with this machine's files (functions.sh) is kept once by each of the three:
# that is told, and not compared. Then 5 % of its chunks of 128 KiB change, in the sub-master
# as in the raw disk that the others read, and each stores what has changed:
#     runs     2 MiB in a place, as when programs are installed
#     spread   4 KiB in a place, as when a system goes about its business
# What is written is new to all of them, and compresses like what it takes the place of: the
# same bytes, each but one larger. All begin with the disk in the page cache, and store
# with zstd; borg and casync without encryption. Printed are seconds, CPU seconds, and the MiB by
# which the store has grown; goal: faster than both, and at most 10 % more bytes than either.
#
#     PUPITRE_PREFIX=DIR, PUP_BENCH_DISK=FILE, PUP_BENCH_DIR=DIR: see functions.sh
#     PUP_BENCH_CHANGED=N    percent of the chunks, default 5
# shellcheck source-path=SCRIPTDIR source=functions.sh
. "$(dirname "$0")/functions.sh"

chunk=131072
percent=${PUP_BENCH_CHANGED:-5}
now=$tmp/disk.raw
store=$tmp/state/store
sub_master=$tmp/state/images/rooms/r.qcow2
archive=0
missed=0

# need PROGRAM PACKAGE: it is there, or can be installed.
need() {
    command -v "$1" >/dev/null ||
        { [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null &&
            apt-get install -qq -y --no-install-recommends "$2" >/dev/null 2>&1; } ||
        skip "no $1 here, and Debian's package $2 cannot be installed"
}

ours() {
    "$prefix/bin/pupitre" --config "$tmp/pupitre.conf" --quiet "$@"
}

set_up() {
    printf '[server]\nstate_dir = %s\nrooms_dir = %s\naddress = 127.0.0.1\n[dhcp]\nmode = off\n' \
        "$tmp/state" "$tmp/rooms" >"$tmp/pupitre.conf"
    ours init
    BORG_BASE_DIR=$tmp/borg-home borg init -e none "$tmp/borg" >/dev/null
    mkdir "$tmp/casync.castr"
}

store_ours() {
    if [ $archive = 1 ]; then
        ours master import m "$now"
        ours room add r --master m
    fi
    ours room publish r
}

store_borg() {
    # It shall read the disk, not believe in the file's times.
    (cd "$tmp" && BORG_BASE_DIR=$tmp/borg-home borg create --compression zstd,3 \
        --files-cache disabled "$tmp/borg::$archive" disk.raw)
}

store_casync() {
    casync make --compression=zstd --store="$tmp/casync.castr" "$tmp/$archive.caibx" "$now" \
        >/dev/null
}

bytes_of() {
    du -sb "$1" | cut -f 1
}

# measure WHO FOLDER: sets $seconds, $cpu and $mib.
measure() {
    local before spent
    before=$(bytes_of "$2")
    sync
    TIMEFORMAT='%R %U %S'
    spent=$({ time "store_$1" >"$tmp/out" 2>&1; } 2>&1) || { cat "$tmp/out" >&2; exit 1; }
    seconds=$(echo "$spent" | awk '{ print $1 }')
    cpu=$(echo "$spent" | awk '{ print $2 + $3 }')
    mib=$(awk -v a="$before" -v b="$(bytes_of "$2")" 'BEGIN { printf "%.1f", (b - a) / 1048576 }')
}

# round NAME: all three store what the disk is now.
round() {
    local name=$1 our_seconds our_mib
    archive=$((archive + 1))
    cat "$now" >/dev/null
    measure ours "$store"
    our_seconds=$seconds our_mib=$mib
    printf '%-7s pupitre publish %7.2f s, CPU %7.2f s, %8.1f MiB\n' "$name" "$seconds" "$cpu" "$mib"
    measure borg "$tmp/borg"
    compare 'borg create'
    measure casync "$tmp/casync.castr"
    compare 'casync make'
}

# compare WHO: what it took, against ours; the first version is told only.
compare() {
    printf '        %-15s %7.2f s, CPU %7.2f s, %8.1f MiB' "$1" "$seconds" "$cpu" "$mib"
    if [ $archive = 1 ]; then
        echo
        return
    fi
    awk -v ours="$our_seconds" -v theirs="$seconds" -v our_mib="$our_mib" -v mib="$mib" 'BEGIN {
        met = ours < theirs && our_mib <= 1.1 * mib
        printf "   pupitre %.1fx as fast, %.2fx the bytes: %s\n", theirs / ours, our_mib / mib,
            met ? "met" : "MISSED"
        exit !met
    }' || missed=$((missed + 1))
}

# change BYTES STEP: from the end of the boot sector's chunk on, every STEP bytes, that many,
# until so many chunks have changed; places that hold zeros are left alone.
change() {
    local piece=$1 step=$2 left size at
    size=$(stat -c %s "$now")
    left=$((size * percent / 100 / chunk))
    at=$step
    : >"$tmp/writes"
    while [ "$left" -gt 0 ] && [ $((at + piece)) -le "$size" ]; do
        dd if="$now" of="$tmp/piece" bs=64K skip="$at" count="$piece" \
            iflag=skip_bytes,count_bytes status=none
        if ! cmp -s -n "$piece" "$tmp/piece" /dev/zero; then
            tr '\000-\377' '\001-\377\000' <"$tmp/piece" >"$tmp/piece.$left"
            dd if="$tmp/piece.$left" of="$now" bs=64K seek="$at" conv=notrunc \
                oflag=seek_bytes status=none
            echo "write -s $tmp/piece.$left $at $piece" >>"$tmp/writes"
            left=$((left - (piece + chunk - 1) / chunk))
        fi
        at=$((at + step))
    done
    qemu-io -f qcow2 "$sub_master" <"$tmp/writes" >/dev/null
    rm "$tmp"/piece*
    [ "$left" -le 0 ] || { echo "the disk holds too little to change $percent % of it" >&2; exit 1; }
    qemu-img compare -q -f raw -F qcow2 "$now" "$sub_master" ||
        { echo "sub-master and disk differ" >&2; exit 1; }
}

for program in qemu-img qemu-io qemu-nbd mke2fs; do
    command -v $program >/dev/null || skip "no $program here"
done
need borg borgbackup
need casync casync
trap cleanup EXIT
mkdir -p "$work"
[ -e "$disk" ] || make_disk
cp --sparse=always "$disk" "$now"
set_up
echo "disk of $(($(stat -c %s "$now") >> 20)) MiB, $percent % of its chunks changed, $(nproc) cores"
round first
change $((16 * chunk)) $((20 * 16 * chunk / 2))
round runs
# Beside the runs, and in chunks that they have not touched.
change 4096 $((9 * chunk))
round spread
[ $missed = 0 ] || exit 1
