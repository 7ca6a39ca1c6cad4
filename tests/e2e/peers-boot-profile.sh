#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# A seat uploads what its guest touched until it was ready; at the next start it is there
# before the guest asks, also in the version that inherited it.
set -eu
. "$PUPITRE_TOP/tests/lab/lab.sh"
. "$PUPITRE_TOP/tests/lab/seats.sh"

mac=52:54:00:00:10:01

# present_is N: whether pc1 holds so many chunks of a boot profile of as many.
present_is() {
    [ "$(lab_number pc1 profile_chunks)" = "$1" ] &&
        [ "$(lab_number pc1 profile_present)" = "$1" ]
}

lab_begin
lab_server_init off
lab_noise_room lab 32 pc1=$mac
lab_server_start
lab_seat_on pc1 lab $mac control="$LAB_DIR/pc1.control"
lab_seat_read pc1 lab 1 20 4
lab_seat_read pc1 lab 1 6 2
lab_guest_ready pc1
lab_wait 10 "boot profile" lab_profile_is lab 1 48
# Positions of 128 KiB in order of first touch; read-ahead is none.
od -An -tu4 -j16 -v -w4 "$LAB_DIR/lab.boot" | tr -d ' ' >"$LAB_DIR/told"
{ seq 160 191; seq 48 63; } | cmp - "$LAB_DIR/told" || lab_die "not in the order of the reads"
lab_seat_off pc1

lab_seat_on pc1 lab $mac
lab_wait 10 "prefetched start" present_is 48
lab_server_stop
lab_seat_read pc1 lab 1 20 4
lab_seat_read pc1 lab 1 6 2
lab_seat_off pc1
lab_server_start

lab_republish lab 2 7
lab_profile_is lab 2 48 || lab_die "version 2 has not inherited the boot profile"
lab_seat_on pc1 lab $mac version=2
lab_wait 10 "prefetched start of version 2" present_is 48
lab_server_stop
lab_seat_read pc1 lab 2 20 4
lab_seat_read pc1 lab 2 6 2
