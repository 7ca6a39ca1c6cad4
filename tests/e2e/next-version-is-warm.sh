#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# What a seat read, and from where, is seen on the server; its guest's start becomes the version's
# boot profile; and once `room warm` is through, the next guest starts on the next version from
# the seat's memory: the server sends nothing for it.
# only with --all: peers-warm and peers-boot-profile see its parts without a PC
set -eu
. "$PUPITRE_TOP/tests/lab/lab.sh"

# seat_says JQ: it holds of the seat's numbers.
seat_says() {
    lab_pupitre seat list --json | jq -e ".seats[0].stats | $1" >/dev/null
}

# metric NAME LABELS: the sum of what /metrics has of them (a part of the labels' text).
metric() {
    lab_get /metrics | awk -v name="$1{" -v labels="$2" \
        'index($0, name) == 1 && index($0, labels) { sum += $NF } END { printf "%d\n", sum }'
}

profile_is_seen() {
    grep -Eq '^boot +[0-9]+ chunks, .*, seen by 1 seat$' < <(lab_pupitre room show lab)
}

warm_is_done() {
    lab_pupitre room warm lab --status --json | jq -e '.seats[0] | .version == 1 and
        .warm_version == 2 and .warm_total > 64 and .warm_done == .warm_total' >/dev/null
}

# The pattern's 8 MiB were read by so many guests.
passes() {
    [ "$(lab_console_count pc1 'guest: read 16384 sectors done')" -ge "$1" ]
}

lab_begin
lab_server_init own
lab_master demo 8
lab_room lab demo "version one" "r" pc1=52:54:00:00:12:01
lab_server_start
lab_pc_on pc1 bios 52:54:00:00:12:01
lab_wait_console 500 pc1 'guest: banner: version one'
lab_wait 180 "pass over the disk" passes 1

lab_wait 20 "number of what the seat read" seat_says \
    '.reads > 64 and .hits <= .reads and .server_bytes > 8000000 and .peer_bytes == 0'
seat_says '.read_p50_us > 0 and .read_p99_us >= .read_p50_us' || lab_die "no latencies"
[ "$(metric pupitre_sent_bytes_total 'room="lab",version="1"')" -gt 8000000 ] ||
    lab_die "/metrics does not have what the server sent"
[ "$(metric pupitre_seat_read_bytes_total 'source="server"')" -gt 8000000 ] ||
    lab_die "/metrics does not have what the seat read"
lab_wait 90 "boot profile" profile_is_seen

lab_submaster_text lab 16 "version two"
lab_pupitre --quiet room publish lab
lab_pupitre --quiet room warm lab
lab_wait 60 "end of the warm-up" warm_is_done
[ "$(lab_console_count pc1 'guest: ready')" = 1 ] || lab_die "the warm-up disturbed the guest"

sent=$(metric pupitre_sent_bytes_total 'room="lab"')
reads=$(lab_pupitre seat list --json | jq '.seats[0].stats.reads')
lab_pc_key pc1 p
lab_wait_console 180 pc1 'guest: banner: version two'
lab_wait 180 "pass over the next version's disk" passes 2
[ "$(metric pupitre_sent_bytes_total 'room="lab"')" = "$sent" ] ||
    lab_die "the server sent $sent bytes, and more for the version that was warm"
lab_wait 20 "number of the second guest's reads" seat_says ".reads > $reads + 64"
! lab_console_has pc1 'I/O ERROR|BAD ' || lab_die "the guest saw a wrong sector"
