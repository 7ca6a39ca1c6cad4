#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# In a room with persistence = until-regenerate, a PC that has a partition for it keeps what its
# guest wrote through the guest's restart and through a pulled plug, until the room's next version.
set -eu
. "$PUPITRE_TOP/tests/lab/lab.sh"

power_on() {
    lab_pc_on pc1 bios 52:54:00:00:14:01 -device ahci,id=ahci \
        -drive "if=none,id=writes,format=raw,file=$disk" -device ide-hd,drive=writes,bus=ahci.0
    lab_wait_console 500 pc1 'guest: ready'
    lab_console_has pc1 'overlay /run/pupitre/writes' || lab_die "the seat did not take the disk"
}

lab_begin
disk=$LAB_DIR/writes.img
truncate -s 2G "$disk"
mke2fs -q -t ext4 -L PUPITRE-OVERLAY -E lazy_itable_init=0,lazy_journal_init=0 "$disk"
lab_server_init own
lab_master demo 1
lab_room lab demo "version one" "" pc1=52:54:00:00:14:01
lab_room_set lab persistence until-regenerate
lab_pupitre --quiet room publish lab
lab_server_start
power_on
lab_console_has pc1 'guest: start 1$' || lab_die "the first guest found writes"

# When a guest has ended, QEMU has written everything out.
lab_pc_key pc1 p
lab_wait_console 180 pc1 'guest: start 2$'
lab_pc_off pc1

# What the second guest wrote may be lost with the plug, what the first one did may not.
power_on
lab_console_has pc1 'overlay what was kept goes on' || lab_die "the seat did not keep the overlay"
lab_console_has pc1 'guest: start [23]$' || lab_die "the guest's writes are gone"

lab_submaster_text lab 16 "version three"
lab_pupitre --quiet room publish lab
lab_wait_console 60 pc1 'version lab@3 is out'
lab_pc_key pc1 p
lab_wait_console 180 pc1 'guest: banner: version three'
lab_console_has pc1 'guest: start 1$' || lab_die "writes survived the room's next version"
! lab_console_has pc1 'I/O ERROR|BAD ' || lab_die "the guest saw a wrong sector"
