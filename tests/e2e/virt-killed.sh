#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# A process that runs a virtual machine is killed: the machine is found and ended; a kept one
# is there for the next process.
. "$(dirname "$0")/functions.sh"
. "$(dirname "$0")/../lab/virt.sh"
virt_begin

# lab_started STEP...: virt-lab in the background, until its machine runs; its id is in $lab.
lab_started() {
    virt_lab "$@" >"$work/lab.out" 2>&1 &
    lab=$!
    cleanup_fn kill -9 "$lab"
    wait_for 60 "virtual machine" grep -q 127.0.0.1 "$work/lab.out"
}

killed() {
    kill -9 "$(pgrep -f "^$PUPITRE_BUILD/.*virt-lab $work/")"
    wait "$lab" 2>/dev/null || true
}

a_machine_runs() {
    [ "$(virt_machines | wc -l)" = 1 ]
}

show "killed: the machine stays, fsck names it, gc ends it"
lab_started start "$work/guest.xml" spice hang
says 'clean' pupitre fsck
killed
a_machine_runs || die "no machine runs: this test shows nothing"
says '1 virtual machines that interrupted work left' pupitre fsck
a_machine_runs || die "fsck without --repair ended the machine"
says 'ended 1 virtual machines' pupitre gc
check_no_machines

show "killed: the next one who opens ends it, too"
lab_started start "$work/guest.xml" spice hang
killed
virt_lab start "$work/guest.xml" spice
check_no_machines

show "a kept machine outlives its process and is found again"
lab_started keep edit-r1 start "$work/guest.xml" spice hang
fails 6 "in the hands of another" virt_lab keep edit-r1 names
killed
pupitre --quiet gc
a_machine_runs || die "gc ended a kept machine"
flock "$state/run/virt-keep-edit-r1.place" sh -c "touch '$work/held'; sleep 0.5" &
wait_for 10 "somebody who looks at it" test -e "$work/held"
says '^pupitre-test$' virt_lab keep edit-r1 names
fails 3 "no virtual machine" virt_lab keep edit-r2 find pupitre-test
virt_lab keep edit-r1 find pupitre-test agent "$virt_agent_s" run 10 true
a_machine_runs || die "a found machine ended with its finder"
virt_lab keep edit-r1 find pupitre-test shutdown until ended 60
no_machines || die "it does not end"
pupitre --quiet gc
check_no_machines
