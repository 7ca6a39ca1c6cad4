#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# A seat that runs gets the room's next version when it is told to warm it up: from then on it
# reads the start of that version without the server, while its guest goes on reading the old.
set -eu
. "$PUPITRE_TOP/tests/lab/lab.sh"
. "$PUPITRE_TOP/tests/lab/seats.sh"

mac=52:54:00:00:0f:01
# The start is the first 8 MiB; version 2 has other bytes at 2 MiB.
start_mib=8

# What the seat agent does now and then; commands know the seat's numbers from then on.
report() {
    lab_in srv curl -fsS --max-time 30 -o "$LAB_DIR/report.answer" \
        "$LAB_URL/v1/seats/$mac/$1" --data-binary "$2"
}

# The state of pc1's warm-up as the command tells it: VERSION DONE TOTAL.
warm_status() {
    lab_pupitre room warm lab --status --json |
        jq -r '.seats[] | "\(.warm_version) \(.warm_done) \(.warm_total)"'
}

# Whether all of version 2's start is there.
is_warm() {
    local version held total
    report report '{"boot":"b-1","state":"running","version":1}'
    read -r version held total < <(warm_status)
    [ "$version" = 2 ] && [ "$total" = $((start_mib * 8)) ] && [ "$held" = "$total" ]
}

lab_begin
lab_server_init off
lab_noise_room lab 32 pc1=$mac
lab_server_start
lab_seat_on pc1 lab $mac boot=b-1 control="$LAB_DIR/pc1.control"
report register '{"boot":"b-1"}'
lab_seat_read pc1 lab 1 0 $start_mib
lab_guest_ready pc1
lab_wait 10 "boot profile of version 1" lab_profile_is lab 1 $((start_mib * 8))

lab_republish lab 2 2
[ "$(lab_sent lab 2)" = 0 ] || lab_die "something of version 2 was sent"
lab_pupitre --quiet room warm lab
lab_wait 20 "warm seat" is_warm

lab_server_stop
lab_seat_read pc1 lab 2 0 $start_mib
lab_seat_read pc1 lab 1 0 $start_mib
