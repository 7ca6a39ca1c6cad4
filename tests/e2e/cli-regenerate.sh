#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
#
# room regenerate without a recipe: the sub-master is made afresh over its master and
# published; what was changed by hand is not thrown away; nothing to do takes no time.
# shellcheck source=tests/e2e/functions.sh
. "$(dirname "$0")/functions.sh"
requires qemu-img qemu-io qemu-nbd jq

current() {
    pupitre room history r1 --json | jq '.versions[] | select(.current) | .version'
}
backing() {
    qemu-img info --output=json "$r1" | jq -r '."backing-filename"'
}

new_server "$work/state"
make_disk "$work/disk.raw" 16
pupitre --quiet master import win "$work/disk.raw"
pupitre --quiet room add r1 --master win
r1=$state/images/rooms/r1.qcow2
no_boot_test

show "the first time it publishes, the second time there is nothing to do"
says "would make .* r1 afresh over win@1 with 0 of the 0 .* publish r1@1" pupitre room regenerate r1 --dry-run
says "r1@1 is published, made afresh over win@1" pupitre room regenerate r1
inode=$(stat -c %i "$r1")
before=$(date +%s%N)
says "^nothing changed since r1@1" pupitre room regenerate r1
took_ms=$((($(date +%s%N) - before) / 1000000))
[ "$took_ms" -lt 2000 ] || die "nothing to do took $took_ms ms"
[ "$(stat -c %i "$r1")" = "$inode" ] || die "the sub-master was made again"
[ "$(current)" = 1 ] || die "version $(current)"

show "a new version of the master"
make_disk "$work/next.raw" 16 2
pupitre --quiet master update win "$work/next.raw"
says "r1@2 is published, made afresh over win@2" pupitre room regenerate r1
[ "$(backing)" = ../masters/win@2.qcow2 ] || die "it stands on $(backing)"
says "nothing changed since r1@2" pupitre room regenerate r1

show "other guest settings; a pinned master"
sed -i 's/^#\? *cpus = .*/cpus = 2/' "$work/etc/rooms/r1.conf"
says "r1@3 is published" pupitre room regenerate r1
sed -i 's/^master = .*/master = win@1/' "$work/etc/rooms/r1.conf"
says "r1@4 is published, made afresh over win@1" pupitre room regenerate r1
says "nothing changed since r1@4" pupitre room regenerate r1

show "a room that was rolled back stays there until something changes"
pupitre --quiet room rollback r1 2
says "nothing changed since r1@4" pupitre room regenerate r1
[ "$(current)" = 2 ] || die "it moved to $(current)"
sed -i 's/^cpus = .*/cpus = 1/' "$work/etc/rooms/r1.conf"
says "r1@5 is published" pupitre room regenerate r1

show "what was changed by hand is not thrown away unless told"
write_room r1 3M 1M 7
inode=$(stat -c %i "$r1")
fails 7 "changed by hand and would lose 1.0 MiB; .*--discard-edits" pupitre room regenerate r1
fails 7 "changed by hand" pupitre room regenerate r1 --dry-run
pupitre --quiet room publish r1
fails 7 "changed by hand" pupitre room regenerate r1
[ "$(stat -c %i "$r1")" = "$inode" ] || die "the sub-master was made again"
says "r1@7 is published" pupitre room regenerate r1 --discard-edits
qemu-img compare -q -f raw -F qcow2 "$work/disk.raw" "$r1" || die "it holds something yet"
says "nothing changed since r1@7" pupitre room regenerate r1
printf 'no disk' >"$r1"
fails 2 "r1.qcow2" pupitre room regenerate r1
says "disk is that of r1@7" pupitre room regenerate r1 --discard-edits

show "somebody else works on it"
coproc qemu-io -f qcow2 "$r1" >"$work/writer.out" 2>&1
writer=$COPROC_PID
cleanup_fn kill "$writer"
printf 'write 0 4k\n' >&"${COPROC[1]}"
wait_for 10 "writer of the image" grep -q wrote "$work/writer.out"
fails 6 "in use" pupitre room regenerate r1 --discard-edits
printf 'quit\n' >&"${COPROC[1]}"
wait "$writer" 2>/dev/null || true
fails 3 "there is no room 'r9'" pupitre room regenerate r9

show "killed or without room at each step: the version stays, the next run does it"
for point in regenerate-made manifest-in-place name-moved regenerate-published; do
    for action in kill enospc; do
        write_room r1 5M 1M 9
        version=$(current)
        sum=$(sha256sum <"$r1")
        ! PUPITRE_FAILPOINT=$point:1:$action pupitre room regenerate r1 --discard-edits \
            >/dev/null 2>&1 || die "$point was not met"
        [ "$(sha256sum <"$r1")" = "$sum" ] || die "$point:$action: the sub-master has changed"
        pupitre --quiet fsck >/dev/null || die "$point:$action: $(pupitre fsck)"
        [ "$(current)" -ge "$version" ] || die "$point:$action: version $(current)"
        pupitre --quiet room regenerate r1 --discard-edits
        pupitre --quiet gc
        check_clean
        # So that the next round has something to publish.
        write_room r1 6M 1M $(($(current) % 200 + 1))
        pupitre --quiet room publish r1
    done
done
says "is published" pupitre room regenerate r1 --discard-edits
says "nothing changed" pupitre room regenerate r1
check_clean
