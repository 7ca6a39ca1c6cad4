#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
#
# A master goes when nothing stands on it, and says what does; a kill half-way leaves no more
# than files that gc takes.
# shellcheck source=tests/e2e/functions.sh
. "$(dirname "$0")/functions.sh"
requires qemu-img qemu-io qemu-nbd jq

files() {
    find "$state/images/masters" -name '*.qcow2' -printf '%f\n' | sort -V | xargs
}
new_server "$work/state"
for seed in 1 2 3; do
    make_disk "$work/disk.raw" 4 $seed
    pupitre --quiet master import win "$work/disk.raw"
done
printf '[room]\nmaster = win@1\n' >"$work/profile"
pupitre --quiet room add r1 --master win@1

show "what stands on it keeps it, and is named"
fails 3 "no master 'mac'" pupitre master remove mac --yes
fails 3 "master 'win' has no version 9; it has 1, 2, 3" pupitre master remove win@9 --yes
fails 3 "no master 'mac'" pupitre master remove mac </dev/null
fails 7 "was not removed; add --yes" pupitre master remove win@2 </dev/null
fails 2 "win@3 is the master's current version" pupitre master remove win@3 --yes
fails 6 "win was not removed: it is the master of room 'r1'" pupitre master remove win --yes
fails 6 "win@1 was not removed: it is the master of room 'r1'" pupitre master remove win@1 --yes
pupitre --quiet room publish r1
sed -i 's/^master = .*/master = win/' "$work/etc/rooms/r1.conf"
fails 6 "r1@1 derives from version 1" pupitre master remove win@1 --yes
write_room r1 1M 64k 7
rm -r "$state/store/manifests/rooms/r1" "$state/store/names/rooms/r1"
fails 6 "the sub-master of room 'r1' stands on version 1; .*room rebase r1" \
    pupitre master remove win@1 --yes
[ "$(files)" = "win@1.qcow2 win@2.qcow2 win@3.qcow2" ] || die "there is $(files)"
printf 'nonsense\n' >"$work/etc/rooms/r2.conf"
fails 2 "r2.conf" pupitre master remove win@2 --yes
rm "$work/etc/rooms/r2.conf"

show "an old version that nothing stands on goes"
says "would remove master win@2: 1 version, " pupitre master remove win@2 --dry-run
[ "$(files)" = "win@1.qcow2 win@2.qcow2 win@3.qcow2" ] || die "there is $(files)"
says "removed master win@2: 1 version, " pupitre master remove win@2 --yes
[ "$(files)" = "win@1.qcow2 win@3.qcow2" ] || die "there is $(files)"
fails 3 "master 'win' has no version 2; it has" pupitre master remove win@2 --yes
pupitre --quiet room rebase r1 --yes
pupitre --quiet master remove win@1 --yes
pupitre --quiet room publish r1
qemu-img check -q "$state/images/rooms/r1.qcow2"
check_clean

show "all of it, killed half-way"
pupitre --quiet room remove r1 --yes
status=0
PUPITRE_FAILPOINT=master-forgotten:1:kill pupitre --quiet master remove win --yes || status=$?
[ "$status" = 137 ] || die "it was not killed but ended with $status"
[ "$(files)" = "win@3.qcow2" ] || die "there is $(files)"
fails 3 "no master 'win'" pupitre master remove win --yes
pupitre --quiet gc
[ -z "$(files)" ] || die "gc left $(files)"
check_clean
pupitre --quiet master import win "$work/disk.raw"
says "^ *win +1 " pupitre master list
says "removed master win: 1 version" pupitre master remove win --yes
[ -z "$(pupitre --quiet master list)" ] || die "it is listed yet"
pupitre --quiet gc
check_clean
