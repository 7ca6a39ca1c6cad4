#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# What the guest wrote is gone after its restart, also in a room that would keep it, when the PC has
# no partition for that, and the screen says so; the keyboard reaches the guest (the restart is
# asked for with a key on the PC); and publish and rollback reach a seat with its next start,
# never a running guest, nor one that somebody uses where idle ones are restarted. F9 on the PC puts
# off what is told to run now, and is none of the guest's keys; and a guest that restarts its machine
# keeps what it wrote, and is counted.
set -eu
. "$PUPITRE_TOP/tests/lab/lab.sh"

starts() {
    [ "$(lab_console_count pc1 'guest: ready')" -ge "$1" ]
}

# Press p (power off) until the guest's n-th start shows.
restart_to() {
    lab_pc_key pc1 p
    lab_wait 180 "start $1 of the guest" starts "$1"
}

lab_begin
lab_server_init own
lab_master demo 1
lab_room lab demo "version one" "w" pc1=52:54:00:00:04:01
lab_server_start
lab_pc_on pc1 bios 52:54:00:00:04:01
lab_wait_console 500 pc1 'guest: banner: version one'
lab_wait_console 180 pc1 'guest: write ok'
lab_wait 60 "start 1 of the guest" starts 1

lab_submaster_text lab 16 "version two"
lab_room_set lab persistence until-regenerate
lab_room_set lab take idle room
lab_room_set lab idle 1 room
lab_pupitre --quiet room publish lab
lab_wait_console 60 pc1 'version lab@2 is out'
[ "$(lab_console_count pc1 'guest: ready')" = 1 ] || lab_die "the publish disturbed the guest"

# Nobody has used the PC for a minute, then somebody does.
lab_wait_console 150 pc1 'screen notice Nobody uses this PC.* in 60 seconds'
lab_pc_key pc1 x
lab_wait_console 30 pc1 'taking called off: somebody uses this PC'
[ "$(lab_console_count pc1 'guest: ready')" = 1 ] || lab_die "the guest was restarted all the same"

restart_to 2
lab_wait_console 60 pc1 'guest: banner: version two'
lab_wait_console 60 pc1 'screen notice This room.s PCs keep what changes on them, but this one'
! lab_console_has pc1 'guest: start [^1]' || lab_die "a write survived the guest's restart"

lab_pupitre --quiet room rollback lab 1
lab_wait_console 60 pc1 'version lab@1 is out'
restart_to 3
[ "$(lab_console_count pc1 'guest: banner: version one')" = 2 ] ||
    lab_die "the rollback did not reach the seat"

n_keys=$(lab_console_count pc1 'guest: key')
lab_pupitre --quiet room rollback lab 2 --seats now
lab_wait_console 60 pc1 'screen notice This room has a new version.* [|] F9 gives you ten more'
lab_pc_key pc1 f9
lab_wait_console 60 pc1 'screen notice You have 10 minutes more'

was_reset() {
    lab_seat pc1 | jq -e '.starts == 3 and .resets == 1 and .crashes == 0' >/dev/null
}
lab_pc_key pc1 b
lab_wait_console 120 pc1 'guest: start 2'
lab_wait 60 "word of the guest's reset" was_reset
[ "$(lab_console_count pc1 'guest: key')" = $((n_keys + 1)) ] || lab_die "the guest got F9, too"
! lab_console_has pc1 'I/O ERROR|BAD ' || lab_die "the guest saw a wrong sector"
