#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# A master out of a libvirt domain: of one that runs, its disk at one moment, while it goes on;
# of one that is shut off, its file. A killed import leaves the domain as it was.
# shellcheck source=tests/e2e/functions.sh
. "$(dirname "$0")/functions.sh"
# shellcheck source=tests/lab/virt.sh
. "$(dirname "$0")/../lab/virt.sh"
requires jq debugfs sfdisk
virt_begin
virt_daemon

# guest_does LINE: run it in the domain through its agent, to its end; prints its status.
guest_does() {
    local pid answer
    pid=$(virt_virsh qemu-agent-command golden "$(jq -nc --arg line "$1" \
        '{execute: "guest-exec", arguments: {path: "/bin/sh", arg: ["-c", $line]}}')" |
        jq .return.pid)
    for _ in $(seq 200); do
        answer=$(virt_virsh qemu-agent-command golden \
            "{\"execute\": \"guest-exec-status\", \"arguments\": {\"pid\": $pid}}")
        [ "$(jq .return.exited <<<"$answer")" != true ] || break
        sleep 0.1
    done
    jq .return.exitcode <<<"$answer"
}

agent_is_there() {
    virt_virsh qemu-agent-command golden '{"execute": "guest-ping"}' >/dev/null 2>&1
}

is_stopped() {
    grep -q '^State:.*T' "/proc/$started/status"
}

# root_has MASTER FILE: what the second partition of a master's file holds.
root_has() {
    local sector
    qemu-img convert -f qcow2 -O raw "$state/images/masters/$1.qcow2" "$work/disk.raw"
    sector=$(sfdisk --json "$work/disk.raw" | jq '.partitiontable.partitions[1].start')
    dd if="$work/disk.raw" of="$work/root.ext4" bs=512 skip="$sector" status=none
    debugfs -R "cat $2" "$work/root.ext4" 2>/dev/null
}

check_domain_is_free() {
    grep -qx golden < <(virt_virsh list --name) || die "the domain does not run any more"
    if virt_virsh backup-dumpxml golden >"$work/job.xml" 2>/dev/null; then
        die "a backup of the domain goes on: $(cat "$work/job.xml")"
    fi
    [ "$(guest_does 'echo x >/tmp-file && sync && rm /tmp-file')" = 0 ] ||
        die "the domain cannot write any more"
    [ ! -e "$state/run/import-golden" ] || die "the import's folder is left"
    check_clean
}

virt_xml golden "$work/guest.qcow2" >"$work/golden.xml"

show "what may not be"
fails 3 "cannot find domain 'golden'" pupitre master import golden --from-domain golden
fails 2 "a FILE or --from-domain" pupitre master import golden
fails 2 "a FILE or --from-domain" pupitre master import golden x --from-domain golden
fails 3 "'x'" pupitre master import golden x --disk vda
qemu-img create -q -f qcow2 "$work/second.qcow2" 8M
sed "s|</devices>|<disk type='file' device='disk'><driver name='qemu' type='qcow2'/><source file='$work/second.qcow2'/><target dev='vdb' bus='virtio'/></disk>&|" \
    "$work/golden.xml" >"$work/two.xml"
virt_virsh define "$work/two.xml" >/dev/null
fails 2 "disks vda, vdb: say which" pupitre master import golden --from-domain golden
fails 3 "no disk 'vdc'" pupitre master import golden --from-domain golden --disk vdc

show "a running domain: as it is at one moment"
virt_virsh start golden
says "would import 'golden'" pupitre master import golden --from-domain golden --disk vda --dry-run
wait_for "$virt_agent_s" "guest agent" agent_is_there
[ "$(guest_does 'echo before >/before-file')" = 0 ] || die "no file was written"
PUPITRE_FAILPOINT=backup-begun:1:stop start master import golden --from-domain golden --disk vda
wait_for 60 "begin of the copy" is_stopped
[ "$(guest_does 'echo after >/after-file; rm /before-file; dd if=/dev/zero of=/big bs=64k count=64; sync')" = 0 ] ||
    die "the guest is frozen"
kill -CONT "$started"
wait "$started" || die "the import failed: $(cat "$work/started.out")"
grep -q 'were frozen for the copy' "$work/started.out" || die "not said: $(cat "$work/started.out")"
[ "$(root_has golden@1 /before-file)" = before ] || die "the master lacks what was there"
[ -z "$(root_has golden@1 /after-file)" ] || die "the master has what came later"
check_domain_is_free

show "killed while it copies: the domain keeps nothing of it"
for point in backup-frozen backup-begun; do
    PUPITRE_FAILPOINT=$point:1:kill pupitre master update golden --from-domain golden --disk vda \
        >/dev/null 2>&1 && die "$point: not met"
    says "interrupted work" pupitre fsck
    pupitre --quiet gc
    check_domain_is_free
done
PUPITRE_FAILPOINT=backup-begun:1:kill pupitre master update golden --from-domain golden --disk vda \
    >/dev/null 2>&1 && die "not met"
says 'golden@2: a disk' pupitre master update golden --from-domain golden --disk vda
[ "$(root_has golden@2 /after-file)" = after ] || die "the update lacks what was there"
check_domain_is_free

show "somebody else's backup is left alone"
printf "<domainbackup mode='pull'><server transport='unix' socket='%s/other.sock'/></domainbackup>\n" \
    "$work" >"$work/other.xml"
virt_virsh backup-begin golden "$work/other.xml" >/dev/null
fails 6 "a backup of domain 'golden' is running" pupitre master update golden \
    --from-domain golden --disk vda
virt_virsh backup-dumpxml golden >/dev/null || die "it was ended"
virt_virsh domjobabort golden

show "one that is shut off: its file"
virt_virsh destroy golden
fails 2 "has a backing file" pupitre master import off --from-domain golden --disk vda
says 'off@1: a disk' pupitre master import off --from-domain golden --disk vdb

show "what the domain has, a room of it gets, but for what the admin says"
sed -e "s|</features>|<hyperv mode='custom'><relaxed state='on'/></hyperv>&|" \
    -e "s|<on_poweroff>|<clock offset='localtime'/>&|" \
    -e "s|</devices>|<tpm model='tpm-crb'><backend type='emulator' version='2.0'/></tpm>&|" \
    "$work/two.xml" >"$work/windows.xml"
virt_virsh undefine golden >/dev/null
virt_virsh define "$work/windows.xml" >/dev/null
says 'firmware = uefi, disk = virtio, clock = localtime, tpm = yes, hyperv = yes' \
    pupitre master update off --from-domain golden --disk vdb --firmware uefi
virt_virsh undefine golden >/dev/null
check_clean
