#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
#
# room regenerate with a recipe, killed in each phase and on a full disk: the published version
# stays, gc ends and removes what was left, and the next run goes on where the last one was.
. "$(dirname "$0")/functions.sh"
. "$(dirname "$0")/../lab/virt.sh"
virt_begin
requires qemu-nbd jq
recipes=$work/etc/recipes

current() {
    pupitre room history "$1" --json | jq '.versions[] | select(.current) | .version'
}

# recipe ROOM LINE...: the room's one step, and limits that a busy machine keeps.
recipe() {
    mkdir -p "$recipes/$1"
    printf '[recipe]\nboot_timeout = %s\n' "$virt_agent_s" >"$recipes/$1/recipe.conf"
    printf '%s\n' "${@:2}" >"$recipes/$1/10-step.sh"
}

# new_room NAME: published as it is.
new_room() {
    pupitre --quiet room add "$1" --master linux
    sed -i -e 's/^#\? *firmware = .*/firmware = bios/' -e 's/^#\? *memory = .*/memory = 256 MiB/' \
        "$work/etc/rooms/$1.conf"
    pupitre --quiet room publish "$1"
}

layers() {
    find "$state/images/layers" -name '*.qcow2' 2>/dev/null | wc -l
}

# killed_at POINT LAYERS VERSION: so many there are afterwards.
killed_at() {
    local status=0
    PUPITRE_FAILPOINT=$1:1:kill pupitre room regenerate lab >"$work/out" 2>&1 || status=$?
    [ "$status" = 137 ] || die "$1 was not met: $(cat "$work/out")"
    says 'that interrupted work left' pupitre fsck
    pupitre --quiet gc
    check_no_machines
    [ -z "$(find "$state/run" -name 'regenerate-*')" ] || die "$1: a folder is left in run/"
    check_clean
    [ "$(layers)" = "$2" ] || die "killed at $1: $(layers) layers"
    [ "$(current lab)" = "$3" ] || die "killed at $1: version $(current lab)"
}

pupitre --quiet master import linux "$guest_disk"
new_room lab
recipe lab 'echo made >/made'

show "killed in a step, and when it has ended: it is run again"
killed_at step-started 0 1
killed_at step-ended 0 1

show "killed when it is done, and in the boot test: it is not run again"
killed_at layer-placed 1 1
printf '#!/bin/sh\ngrep -qx made /made\n' >"$recipes/lab/check.sh"
killed_at boot-tested 1 1

show "killed when it is published: the next run puts the sub-master into place"
killed_at regenerate-published 1 2
says "^0 of 1 steps" pupitre room regenerate lab
says "^nothing changed since lab@2" pupitre room regenerate lab
[ "$(layers)" = 1 ] || die "$(layers) layers"
check_clean

show "no room left for what the step writes"
mount -t tmpfs -o size=6m tmpfs "$state/images/rooms"
cleanup_fn umount "$state/images/rooms"
new_room small
recipe small 'dd if=/dev/urandom of=/filling bs=1M count=20 && sync'
fails 10 "step small/10-step: .*has no room left" pupitre room regenerate small
[ "$(current small)" = 1 ] || die "version $(current small)"
[ "$(ls -A "$state/images/rooms")" = small.qcow2 ] || die "left: $(ls -A "$state/images/rooms")"
check_no_machines
