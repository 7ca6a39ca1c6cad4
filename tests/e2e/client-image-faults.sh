#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# What a PC says when it cannot get its client image, before any program of ours runs: it waits
# for a server that is away, and stops with a code at a damaged image, one that the server no
# longer has, a network card that is not there, and a kernel line that makes no sense.
set -eu
. "$PUPITRE_TOP/tests/lab/lab.sh"

# pc NAME MAC KERNEL-ARGUMENTS
pc() {
    lab_pc_direct "$1" "$2" "$3" -m 768 -smp 1
}

lab_begin
lab_site proxy
mac=52:54:00:00:09
image=$PUPITRE_LAB_STATE/client-image/current
id=$(jq -r .id "$image/image.json")
mkdir -p "$LAB_DIR/www/boot/$id"
cp "$image/root.img" "$LAB_DIR/www/boot/$id/root.img"
# One byte in the middle, unlike what is there.
offset=$(($(stat -L -c %s "$image/root.img") / 2))
byte=$(dd if="$image/root.img" bs=1 skip=$offset count=1 status=none | od -An -tu1)
printf '%b' "\\0$(printf %o $(((byte + 1) % 256)))" |
    dd of="$LAB_DIR/www/boot/$id/root.img" bs=1 seek=$offset conv=notrunc status=none

pc damaged "$mac:01" "$(lab_image_args "$mac:01")"
pc missing "$mac:02" "$(lab_image_args "$mac:02" | sed "s/$id/0123456789abcdef/")"
pc card "$mac:03" "$(lab_image_args "$mac:ff")"
pc line "$mac:04" "$(lab_image_args "$mac:04") pupitre.root_bytes=0x10"

lab_wait_console 240 damaged 'pupitre: .*does not answer .*trying again'
lab_wait_console 240 missing 'pupitre: .*does not answer .*trying again'
lab_spawn srv httpd busybox httpd -f -p "$LAB_SERVER_IP:8080" -h "$LAB_DIR/www"

lab_wait_console 240 line 'ERROR KERNEL-LINE: .*pupitre.root_bytes=0x10. is not valid'
lab_wait_console 240 card "ERROR NO-CARD: .*$mac:ff.*$mac:03"
lab_wait_console 120 missing 'ERROR IMAGE-MISSING: .*0123456789abcdef'
lab_wait_console 240 damaged 'came damaged; fetching it again'
lab_wait_console 240 damaged "ERROR IMAGE-DAMAGED: .*$id"
! lab_console_has damaged 'system is up' || lab_die "the damaged image was started"
