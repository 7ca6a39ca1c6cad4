#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# What a Windows would be installed with, as far as that goes without its disc: the kept texts
# are valid, and the machine starts to its firmware with Secure Boot and a TPM.
. "$(dirname "$0")/functions.sh"
. "$(dirname "$0")/../lab/virt.sh"
virt_begin
requires xorriso xmllint virt-xml-validate swtpm swtpm_setup
iso=$(dirname "$guest_disk")/linux-installer.iso
golden=$PUPITRE_TOP/tests/golden

show "libvirt's schema takes each machine, and each answer file is well-formed"
for file in "$golden"/machine/*.xml; do
    virt-xml-validate "$file" domain >"$work/validate.out" 2>&1 ||
        die "$file: $(cat "$work/validate.out")"
done
xmllint --noout "$golden"/install/answers-*.xml

show "the machine of a Windows 11 comes to its firmware"
printf 'pass & <word>\n' >"$work/password"
printf '\npass & <word>\n' >"$work/empty"
fails 2 "add --drivers virtio-win.iso" pupitre master create win11 --iso "$iso"
fails 2 "first line of .*/empty. is empty" pupitre master create win11 --iso "$iso" \
    --drivers "$iso" --password-file "$work/empty"
fails 2 "is not an ISO image" pupitre --quiet master create win11 --iso "$guest_disk" --drivers "$iso"
grep -Eq '^local administrator: admin, password: [A-Za-z2-9]{12}$' "$work/fails.out" ||
    die "with --quiet nobody learns the password"
start master create win11 --iso "$iso" --drivers "$iso" --memory 512 --size 1G \
    --password-file "$work/password"
wait_for 120 "virtual machine" grep -q spice "$work/started.out"
grep -q 'pass & <word>' "$work/started.out" && die "the password is shown"
machine=$(virt_machines)
tr '\0' '\n' <"/proc/$machine/cmdline" >"$work/cmdline"
for word in tpm-crb 'cfi.pflash01' 'OVMF_CODE_4M.ms.fd' 'virtio-blk-pci' 'org.qemu.guest_agent.0'; do
    grep -q -- "$word" "$work/cmdline" ||
        die "QEMU ($machine) was not told '$word': $(tr '\n' ' ' <"$work/cmdline")"
done
[ "$(grep -c '"driver":"ide-cd"' "$work/cmdline")" = 3 ] || die "not three discs"

show "the disc of answers has them for Setup, and nobody else may read them"
[ "$(stat -c %a "$state/run/install-win11/answers.iso")" = 600 ] || die "others may read the answers"
xorriso -osirrox on -indev "$state/run/install-win11/answers.iso" \
    -extract /autounattend.xml "$work/autounattend.xml" >/dev/null 2>&1
xmllint --noout "$work/autounattend.xml"
grep -q '<Value>pass &amp; &lt;word&gt;</Value>' "$work/autounattend.xml" ||
    die "the password is not in it"

# The firmware notes what it found in its variables.
firmware_wrote() {
    ! cmp -s "$state/run/install-win11/nvram.fd" /usr/share/OVMF/OVMF_VARS_4M.ms.fd
}
wait_for 180 "write of the firmware" firmware_wrote
# The TPM's socket is in the folder of libvirt's driver.
root=$(cat "$state"/run/virt-*.place)
pgrep -f "swtpm.*$root/" >/dev/null || die "no swtpm runs in '$root': there is no TPM"
kill -INT "$started"
wait "$started" || [ $? = 130 ] || die "interrupted, it ends with another status"
check_no_machines
[ -z "$(pgrep -f "swtpm.*$root/" || true)" ] || die "swtpm is left running"
check_clean
