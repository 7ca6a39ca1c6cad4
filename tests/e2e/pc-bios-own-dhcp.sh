#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# A BIOS PC with our own DHCP boots over PXE to its room's guest, and reaches every stage; from the
# kernel's start to the guest's picture, and when its power button is pressed, its screen has pages
# of ours only, and no kernel's or program's text. Its battery is empty: the guest's clock is right
# all the same, and the server names the PC.
set -eu
. "$PUPITRE_TOP/tests/lab/lab.sh"

lab_begin
lab_server_init own
lab_master demo 4
lab_room red demo "only in the red room" "r" pc1=52:54:00:00:01:01
lab_server_start
lab_pc_on pc1 bios 52:54:00:00:01:01 -rtc base=2001-01-01 -no-shutdown
lab_wait_stage 300 pc1 kernel
lab_glass_watch pc1 'guest: its picture is shown|guest picture shown'
lab_wait_console 500 pc1 'guest: banner: only in the red room'
lab_console_has pc1 'clock set from 2001-01-01' || lab_die "the PC's clock was not set"
lab_console_has pc1 "guest: clock ($(date -u -d -1hour +%Y%m%d)|$(date -u +%Y%m%d))" ||
    lab_die "the guest's clock is wrong"
lab_pupitre seat list --json | jq -e '.seats[] | select(.clock_off_ms != null and .clock_off_ms < -700000000000)' \
    >/dev/null || lab_die "seat list does not name the PC whose clock is off"
grep -Eq '2[0-9] years behind' < <(lab_pupitre seat list) || lab_die "seat list does not say so"
lab_wait_console 180 pc1 'guest: read 8192 sectors done'
for stage in dhcp loader kernel client-image registered disk first-chunk guest-started \
    guest-alive; do
    lab_wait_stage 10 pc1 "$stage"
done
! lab_console_has pc1 'I/O ERROR|BAD ' || lab_die "the guest saw a wrong sector"

lab_pc_monitor pc1 system_powerdown
lab_wait 120 "end of the PC after its power button" lab_pc_has_stopped pc1
lab_glass_shot pc1 "$LAB_DIR/glass.ppm"
lab_glass_is_calm pc1 "$LAB_DIR/glass.ppm"
