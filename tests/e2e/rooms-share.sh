#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Two rooms over one master: in one neighbourhood a seat gets from the other room's seat what
# both disks have in common; a room of another neighbourhood is refused, and gets it from the
# server.
set -eu
. "$PUPITRE_TOP/tests/lab/lab.sh"
. "$PUPITRE_TOP/tests/lab/seats.sh"

mac=52:54:00:00:0e:0
disk_bytes=$((32 << 20))

lab_begin
lab_server_init off
lab_noise_master win 32
lab_master_room east win pc1=${mac}1
lab_master_room west win pc2=${mac}2
lab_master_room far win pc3=${mac}3
lab_room_set east neighbourhood floor-2 seat
lab_room_set west neighbourhood floor-2 seat
lab_server_start
lab_seat_on pc1 east ${mac}1
lab_seat_on pc2 west ${mac}2
lab_seat_on pc3 far ${mac}3
lab_seats_meet pc1 pc2

lab_seat_copy pc1
lab_seat_check pc1 east 1
lab_seat_copy pc2
lab_seat_check pc2 west 1
sent=$(($(lab_sent east 1) + $(lab_sent west 1)))
[ $sent -ge $disk_bytes ] || lab_die "the server does not count what it sends"
[ $sent -le $((disk_bytes * 5 / 4)) ] || lab_die "two rooms of one neighbourhood cost $sent bytes"

! lab_seat_knows pc3 pc1 || lab_die "a seat serves a room of another neighbourhood"
! lab_seat_knows pc1 pc3 || lab_die "a seat of another neighbourhood serves"
lab_seat_copy pc3
lab_seat_check pc3 far 1
[ "$(lab_sent far 1)" -ge $disk_bytes ] || lab_die "who is no neighbour was served"
lab_wait 10 "numbers of pc3" lab_number_above pc3 server_bytes $((disk_bytes - 1))
[ "$(lab_number pc3 peer_bytes)" = 0 ] || lab_die "pc3 got chunks from a seat"
