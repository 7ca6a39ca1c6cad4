#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
#
# A catalog that cannot be used is one finding, and stops nothing else: neither those who
# look, nor gc, nor a PC that starts. What is not known is not removed.
# shellcheck source=tests/e2e/functions.sh
. "$(dirname "$0")/functions.sh"
requires qemu-img qemu-io qemu-nbd jq sqlite3 curl

# Nobody waits for who would write to a pipe.
quick() {
    timeout 60 "$pupitre_program" --config "$work/etc/pupitre.conf" "$@"
}

# a_finding PATTERN: fsck and status name it once, and tell all else.
a_finding() {
    local status=0
    quick fsck >"$work/fsck" 2>&1 || status=$?
    [ "$status" = 5 ] || die "fsck ended with $status: $(cat "$work/fsck")"
    [ "$(grep -Ec -- "$1" "$work/fsck")" = 1 ] || die "fsck does not say '$1': $(cat "$work/fsck")"
    [ "$(grep -c catalog.db "$work/fsck")" -le 2 ] || die "fsck says it twice: $(cat "$work/fsck")"
    grep -q '^checked ' "$work/fsck" || die "fsck looked at nothing else: $(cat "$work/fsck")"
    quick status >"$work/status" 2>&1 || die "status fails: $(cat "$work/status")"
    [ "$(grep -Ec -- "$1" "$work/status")" = 1 ] ||
        die "status does not say '$1': $(cat "$work/status")"
    grep -q '^rooms          1, 1 published' "$work/status" || die "status tells no rooms"
}

# unusable PATTERN: what cannot be read at all.
unusable() {
    a_finding "$1"
    grep -q '^seats          not known' "$work/status" || die "status knows: $(cat "$work/status")"
    [ "$(quick status --json | jq '.seats, .schedules' | xargs)" = "null null" ] ||
        die "status --json knows"
    : >"$state/images/masters/.lost@1.qcow2.tmp"
    quick gc >"$work/gc" 2>&1 || die "gc fails: $(cat "$work/gc")"
    grep -q 'all versions of all rooms stay' "$work/gc" || die "gc says: $(cat "$work/gc")"
    [ ! -e "$state/images/masters/.lost@1.qcow2.tmp" ] || die "gc left what nothing needs"
    [ "$(versions)" = 3 ] || die "gc removed what may run"
    quick room history r >"$work/history" 2>"$work/err" || die "history fails: $(cat "$work/err")"
    grep -q "which of them gc would keep is not known" "$work/err" || die "history says: $(cat "$work/err")"
    [ "$(grep -c 'not known$' "$work/history")" = 2 ] || die "history says: $(cat "$work/history")"
    for words in "room list" "room show r" "master list" "master show win" "image usage"; do
        # shellcheck disable=SC2086
        quick $words >/dev/null 2>&1 || die "$words fails"
    done
    fails "$2" "${1#catalog: }.*; .pupitre fsck. says what mends it" quick room regenerate r --schedule 'daily 06:00'
}
versions() {
    find "$state/store" -path '*/r/[0-9]*.json' | wc -l
}

new_server "$work/state"
no_boot_test
make_disk "$work/disk.raw" 4 1
pupitre --quiet master import win "$work/disk.raw"
pupitre --quiet room add r --master win --seat pc01=52:54:00:00:00:01
for n in 1 2 3; do
    write_room r 1M 128k "$n"
    pupitre --quiet room publish r
done
printf '\n[versions]\nkeep = 1\n' >>"$work/etc/rooms/r.conf"
db=$state/catalog.db
[ -f "$db" ] || die "there is no catalog"
check_clean
cp "$db" "$work/kept.db"

show "a pipe, a folder, garbage, another's format"
rm "$db"
mkfifo "$db"
unusable "catalog: .*catalog.db' is no file but a pipe" 2
rm "$db"
mkdir "$db"
unusable "catalog: .*catalog.db' is no file but a folder" 2
rmdir "$db"
noise x | head -c 8192 >"$db"
unusable "catalog '.*catalog.db': file is not a database" 5
cp "$work/kept.db" "$db"
sqlite3 "$db" 'PRAGMA user_version = 99'
unusable "has format 99, we know [0-9]*: made by a newer Pupitre" 11

