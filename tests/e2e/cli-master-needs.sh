#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
#
# What a master's disk needs is told by the disk, kept with the master, said otherwise by the
# admin, written into a room's profile, and asked for before anything is started or published.
# shellcheck source=tests/e2e/functions.sh
. "$(dirname "$0")/functions.sh"
PATH=$PATH:/sbin:/usr/sbin
requires qemu-img qemu-nbd sfdisk mkfs.vfat mmd mcopy jq
new_server "$work/state"

# gpt_disk FILE FAT_BITS PATH...: an EFI system partition of 40 MiB with these files.
gpt_disk() {
    local file=$1 bits=$2 path folder
    shift 2
    truncate -s 48M "$file"
    printf 'label: gpt\nstart=2048, size=81920, type=U\n' | sfdisk -q "$file"
    rm -f "$work/esp"
    mkfs.vfat -F "$bits" -C "$work/esp" 40960 >/dev/null
    echo loader >"$work/loader"
    for path in "$@"; do
        folder=
        while [[ $path == */* ]]; do
            folder+=/${path%%/*}
            path=${path#*/}
            mmd -i "$work/esp" "::$folder" 2>/dev/null || true
        done
        mcopy -o -i "$work/esp" "$work/loader" "::$folder/$path"
    done
    dd if="$work/esp" of="$file" bs=1M seek=1 conv=notrunc status=none
}

# bios_disk FILE TYPE: a boot sector with code, and an active partition.
bios_disk() {
    truncate -s 16M "$1"
    printf 'label: dos\nstart=2048, type=%s, bootable\n' "$2" | sfdisk -q "$1"
    printf '\372\061\300' | dd of="$1" conv=notrunc status=none
}

needs() {
    pupitre master show "$1" --json | jq -r '.needs | "\(.firmware) \(.disk) \(.clock) \(.tpm) \(.hyperv)"'
}

# profile_has ROOM LINE...: in its text, commented out where it is the default.
profile_has() {
    local room=$1 line
    shift
    for line in "$@"; do
        grep -Eqx "#?$line" "$work/etc/rooms/$room.conf" ||
            die "the profile of $room has no '$line': $(cat "$work/etc/rooms/$room.conf")"
    done
}

show "Windows on a UEFI disk, whichever FAT its system partition has"
gpt_disk "$work/win.raw" 32 EFI/BOOT/BOOTX64.EFI EFI/Microsoft/Boot/bootmgfw.efi
says 'win@1 is a UEFI disk with Windows: rooms of it will have firmware = uefi, disk = virtio, clock = localtime, tpm = no, hyperv = yes' \
    pupitre master import win "$work/win.raw"
[ "$(needs win)" = "uefi virtio localtime false true" ] || die "it needs $(needs win)"
says 'looks like  a UEFI disk with Windows' pupitre master show win
gpt_disk "$work/win16.raw" 16 EFI/Microsoft/Boot/bootmgfw.efi
qemu-img convert -f raw -O vmdk "$work/win16.raw" "$work/win16.vmdk"
says 'firmware = uefi, disk = sata, clock = localtime' pupitre master import win16 "$work/win16.vmdk"

show "others"
bios_disk "$work/linux.raw" 83
says 'linux@1 is a BIOS disk: .* firmware = bios, disk = virtio, clock = utc, tpm = no, hyperv = no' \
    pupitre master import linux "$work/linux.raw"
gpt_disk "$work/deb.raw" 32 EFI/debian/grubx64.efi
says 'note: .* no EFI/BOOT/BOOTX64.EFI' pupitre master import deb "$work/deb.raw"
bios_disk "$work/xp.raw" 7
printf '\353R\220NTFS    ' | dd of="$work/xp.raw" bs=1 seek=1048576 conv=notrunc status=none
printf 'NTLDR is missing' | dd of="$work/xp.raw" bs=1 seek=1048976 conv=notrunc status=none
says 'xp@1 is a BIOS disk with Windows: .* firmware = bios, .* clock = localtime' \
    pupitre master import xp "$work/xp.raw"

show "an admin who knows better"
fails 2 "firmware: 'efi' is not bios, uefi or uefi-secure" \
    pupitre master import win11 "$work/win.raw" --firmware efi
says 'win11@1 .* firmware = uefi-secure, .* tpm = yes' \
    pupitre master import win11 "$work/win.raw" --firmware uefi-secure --tpm yes
says 'win11@1 is this very disk' pupitre master import win11 "$work/win.raw"
[ "$(needs win11)" = "uefi-secure virtio localtime true true" ] || die "forgotten: $(needs win11)"
says 'left win11@1 as it is' pupitre master set win11 --tpm yes
fails 2 'say what to set' pupitre master set win11
fails 3 'win12' pupitre master set win12 --tpm yes
says 'would make win11@2' pupitre master set win11 --disk-bus sata --dry-run
says 'made win11@2 of the same disk, which needs firmware = uefi-secure, disk = sata' \
    pupitre master set win11 --disk-bus sata
[ "$state/images/masters/win11@1.qcow2" -ef "$state/images/masters/win11@2.qcow2" ] ||
    die "a copy was made"
echo more | dd of="$work/win.raw" bs=1 seek=47M conv=notrunc status=none
says 'win11@3 .* firmware = uefi-secure, disk = sata, .* tpm = yes' \
    pupitre master update win11 "$work/win.raw"

show "a room gets what its master needs"
says 'firmware = uefi-secure, disk = sata, clock = localtime, tpm = yes, hyperv = yes' \
    pupitre room add lab --master win11
profile_has lab 'firmware = uefi-secure' 'disk = sata' 'clock = localtime' 'tpm = yes' 'hyperv = yes'
pupitre room publish lab >"$work/out" 2>"$work/notes"
[ ! -s "$work/notes" ] || die "it says: $(cat "$work/notes")"
sed -i 's/^tpm = .*/tpm = no/; s/^disk = .*/disk = virtio/' "$work/etc/rooms/lab.conf"
pupitre room publish lab >"$work/out" 2>"$work/notes"
grep -q "^pupitre: note: room 'lab' has tpm = no, and master win11@3 needs tpm = yes" "$work/notes" ||
    die "no note: $(cat "$work/notes")"
grep -q "has disk = virtio, .* needs disk = sata" "$work/notes" || die "no note of the bus"
pupitre --quiet room add pcs --master linux
profile_has pcs 'firmware = bios' 'disk = virtio' 'clock = utc' 'tpm = no' 'hyperv = no'

show "a firmware that does not fit is refused in a second, not after a boot test"
sed -i 's/^firmware = bios/firmware = uefi/' "$work/etc/rooms/pcs.conf"
before=$SECONDS
for verb in "publish pcs" "regenerate pcs" "edit-disk pcs"; do
    # shellcheck disable=SC2086
    fails 2 "room 'pcs' has firmware = uefi, under which the disk of master linux@1 does not start: write firmware = bios" \
        pupitre room $verb
done
[ $((SECONDS - before)) -lt 60 ] || die "it took $((SECONDS - before)) s"
fails 2 "does not start" env EDITOR="sed -i s/^title.*/title=x/" \
    "$pupitre_program" --config "$work/etc/pupitre.conf" room edit pcs
sed -i 's/^master = .*/master = linux/; s/^firmware = .*/firmware = bios/' "$work/etc/rooms/lab.conf"
fails 2 "room 'lab' has firmware = bios, under which the disk of master win@1 does not start" \
    env EDITOR="sed -i s/^master.*/master=win/" \
    "$pupitre_program" --config "$work/etc/pupitre.conf" room edit lab
says 'room lab from win11@3 to linux@1' pupitre room rebase lab --yes
sed -i 's/^master = .*/master = win/' "$work/etc/rooms/lab.conf"
fails 2 "does not start" pupitre room rebase lab --yes

show "what was said of the disk counts for rooms on an older version of it, too"
pupitre master set linux --firmware uefi 2>"$work/err"
grep -q 'warning: the disk of master linux .* under bios only, and not under uefi' "$work/err" ||
    die "nothing is said of a firmware that does not fit: $(cat "$work/err")"
says 'on master linux|pcs@1' pupitre room publish pcs
says '^rooms +lab, pcs|^rooms +pcs, lab' pupitre master show linux@1

show "a disk that tells nothing fits everything"
truncate -s 8M "$work/odd.raw"
says 'does not tell which firmware' pupitre master import odd "$work/odd.raw" --format raw
pupitre --quiet room add odd --master odd
profile_has odd 'firmware = uefi'
sed -i 's/^#*firmware = .*/firmware = bios/' "$work/etc/rooms/odd.conf"
pupitre --quiet room publish odd
sed -i 's/^master = .*/master = linux/; s/^firmware = .*/firmware = uefi/' "$work/etc/rooms/lab.conf"
check_clean
