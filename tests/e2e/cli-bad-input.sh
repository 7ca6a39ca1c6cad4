#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
#
# What cannot be right is refused with what and where, and leaves nothing behind.
# shellcheck source=tests/e2e/functions.sh
. "$(dirname "$0")/functions.sh"
requires qemu-img qemu-io qemu-nbd

show "words that are no command"
fails 2 "unknown command 'rom' .*; did you mean 'room'\?" pupitre rom
fails 2 "'room' needs one of: add, list" pupitre room
fails 2 "unknown command 'room frob'" pupitre room frob
fails 2 "room list: .*--frob .see .pupitre room list --help" pupitre room list --frob
fails 2 "say what to import" pupitre master import win
fails 2 "too many arguments" pupitre gc now
fails 3 "pupitre init" pupitre room list

show "each command has its help"
pupitre --help >"$work/help"
for command in init "master import" "master list" "room add" "room list" "room show" \
    "room edit" "room remove" "room publish" "room history" "room rollback" "room warm" \
    "seat list" "image build" serve status fsck gc; do
    grep -q "^  $command " "$work/help" || die "'$command' is not in the help"
    # shellcheck disable=SC2086 # two words
    says "pupitre $command" pupitre $command --help
done

for command in "room show" "master show" status fsck "room check" "room warm"; do
    # shellcheck disable=SC2086 # two words
    if grep -q 'Print names only' < <(pupitre $command --help); then
        die "$command prints no names only"
    fi
done

new_server "$work/state"

show "a server that has nothing and does not run"
sed -i 's/^address = .*/&\nport = 1/' "$work/etc/pupitre.conf"
says '"seats": \[\]' pupitre seat list --json
says '"serving": false' pupitre status --json
says 'does not answer at 127.0.0.1:1: run .systemctl start pupitred' pupitre status
says 'client image +none: run .pupitre image build' pupitre status

show "files that are no disk"
: >"$work/empty"
fails 2 "is empty" pupitre master import win "$work/empty"
fails 3 "No such file" pupitre master import win "$work/nothing"
fails 2 "is not a file" pupitre master import win "$work"
noise 2 | head -c 700 >"$work/odd"
fails 2 "no multiple of 512" pupitre master import win "$work/odd"
printf 'this is a text.\n%.0s' {1..3200} >"$work/text"
fails 2 "add --format raw" pupitre master import win "$work/text"
fails 2 "not in qcow2 format" pupitre master import win "$work/text" --format qcow2
fails 11 "format 'iso'" pupitre master import win "$work/text" --format iso
head -c 300 /dev/zero | tr '\0' x >"$work/broken"
printf 'QFI\373\0\0\0\3' | dd of="$work/broken" conv=notrunc status=none
fails 2 "broken" pupitre master import win "$work/broken"
fails 2 "master" pupitre master import 'Win 11' "$work/text" --format raw
check_clean
[ -z "$(ls -A "$state/images/masters")" ] || die "a refused file left something"

show "disks that name other files"
make_disk "$work/disk.raw" 4
qemu-img create -q -f qcow2 -F raw -b "$work/disk.raw" "$work/overlay.qcow2"
fails 2 "has a backing file" pupitre master import win "$work/overlay.qcow2"
qemu-img create -q -f qcow2 -o data_file="$work/data" "$work/split.qcow2" 4M
fails 2 "data in another file" pupitre master import win "$work/split.qcow2"
mkdir "$work/vm"
cat >"$work/vm/evil.vmdk" <<EOF
# Disk DescriptorFile
version=1
CID=c1b7b3b4
parentCID=ffffffff
createType="monolithicFlat"
RW 8192 FLAT "$work/disk.raw" 0
ddb.adapterType = "ide"
EOF
fails 2 "not in its folder: refused" pupitre master import win "$work/vm/evil.vmdk"
check_clean

