#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# The server stops for a minute while a guest reads: it waits, and goes on without an I/O error.
set -eu
. "$PUPITRE_TOP/tests/lab/lab.sh"

lab_begin
lab_server_init own
lab_master demo 48
lab_room lab demo "reads" "r" pc1=52:54:00:00:05:01
lab_server_start
# Slow enough that the read is under way for long after the stop.
lab_pc_on pc1 bios 52:54:00:00:05:01
lab_wait_console 500 pc1 'guest: banner: reads'
lab_limit pc1 8mbit
lab_server_stop
lab_wait_console 180 pc1 'waiting for the server'
sleep 60
! lab_console_has pc1 'sectors done' || lab_die "nothing was left to read: the test shows nothing"
lab_server_start
lab_limit pc1 1gbit
lab_wait_console 180 pc1 'server answers again'
lab_wait_console 180 pc1 'guest: read 98304 sectors done'
! lab_console_has pc1 'I/O ERROR|BAD ' || lab_die "the guest saw an error"
