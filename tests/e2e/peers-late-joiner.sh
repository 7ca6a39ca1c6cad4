#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# A seat that joins when the others have read the disk gets nearly all of it from them, also
# what it owns from now on: the server sends it a tenth at most.
set -eu
. "$PUPITRE_TOP/tests/lab/lab.sh"
. "$PUPITRE_TOP/tests/lab/seats.sh"

mac=52:54:00:00:0d:0
disk_mib=32

lab_begin
lab_server_init off
lab_noise_room lab $disk_mib pc1=${mac}1 pc2=${mac}2 pc3=${mac}3
lab_server_start
lab_seat_on pc1 lab ${mac}1
lab_seat_on pc2 lab ${mac}2
lab_seats_meet pc1 pc2
lab_seat_copy pc1
lab_seat_copy pc2
before=$(lab_sent lab 1)
[ "$before" -ge $((disk_mib << 20)) ] || lab_die "the server does not count what it sends"
[ "$before" -le $(((disk_mib << 20) * 5 / 4)) ] || lab_die "two seats cost the server $before bytes"

lab_seat_on pc3 lab ${mac}3
lab_seats_meet pc1 pc2 pc3
lab_seat_copy pc3
lab_seat_check pc3 lab 1
late=$(($(lab_sent lab 1) - before))
echo "two seats made the server send $before bytes, the third one $late"
[ $late -le $(((disk_mib << 20) / 10)) ] || lab_die "the third seat had the server send $late bytes"
