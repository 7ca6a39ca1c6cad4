#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# A PC with a disk labelled PUPITRE-CACHE keeps there what it reads; after its plug was pulled it
# starts again with at most a twentieth of the bytes from the server.
set -eu
. "$PUPITRE_TOP/tests/lab/lab.sh"

# Bytes of chunks that the server has sent for the room.
sent() {
    lab_get /metrics |
        awk '/^pupitre_sent_bytes_total\{.*room="lab"/ { sum += $NF } END { printf "%d\n", sum }'
}

# still_for SECONDS: the sum, once it has not changed for so long. The server adds up every five.
still_for() {
    local last now end=$((SECONDS + 180))
    now=$(sent)
    until [ "$now" = "${last:-}" ]; do
        [ "$SECONDS" -lt "$end" ] || lab_die "the server sends on and on: $now bytes"
        last=$now
        sleep "$1"
        now=$(sent)
    done
    echo "$now"
}

first_start_is_counted() {
    [ "$(sent)" -gt 8000000 ]
}

# The guest's 8 MiB are on the disk, as far as the host sees: the PC writes them back after half a
# minute, and that they are there into the file system's journal within five seconds more.
is_written() {
    [ "$(du -k "$cache" | cut -f 1)" -gt "$((empty_kib + 8 * 1024))" ]
}

power_on() {
    lab_pc_on pc1 bios 52:54:00:00:13:01 -device ahci,id=ahci \
        -drive "if=none,id=cache,format=raw,file=$cache" -device ide-hd,drive=cache,bus=ahci.0
    lab_wait_console 500 pc1 'guest: banner: version one'
    lab_wait_console 180 pc1 'guest: read 16384 sectors done'
    lab_console_has pc1 'disk-cache partition PUPITRE-CACHE' ||
        lab_die "the seat did not take the disk"
}

lab_begin
cache=$LAB_DIR/cache.img
truncate -s 2G "$cache"
mke2fs -q -t ext4 -L PUPITRE-CACHE -E lazy_itable_init=0,lazy_journal_init=0 "$cache"
empty_kib=$(du -k "$cache" | cut -f 1)
lab_server_init own
lab_master demo 8
lab_room lab demo "version one" "r" pc1=52:54:00:00:13:01
lab_server_start
power_on
lab_wait 90 "cache on the PC's disk" is_written
lab_wait 60 "number of what the server sent" first_start_is_counted
cold=$(still_for 12)
lab_pc_off pc1
power_on
warm=$(($(still_for 7) - cold))
[ "$warm" -le $((cold / 20)) ] ||
    lab_die "the server sent $cold bytes for the first start and $warm for the second"
! lab_console_has pc1 'I/O ERROR|BAD ' || lab_die "the guest saw a wrong sector"
