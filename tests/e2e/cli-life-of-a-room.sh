#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
#
# From an empty folder to a published room, back and forth between its versions, and away.
# shellcheck source=tests/e2e/functions.sh
. "$(dirname "$0")/functions.sh"
requires qemu-img qemu-io qemu-nbd jq

# The number of versions of room $1, and the one it stands at.
versions() {
    pupitre room history "$1" --json | jq -r '.versions | length'
}
current() {
    pupitre room history "$1" --json | jq -r '.versions[] | select(.current) | .version'
}

show "init makes the folders and the key once"
new_server "$work/state"
says "keys/server.sec is there" pupitre init
[ "$(stat -c %a "$state/keys/server.sec")" = 600 ] || die "the secret key is readable"
key=$(cat "$state/keys/server.pub")
pupitre --quiet init
[ "$key" = "$(cat "$state/keys/server.pub")" ] || die "init made a new key"

show "a dry run imports nothing"
make_disk "$work/disk.raw" 16
says "would import" pupitre master import win "$work/disk.raw" --dry-run
[ -z "$(ls -A "$state/images/masters")" ] || die "the dry run left a file"
says '"masters": \[\]' pupitre master list --json

show "a master is imported bit for bit"
pupitre master import win "$work/disk.raw"
qemu-img compare -q -f raw -F qcow2 "$work/disk.raw" "$state/images/masters/win@1.qcow2"
says "nothing to do" pupitre master import win "$work/disk.raw"
[ "$(pupitre master list --json | jq '.masters | length')" = 1 ] || die "a second version"

show "a room is added and listed"
says "would add room" pupitre room add lab-1 --master win --dry-run
[ ! -e "$work/etc/rooms/lab-1.conf" ] || die "the dry run wrote a profile"
pupitre room add lab-1 --master win --title "Room 1" --seat pc01=52-54-00-00-00-01 \
    --seat pc02=52:54:00:00:00:02
[ "$(pupitre --quiet room list)" = lab-1 ] || die "room list"
says "lab-1 +Room 1 +win +2 +-" pupitre room list
says '52:54:00:00:00:01' pupitre seat list --wide
says "not published yet" pupitre room show lab-1

show "an untouched sub-master publishes without reading a byte"
says "lab-1@1 is published: 0 B read, 0 new chunks" pupitre room publish lab-1
says "nothing changed since lab-1@1" pupitre room publish lab-1
[ "$(versions lab-1)" = 1 ] || die "publishing nothing made a version"

show "a change publishes what it touched"
write_room lab-1 1M 4k 0x11
says "would read 128.0 KiB" pupitre room publish lab-1 --dry-run
says "lab-1@2 is published: 128.0 KiB read, 1 new chunks" pupitre room publish lab-1
[ "$(current lab-1)" = 2 ] || die "version 2 is not current"

show "a change of the guest settings alone is a version, too"
# shellcheck disable=SC2016 # the editor's own $1
printf '#!/bin/sh\nsed -i "s/^#* *memory *=.*/memory = 2048/" "$1"\n' >"$work/editor"
chmod +x "$work/editor"
EDITOR="$work/editor" pupitre room edit lab-1 >/dev/null
says "memory = 2048" pupitre room show lab-1
if grep -q '#' "$work/says.out"; then die "room show prints comments"; fi
says "^#keep = " pupitre room show lab-1 --profile
says "lab-1@3 is published" pupitre room publish lab-1

show "rollback moves the name and nothing else"
says "would move room lab-1 from version 3 to 2" pupitre room rollback lab-1 --dry-run
[ "$(current lab-1)" = 3 ] || die "the dry run moved the name"
pupitre --quiet room rollback lab-1
[ "$(current lab-1)" = 2 ] || die "not at version 2"
pupitre --quiet room rollback lab-1 1
[ "$(current lab-1)" = 1 ] || die "not at version 1"
fails 3 "no version before" pupitre room rollback lab-1
fails 3 "." pupitre room rollback lab-1 9
pupitre --quiet room rollback lab-1 3
says "lab-1@4 is published|nothing changed since lab-1@3" pupitre room publish lab-1
check_clean

show "a warm-up is ordered, shown and cancelled"
says "would warm up room lab-1, now at version 3" pupitre room warm lab-1 --dry-run
says "warms up nothing" pupitre room warm lab-1 --status
says "will warm up room lab-1, now at version 3, from 2999-01-01 " \
    pupitre room warm lab-1 --at 2999-01-01T12:00:00Z
says "warms up version 3 from 2999-" pupitre room warm lab-1 --status
[ "$(pupitre room warm lab-1 --status --json | jq -r '.seats[1].seat')" = pc02 ] || die "no seats"
says "cancel" pupitre room warm lab-1 --cancel
[ "$(pupitre room warm lab-1 --status --json | jq -r .at)" = null ] || die "not cancelled"
[ "$(pupitre room warm lab-1 --cancel --json | jq -r .at)" = null ] || die "no JSON"

show "what no version needs goes with gc"
fails 7 "add --yes" pupitre room remove lab-1 </dev/null
pupitre --quiet room remove lab-1 --yes
[ -z "$(pupitre --quiet room list)" ] || die "the room is still listed"
[ ! -e "$state/images/rooms/lab-1.qcow2" ] || die "the sub-master is still there"
says "would keep" pupitre gc --dry-run
pupitre --quiet gc
check_clean
says "rooms +0, 0 published" pupitre status
