#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
#
# The store comes back from an older backup: masters that it does not know any more, but
# sub-masters stand on, stay, and no import takes their place.
# shellcheck source=tests/e2e/functions.sh
. "$(dirname "$0")/functions.sh"
requires qemu-img qemu-io qemu-nbd flock

masters() {
    find "$state/images/masters" -name 'win@*.qcow2' -printf '%f\n' | sort -V | xargs
}

new_server "$work/state"
make_disk "$work/disk.raw" 4 1
pupitre --quiet master import win "$work/disk.raw"
cp -a "$state/store" "$work/backup"
make_disk "$work/disk.raw" 4 2
pupitre --quiet master import win "$work/disk.raw"
pupitre --quiet room add r1 --master win
write_room r1 1M 128k 0x11
make_disk "$work/disk.raw" 4 3
pupitre --quiet master import win "$work/disk.raw"
rm -r "$state/store"
cp -a "$work/backup" "$state/store"

show "while a room is worked on, nothing is taken from under it"
says "does not have win@[23], win@[23], and the files stay" \
    flock "$state/run/room-r1.lock" "$pupitre_program" --config "$work/etc/pupitre.conf" fsck --repair
[ "$(masters)" = "win@1.qcow2 win@2.qcow2 win@3.qcow2" ] || die "fsck left $(masters)"

show "what a sub-master stands on stays, what nothing stands on goes"
says "would leave the files of masters .*: win@2; a sub-master" pupitre gc --dry-run
says "left the files of masters that the store does not have: win@2; a sub-master" pupitre gc
[ "$(masters)" = "win@1.qcow2 win@2.qcow2" ] || die "gc left $(masters)"
says "the store does not have win@2, and the files stay" pupitre fsck
qemu-io -f qcow2 -r -c 'read -P 0x11 1M 128k' "$state/images/rooms/r1.qcow2" >/dev/null ||
    die "the sub-master is lost"

show "a new master's version does not take its place"
sum=$(sha256sum <"$state/images/masters/win@2.qcow2")
make_disk "$work/disk.raw" 4 4
says "win@3" pupitre master import win "$work/disk.raw"
[ "$(masters)" = "win@1.qcow2 win@2.qcow2 win@3.qcow2" ] || die "there is $(masters)"
[ "$(sha256sum <"$state/images/masters/win@2.qcow2")" = "$sum" ] || die "win@2 is another"

show "without the sub-master it goes"
pupitre --quiet room remove r1 --yes
pupitre --quiet gc
[ "$(masters)" = "win@1.qcow2 win@3.qcow2" ] || die "there is $(masters)"
check_clean
