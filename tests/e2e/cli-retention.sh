#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
#
# What a room's profile does not keep goes at publish and with gc; what is current, pinned or
# run by a seat, and masters that something stands on, stay.
# shellcheck source=tests/e2e/functions.sh
. "$(dirname "$0")/functions.sh"
requires qemu-img qemu-io qemu-nbd jq curl signify-openbsd

# The versions of room $1, in one line.
versions() {
    pupitre room history "$1" --json | jq -r '[.versions[].version] | join(" ")'
}
kept() {
    pupitre room history "$1" --json | jq -r '[.versions[].kept] | join(",")'
}
round=0
publish() {
    round=$((round + 1))
    noise "round $round" | head -c 256K >"$work/change"
    qemu-io -f qcow2 -c "write -s $work/change 1M 256k" "$state/images/rooms/r1.qcow2" >/dev/null
    says "${2:-is published}" pupitre room publish "$1"
}
profile() {
    printf '[room]\nmaster = %s\n%s\n' "$2" "$3" >"$work/etc/rooms/$1.conf"
}

new_server "$work/state"
make_disk "$work/disk.raw" 8
pupitre --quiet master import win "$work/disk.raw"
pupitre --quiet room add r1 --master win

show "without a limit all versions stay"
for _ in 1 2 3 4; do publish r1; done
pupitre --quiet gc
[ "$(versions r1)" = "1 2 3 4" ] || die "versions $(versions r1)"
[ "$(kept r1)" = "no limit,no limit,no limit,current" ] || die "kept $(kept r1)"

show "pins stand, and are refused where there is nothing to pin"
says "would pin r1@1" pupitre room pin r1@1 --dry-run
[ "$(kept r1)" = "no limit,no limit,no limit,current" ] || die "the dry run pinned"
pupitre --quiet room pin r1@1
fails 3 "room 'r1' has no version 9" pupitre room pin r1@9
fails 2 "names no version" pupitre room pin r1
fails 3 "there is no room 'r2'" pupitre room unpin r2@1

show "gc says what would go, and removes it"
profile r1 win "[versions]
keep = 2"
[ "$(kept r1)" = "pinned,,newest,current" ] || die "kept $(kept r1)"
says "would remove room r1@2" pupitre gc --dry-run
dry=$(pupitre gc --dry-run | sed -n 's/ remove / removed /; s/ rewrite / rewrote /; s/.*keep /kept /p')
[ "$(versions r1)" = "1 2 3 4" ] || die "the dry run removed"
pupitre gc >"$work/gc.out"
grep -q "removed room r1@2" "$work/gc.out" || die "gc: $(cat "$work/gc.out")"
[ "$(grep -o 'kept .*' "$work/gc.out")" = "$dry" ] || die "the dry run said $dry, gc $(cat "$work/gc.out")"
[ "$(versions r1)" = "1 3 4" ] || die "versions $(versions r1)"
says "^removed: 2$" pupitre room history r1
check_clean

show "a publish removes the oldest"
publish r1 "1 older version was removed"
[ "$(versions r1)" = "1 4 5" ] || die "versions $(versions r1)"
pupitre --quiet room unpin r1@1
publish r1 "2 older versions were removed"
[ "$(versions r1)" = "5 6" ] || die "versions $(versions r1)"
says "^removed: 1-4$" pupitre room history r1

show "a room that was rolled back keeps what it stands at, and gives no number twice"
publish r1
pupitre --quiet room rollback r1 6
profile r1 win "[versions]
keep = 1"
pupitre --quiet gc
[ "$(versions r1)" = "6 7" ] || die "versions $(versions r1)"
[ "$(kept r1)" = "current,newest" ] || die "kept $(kept r1)"
publish r1
[ "$(versions r1)" = "8" ] || die "versions $(versions r1)"
check_clean

show "what a seat runs stays"
port=$((20000 + $$ % 20000))
sed -i "s/^address/port = $port\naddress/" "$work/etc/pupitre.conf"
profile r1 win "[seats]
pc01 = 52:54:00:00:00:01
[versions]
keep = 1"
start serve
wait_for 20 "server" curl -fs -o /dev/null "http://127.0.0.1:$port/v1/rooms/r1"
curl -fsS -o /dev/null -X POST -H 'Content-Type: application/json' \
    -d '{"cpus":1,"memory_mib":1024,"kvm":false,"firmware":"bios","boot":"x"}' \
    "http://127.0.0.1:$port/v1/seats/52:54:00:00:00:01/register" || die "no seat registered"
