#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# A stick in the PC goes to the guest of a room that lets storage through, and comes back to the PC
# with a version that lets other classes through only; the PC's keyboard stays with the PC. Asked of
# the PC's kernel: a device that SPICE's client has taken is driven by usbfs.
# only with --all: the unit test test-usb.c has what goes to which side
set -eu
. "$PUPITRE_TOP/tests/lab/lab.sh"

# A loop for the PC's shell: each look is a line "look" and one for each interface.
# shellcheck disable=SC2016
readonly LOOK='while echo look; do for i in /sys/bus/usb/devices/*:*; do
d=$(readlink $i/driver); echo "class $(cat $i/bInterfaceClass) ${d##*/}."; done; sleep 2; done'

looks() {
    tr -d '\r' <"$LAB_DIR/shell.log" | grep -c '^look$' || true
}

begin_looking() {
    printf '%s\n' "$LOOK" | socat -t 2 - "UNIX-CONNECT:$LAB_DIR/pc1.shell" >"$LAB_DIR/socat.log"
    [ "$(looks)" -gt 0 ]
}

# Whether there was a whole look since the number $1.
looked_since() {
    [ "$(looks)" -gt $(($1 + 1)) ]
}

# drives CLASS DRIVER: whether an interface of that class had that driver at the last whole look.
drives() {
    tr -d '\r' <"$LAB_DIR/shell.log" | awk -v line="class $1 $2." '
        $0 == "look" { there = here; here = 0 }
        $0 == line { here = 1 }
        END { exit !there }'
}

has_started_twice() {
    [ "$(lab_console_count pc1 'guest: ready')" = 2 ]
}

lab_begin
truncate -s 4M "$LAB_DIR/stick.img"
lab_server_init own
sed -i 's/^kernel_args = .*/& pupitre.shell=ttyS1/' "$LAB_DIR/etc/pupitre.conf"
lab_master demo 1
lab_room lab demo "version one" "" pc1=52:54:00:00:17:01
lab_room_set lab usb 'printer, storage'
lab_pupitre --quiet room publish lab
lab_server_start
lab_pc_on pc1 bios 52:54:00:00:17:01 -serial chardev:shell \
    -chardev "socket,id=shell,path=$LAB_DIR/pc1.shell,server=on,wait=off,logfile=$LAB_DIR/shell.log" \
    -drive "if=none,id=stick,format=raw,file=$LAB_DIR/stick.img" -device usb-storage,drive=stick
lab_wait_console 500 pc1 'guest: ready'
lab_wait 60 "look at the PC's devices" begin_looking
lab_wait 60 "stick in the guest" drives 08 usbfs
drives 03 usbhid || lab_die "the PC's keyboard is not the PC's"

lab_room_set lab usb printer
lab_pupitre --quiet room publish lab
lab_wait_console 60 pc1 'version lab@3 is out'
lab_pc_key pc1 p
lab_wait_console 180 pc1 'screen spice /run/pupitre/spice.sock printer$'
lab_wait 180 "second start of the guest" has_started_twice
lab_wait 60 "another look" looked_since "$(looks)"
drives 08 usb-storage || lab_die "the guest has the stick, though it is no printer"
