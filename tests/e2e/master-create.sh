#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# A master out of an installation disc: a small Linux installs itself by the answers that it
# finds, starts from its disk, finishes, shuts down. What fails or is killed leaves nothing.
. "$(dirname "$0")/functions.sh"
. "$(dirname "$0")/../lab/virt.sh"
virt_begin
requires xorriso
iso=$(dirname "$guest_disk")/linux-installer.iso
options=(--iso "$iso" --os linux --firmware bios --memory 256 --cpus 1 --size 400M)
printf 'hostname=school-pc\n' >"$work/setup.conf"
mkdir "$work/answers"

# answers LINE...: a folder whose setup.conf says so.
answers() {
    printf '%s\n' "$@" >"$work/answers/setup.conf"
}

nothing_left() {
    check_no_machines
    [ -z "$(find "$state/images/masters" -name '.*' -type f)" ] || die "a disk is left"
    [ -z "$(find "$state/run" -name 'install-*')" ] || die "a folder is left in run/"
    check_clean
}

show "a dry run, and what cannot work"
says 'would install .* on a disk of 400.0 MiB as linux@1' \
    pupitre master create linux "${options[@]}" --dry-run
fails 2 'say what to install from' pupitre master create linux
fails 3 "cannot open '/not/there'" pupitre master create linux --os linux --iso /not/there
fails 2 "is not an ISO image" pupitre master create linux --os linux --iso "$guest_disk"
fails 2 "'dos' is not win10" pupitre master create linux "${options[@]}" --os dos
fails 2 "'5X' is not a size" pupitre master create linux "${options[@]}" --size 5X
fails 3 "there is no '/not/there'" pupitre master create linux "${options[@]}" -u /not/there
nothing_left

show "an unattended installation becomes linux@1"
pupitre master create linux "${options[@]}" --unattended "$work/setup.conf" >"$work/out"
grep -q '^watch it with: remote-viewer spice://127.0.0.1:59' "$work/out" || die "no address"
grep -q '^linux@1: a disk of 400.0 MiB, ' "$work/out" || die "it says: $(cat "$work/out")"
nothing_left
says 'linux +1 .* 400.0 MiB' pupitre master list
says 'needs +firmware = bios, disk = virtio, clock = utc, tpm = no, hyperv = no' \
    pupitre master show linux

show "it is what the answers say, and starts without the disc"
qemu-img create -q -f qcow2 -F qcow2 -b "$state/images/masters/linux@1.qcow2" "$work/see.qcow2"
virt_xml pupitre-see "$work/see.qcow2" >"$work/see.xml"
virt_lab start "$work/see.xml" agent "$virt_agent_s" run 10 'cat /etc/installed' >"$work/out"
grep -qx school-pc "$work/out" || die "the installed system says: $(cat "$work/out")"

show "an installer that gives up is no master"
answers fail=yes
fails 2 'shut down and has written nothing' \
    pupitre master create other "${options[@]}" --unattended "$work/answers"
nothing_left

show "a machine that crashes, and a person who gives up"
answers fail=hang
start master create other "${options[@]}" --unattended "$work/answers"
wait_for 120 "virtual machine" grep -q spice "$work/started.out"
fails 6 "master 'other' is being worked on" pupitre master create other "${options[@]}"
kill -9 "$(virt_machines)"
wait "$started" && die "it succeeded"
grep -q "virtual machine 'pupitre-install-other' crashed" "$work/started.out" ||
    die "it says: $(cat "$work/started.out")"
nothing_left
start master create other "${options[@]}" --unattended "$work/answers"
wait_for 120 "virtual machine" grep -q spice "$work/started.out"
kill -INT "$started"
wait "$started" || [ $? = 130 ] || die "interrupted, it ends with another status"
nothing_left

show "killed while it installs, and when it has: gc cleans up, and it can be done again"
answers fail=yes
for point in install-started install-ended; do
    [ $point = install-started ] || answers hostname=again
    PUPITRE_FAILPOINT=$point:1:kill pupitre master create other "${options[@]}" \
        --unattended "$work/answers" >"$work/out" 2>&1 && die "$point was not met"
    says 'files .* that interrupted work left' pupitre fsck
    pupitre --quiet gc
    nothing_left
done

show "no room left for its disk"
mkdir -p "$state/images/masters"
mount -t tmpfs -o size=8m tmpfs "$state/images/masters"
cleanup_fn umount "$state/images/masters"
fails 10 "no room left" pupitre master create other "${options[@]}" \
    --unattended "$work/answers"
[ -z "$(ls -A "$state/images/masters")" ] || die "left behind: $(ls -A "$state/images/masters")"
check_no_machines
