#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
#
# The same disk out of each format that is imported: bit for bit, sparse, with progress; what
# is damaged is refused.
# shellcheck source=tests/e2e/functions.sh
. "$(dirname "$0")/functions.sh"
requires qemu-img qemu-io qemu-nbd jq script

new_server "$work/state"
# 64 MiB (a size that vpc's geometry does not change to less), data at both ends and unaligned.
make_disk "$work/disk.raw" 4
truncate -s 64M "$work/disk.raw"
noise end | head -c 1M | dd of="$work/disk.raw" bs=1M seek=63 conv=notrunc status=none
noise odd | head -c 5000 | dd of="$work/disk.raw" bs=1 seek=20000001 conv=notrunc status=none
pupitre --quiet master import raw "$work/disk.raw"

# imports NAME FORMAT OPTIONS: made by qemu-img, and imported under both names.
imports() {
    local name=$1 format=$2 file=$work/$1.$2 bytes options=()
    [ -z "$3" ] || options=(-o "$3")
    qemu-img convert -f raw -O "$format" "${options[@]}" "$work/disk.raw" "$file"
    show "$format${3:+, $3}"
    pupitre --quiet master import "$name" "$file"
    qemu-img compare -q -f raw -F qcow2 "$work/disk.raw" "$state/images/masters/$name@1.qcow2" ||
        die "$name is another disk"
    bytes=$(($(stat -c %b "$state/images/masters/$name@1.qcow2") * 512))
    [ "$bytes" -lt $((6 << 20)) ] || die "$name is not sparse: $bytes bytes"
    # vpc rounds the size up to its geometry: a larger disk is another one.
    [ "$format" = vpc ] || says "is this very disk already" pupitre master import raw "$file"
    rm -f "$work/$name"*
}
imports qcow2 qcow2 ""
imports qcow2-v2 qcow2 compat=0.10
imports qcow2-sub qcow2 extended_l2=on,cluster_size=128k
imports vmdk vmdk ""
imports vmdk-stream vmdk subformat=streamOptimized
imports vmdk-flat vmdk subformat=monolithicFlat
imports vmdk-split vmdk subformat=twoGbMaxExtentSparse
imports vdi vdi ""
imports vdi-static vdi static=on
imports vhdx vhdx ""
imports vhdx-fixed vhdx subformat=fixed
imports vpc vpc ""
imports vpc-fixed vpc subformat=fixed
imports qcow qcow ""

show "a compressed qcow2"
qemu-img convert -c -f raw -O qcow2 "$work/disk.raw" "$work/c.qcow2"
says "is this very disk already" pupitre master import raw "$work/c.qcow2"

show "what is damaged is refused, though it could be read"
# Two places of the disk in one cluster of the file: the second would come out wrong.
qemu-img convert -f raw -O qcow2 "$work/disk.raw" "$work/bad.qcow2"
l1=$((0x$(od -An -tx1 -j40 -N8 "$work/bad.qcow2" | tr -d ' ')))
l2=$((0x$(od -An -tx1 -j$l1 -N8 "$work/bad.qcow2" | tr -d ' ') & 0x00fffffffffffe00))
dd if="$work/bad.qcow2" of="$work/bad.qcow2" bs=8 count=1 skip=$((l2 / 8)) seek=$((l2 / 8 + 1)) \
    conv=notrunc status=none
qemu-img convert -f qcow2 -O raw "$work/bad.qcow2" "$work/bad.raw"
fails 5 "is damaged" pupitre master import bad "$work/bad.qcow2"
[ -z "$(find "$state/images/masters" -name '*bad*')" ] || die "something of it is left"
qemu-img convert -f raw -O vhdx "$work/disk.raw" "$work/cut.vhdx"
truncate -s 9M "$work/cut.vhdx"
if pupitre --quiet master import cut "$work/cut.vhdx" 2>/dev/null; then
    die "a truncated vhdx was imported"
fi

show "progress on a terminal"
# The bar is drawn from the second second on. So the import is held between its two steps for
# longer than that: it shows a bar in the second one on the fastest machine.
make_disk "$work/long.raw" 8 long
cat >"$work/import" <<EOF
PUPITRE_FAILPOINT=import-begun:1:stop \
    $pupitre_program --config $work/etc/pupitre.conf master import long $work/long.raw &
echo \$! >$work/import.pid
wait \$!
EOF
held() {
    [ -s "$work/import.pid" ] && grep -q '^State:.*T' "/proc/$(cat "$work/import.pid")/status"
}
script -qec "bash $work/import" /dev/null >"$work/typed" </dev/null &
terminal=$!
cleanup_fn kill "$terminal"
wait_for 60 "import that is held" held
sleep 1.1
kill -CONT "$(cat "$work/import.pid")"
wait "$terminal" || die "the import on a terminal: $(cat "$work/typed")"
grep -aq 'storing the disk.*%' "$work/typed" || die "no progress: $(tr '\r' '\n' <"$work/typed" | tail -n 3)"
check_clean
