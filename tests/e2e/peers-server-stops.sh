#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Three seats have read a part of the disk each when the server stops: each of them reads the
# other parts from its neighbours, to the end of what the room has. What it has not waits for
# the server, without an I/O error.
set -eu
. "$PUPITRE_TOP/tests/lab/lab.sh"
. "$PUPITRE_TOP/tests/lab/seats.sh"

mac=52:54:00:00:0c:0

lab_begin
lab_server_init off
lab_noise_room lab 32 pc1=${mac}1 pc2=${mac}2 pc3=${mac}3
lab_server_start
for n in 1 2 3; do
    lab_seat_on pc$n lab $mac$n
done
lab_seats_meet pc1 pc2 pc3
for n in 1 2 3; do
    lab_seat_read pc$n lab 1 $((10 * (n - 1))) 10
done

lab_server_stop
begun=$SECONDS
for n in 1 2 3; do
    lab_seat_read pc$n lab 1 0 30 &
    reads[n]=$!
done
for n in 1 2 3; do
    wait "${reads[n]}" || lab_die "pc$n cannot read what the room has"
done
[ $((SECONDS - begun)) -lt 15 ] || lab_die "the seats wait for each other"

lab_seat_copy pc1 &
copy=$!
lab_wait 10 "word that pc1 waits" grep -q 'wait' "$LAB_DIR/pc1.log"
kill -0 $copy || lab_die "pc1 read what nobody has"
lab_server_start
wait $copy || lab_die "pc1: a read failed"
lab_seat_check pc1 lab 1
