#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# only with --all: two minutes of waiting on purpose
# A PC with iPXE on a stick of its own (doc/starting.md) is switched on before the server: it
# waits and starts when the server is there. The server hangs while the kernel is loaded, and is
# killed while the root image is: the PC waits, and goes on each time.
set -eu
. "$PUPITRE_TOP/tests/lab/lab.sh"

mac=52:54:00:00:14:01

# The stick, as doc/starting.md has it.
make_stick() {
    lab_get /loader.ipxe >"$LAB_DIR/loader.ipxe"
    printf 'DEFAULT pupitre\nLABEL pupitre\nLINUX ipxe.lkrn\nINITRD loader.ipxe\n' \
        >"$LAB_DIR/syslinux.cfg"
    truncate -s 16M "$LAB_DIR/stick.img"
    mformat -i "$LAB_DIR/stick.img" -v PUPITRE ::
    syslinux --install "$LAB_DIR/stick.img"
    mcopy -i "$LAB_DIR/stick.img" /usr/lib/ipxe/ipxe.lkrn "$LAB_DIR/loader.ipxe" \
        "$LAB_DIR/syslinux.cfg" ::
}

leases() {
    grep -c "DHCPACK.* $mac" "$LAB_DIR/site.log" || true
}

leases_above() {
    [ "$(leases)" -gt "$1" ]
}

lab_begin
lab_server_init proxy
lab_master demo 1
lab_room lab demo "waited" "" "pc1=$mac"
lab_server_start
make_stick
lab_server_stop

lab_pc_on pc1 bios "$mac" -drive "if=none,id=stick,format=raw,file=$LAB_DIR/stick.img" \
    -device usb-storage,drive=stick,bootindex=0
lab_wait 240 "third lease of a PC that waits for its server" leases_above 2
lab_glass_shot pc1 "$LAB_DIR/glass.ppm"
lab_glass_is_calm pc1 "$LAB_DIR/glass.ppm"

lab_limit pc1 16mbit
lab_server_start
lab_wait_stage 120 pc1 kernel
kill -STOP "$LAB_SERVER_PID"
before=$(leases)
lab_wait 120 "lease of a PC whose server hangs" leases_above $((before + 1))
lab_glass_shot pc1 "$LAB_DIR/glass.ppm"
lab_glass_is_calm pc1 "$LAB_DIR/glass.ppm"
kill -CONT "$LAB_SERVER_PID"

lab_wait_console 240 pc1 'pupitre: .*client image: 10 %'
kill -KILL "$LAB_SERVER_PID"
lab_wait_console 120 pc1 'does not answer .*trying again'
lab_server_start
lab_wait_console 180 pc1 'pupitre: .*client image: 100 %'
lab_wait_console 120 pc1 'pupitre: .*system is up'
