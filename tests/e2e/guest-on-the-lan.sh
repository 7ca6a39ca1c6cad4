#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# In a room with network = bridge the guest is a machine of its own beside its PC: by a MAC of its
# own it gets an address of its own, and the server answers it, all over the card that the PC
# streams its disk over. The guest is iPXE, started from its disk: it looks for a server by itself.
# only with --all: the domain with a bridge is a golden file, and here is only its wire
set -eu
. "$PUPITRE_TOP/tests/lab/lab.sh"

ipxe=/usr/lib/ipxe/ipxe.iso
pc=52:54:00:00:15:01
guest=56:54:00:00:15:01

# The address that our DHCP server gave the MAC $1.
address_of() {
    awk -v mac="$1" '$2 == mac { print $3 }' "$LAB_DIR/state/run/dnsmasq.leases"
}

# The guest has fetched a boot script, as any machine may that is no seat.
guest_was_answered() {
    [ "$(lab_get /v1/seats | jq -r --arg mac "$guest" '.seats[] | select(.mac == $mac) |
        .stages[] | select(.stage == "loader") | .stage')" = loader ]
}

[ -e "$ipxe" ] || lab_skip "no $ipxe here"
lab_begin
lab_server_init own
lab_pupitre --quiet master import --format raw ipxe "$ipxe"
lab_pupitre --quiet room add lab --master ipxe --seat pc1=$pc
lab_room_set lab memory 128
lab_room_set lab firmware bios
lab_room_set lab cpus 1
lab_room_set lab network bridge
lab_pupitre --quiet room publish lab
lab_server_start
lab_pc_on pc1 bios $pc
lab_wait_console 500 pc1 'screen spice '
lab_wait 240 "question of the guest" guest_was_answered
[ -n "$(address_of $guest)" ] || lab_die "the guest has no address"
[ "$(address_of $guest)" != "$(address_of $pc)" ] || lab_die "the guest has its PC's address"
! lab_console_has pc1 'guest-ended|guest-paused' || lab_die "the guest did not stay"
