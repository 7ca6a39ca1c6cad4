#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# A PC that no room knows shows its MAC, and boots once the admin has added it.
set -eu
. "$PUPITRE_TOP/tests/lab/lab.sh"

unknown_seen() {
    lab_get /v1/seats | jq -e '.seats[] | select(.mac == "52:54:00:00:06:01")' >/dev/null
}

lab_begin
lab_server_init own
lab_master demo 1
lab_server_start
lab_pc_on pc1 bios 52:54:00:00:06:01
lab_wait 180 "record of the unknown PC" unknown_seen
grep -q 52:54:00:00:06:01 < <(lab_pupitre seat list) || lab_die "seat list does not show the PC"
lab_room late demo "added later" "" pc1=52:54:00:00:06:01
lab_wait_console 500 pc1 'guest: banner: added later'
