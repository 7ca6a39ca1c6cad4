#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
#
# Tables fit a screen of 80 columns, and say the rest with --wide and --json.
# shellcheck source=tests/e2e/functions.sh
. "$(dirname "$0")/functions.sh"
requires qemu-img jq

# fits COMMAND...: no line of what it prints is wider than 80 columns.
fits() {
    pupitre "$@" >"$work/table"
    [ "$(wc -L <"$work/table")" -le 80 ] || die "'$*' is too wide: $(cat "$work/table")"
}

new_server "$work/state"
make_disk "$work/disk.raw" 2
pupitre --quiet master import win11-education "$work/disk.raw"
pupitre --quiet room add lab-101 --master win11-education --seat pc01=52:54:00:00:00:01 \
    --seat pc02=52:54:00:00:00:02
pupitre --quiet room add lab-102 --master win11-education --seat pc01=52:54:00:00:00:11
pupitre --quiet room publish lab-101

show "the tables that everybody looks at fit"
fits seat list
fits room history lab-101
fits image usage
fits room list
fits master list
fits --help
fits room --help
pupitre --help | sed -nE 's/^  ([a-z-]+( [a-z-]+)?).*/\1/p' >"$work/commands"
[ "$(wc -l <"$work/commands")" -gt 20 ] || die "--help names no commands: $(cat "$work/commands")"
while read -r -a command; do
    fits "${command[@]}" --help
done <"$work/commands"

show "a title may be as long as somebody likes"
title="Salle été 教室 $(printf 'long %.0s' {1..40})"
sed -i "s/^title = .*/title = $title/" "$work/etc/rooms/lab-102.conf"
fits room list
grep -q '^lab-102  Salle été 教.*…  win11-education ' "$work/table" ||
    die "it is cut otherwise: $(cat "$work/table")"
says "^lab-102  ${title% } " pupitre room list --wide
[ "$(pupitre room list --json | jq -r '.rooms[1].title')" = "${title% }" ] || die "JSON cut it"

show "no version is none, in every table"
pupitre room list --json | jq -e '.rooms[0].version == 1 and .rooms[1].version == null' >/dev/null ||
    die "room list: $(pupitre room list --json)"
grep -Eq '^lab-102 .* -  -$' "$work/table" || die "room list: $(cat "$work/table")"
pupitre seat list --json | jq -e 'all(.seats[]; .version == null)' >/dev/null ||
    die "seat list: $(pupitre seat list --json)"
pupitre room warm lab-101 --status --json |
    jq -e '.version == 1 and all(.seats[]; .version == null and .warm_version == null)' >/dev/null ||
    die "room warm: $(pupitre room warm lab-101 --status --json)"

show "seat list takes a room; its names are those of seats"
[ "$(pupitre -q seat list lab-101)" = "pc01
pc02" ] || die "names: $(pupitre -q seat list lab-101)"
[ "$(pupitre seat list lab-102 --json | jq -c '[.seats[] | [.room, .seat, .mac]]')" = \
    '[["lab-102","pc01","52:54:00:00:00:11"]]' ] || die "the other room's seats"
fails 3 nowhere pupitre seat list nowhere

show "--wide has what the table leaves out, JSON has all"
if grep -q 52:54 < <(pupitre seat list); then die "MAC addresses without --wide"; fi
says '^lab-101 +pc01 +52:54:00:00:00:01 ' pupitre seat list --wide
pupitre seat list --json |
    jq -e '.seats[0] | (["last_seen", "dhcp_ms", "guest_alive_ms", "detail", "stats", "canary", "address"] - keys) == []' >/dev/null ||
    die "JSON lost a key"

show "people read the clock of their machine, programs UTC"
TZ=CET-1 says ' [0-9]{4}-[0-9]{2}-[0-9]{2} [0-9]{2}:[0-9]{2} CET ' pupitre room history lab-101
TZ=CET-1 says ' CET$' pupitre room list
TZ=CET-1 says ' CET$' pupitre master list
TZ=CET-1 says '"created": "[-0-9]{10}T[:0-9]{8}Z"' pupitre room history lab-101 --json
