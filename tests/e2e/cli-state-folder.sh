#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
#
# State folders in odd places: each works from init to publish, or init says why not.
# shellcheck source=tests/e2e/functions.sh
. "$(dirname "$0")/functions.sh"
requires qemu-img qemu-io qemu-nbd

# a_life STATE: import, a room, a publish.
a_life() {
    new_server "$1"
    no_boot_test
    pupitre --quiet master import win "$work/disk.raw"
    pupitre --quiet room add r --master win
    write_room r 1M 128k 0x11
    pupitre --quiet room publish r
    check_clean
    rm -r "${work:?}/etc" "$1"
}

# refused STATUS PATTERN STATE: nothing is made there, nor a configuration.
refused() {
    fails "$1" "$2" pupitre init --state-dir "$3"
    [ ! -e "$work/etc/pupitre.conf" ] || die "a configuration was made for '$3'"
}

make_disk "$work/disk.raw" 4

show "a path that is too long for a socket in it"
long=$work/$(printf 'x%.0s' {1..90})/$(printf 'y%.0s' {1..90})
mkdir -p "${long%/*}"
a_life "$long"

show "blanks, commas, colons, other people's letters"
a_life "$work/a b,c:d;é"

show "images on another disk, as a whole"
mkdir -p "$work/disk2/images" "$work/state"
ln -s "$work/disk2/images" "$work/state/images"
a_life "$work/state"
rm -r "$work/disk2"

show "sub-masters alone on another disk"
mkdir -p "$work/disk2/rooms" "$work/state/images"
ln -s "$work/disk2/rooms" "$work/state/images/rooms"
mkdir -p "$work/etc"
pupitre --quiet init --state-dir "$work/state" 2>"$work/err"
grep -q "images/rooms' is a link to elsewhere" "$work/err" || die "init says: $(cat "$work/err")"
pupitre status >"$work/out"
grep -q "images/rooms' is a link to elsewhere" "$work/out" || die "status says nothing"
rm -r "$work/state" "${work:?}/etc"
mkdir "$work/etc"

show "places that cannot be one"
: >"$work/file"
refused 2 "'$work/file' is no folder" "$work/file/state"
refused 2 'cannot carry' "$work/$(printf 'a\377b')"
refused 2 'cannot carry' "$work/$(printf 'a\nb')"
mkdir "$work/home"
: >"$work/home/letter"
refused 4 "holds something else \('letter'\)" "$work/home"
[ "$(ls "$work/home")" = letter ] || die "something was made"

show "an init that was killed while it tried the folder out; several at once"
new_server "$work/tried"
rm -r "$work/tried"
mkdir "$work/tried"
touch -d '2 minutes ago' "$work/tried/.probe.ABCDEF" "$work/tried/.probe.ABCDEF.moved"
touch "$work/tried/.probe.GHIJKL"
pupitre --quiet init
[ "$(cd "$work/tried" && echo .probe.*)" = .probe.GHIJKL ] || die "init left what was left"
for round in 1 2 3 4 5; do
    rm -rf "$work/tried"
    inits=()
    for i in 1 2 3; do
        pupitre --quiet init 2>"$work/init.$i" &
        inits+=($!)
    done
    for i in 0 1 2; do
        wait "${inits[i]}" || die "round $round: $(cat "$work/init.$((i + 1))")"
    done
    check_clean
done

show "an init that was cut short, and a store that got lost"
new_server "$work/state"
rm "$state/store/format"
pupitre --quiet init
pupitre --quiet master import win "$work/disk.raw"
mv "$state/store" "$work/store"
fails 4 "no store in '.*store', but there are disks" pupitre init
[ ! -e "$state/store" ] || die "init made an empty store"
mv "$work/store" "$state/store"
pupitre --quiet init
check_clean

show "what is in the place of a folder"
# no_folder FOLDER PATTERN: fsck and status name it once, and look at all else.
no_folder() {
    local status=0
    mv "$1" "$work/aside"
    : >"$1"
    pupitre fsck >"$work/fsck" 2>&1 || status=$?
    [ "$status" = 5 ] || die "fsck ends with $status: $(cat "$work/fsck")"
    [ "$(grep -Ec -- "$2" "$work/fsck")" = 1 ] || die "fsck does not say '$2': $(cat "$work/fsck")"
    grep -q '^checked ' "$work/fsck" || die "fsck looked at nothing else: $(cat "$work/fsck")"
    pupitre status >"$work/status" 2>&1 || die "status fails: $(cat "$work/status")"
    [ -z "${3:-}" ] || grep -qE -- "$3" "$work/status" || die "status says: $(cat "$work/status")"
    case $1 in
    "$state"/store/*) rm "$1" ;;
    *)
        fails 2 "is no folder: move it away" pupitre init
        rm "$1"
        pupitre --quiet init
        rm -r "$1" || die "init does not make $1"
        ;;
    esac
    mv "$work/aside" "$1"
    check_clean
}
pupitre --quiet room add r --master win
pupitre --quiet room publish r
for folder in images images/masters images/rooms run client-image tftp; do
    no_folder "$state/$folder" "^problem: folder $state/$folder: cannot be read: Not a directory" \
        "^problem: folder $state/$folder: "
done
no_folder "$state/store/manifests" "^problem: store: cannot list .*/manifests/masters': Not a dir"
no_folder "$work/etc/rooms" "^problem: room profiles: cannot list .*rooms': Not a dir" \
    "^masters        not known, nor rooms: see below"

show "what could not be read is not taken for lost"
: >"$state/store/manifests/rooms/stray"
fails 5 "1 thing to mend" pupitre fsck
pupitre fsck >"$work/fsck" 2>/dev/null || true
grep -q "cannot list the folder '.*rooms/stray': Not a directory" "$work/fsck" ||
    die "fsck says: $(cat "$work/fsck")"
[ "$(grep -c '^problem: ' "$work/fsck")" = 1 ] || die "fsck takes it for lost: $(cat "$work/fsck")"
rm "$state/store/manifests/rooms/stray"
check_clean