show "a split vmdk of one folder is a disk like any other"
qemu-img convert -O vmdk -o subformat=twoGbMaxExtentFlat "$work/disk.raw" "$work/vm/good.vmdk"
pupitre --quiet master import split "$work/vm/good.vmdk"
qemu-img compare -q -f raw -F qcow2 "$work/disk.raw" "$state/images/masters/split@1.qcow2"

show "a disk that a machine is writing to"
qemu-img convert -O qcow2 "$work/disk.raw" "$work/busy.qcow2"
coproc qemu-io -f qcow2 "$work/busy.qcow2" >"$work/qemu-io.out" 2>&1
writer=$COPROC_PID
cleanup_fn kill "$writer"
printf 'write 0 4k\n' >&"${COPROC[1]}"
wait_for 10 "writer of the image" grep -q wrote "$work/qemu-io.out"
fails 6 "in use" pupitre master import win "$work/busy.qcow2"
printf 'quit\n' >&"${COPROC[1]}"
wait "$writer" 2>/dev/null || true
check_clean

show "names and addresses"
pupitre --quiet master import win "$work/disk.raw"
fails 2 "master is missing" pupitre room add r1
fails 3 "master 'nothing'" pupitre room add r1 --master nothing
fails 3 "win" pupitre room add r1 --master win@7
fails 2 "room" pupitre room add ../r1 --master win
fails 2 "write NAME=MAC" pupitre room add r1 --master win --seat pc1
fails 2 "seat pc1" pupitre room add r1 --master win --seat pc1=52:54:00
fails 2 "." pupitre room add r1 --master win --seat pc1=01:00:5e:00:00:01
fails 4 "." pupitre room add r1 --master win --seat a=52:54:00:00:00:01 \
    --seat b=52:54:00:00:00:01
fails 4 "." pupitre room add r1 --master win --seat a=52:54:00:00:00:01 \
    --seat a=52:54:00:00:00:02
[ -z "$(find "$work/etc/rooms" "$state/images/rooms" -type f)" ] ||
    die "a refused room left something"
pupitre --quiet room add r1 --master win --seat a=52:54:00:00:00:01
fails 4 "r1" pupitre room add r1 --master win
fails 4 "52:54:00:00:00:01.*r1" pupitre room add r2 --master win --seat x=52:54:00:00:00:01
fails 4 "52:54:00:00:00:01.*r1" pupitre room add r2 --master win --dry-run \
    --seat x=52:54:00:00:00:01
[ ! -e "$state/images/rooms/r2.qcow2" ] || die "a refused room left its sub-master"
fails 3 "there is no room 'r9' .*; there is r1" pupitre room show r9
fails 3 "there is no room 'r9'" pupitre seat list r9
fails 3 "there is no room 'r9'" pupitre room pin r9@1
fails 3 "there is no master 'nope'; there are .*win" pupitre room add r2 --master nope
fails 3 "there is no master 'wln'; did you mean 'win'\?" pupitre master remove wln --yes
fails 3 "there is no master 'wln'; did you mean 'win'\?" pupitre master compact wln
fails 3 "master 'win' has no version 7; it has 1" pupitre room add r2 --master win@7
fails 3 "r9" pupitre room publish r9
fails 3 "r9" pupitre room history r9
fails 3 "r9" pupitre room remove r9 --yes
fails 3 "r9" pupitre room edit r9
fails 3 "there is no room 'r9'" pupitre room rollback r9

show "a warm-up that cannot be"
fails 2 "room warm: an argument is missing .see .pupitre room warm --help" pupitre room warm
fails 2 "'' is no name for a room" pupitre room warm ''
fails 3 "there is no room 'r9'" pupitre room warm r9
fails 3 "there is no room 'r9'" pupitre room warm r9 --cancel
for command in warm "warm --status" rollback; do
    # shellcheck disable=SC2086 # two words
    fails 3 "room 'r1' has no published version: run .pupitre room publish r1" \
        pupitre room $command r1
