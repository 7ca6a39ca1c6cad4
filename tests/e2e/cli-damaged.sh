#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
#
# Chunks that are damaged, or lost with their pack, come back by what fsck says, done to the
# letter; each cause is told once.
# shellcheck source=tests/e2e/functions.sh
. "$(dirname "$0")/functions.sh"
requires qemu-img qemu-io qemu-nbd jq

# flip FILE OFFSET: invert a byte.
flip() {
    local byte
    byte=$(dd if="$1" bs=1 skip="$2" count=1 status=none | od -An -tu1)
    chmod u+w "$1"
    printf '%b' "\\0$(printf %o $((255 - byte)))" |
        dd of="$1" bs=1 seek="$2" count=1 conv=notrunc status=none
}
bytes() {
    stat -c %s "$1"
}

# found N: what fsck finds is in $work/fsck, N harmful things.
found() {
    local status=0
    pupitre fsck >"$work/fsck" 2>&1 || status=$?
    [ "$status" = 5 ] || die "fsck ended with $status: $(cat "$work/fsck")"
    [ "$(grep -c '^problem: ' "$work/fsck")" = "$1" ] ||
        die "fsck does not find $1 problems: $(cat "$work/fsck")"
}

# mended: do what fsck says, in that order, until it is clean.
mended() {
    local round words
    for round in 1 2 3; do
        # shellcheck disable=SC2016 # as it is printed
        grep -o '`pupitre [^`]*`' "$work/fsck" | tr -d '`' | sort -u >"$work/advice" || true
        [ -s "$work/advice" ] || die "round $round: fsck says nothing to do: $(cat "$work/fsck")"
        grep -x 'pupitre fsck --repair' "$work/advice" >"$work/steps" || true
        grep -vx 'pupitre fsck --repair' "$work/advice" >>"$work/steps" || true
        while read -r _ words; do
            # shellcheck disable=SC2086 # its words
            pupitre --quiet ${words/FILE/$work/disk.raw} >"$work/step" 2>&1 </dev/null ||
                [ "$words" = "fsck --repair" ] || die "'$words' fails: $(cat "$work/step")"
        done <"$work/steps"
        ! pupitre fsck >"$work/fsck" 2>&1 || break
    done
    check_clean
    [ "$(pupitre room history r --json | jq '.versions | length')" = 1 ] || die "r has a new version"
    [ "$(pupitre master show win --json | jq .version)" = 1 ] || die "win has a new version"
    rm -rf "$state"
    cp -a "$work/kept" "$state"
}

new_server "$work/state"
no_boot_test
make_disk "$work/disk.raw" 4 1
pupitre --quiet master import win "$work/disk.raw"
of_master=$(find "$state/store/packs" -name '*.pack')
pupitre --quiet room add r --master win
noise own | head -c 512K >"$work/own"
qemu-io -f qcow2 -c "write -s $work/own 1M 512k" "$state/images/rooms/r.qcow2" >/dev/null
pupitre --quiet room publish r
of_room=$(find "$state/store/packs" -name '*.pack' ! -path "$of_master")
check_clean
cp -a "$state" "$work/kept"

show "chunks that are damaged: of the room, of the master, and pages of their maps"
flip "$of_room" $(($(bytes "$of_room") / 2))
found 1
grep -q 'harms r@1' "$work/fsck" || die "fsck says: $(cat "$work/fsck")"
pupitre --quiet fsck --repair >/dev/null 2>&1 || true
says 'stored again 128.* of it that was lost' pupitre room publish r
check_clean
says 'nothing changed since r@1: nothing to publish' pupitre room publish r
rm -rf "$state"
cp -a "$work/kept" "$state"
for pack in "$of_room" "$of_master"; do
    flip "$pack" $(($(bytes "$pack") / 2))
    found 1
    mended
done
flip "$of_room" $(($(bytes "$of_room") - 400))
found 1
mended
flip "$of_master" $(($(bytes "$of_master") - 1200))
found 1
mended

show "a master whose file is gone, too, comes back from what was imported"
flip "$of_master" $(($(bytes "$of_master") / 2))
rm "$state/images/masters/win@1.qcow2"
found 3
# The room would be made afresh by the rest of what is said; it need not be.
sed -i '/^problem: room r: /,+1d' "$work/fsck"
mended

show "a pack that is gone is one thing, with its index and without"
rm "$of_room"
found 1
grep -q 'is gone, only its index is left: [0-9]* chunk' "$work/fsck" || die "fsck says: $(cat "$work/fsck")"
mended
rm "$of_master"
found 1
grep -q 'harms win@1, r@1' "$work/fsck" || die "fsck says: $(cat "$work/fsck")"
mended
rm "$of_master" "${of_master%.pack}.idx"
found 1
grep -q '^problem: chunks: [0-9]* are in no pack' "$work/fsck" || die "fsck says: $(cat "$work/fsck")"
mended

show "an index that is gone"
rm "${of_master%.pack}.idx"
found 1
mended

show "what only an older version had is not promised"
qemu-io -f qcow2 -c "write -P 1 1M 512k" "$state/images/rooms/r.qcow2" >/dev/null
pupitre --quiet room publish r
flip "$of_room" $(($(bytes "$of_room") / 2))
found 1
grep -q 'r@1 is not what the room stands at' "$work/fsck" || die "fsck says: $(cat "$work/fsck")"
