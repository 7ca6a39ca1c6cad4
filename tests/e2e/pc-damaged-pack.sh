#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# A byte of a pack flips on the server's disk: the guest that reads it waits and never sees a
# wrong byte nor an I/O error, the PC says what is wrong, fsck names the chunk and the version;
# when the byte is right again the guest goes on.
set -eu
. "$PUPITRE_TOP/tests/lab/lab.sh"

# flip FILE OFFSET: invert a byte; doing it twice mends it.
flip() {
    local byte
    byte=$(dd if="$1" bs=1 skip="$2" count=1 status=none | od -An -tu1)
    printf '%b' "\\0$(printf %o $((255 - byte)))" |
        dd of="$1" bs=1 seek="$2" count=1 conv=notrunc status=none
}

lab_begin
lab_server_init own
lab_master demo 8
lab_room lab demo "reads it all" "r" pc1=52:54:00:00:08:01
# The pattern does not compress: the middle of the master's pack is in it.
pack=$(find "$LAB_DIR/state/store/packs" -name '*.pack' -printf '%s %p\n' | sort -n | tail -n 1)
pack=${pack#* }
offset=$(($(stat -c %s "$pack") / 2))
flip "$pack" "$offset"
! lab_pupitre fsck >"$LAB_DIR/fsck.log" 2>&1 || lab_die "fsck did not see the damage"
grep -q 'chunk [0-9a-f]' "$LAB_DIR/fsck.log" || lab_die "fsck does not name the chunk"
grep -q 'lab@1' "$LAB_DIR/fsck.log" || lab_die "fsck does not name the version that is harmed"

lab_server_start
lab_pc_on pc1 bios 52:54:00:00:08:01
lab_wait_console 500 pc1 'guest: banner: reads it all'
lab_wait_console 180 pc1 'seat .*(damaged|corrupt|check)'
! lab_console_has pc1 'sectors done' || lab_die "the damaged chunk was read"
flip "$pack" "$offset"
lab_pupitre fsck || lab_die "fsck is not clean after the byte was mended"
lab_wait_console 180 pc1 'guest: read 16384 sectors done'
! lab_console_has pc1 'I/O ERROR|BAD ' || lab_die "the guest saw a wrong byte or an error"