done
pupitre --quiet room publish r1
fails 3 "room 'r1' has no version 7; it has 1" pupitre room rollback r1 7
fails 3 "room 'r1' has no version 7; it has 1" pupitre room pin r1@7
says '^room r1 is at version 1 already' pupitre room rollback r1 1
says '^r1@1 is not pinned$' pupitre room unpin r1@1
pupitre --quiet room pin r1@1
says '^r1@1 is pinned already$' pupitre room pin r1@1
says '^unpinned r1@1' pupitre room unpin r1@1
fails 3 "room 'r1' has no seat 'aa'; there is a" pupitre room publish r1 --canary aa
pupitre --quiet room warm r1 --at 2099-06-15T12:00:00Z
for at in 25:00 '' tomorrow; do
    fails 2 "room warm: --at: '$at' is no time: write 18:30" pupitre room warm r1 --at "$at"
done
fails 2 "--at: 2020-01-01T00:00:00Z is in the past" \
    pupitre room warm r1 --at 2020-01-01T00:00:00Z
fails 2 "Missing argument for --at .see .pupitre room warm --help" pupitre room warm r1 --at
fails 2 "give one of --at, --cancel and --status" pupitre room warm r1 --at 18:30 --cancel
says "warms up version 1 from 2099-06-1" pupitre room warm r1 --status
[ "$(pupitre -q room warm r1 --status)" = a ] || die "--quiet shows more than the seat's name"
pupitre --quiet room warm r1 --cancel

show "a profile is changed only into a good one"
cp "$work/etc/rooms/r1.conf" "$work/before"
# shellcheck disable=SC2016 # the editor's own $1
printf '#!/bin/sh\nprintf "\\n[guest]\\nmemroy = 3\\n" >>"$1"\n' >"$work/editor"
chmod +x "$work/editor"
EDITOR="$work/editor" fails 2 "r1.conf.refused:[0-9]+: .*memroy.*; what was typed is kept as '.*/r1.conf.refused'" \
    pupitre room edit r1
grep -q memroy "$work/etc/rooms/r1.conf.refused" || die "what was typed is lost"
[ "$(grep -c memroy "$work/fails.err")" = 1 ] || die "it is said twice: $(cat "$work/fails.err")"
EDITOR=true says "still kept as '.*/r1.conf.refused'" pupitre room edit r1
grep -q memroy "$work/etc/rooms/r1.conf.refused" || die "what was typed went unused"
[ "$(pupitre -q room list)" = r1 ] || die "the kept file is a room"
cmp "$work/before" "$work/etc/rooms/r1.conf" || die "the bad profile was written"
EDITOR=false fails 1 "editor 'false'" pupitre room edit r1
for master in nosuch win@7; do
    EDITOR="sed -i 's/^master = .*/master = $master/'" fails 3 "not changed: .*${master%@*}" \
        pupitre room edit r1
    cmp "$work/before" "$work/etc/rooms/r1.conf" || die "a master that is not there was taken"
done
line=$(($(wc -l <"$work/etc/rooms/r1.conf") + 2))
printf '\nfrob = 1\n' >>"$work/etc/rooms/r1.conf"
fails 2 "r1.conf:$line: " pupitre room publish r1
fails 2 "r1.conf:$line: " pupitre room show r1
says "r1.conf:$line: " pupitre room list
cp "$work/before" "$work/etc/rooms/r1.conf"

show "a sub-master over something else"
qemu-img create -q -f qcow2 -F raw -b "$work/disk.raw" "$work/other.qcow2"
cp "$work/other.qcow2" "$state/images/rooms/r1.qcow2"
fails 2 "no overlay over a master" pupitre room publish r1
rm "$state/images/rooms/r1.qcow2"
fails 3 "has no sub-master" pupitre room publish r1
pupitre --quiet room rebase r1 --yes
check_clean
