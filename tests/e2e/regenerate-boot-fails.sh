#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
#
# A server whose KVM refuses what the guest likes runs it all the same, and says so; one whose
# guest finds nothing to start says that, and how much of the disk was read.
# shellcheck source=tests/e2e/functions.sh
. "$(dirname "$0")/functions.sh"
# shellcheck source=tests/lab/virt.sh
. "$(dirname "$0")/../lab/virt.sh"
[ "$(id -u)" = 0 ] || skip "needs root for libvirt's drivers"
requires qemu-system-x86_64 qemu-img qemu-nbd
getent passwd libvirt-qemu >/dev/null || skip "there is no user libvirt-qemu"
new_server "$work/state"

# A boot sector that halts, so that its machine stands still in KVM and in software.
truncate -s 8M "$work/disk.raw"
printf '\364\353\375' | dd of="$work/disk.raw" conv=notrunc status=none
printf '\125\252' | dd of="$work/disk.raw" bs=1 seek=510 conv=notrunc status=none
pupitre --quiet master import still "$work/disk.raw"
pupitre --quiet room add lab --master still
sed -i -e 's/^#\? *firmware = .*/firmware = bios/' -e 's/^#\? *memory = .*/memory = 64 MiB/' \
    -e 's/^#\? *cpus = .*/cpus = 1/' "$work/etc/rooms/lab.conf"
mkdir -p "$work/etc/recipes/site"

show "what KVM refuses is left out"
printf '[recipe]\nboot_test = screen\nscreen_time = 2\n' >"$work/etc/recipes/site/recipe.conf"
pupitre room regenerate lab >"$work/out" 2>"$work/notes" || die "it failed: $(cat "$work/notes")"
grep -q 'lab@1 is published' "$work/out" || die "it says: $(cat "$work/out")"
if [ -s "$work/notes" ]; then
    grep -Eq "^pupitre: note: .*; it runs without (Hyper-V's flags|KVM)" "$work/notes" ||
        die "it says: $(cat "$work/notes")"
    sed 's/^/  /' "$work/notes"
else
    echo "  KVM refused nothing here"
fi
check_no_machines

show "a guest without an agent: what was read of its disk, and where its screen is"
printf '[libvirt]\naccel = emulate\n' >>"$work/etc/pupitre.conf"
printf '[recipe]\nboot_timeout = 10\n' >"$work/etc/recipes/site/recipe.conf"
sed -i 's/^title = .*/title = again/' "$work/etc/rooms/lab.conf"
sed -i 's/^cpus = .*/cpus = 2/' "$work/etc/rooms/lab.conf"
fails 12 "no guest agent in .* within 10 s: its firmware \(bios\) found nothing to start: it read [0-9]+ KiB of the disk; was that installed under firmware = uefi.*; its screen is kept as '.*/logs/regenerate-lab.png'" \
    pupitre room regenerate lab
grep -aq PNG < <(head -c 4 "$state/logs/regenerate-lab.png") || die "no picture"
check_no_machines

show "a firmware that says that it found nothing is not waited for"
sed -i 's/^firmware = .*/firmware = uefi/' "$work/etc/rooms/lab.conf"
printf '[recipe]\nboot_timeout = 3600\n' >"$work/etc/recipes/site/recipe.conf"
fails 12 "its firmware \(uefi\) found nothing to start: it read [0-9]+ KiB of the disk, and says '" \
    pupitre room regenerate lab
check_no_machines
