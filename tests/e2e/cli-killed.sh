#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
#
# kill -9 of publish and gc at each of their steps: fsck finds no harm, the old or the new
# version is current and whole, and the next publish and gc work as if nothing had been.
# shellcheck source=tests/e2e/functions.sh
. "$(dirname "$0")/functions.sh"
requires qemu-img qemu-io qemu-nbd jq

new_server "$work/state"
make_disk "$work/disk.raw" 8
pupitre --quiet master import win "$work/disk.raw"
pupitre --quiet room add r1 --master win
pupitre --quiet room publish r1
kills=0
round=0

current() {
    pupitre room history r1 --json | jq '.versions[] | select(.current) | .version'
}

# Chunks that the store has not seen yet: $2 of them into room $1 at MiB $3.
change() {
    round=$((round + 1))
    noise "round $round" | head -c $(($2 * 128 * 1024)) >"$work/change"
    qemu-io -f qcow2 -c "write -s $work/change ${3}M $(($2 * 128))k" \
        "$state/images/rooms/$1.qcow2" >/dev/null
}

# Garbage of both kinds: a pack that nothing needs, and one of which r1 needs a chunk.
litter() {
    pupitre --quiet room add r2 --master win
    change r2 2 6
    pupitre --quiet room publish r2
    change r2 4 4
    pupitre --quiet room publish r2
    head -c 128K "$work/change" >"$work/shared"
    qemu-io -f qcow2 -c "write -s $work/shared 5M 128k" "$state/images/rooms/r1.qcow2" >/dev/null
    pupitre --quiet room publish r1
    pupitre --quiet room remove r2 --yes
}

# Run $2... armed with the fail point $1. TRUE when it was killed there.
killed_at() {
    local spec=$1 status=0
    shift
    PUPITRE_FAILPOINT=$spec:kill "$@" >"$work/killed.out" 2>&1 || status=$?
    case $status in
    137)
        kills=$((kills + 1))
        return 0
        ;;
    0) return 1 ;;
    *) die "$spec: '$*' ended with $status: $(cat "$work/killed.out")" ;;
    esac
}

# Old or new is served, and every byte of it is there. (A kill between a version's manifest
# and the move of the name leaves that version without ever being current.)
check_served() {
    local now
    pupitre fsck >"$work/fsck.out" 2>&1 || die "after $1: $(cat "$work/fsck.out")"
    now=$(current)
    [ "$now" = "$version" ] || [ "$now" = $((version + 1)) ] || [ "$now" = "${2:-}" ] ||
        die "after $1: version $now, it was $version"
    [ -z "$(pgrep -f "qemu-nbd.*$state" || true)" ] || die "$1 left a qemu-nbd behind"
}

# The names of the fail points, without those that match $1.
points_but() {
    PUPITRE_FAILPOINT=list pupitre | grep -Ev "$1" || die "no fail points"
}

show "publish"
for spec in $(points_but '^(gc|remove|import|rename)-' | sed 's/$/:1/') \
    chunk-half-written:2 chunk-written:2 chunk-written:4 file-renamed:2 file-synced:2; do
    version=$(current)
    change r1 4 1
    killed_at "$spec" pupitre room publish r1 || continue
    check_served "publish killed at $spec"
    says "is published|nothing changed" pupitre room publish r1
done
check_served "the last publish" "$(current)"
published=$kills
[ "$published" -ge 20 ] || die "only $published points were met in publish"

show "gc"
for point in $(points_but '^(write|commit|publish|remove|rename|import|name|signature|manifest)-|^committed'); do
    litter
    version=$(current)
    killed_at "$point:1" pupitre gc || continue
    check_served "gc killed at $point"
    pupitre --quiet gc || die "the next gc"
done
check_served "the last gc"
[ $((kills - published)) -ge 8 ] || die "only $((kills - published)) points were met in gc"

show "import"
for point in import-begun import-copied import-placed pack-in-place manifest-in-place \
    name-moved; do
    version=$(current)
    make_disk "$work/next.raw" 2 "import $point"
    killed_at "$point:1" pupitre master import win "$work/next.raw" ||
        die "$point was not met in import"
    check_served "import killed at $point"
    pupitre --quiet fsck --repair >"$work/repair.out" || die "repair after $point"
    pupitre --quiet master import win "$work/next.raw"
    qemu-img compare -q -f raw -F qcow2 "$work/next.raw" \
        "$(find "$state/images/masters" -name 'win@*.qcow2' | sort -V | tail -n 1)"
done

show "$kills times killed"
[ "$kills" -ge 30 ] || die "only $kills kills"
pupitre --quiet gc
check_clean
