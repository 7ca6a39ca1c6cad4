#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# A UEFI PC boots over PXE beside the site's own DHCP server (proxyDHCP).
set -eu
. "$PUPITRE_TOP/tests/lab/lab.sh"

lab_begin
lab_server_init proxy
lab_master demo 1
lab_room blue demo "only in the blue room" "" pc1=52:54:00:00:02:01
lab_server_start
lab_pc_on pc1 uefi 52:54:00:00:02:01
lab_wait_console 500 pc1 'guest: banner: only in the blue room'
grep -q 'DHCPACK.*52:54:00:00:02:01' "$LAB_DIR/site.log" ||
    lab_die "the address did not come from the site's DHCP server"
