#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Two rooms on one master: each PC shows its own room.
# only with --all: rooms-share sees both rooms of a master on seats without PCs
set -eu
. "$PUPITRE_TOP/tests/lab/lab.sh"

lab_begin
lab_server_init own
lab_master demo 1
lab_room red demo "this is red" "" pc1=52:54:00:00:03:01
lab_room blue demo "this is blue" "" pc2=52:54:00:00:03:02
lab_server_start
lab_pc_on pc1 bios 52:54:00:00:03:01
lab_pc_on pc2 bios 52:54:00:00:03:02
lab_wait_console 500 pc1 'guest: banner: this is red'
lab_wait_console 500 pc2 'guest: banner: this is blue'
! lab_console_has pc1 blue || lab_die "the red room's PC shows the blue room"
