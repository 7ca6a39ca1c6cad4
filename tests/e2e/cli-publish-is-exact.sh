#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
#
# What is published of a sub-master is its whole disk, bit for bit, whatever its overlay looks
# like: the disk made flat and imported must give the very same map, page by page.
# shellcheck source=tests/e2e/functions.sh
. "$(dirname "$0")/functions.sh"
requires qemu-img qemu-io qemu-nbd jq

new_server "$work/state"
make_disk "$work/disk.raw" 12
printf 'the last sector%497s' . >>"$work/disk.raw"
pupitre --quiet master import win "$work/disk.raw"

# The names of the map's pages of version $3 of $2 (a name of kind $1), and the disk's size.
map_of() {
    local file="$state/store/manifests/$1/$2/$3.json"
    [ -e "$file" ] || die "no manifest $file"
    jq -c '[.disk_bytes, .pages]' "$file"
}

# check_exact ROOM VERSION: against a flat copy, imported as a master of the room's name.
check_exact() {
    local flat="$work/$1-$2.raw"
    qemu-img convert -O raw "$state/images/rooms/$1.qcow2" "$flat"
    pupitre --quiet master import "$1-$2" "$flat" --format raw
    [ "$(map_of rooms "$1" "$2")" = "$(map_of masters "$1-$2" 1)" ] ||
        die "$1@$2 is not its sub-master's disk"
    rm "$flat"
}

# room NAME QEMU-IO-COMMAND...: add it, change it, publish it, check it.
room() {
    local name=$1 command
    local -a changes=()
    shift
    for command in "$@"; do
        changes+=(-c "$command")
    done
    [ -e "$state/images/rooms/$name.qcow2" ] || pupitre --quiet room add "$name" --master win
    qemu-io -f qcow2 "${changes[@]}" "$state/images/rooms/$name.qcow2" >"$work/io.out" ||
        die "$(cat "$work/io.out")"
    pupitre --quiet room publish "$name"
    check_exact "$name" 1
    show "$name: as its disk"
}

# An overlay that somebody made by other means, with other clusters.
foreign() {
    pupitre --quiet room add "$1" --master win
    rm "$state/images/rooms/$1.qcow2"
    qemu-img create -q -f qcow2 -F qcow2 -b ../masters/win@1.qcow2 -o "$2" \
        "$state/images/rooms/$1.qcow2"
}

room small-writes 'write -P 1 4096 512' 'write -P 2 131000 1000' 'write -P 3 12582912 512'
room zeros 'write -z 1M 1M' 'write -z 3M 64k' 'write -P 0 4M 128k' 'write -z 12M 512'
room discards 'discard 0 2M' 'write -P 9 1M 4k'
room everything 'write -P 5 0 12M'
room untouched 'read 0 512'
foreign clusters-64k cluster_size=64k
room clusters-64k 'write -P 1 64k 64k' 'write -P 2 1000k 4k' 'write -z 5M 64k'
foreign clusters-4k cluster_size=4k
room clusters-4k 'write -P 1 4k 4k' 'write -z 132k 4k' 'write -P 2 12M 512'
foreign clusters-2m cluster_size=2M
room clusters-2m 'write -P 1 3M 4k'
foreign subclusters cluster_size=128k,extended_l2=on
room subclusters 'write -P 1 68k 4k' 'write -z 1M 32k'

show "a disk that was made larger"
pupitre --quiet room add larger --master win
qemu-img resize -q -f qcow2 "$state/images/rooms/larger.qcow2" 700M
room larger 'write -P 7 699M 1M' 'write -P 8 12582912 4k'

show "a disk that was made smaller"
pupitre --quiet room add smaller --master win
qemu-img resize -q --shrink -f qcow2 "$state/images/rooms/smaller.qcow2" 4M
fails 11 "smaller than its master" pupitre room publish smaller
check_clean
