#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# A BIOS PC with our own DHCP boots over PXE to its room's guest, and reaches every stage.
set -eu
. "$PUPITRE_TOP/tests/lab/lab.sh"

lab_begin
lab_server_init own
lab_master demo 4
lab_room red demo "only in the red room" "r" pc1=52:54:00:00:01:01
lab_server_start
lab_pc_on pc1 bios 52:54:00:00:01:01
lab_wait_console 500 pc1 'guest: banner: only in the red room'
lab_wait_console 180 pc1 'guest: read 8192 sectors done'
for stage in dhcp loader kernel client-image registered disk first-chunk guest-started \
    guest-alive; do
    lab_wait_stage 10 pc1 "$stage"
done
! lab_console_has pc1 'I/O ERROR|BAD ' || lab_die "the guest saw a wrong sector"
