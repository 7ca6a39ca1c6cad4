#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# A sub-master is changed by hand in a virtual machine: kept, and thrown away; one editor at a
# time; nothing is lost or half-done when the command is killed.
# shellcheck source=tests/e2e/functions.sh
. "$(dirname "$0")/functions.sh"
# shellcheck source=tests/lab/virt.sh
. "$(dirname "$0")/../lab/virt.sh"
requires qemu-io qemu-nbd jq debugfs
virt_begin

pupitre --quiet master import linux "$guest_disk"
pupitre --quiet room add r1 --master linux --seat pc1=52:54:00:00:00:01
sed -i 's/^#* *firmware = .*/firmware = bios/; s/^#* *display = .*/display = vga/' \
    "$work/etc/rooms/r1.conf"
pupitre --quiet room publish r1
disk=$state/images/rooms/r1.qcow2
edit=$state/images/rooms/.r1.edit.qcow2
keep=$state/images/rooms/.r1.keep.qcow2

sum() {
    sha256sum "$disk" | cut -d' ' -f1
}

# in_guest LINE: what the machine of the edit prints.
in_guest() {
    virt_lab keep r1 find pupitre-edit-r1 agent "$virt_agent_s" run 60 "$1"
}

# root_has FILE: as debugfs reads the second partition of what images/rooms/r1.qcow2 shows.
root_has() {
    qemu-img convert -f qcow2 -O raw "$disk" "$work/disk.raw"
    local sector
    sector=$(sfdisk --json "$work/disk.raw" | jq '.partitiontable.partitions[1].start')
    dd if="$work/disk.raw" of="$work/root.ext4" bs=512 skip="$sector" status=none
    debugfs -R "cat $1" "$work/root.ext4" 2>/dev/null
}

check_over() {
    no_machines || die "left running: $(virt_machines)"
    [ ! -e "$edit" ] || die "the overlay of the edit is left"
    [ ! -e "$keep" ] || die "the overlay that was kept is left"
    [ ! -e "$state/run/edit-r1" ] || die "the folder of the edit is left"
    check_clean
}

show "what may not be"
fails 3 "no room 'r2'|r2" pupitre room edit-disk r2
fails 3 "is not being edited" pupitre room edit-disk r1 --keep
fails 3 "is not being edited" pupitre room edit-disk r1 --discard
fails 2 "one of --keep" pupitre room edit-disk r1 --keep --discard
says "would start" pupitre room edit-disk r1 --dry-run
[ ! -e "$edit" ] || die "--dry-run began an edit"

show "an edit is begun, and everybody sees it"
before=$(sum)
says "remote-viewer spice://127.0.0.1:" pupitre room edit-disk r1
says "edit +since .* at spice://127.0.0.1:" pupitre room show r1
says "being edited +r1" pupitre status
pupitre status --json | jq -e '.edited == ["r1"]' >/dev/null
pupitre room show r1 --json | jq -e '.edit.spice | startswith("spice:")' >/dev/null
fails 6 "being edited since .*spice://.*--keep" pupitre room edit-disk r1
for verb in "room publish r1" "room rebase r1 --yes" "room compact r1" "room regenerate r1" \
    "room remove r1 --yes"; do
    # shellcheck disable=SC2086 # words
    fails 6 "being edited since" pupitre $verb
done
says clean pupitre fsck
pupitre --quiet gc

show "what was done in it, over a restart of the guest's machine, is kept"
# Twice: without a journal Linux writes the folder's block behind the flush that sync ends with.
in_guest 'echo by hand >/kept-file; sync; sync' >/dev/null
# The server's restart: the machine is gone, its overlay is not.
kill -9 "$(virt_machines)"
wait_for 30 "end of the machine" no_machines
[ "$(sum)" = "$before" ] || die "the sub-master was changed before the edit was kept"
pupitre --quiet gc
says "goes on" pupitre room edit-disk r1
in_guest 'cat /kept-file' >"$work/out"
grep -q 'by hand' "$work/out" || die "the edit lost a file: $(cat "$work/out")"

show "a guest that its editor shut down starts again, or is kept"
shut_down_by_hand() {
    : >"$state/run/edit-r1/serial.log"
    in_guest '(sleep 1; poweroff) >/dev/null 2>&1 &' >/dev/null
    wait_for 120 "end of the guest" grep -aqi 'power down' "$state/run/edit-r1/serial.log"
}
shut_down_by_hand
says "goes on" pupitre room edit-disk r1
shut_down_by_hand
says "are in the sub-master" pupitre room edit-disk r1 --keep
check_over
[ "$(root_has /kept-file)" = "by hand" ] || die "the sub-master lacks the file"
says "r1@2 is published" pupitre room publish r1

show "thrown away, all is as before"
before=$(sum)
pupitre --quiet room edit-disk r1
in_guest 'echo no >/lost-file; sync' >/dev/null
says "threw away" pupitre room edit-disk r1 --discard
[ "$(sum)" = "$before" ] || die "the sub-master was changed"
check_over

show "waiting ends with the guest; interrupted, the guest goes on"
start room edit-disk r1 --wait
wait_for 60 "virtual machine" grep -q spice "$work/started.out"
fails 6 "being edited since" pupitre room edit-disk r1
kill -INT "$started"
wait "$started" || die "an interrupted --wait fails"
grep -q "goes on" "$work/started.out" || die "not said: $(cat "$work/started.out")"
in_guest 'echo 1' >/dev/null || die "the machine ended with the waiting"
says "threw away" pupitre room edit-disk r1 --discard
check_over

show "killed at each step"
for point in edit-made edit-started; do
    PUPITRE_FAILPOINT=$point:1:kill pupitre room edit-disk r1 >/dev/null 2>&1 && die "$point: not met"
    pupitre --quiet gc
    [ -e "$edit" ] || die "$point: gc removed an edit"
    pupitre --quiet room edit-disk r1 --discard
    check_over
    PUPITRE_FAILPOINT=$point:1:enospc fails 10 "" pupitre room edit-disk r1
    check_over
done
for point in edit-kept edit-committed; do
    pupitre --quiet room edit-disk r1
    in_guest "echo $point >/$point; sync" >/dev/null
    PUPITRE_FAILPOINT=$point:1:kill pupitre room edit-disk r1 --keep >/dev/null 2>&1 &&
        die "$point: not met"
    [ -e "$keep" ] || die "$point: no overlay to keep"
    says "interrupted while it was kept" pupitre room show r1
    fails 6 "interrupted while it was kept" pupitre room publish r1
    fails 7 "in part" pupitre room edit-disk r1 --discard
    if [ "$point" = edit-kept ]; then
        pupitre fsck >"$work/fsck.out" 2>&1 || true # it is a thing to mend, too
        grep -q "interrupted work" "$work/fsck.out" || die "fsck: $(cat "$work/fsck.out")"
        pupitre --quiet gc
    else
        says "now all in the sub-master" pupitre room edit-disk r1 --keep
    fi
    check_over
    [ "$(root_has "/$point")" = "$point" ] || die "the sub-master lacks what was kept at $point"
done
[ "$(root_has /kept-file)" = "by hand" ] || die "the sub-master lacks the first file"
pupitre --quiet room publish r1
check_clean
