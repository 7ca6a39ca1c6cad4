#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# The cable of a seat is pulled while another one gets chunks from it: that one's reads go on
# with the right bytes, and the server takes the seat off the list until it is back.
set -eu
. "$PUPITRE_TOP/tests/lab/lab.sh"
. "$PUPITRE_TOP/tests/lab/seats.sh"

mac1=52:54:00:00:0a:01
mac2=52:54:00:00:0a:02
watcher=52:54:00:00:0a:09

lab_begin
lab_server_init off
lab_noise_room lab 32 pc1=$mac1 pc2=$mac2 watcher=$watcher
lab_server_start
lab_seat_on pc1 lab $mac1
lab_seat_on pc2 lab $mac2
lab_seats_meet pc1 pc2

lab_limit pc1 50mbit
lab_seat_copy pc1 &
copy=$!
lab_wait 10 "chunk from pc2" lab_number_above pc2 served_bytes 500000
lab_link pc2 down
kill -0 $copy || lab_die "pc1 was done before the cable was pulled"
wait $copy || lab_die "pc1: a read failed"
lab_seat_check pc1 lab 1
[ "$(lab_number pc1 peer_bytes)" -lt 12000000 ] || lab_die "pc1 got all it wanted from pc2"

lab_wait 6 "list without pc2" lab_list_is $watcher lab 1
lab_wait 12 "line about pc2 in the server's log" lab_log_says "seat-left.*mac=\"?$mac2"
lab_link pc2 up
lab_wait 10 "list with pc2 again" lab_list_is $watcher lab 2