show "pages that are damaged"
cp "$work/kept.db" "$db"
noise y | head -c 4096 | dd of="$db" bs=4096 seek=1 conv=notrunc status=none
quick fsck >"$work/fsck" 2>&1 && die "fsck finds nothing"
[ "$(grep -c '^warning: catalog: ' "$work/fsck")" = 1 ] || die "fsck says: $(cat "$work/fsck")"

show "a server over it answers its PCs, and takes it up again"
rm "$db"
mkdir "$db"
server_port
server_start
url=http://127.0.0.1:$port/v1
curl -fsS "$url/status" | jq -e '.seats == null and .rooms[0].version == 3' >/dev/null ||
    die "/v1/status says: $(curl -sS "$url/status")"
register() {
    curl -fsS -X POST -d '{"boot":"b1","clock_ms":978307200000}' \
        "$url/seats/52:54:00:00:00:01/register"
}
[ "$(register | jq .version)" = 3 ] || die "a PC does not get its version: $(cat "$work/server.log")"
rmdir "$db"
is_seen() {
    register >/dev/null && curl -fsS "$url/status" | jq -e '.seats != null' >/dev/null
}
wait_for 20 "catalog that is taken up" is_seen
server_stop TERM

show "it is lost, or made anew: schedules are gone, and seats may run what it knew of"
rm -f "$db" "$db"-*
a_finding "catalog: '.*catalog.db' is not there, and room 'r' has versions"
[ ! -e "$db" ] || die "who looks makes a catalog"
quick gc --dry-run >"$work/gc"
! grep -q 'remove room' "$work/gc" || die "gc would remove what may run: $(cat "$work/gc")"
[ ! -e "$db" ] || die "a dry run makes a catalog"
quick gc >/dev/null
[ -f "$db" ] || die "gc made no catalog"
sqlite3 "$db" "UPDATE made SET at_ms = $(date +%s%3N) + 2000"
[ "$(versions)" = 3 ] || die "gc removed what may run"
a_finding "catalog: '.*catalog.db' was made anew on .*, after versions of room 'r'"
grep -q 'room regenerate ROOM --schedule' "$work/fsck" || die "fsck does not say what to do"
pupitre --quiet room regenerate r --schedule 'daily 06:00'
check_clean
pupitre --quiet room regenerate r --unschedule
sqlite3 "$db" "UPDATE made SET at_ms = $(date +%s%3N) - 86400001"
quick gc >/dev/null
[ "$(versions)" = 1 ] || die "gc keeps what nothing runs"
cp "$work/kept.db" "$db"
rm -f "$db"-*
check_clean

show "a file system that can only be read"
if mount --bind "$state" "$state" 2>"$work/mount.err"; then
    cleanup_fn umount "$state"
    mount -o remount,ro,bind "$state"
    a_finding "catalog: .*catalog '.*catalog.db': attempt to write|catalog '.*': unable to open"
    grep -q '^seats          1, 0 running' "$work/status" || die "status knows less than it could"
    mount -o remount,rw,bind "$state"
    umount "$state"
    check_clean
else
    show "(not tried: $(cat "$work/mount.err"))"
fi

show "a disk that is full"
mkdir "$work/small"
if mount -t tmpfs -o size=32M pupitre-test "$work/small" 2>"$work/mount.err"; then
    cleanup_fn umount "$work/small"
    cp -a "$state" "$work/small/state"
    sed -i "s|^state_dir = .*|state_dir = $work/small/state|" "$work/etc/pupitre.conf"
    state=$work/small/state
    head -c 64M /dev/zero >"$work/small/ballast" 2>/dev/null || true
    a_finding "catalog '.*catalog.db'"
    grep -q '^seats          1, 0 running' "$work/status" || die "status knows less than it could"
    quick gc >"$work/gc" 2>&1 || die "gc fails: $(cat "$work/gc")"
    rm "$work/small/ballast"
    check_clean
else
    show "(not tried: $(cat "$work/mount.err"))"
fi