publish r1
[ "$(versions r1)" = "8 9" ] || die "versions $(versions r1), and a seat runs 8"
[ "$(kept r1)" = "in use,current" ] || die "kept $(kept r1)"
kill "$started"
wait "$started" || true
publish r1
[ "$(versions r1)" = "8 10" ] || die "versions $(versions r1)"

show "masters that nothing stands on go, the others stay"
# backdate VERSION: as if that version of the master had been made long ago.
backdate() {
    local manifest=$state/store/manifests/masters/win/$1.json
    sed -i 's/"created":"[^"]*"/"created":"2020-01-01T00:00:00Z"/' "$manifest"
    signify-openbsd -S -s "$state/keys/server.sec" -m "$manifest" -x "$manifest.sig"
}
masters() {
    find "$state/images/masters" -name 'win@*.qcow2' -printf '%f\n' | sort -V | xargs
}
for seed in 2 3 4 5; do
    make_disk "$work/disk.raw" 8 $seed
    pupitre --quiet master import win "$work/disk.raw"
done
profile r3 win@2 ""
pupitre --quiet gc
[ "$(masters)" = "win@1.qcow2 win@2.qcow2 win@3.qcow2 win@4.qcow2 win@5.qcow2" ] ||
    die "without a limit there is only $(masters)"
printf '\n[masters]\nkeep = 1\n' >>"$work/etc/pupitre.conf"
pupitre --quiet gc
[ "$(masters)" = "win@1.qcow2 win@2.qcow2 win@3.qcow2 win@4.qcow2 win@5.qcow2" ] ||
    die "what was the newest within a day is gone: $(masters)"
for version in 1 2 3 4; do backdate $version; done
cp "$work/etc/rooms/r3.conf" "$work/r3.conf"
printf '[room]\nmaster = win@2\nkeyborad = de\n' >"$work/etc/rooms/r3.conf"
pupitre --quiet gc 2>"$work/gc.err"
grep -q "all versions of win stay: nobody can tell what room 'r3' needs: .*keyborad" "$work/gc.err" ||
    die "gc does not say why masters stay: $(cat "$work/gc.err")"
[ "$(masters)" = "win@1.qcow2 win@2.qcow2 win@3.qcow2 win@4.qcow2 win@5.qcow2" ] ||
    die "beside a profile that cannot be read there is only $(masters)"
cp "$work/r3.conf" "$work/etc/rooms/r3.conf"
says "would remove master win@3" pupitre gc --dry-run
pupitre --quiet gc
# 1: r1 stands on it; 2: r3's profile names it; 4: its successor is of today; 5: current
[ "$(masters)" = "win@1.qcow2 win@2.qcow2 win@4.qcow2 win@5.qcow2" ] || die "$(masters)"
backdate 5
pupitre --quiet gc
[ "$(masters)" = "win@1.qcow2 win@2.qcow2 win@5.qcow2" ] || die "$(masters)"
publish r1

show "a sub-master without a profile still holds its master"
rm "$work/etc/rooms/r1.conf" "$work/etc/rooms/r3.conf"
rm -r "$state/store/manifests/rooms/r1" "$state/store/names/rooms/r1"
pupitre --quiet gc
[ "$(masters)" = "win@1.qcow2 win@5.qcow2" ] || die "$(masters)"
rm "$state/images/rooms/r1.qcow2"
pupitre --quiet gc
[ "$(masters)" = "win@5.qcow2" ] || die "$(masters)"
check_clean

show "gc and fsck ask for each disk's file once, however many masters there are"
mkdir "$work/bin"
real=$(type -P qemu-img)
# shellcheck disable=SC2016 # it is the script's
printf '#!/bin/sh\nfor last; do :; done\n[ "$1" != info ] || echo "$last" >>%s\nexec %s "$@"\n' \
    "$work/asked" "$real" >"$work/bin/qemu-img"
chmod +x "$work/bin/qemu-img"
for name in m1 m2 m3; do
    make_disk "$work/more.raw" 4 "$name"
    pupitre --quiet master import "$name" "$work/more.raw"
done
for words in gc fsck; do
    : >"$work/asked"
    PATH=$work/bin:$PATH pupitre --quiet "$words" || die "$words fails"
    [ -s "$work/asked" ] || die "$words did not ask for any file"
    twice=$(sort "$work/asked" | uniq -d)
    [ -z "$twice" ] || die "$words asked more than once for: $twice"
done
