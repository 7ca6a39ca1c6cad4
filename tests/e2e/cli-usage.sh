#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
#
# image usage: what each file and version takes, and that a removal frees what was said.
# shellcheck source=tests/e2e/functions.sh
. "$(dirname "$0")/functions.sh"
requires qemu-img qemu-io qemu-nbd jq

# usage KIND NAME KEY
usage() {
    pupitre image usage --json |
        jq --arg kind "$1" --arg name "$2" ".usage[] | select(.kind == \$kind and .name == \$name) | .$3"
}

store_bytes() {
    du -sb "$state/store/packs" | cut -f 1
}

new_server "$work/state"
says '"usage": \[\]' pupitre image usage --json
make_disk "$work/disk.raw" 16
pupitre --quiet master import win "$work/disk.raw"

show "a master nobody stands on frees its file; with a sub-master it frees nothing"
file=$(($(stat -c %b "$state/images/masters/win@1.qcow2") * 512))
[ "$(usage master win@1 frees_bytes)" = "$file" ] || die "the master's file frees too little"
pupitre --quiet room add r1 --master win
[ "$(usage master win@1 frees_bytes)" = 0 ] || die "a master in use would be removed"
[ "$(usage master win@1 shared_bytes)" = "$file" ] || die "the master is not shared"
[ "$(usage sub-master r1 shared_bytes)" = "$file" ] || die "the sub-master shares nothing"
[ "$(usage sub-master r1 derives_from)" = '"win@1"' ] || die "the sub-master stands on nothing"
[ "$(usage sub-master r1 virtual_bytes)" = $((16 << 20)) ] || die "the size of the disk"

show "a version owns what it changed"
pupitre --quiet room publish r1
[ "$(usage version r1@1 own_bytes)" = 0 ] || die "an untouched version owns something"
noise r1 | head -c 1M >"$work/change"
qemu-io -f qcow2 -c "write -s $work/change 1M 1M" "$state/images/rooms/r1.qcow2" >/dev/null
pupitre --quiet room publish r1
[ "$(usage version r1@2 own_bytes)" = $((1 << 20)) ] || die "version 2 does not own its change"
[ "$(usage version r1@2 current)" = true ] || die "version 2 is not current"
[ "$(usage version r1@2 allocated_bytes)" = $((8 << 20)) ] || die "allocated"
says "^r1@2 +version +\* +win@1 +16.0 MiB +8.0 MiB +1.0 MiB +7.0 MiB" pupitre image usage --wide
says "^r1@2 +version +win@1 +1.0 MiB +7.0 MiB +" pupitre image usage

show "what a removal frees is what gc gives back, but for the packs' own heads"
frees=$(($(usage version r1@2 frees_bytes) + $(usage version r1@1 frees_bytes)))
[ "$frees" -gt $((1 << 20)) ] || die "only $frees would be freed"
before=$(store_bytes)
pupitre --quiet room remove r1 --yes
pupitre --quiet gc
freed=$((before - $(store_bytes)))
over=$((freed - frees))
if [ "$over" -lt 0 ] || [ "$over" -gt 4096 ]; then die "freed $freed, said $frees"; fi
[ "$(usage master win@1 frees_bytes)" = "$file" ] || die "the master is still in use"
check_clean
