#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# The command that makes a cache takes what is empty, and nothing else without being told
# twice. Files stand for disks.
set -eEu
trap 'echo "line $LINENO: \"$BASH_COMMAND\" failed" >&2' ERR
here=$(dirname "$0")
program=$here/../../client-image/image/root/usr/sbin/pupitre-cache
PATH=$PATH:/usr/sbin
for tool in mke2fs blkid wipefs; do
    [ -x /usr/sbin/$tool ] || { echo "skipped: no /usr/sbin/$tool here"; exit 77; }
done

dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
disk=$dir/disk

die() {
    echo "FAILED: $*" >&2
    exit 1
}

# When the disk was written last.
written() {
    stat -c %y "$disk" 2>/dev/null || :
}

# refuses STATUS WORDS ANSWER ARGUMENT...: with that status, and nothing has changed.
refuses() {
    local expected=$1 words=$2 answer=$3 status=0 before
    shift 3
    before=$(written)
    sh "$program" "$@" <<<"$answer" >"$dir/log" 2>&1 || status=$?
    [ $status -eq "$expected" ] || { cat "$dir/log"; die "$*: status $status"; }
    grep -q -- "$words" "$dir/log" || { cat "$dir/log"; die "$*: does not say '$words'"; }
    [ "$before" = "$(written)" ] || die "$*: changed the disk"
}

label_of() {
    blkid -p -s LABEL -o value "$disk"
}

refuses 2 usage ''
refuses 2 usage '' format "$disk"
refuses 2 'which device' '' create
refuses 3 'there is no' "$disk" create "$disk"
refuses 2 'not a partition' "$dir" create "$dir"

truncate -s 1000M "$disk"
refuses 2 'at least 1024' "$disk" create "$disk"
truncate -s 1100M "$disk"
refuses 7 'nothing was changed' '' create "$disk"
refuses 7 'nothing was changed' yes create "$disk"

sh "$program" create "$disk" <<<"$disk" >"$dir/log" 2>&1 || { cat "$dir/log"; die create; }
grep -q "$disk: nothing" "$dir/log" || die "does not say that the disk is empty"
[ "$(label_of)" = PUPITRE-CACHE ] || die "the label is '$(label_of)'"

# Its own file system is one too: made anew only when told so.
refuses 7 'LABEL=PUPITRE-CACHE' "$disk" create "$disk"
refuses 7 'nothing was changed' '' create "$disk" --wipe
mke2fs -q -F -t ext4 -L THESIS "$disk"
refuses 7 'LABEL=THESIS' "$disk" create "$disk"
sh "$program" create "$disk" --wipe <<<"$disk" >"$dir/log" 2>&1 || die wipe
[ "$(label_of)" = PUPITRE-CACHE ] || die "the label is '$(label_of)'"

sh "$program" create "$disk" --overlay --wipe <<<"$disk" >"$dir/log" 2>&1 || die overlay
[ "$(label_of)" = PUPITRE-OVERLAY ] || die "the label is '$(label_of)'"

# A partition table without a file system.
rm "$disk"
truncate -s 1100M "$disk"
printf '\125\252' | dd of="$disk" bs=1 seek=510 conv=notrunc status=none
printf '\200\0\1\0\203\376\377\377\77\0\0\0\1\0\20\0' |
    dd of="$disk" bs=1 seek=446 conv=notrunc status=none
refuses 7 'PTTYPE=dos' "$disk" create "$disk"
