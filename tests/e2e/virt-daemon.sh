#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# With a libvirt daemon: it has the virtual machines and ends them with their process; masters
# and sub-masters are volumes of its pools.
. "$(dirname "$0")/functions.sh"
. "$(dirname "$0")/../lab/virt.sh"
virt_begin
virt_daemon

is_listed() {
    grep -qx pupitre-test < <(virt_virsh list --name)
}

is_not_listed() {
    ! is_listed
}

show "the daemon runs the machine, and ends it with the process that started it"
virt_lab start "$work/guest.xml" spice hang >"$work/lab.out" 2>&1 &
cleanup_fn kill -9 $!
wait_for 60 "virtual machine" grep -q 127.0.0.1 "$work/lab.out"
is_listed || die "virsh does not list it"
virt_virsh dumpxml pupitre-test >"$work/dump.xml"
grep -q "state=\"$state\"" "$work/dump.xml" || die "it does not say whose it is"
kill -9 "$(pgrep -f "^$PUPITRE_BUILD/.*virt-lab $work/")"
wait_for 30 "end of the machine" is_not_listed
check_gone() {
    no_machines || die "left running: $(virt_machines)"
}
check_gone

show "a kept one stays, and is found by its opening alone"
virt_lab keep edit-r1 start "$work/guest.xml"
is_listed || die "a kept machine ended with its process"
fails 4 "there is a virtual machine 'pupitre-test' already" virt_lab start "$work/guest.xml"
is_listed || die "a refused machine of the same name ended it"
pupitre --quiet gc
is_listed || die "gc ended a kept machine"
fails 3 "is not one of" virt_lab keep edit-r2 find pupitre-test
virt_lab keep edit-r1 find pupitre-test agent "$virt_agent_s" run 10 true destroy

show "one that the daemon lost sight of is found by fsck and ended by gc"
virt_lab start "$work/guest.xml" spice hang >"$work/lab.out" 2>&1 &
cleanup_fn kill -9 $!
wait_for 60 "virtual machine" grep -q 127.0.0.1 "$work/lab.out"
kill -9 "$virt_daemon_pid"
kill -9 "$(pgrep -f "^$PUPITRE_BUILD/.*virt-lab $work/")"
virt_daemon_start
# It looks for its machines in threads of their own.
wait_for 30 "machine that was left" is_listed
says 'virtual machines that interrupted work left' pupitre fsck
pupitre --quiet gc
check_gone

show "a machine of another server is not ours to end"
virt_xml pupitre-other "$work/guest.qcow2" >"$work/other.xml"
sed -i "s|</domain>|<metadata><p:owner xmlns:p='urn:pupitre:domain:1' state='/other' place='1-1'/></metadata>&|" \
    "$work/other.xml"
virt_virsh create "$work/other.xml" >/dev/null
says clean pupitre fsck
pupitre --quiet gc
grep -qx pupitre-other < <(virt_virsh list --name) || die "it was ended"
virt_virsh destroy pupitre-other >/dev/null

show "several first commands at once make the pools once"
for _ in 1 2 3; do
    many=()
    for n in 1 2 3 4; do
        virt_lab pools 2>"$work/pools.$n" &
        many+=($!)
    done
    for n in 1 2 3 4; do
        wait "${many[n - 1]}" || die "one of four: $(cat "$work/pools.$n")"
    done
    for pool in school-masters school-rooms; do
        virt_virsh pool-destroy "$pool" >/dev/null
        virt_virsh pool-undefine "$pool" >/dev/null
    done
done

show "masters and sub-masters are volumes"
pupitre --quiet master import linux "$guest_disk"
pupitre --quiet room add r1 --master linux --seat pc1=52:54:00:00:00:01
says 'linux@1.qcow2' virt_virsh vol-list school-masters
says 'r1.qcow2' virt_virsh vol-list school-rooms
virt_virsh vol-dumpxml --pool school-rooms r1.qcow2 >"$work/vol.xml"
grep -q '/masters/linux@1.qcow2</path>' "$work/vol.xml" ||
    die "the sub-master's volume does not name its backing volume: $(cat "$work/vol.xml")"

show "the daemon runs an edit by hand, and keeps it over the command's end"
says 'remote-viewer spice://127.0.0.1' pupitre room edit-disk r1
grep -qx pupitre-edit-r1 < <(virt_virsh list --name) || die "virsh does not list the edit"
fails 6 'being edited since' pupitre room edit-disk r1
pupitre --quiet gc
grep -qx pupitre-edit-r1 < <(virt_virsh list --name) || die "gc ended an edit"
pupitre --quiet room edit-disk r1 --discard
check_gone
pupitre --quiet room remove r1 --yes
[ -z "$(virt_virsh vol-list school-rooms)" ] || die "a removed room's volume is still listed"

daemon_stop() {
    kill "$virt_daemon_pid"
    wait "$virt_daemon_pid" 2>/dev/null || true
}

show "one without a storage driver does all but pools, and that is said"
daemon_stop
virt_hidden=storage
virt_daemon_start
make_disk "$work/disk.raw" 4
pupitre master import other "$work/disk.raw" >"$work/out" 2>"$work/err" ||
    die "an import fails: $(cat "$work/err")"
grep -q 'no storage driver (on Debian 13' "$work/err" || die "it is not said: $(cat "$work/err")"

show "a daemon that does not answer is said"
daemon_stop
fails 8 'no answer from libvirt at .*start its daemon' virt_lab start "$work/guest.xml"
