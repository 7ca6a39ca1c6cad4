#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
#
# What is not whole does not become a master: of each format a copy that was cut short, and
# a disk that its own partition table says more of.
# shellcheck source=tests/e2e/functions.sh
. "$(dirname "$0")/functions.sh"
requires qemu-img qemu-nbd sfdisk

new_server "$work/state"
noise disk | head -c 16M >"$work/d.raw"
printf 'label: dos\nstart=2048, size=30720, type=7\n' | sfdisk -q "$work/d.raw"

# cut FILE BYTES: a copy without that many at its end, in $work/cut.
cut() {
    cp --sparse=always "$1" "$work/cut"
    truncate -s -"$2" "$work/cut"
}

# refused FORMAT BYTES OPTIONS: a copy of the disk that lacks that many at its end. The whole
# one passes.
refused() {
    local file=$work/x.$1 options=()
    [ -z "$3" ] || options=(-o "$3")
    show "$1${3:+, $3}: $2 bytes are missing"
    qemu-img convert -f raw -O "$1" "${options[@]}" "$work/d.raw" "$file"
    pupitre --quiet master import whole "$file" --dry-run
    cut "$file" "$2"
    fails 5 'not whole|damaged|missing' pupitre master import cut "$work/cut"
    rm -f "$file"
}

refused qcow2 512 ""
refused qcow2 70000 compat=0.10
refused qcow2 4096 extended_l2=on,cluster_size=128k
refused qcow 512 ""
refused vdi 5242880 ""
refused vdi 512 static=on
refused vhdx 512 ""
refused vpc 512 ""
refused vpc 70000 ""
refused vmdk 512 ""
refused vmdk 70000 subformat=streamOptimized
refused parallels 512 ""

show "the extents of a vmdk"
for subformat in monolithicFlat twoGbMaxExtentFlat twoGbMaxExtentSparse; do
    rm -f "$work"/vm*
    qemu-img convert -f raw -O vmdk -o subformat=$subformat "$work/d.raw" "$work/vm.vmdk"
    pupitre --quiet master import whole "$work/vm.vmdk" --dry-run
    extent=$(echo "$work"/vm-*.vmdk)
    truncate -s -1M "$extent"
    fails 5 "$(basename "$extent")' is not whole.* 16" pupitre master import a "$work/vm.vmdk"
    rm "$extent"
    fails 3 'is missing; copy all its files' pupitre master import a "$work/vm.vmdk"
done

show "the partition table, in any format"
head -c 8M "$work/d.raw" >"$work/half.raw"
fails 5 'not whole: its partition 1 reaches to byte 16777216, and the disk ends at 8388608' \
    pupitre master import c "$work/half.raw"
qemu-img convert -f raw -O qcow2 "$work/half.raw" "$work/half.qcow2"
fails 5 'its partition 1 reaches' pupitre master import c "$work/half.qcow2"
pupitre --quiet master import good "$work/d.raw"
fails 5 'its partition 1 reaches' pupitre master update good "$work/half.qcow2"
printf 'label: gpt\nstart=2048, size=20480\n' | sfdisk -q "$work/d.raw"
pupitre --quiet master import good "$work/d.raw"
truncate -s -1M "$work/d.raw"
fails 5 'its partition table \(GPT\) reaches to byte 16777216' \
    pupitre master import good "$work/d.raw"
truncate -s 16M "$work/d.raw"
fails 5 'second copy of its partition table \(GPT\), at byte 16776704, is missing' \
    pupitre master import good "$work/d.raw"

show "a VHD of a maker that QEMU does not know has all its sectors"
noise vhd | head -c 10000000 >"$work/v.raw"
truncate -s 10000384 "$work/v.raw"
printf '\125\252' | dd of="$work/v.raw" bs=1 seek=510 conv=notrunc status=none
qemu-img convert -f raw -O vpc -o subformat=fixed,force_size "$work/v.raw" "$work/v.vhd"
# "vbox" instead of "qem2", in the footer; its checksum is the sum's complement.
footer=$((10000384))
sum=$((0x$(od -An -tx1 -j$((footer + 64)) -N4 "$work/v.vhd" | tr -d ' ')))
sum=$((sum + 0x71 + 0x65 + 0x6d + 0x32 - 0x76 - 0x62 - 0x6f - 0x78))
printf 'vbox' | dd of="$work/v.vhd" bs=1 seek=$((footer + 28)) conv=notrunc status=none
# shellcheck disable=SC2059
printf "$(printf '\\x%02x\\x%02x\\x%02x\\x%02x' $((sum >> 24)) $((sum >> 16 & 255)) \
    $((sum >> 8 & 255)) $((sum & 255)))" |
    dd of="$work/v.vhd" bs=1 seek=$((footer + 64)) conv=notrunc status=none
pupitre --quiet master import vhd "$work/v.vhd"
qemu-img compare -q -f raw -F qcow2 "$work/v.raw" "$state/images/masters/vhd@1.qcow2" ||
    die "the VHD's end is missing"

show "a file that is written to while it is read is no master"
noise moving | head -c 8M >"$work/moving.raw"
printf '\125\252' | dd of="$work/moving.raw" bs=1 seek=510 conv=notrunc status=none
PUPITRE_FAILPOINT=import-begun:1:stop start master import cut-moving "$work/moving.raw"
stopped() {
    grep -q '^State:.*T' "/proc/$started/status"
}
wait_for 60 "import that stops" stopped
truncate -s 1M "$work/moving.raw"
kill -CONT "$started"
status=0
wait "$started" || status=$?
[ "$status" = 6 ] || die "status $status: $(cat "$work/started.out")"
grep -q "moving.raw' was changed while it was read" "$work/started.out" ||
    die "it does not say why: $(cat "$work/started.out")"

show "a descriptor without its title names no pipe and nothing of the server"
mkfifo "$work/pipe"
printf '# x\nversion=1\nCID=fffffffe\nparentCID=ffffffff\ncreateType="monolithicFlat"\n' >"$work/odd.vmdk"
printf 'RW 8192 FLAT "%s" 0\n' "$work/pipe" >>"$work/odd.vmdk"
fails 2 "pipe' is not a file" pupitre master import cut-odd "$work/odd.vmdk"
sed -i "s|$work/pipe|/etc/shadow|" "$work/odd.vmdk"
fails 2 "'/etc/shadow', which is not in its folder" pupitre master import cut-odd "$work/odd.vmdk"

show "a vmdk whose tables are all one is not walked for days"
python3 - "$work/one-table.vmdk" <<'END'
import struct, sys
with open(sys.argv[1], 'wb') as f:
    f.write(b'KDMV' + struct.pack('<IIQQQQIQQQ', 1, 1 | 1 << 16, 1 << 30, 1, 1, 1, 512, 0, 2, 128))
    f.seek(512)
    f.write(b'# Disk DescriptorFile\nversion=1\nCID=fffffffe\nparentCID=ffffffff\n')
    f.seek(1024)
    f.write(struct.pack('<I', 16500) * (1 << 21))
    f.seek(16500 * 512)
    f.write(struct.pack('<I', 16510) * 512)
    f.truncate(16520 * 512)
END
fails 5 "two of its tables are one" pupitre master import cut-tables "$work/one-table.vmdk"

[ -z "$(find "$state/images/masters" -name '*cut*')" ] || die "something is left"
check_clean
