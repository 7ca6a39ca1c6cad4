#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
#
# A room gets another name with all that it has; killed anywhere, one name has the whole room.
# shellcheck source=tests/e2e/functions.sh
. "$(dirname "$0")/functions.sh"
requires qemu-img qemu-io jq sqlite3

# The whole room under a name: what must be the same before and after.
state_of() {
    pupitre room history "$1" --json | jq -c '[.versions[] | [.version, .created, .current, .canary, .pinned, .master]]'
    pupitre room show "$1" --json | jq -c '[.title, .seats, [.schedules[].rule], [.last_runs[].words]]'
    qemu-img map --output=json "$state/images/rooms/$1.qcow2" | sed 's/"filename": "[^"]*"//' | sha256sum
    [ ! -d "$work/etc/recipes/$1" ] || (cd "$work/etc/recipes/$1" && sha256sum ./*)
    sqlite3 "$state/catalog.db" "SELECT mac, version, state FROM seat WHERE room = '$1'"
}

# nothing_of NAME: no trace of it is left.
nothing_of() {
    local left
    left=$(find "$state" "$work/etc" \( -name "$1" -o -name "$1.*" -o -name "$1@*" -o -name "rename-*" \) ! -name '*.lock')
    [ -z "$left" ] || die "left of $1: $left"
    fails 3 "there is no room '$1'" pupitre room show "$1"
}

# signed ROOM: each version's signature is good, as fsck sees it.
signed() {
    pupitre --quiet fsck >"$work/fsck" 2>&1 || die "fsck: $(cat "$work/fsck")"
    [ ! -s "$work/fsck" ] || die "fsck: $(cat "$work/fsck")"
    grep -q "\"name\":\"$1\"" "$state/store/manifests/rooms/$1/1.json" || die "whose manifest is it"
}

new_server "$work/state"
make_disk "$work/disk.raw" 2
pupitre --quiet master import win "$work/disk.raw"
pupitre --quiet room add lab --master win --title Lab --seat pc01=52:54:00:00:00:01 --seat pc02=52:54:00:00:00:02
pupitre --quiet room add other --master win
mkdir -p "$work/etc/recipes/lab"
printf '[recipe]\nboot_test = none\n' >"$work/etc/recipes/lab/recipe.conf"
pupitre --quiet room publish lab
write_room lab 1M 64k 7
pupitre --quiet room publish lab
pupitre --quiet room pin lab@1
write_room lab 1M 64k 8
pupitre --quiet room publish lab --canary pc02
pupitre --quiet room regenerate lab --schedule "daily 06:00"
sqlite3 "$state/catalog.db" "INSERT INTO seat (mac, room, state, version) VALUES ('52:54:00:00:00:01', 'lab', 'running', 2)"
state_of lab >"$work/before"

show "what cannot be renamed says why"
fails 3 "there is no room 'nope'" pupitre room rename nope hall
fails 4 "'other' is taken: there is such a room" pupitre room rename lab other
fails 2 "has that name already" pupitre room rename lab lab
fails 2 "is no name for a room" pupitre room rename lab 'no good'
sqlite3 "$state/catalog.db" "UPDATE seat SET last_seen_ms = $(date +%s%3N)"
fails 6 "while PCs run from it by that name: switch off pc01" pupitre room rename lab hall
sqlite3 "$state/catalog.db" "UPDATE seat SET last_seen_ms = 0"
says "would rename room lab to hall: 3 versions, its schedule, its recipe" pupitre room rename lab hall --dry-run
nothing_of hall

show "renamed, and back"
says "^renamed room lab to hall: 3 versions, its schedule, its recipe$" pupitre room rename lab hall
nothing_of lab
state_of hall >"$work/after"
cmp "$work/before" "$work/after" || die "the room is not the same"
signed hall
pupitre --quiet room rename hall lab
nothing_of hall
state_of lab >"$work/after"
cmp "$work/before" "$work/after" || die "the room is not the same again"
signed lab

show "killed at each step, either name has the whole room; gc, or the same again, ends it"
for point in begun stored linked committed told followed; do
    for cure in gc again; do
        PUPITRE_FAILPOINT=rename-$point:1:kill pupitre room rename lab hall >/dev/null 2>&1 &&
            die "$point: not met"
        if [ "$cure" = gc ]; then pupitre --quiet gc; else pupitre --quiet room rename lab hall; fi
        name=lab gone=hall
        [ ! -e "$work/etc/rooms/hall.conf" ] || name=hall gone=lab
        nothing_of "$gone"
        state_of "$name" >"$work/after"
        cmp "$work/before" "$work/after" || die "$point, $cure: the room is not the same"
        signed "$name"
        [ "$name" = lab ] || pupitre --quiet room rename hall lab
    done
done

show "killed while it writes its note, it leaves nothing that gc does not find"
PUPITRE_FAILPOINT=file-created:1:kill pupitre room rename lab hall >/dev/null 2>&1 &&
    die "file-created: not met"
left=$(find "$work" -name '.rename-lab.*')
[ -n "$left" ] || die "it left nothing"
pupitre --quiet gc
[ ! -e "$left" ] || die "gc left $left"

show "no room left on the disk: nothing happened"
for point in file-created pack-created manifest-in-place rename-linked; do
    PUPITRE_FAILPOINT=$point:1:enospc pupitre room rename lab hall >/dev/null 2>&1 || true
    [ -e "$work/etc/rooms/lab.conf" ] || pupitre --quiet room rename hall lab
    nothing_of hall
    state_of lab >"$work/after"
    cmp "$work/before" "$work/after" || die "$point: the room is not the same"
done
check_clean
