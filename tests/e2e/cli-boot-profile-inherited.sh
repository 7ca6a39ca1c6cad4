#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
#
# What seats saw of a version's start is what the next version begins with, by position; it
# survives gc and rollback, and goes with its room.
# shellcheck source=tests/e2e/functions.sh
. "$(dirname "$0")/functions.sh"
requires qemu-img qemu-io qemu-nbd jq curl

port=$((20000 + $$ % 20000))

# profile POSITION...: a boot profile (doc/formats.md) on standard output.
profile() {
    local number bytes
    printf 'PUP-BOOT\1\0\0\0'
    for number in "$#" "$@"; do
        printf -v bytes '\\x%02x\\x%02x\\0\\0' $((number & 255)) $((number >> 8))
        printf '%b' "$bytes"
    done
}

# upload MAC VERSION POSITION...: what a seat would send; prints the HTTP status.
upload() {
    local mac=$1 version=$2
    shift 2
    profile "$@" | curl -s -o "$work/answer" -w '%{http_code}\n' --data-binary @- \
        "$server/v1/seats/$mac/boot-profile?room=lab-1&version=$version"
}

# expect VERSION POSITION...: what the server answers a seat that asks.
expect() {
    local version=$1
    shift
    profile "$@" >"$work/expected"
    curl -sf -o "$work/answer" "$server/v1/rooms/lab-1/versions/$version/boot-profile" ||
        die "lab-1@$version has no boot profile"
    cmp -s "$work/expected" "$work/answer" ||
        die "lab-1@$version: not $*, but $(od -An -tu4 -j16 -v "$work/answer")"
}

# The field $2 of version $1 in the room's history.
history_of() {
    pupitre room history lab-1 --json | jq -r ".versions[] | select(.version == $1) | .$2"
}

answers() {
    curl -sf -o "$work/status" "$server/v1/status"
}

new_server "$work/state"
sed -i "s/^\[server\]/&\nport = $port/" "$work/etc/pupitre.conf"
server=http://127.0.0.1:$port
make_disk "$work/disk.raw" 16
pupitre --quiet master import win "$work/disk.raw"
pupitre --quiet room add lab-1 --master win --seat pc01=52:54:00:00:00:01 \
    --seat pc02=52:54:00:00:00:02 --seat pc03=52:54:00:00:00:03
qemu-img resize -q -f qcow2 "$state/images/rooms/lab-1.qcow2" 32M
pupitre --quiet room publish lab-1
start serve
wait_for 20 "answer of the server" answers

show "a version that no seat has started has no boot profile"
says "no boot profile yet" pupitre room show lab-1
[ "$(curl -s -o "$work/answer" -w '%{http_code}' \
    "$server/v1/rooms/lab-1/versions/1/boot-profile")" = 404 ] || die "a profile of nothing"

show "three seats upload theirs, one of them odd"
[ "$(upload 52:54:00:00:00:01 1 0 9 3 250)" = 204 ] || die "$(cat "$work/answer")"
[ "$(upload 52:54:00:00:00:02 1 0 9 3 250)" = 204 ] || die "$(cat "$work/answer")"
[ "$(upload 52:54:00:00:00:03 1 77 78 79)" = 204 ] || die "$(cat "$work/answer")"
[ "$(upload 52:54:00:00:00:01 1 256)" = 400 ] || die "position 256 lies behind the disk"
[ "$(upload 52:54:00:00:00:01 2 0)" = 404 ] || die "lab-1@2 is not there yet"
[ "$(upload 52:54:00:00:00:99 1 0)" = 404 ] || die "a PC of no room"
expect 1 0 9 3 250
says "4 chunks, 512.0 KiB, seen by 3 seats" pupitre room show lab-1
[ "$(history_of 1 boot_profile_seats)" = 3 ] || die "not of three seats"

show "the next version inherits it"
write_room lab-1 1M 4k 0x11
pupitre --quiet room publish lab-1
expect 2 0 9 3 250
says "4 chunks, 512.0 KiB, inherited" pupitre room show lab-1
[ "$(history_of 2 boot_profile_chunks)" = 4 ] || die "not of four chunks"
[ "$(history_of 2 boot_profile_bytes)" = 524288 ] || die "not half a MiB"
[ "$(history_of 2 boot_profile_seats)" = 0 ] || die "seats saw what none has started"
check_clean

show "the one after, what it inherited: the same chunk, on a smaller disk a shorter one"
write_room lab-1 2M 4k 0x22
pupitre --quiet room publish lab-1
manifests=$state/store/manifests/rooms/lab-1
[ "$(jq -r .boot_profile "$manifests/2.json")" = "$(jq -r .boot_profile "$manifests/3.json")" ] ||
    die "the same boot profile has two names"
qemu-img resize -q --shrink -f qcow2 "$state/images/rooms/lab-1.qcow2" 20M
pupitre --quiet room publish lab-1
expect 4 0 9 3
expect 3 0 9 3 250

show "what a version inherited counts as one seat more"
[ "$(upload 52:54:00:00:00:02 4 5 6 7)" = 204 ] || die "$(cat "$work/answer")"
expect 4 0 5 6 9 3 7
says "6 chunks, 768.0 KiB, seen by 1 seat$" pupitre room show lab-1
[ "$(upload 52:54:00:00:00:03 4 5 6 7)" = 204 ] || die "$(cat "$work/answer")"
expect 4 5 6 7
says "3 chunks, 384.0 KiB, seen by 2 seats$" pupitre room show lab-1

show "a rollback and gc change none of them"
pupitre --quiet room rollback lab-1 1
pupitre --quiet gc
expect 1 0 9 3 250
expect 3 0 9 3 250
expect 4 5 6 7
check_clean

show "gc forgets the uploads of what is gone"
mkdir -p "$state/boot-profiles/lab-1/9" "$state/boot-profiles/lab-9/1"
profile 1 >"$state/boot-profiles/lab-1/9/52:54:00:00:00:01"
profile 1 >"$state/boot-profiles/lab-9/1/52:54:00:00:00:01"
says "would remove 2 files" pupitre gc --dry-run
[ -e "$state/boot-profiles/lab-1/9" ] || die "the dry run removed something"
pupitre --quiet gc
[ ! -e "$state/boot-profiles/lab-1/9" ] || die "uploads of lab-1@9 are still there"
[ ! -e "$state/boot-profiles/lab-9" ] || die "uploads of lab-9 are still there"
expect 4 5 6 7

show "removing the room forgets its uploads"
pupitre --quiet room remove lab-1 --yes
[ ! -e "$state/boot-profiles/lab-1" ] || die "uploads are still there"
pupitre --quiet gc
check_clean
