# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck shell=bash disable=SC2034,SC2154 # what functions.sh sets, and what it is told
#
# virt.sh - virtual machines of the server, for the end-to-end tests of the workshop
#
# Sourced after tests/e2e/functions.sh (bash, root):
#
#     . "$(dirname "$0")/../lab/virt.sh"
#     virt_begin                      a server, the Linux guest, an overlay, $work/guest.xml
#     virt_find_guest                 or only the Linux guest's disk, $guest_disk
#     virt_daemon                     a libvirtd of the test's own; the server uses it
#     virt_hidden=storage virt_daemon_start    one without that driver
#     virt_lab start "$work/guest.xml" agent 120 run 10 'uname'
#     check_no_machines               nothing of this test runs any more
#
# The Linux guest (tests/lab/guest/build-linux-guest) is built once, in the lab's state. It runs
# in software: its start takes some fifteen seconds, so waits allow ten times that.
virt_agent_s=180
virt_hidden=
guest_disk=

# The disk of the Linux guest: $guest_disk.
virt_find_guest() {
    [ "$(id -u)" = 0 ] || skip "needs root for libvirt's drivers"
    requires qemu-system-x86_64 qemu-img
    getent passwd libvirt-qemu >/dev/null || skip "there is no user libvirt-qemu"
    [ -n "${PUPITRE_BUILD:-}" ] || skip "PUPITRE_BUILD is not set"
    local folder=${PUPITRE_LAB_STATE:?}/linux-guest
    "$PUPITRE_TOP/tests/lab/guest/build-linux-guest" "$folder" >"$work/guest.log" 2>&1 ||
        skip "no Linux guest: $(tail -n 1 "$work/guest.log")"
    guest_disk=$folder/linux-guest.qcow2
}

virt_begin() {
    virt_find_guest
    new_server "$work/state"
    printf '\n[libvirt]\naccel = emulate\n' >>"$work/etc/pupitre.conf"
    qemu-img create -q -f qcow2 -F qcow2 -b "$guest_disk" "$work/guest.qcow2"
    virt_xml pupitre-test "$work/guest.qcow2" >"$work/guest.xml"
}

# virt_xml NAME DISK: a domain of the Linux guest.
virt_xml() {
    cat <<EOF
<domain type='qemu'>
  <name>$1</name>
  <memory unit='MiB'>192</memory>
  <vcpu>1</vcpu>
  <os><type arch='x86_64' machine='q35'>hvm</type></os>
  <features><acpi/></features>
  <on_poweroff>destroy</on_poweroff>
  <on_reboot>restart</on_reboot>
  <on_crash>destroy</on_crash>
  <devices>
    <emulator>/usr/bin/qemu-system-x86_64</emulator>
    <disk type='file' device='disk'>
      <driver name='qemu' type='qcow2' discard='unmap' error_policy='stop'/>
      <source file='$2'/>
      <target dev='vda' bus='virtio'/>
    </disk>
    <channel type='unix'><target type='virtio' name='org.qemu.guest_agent.0'/></channel>
    <serial type='file'><source path='$work/console.log'/></serial>
    <graphics type='spice' autoport='yes'><listen type='address' address='127.0.0.1'/></graphics>
    <audio id='1' type='none'/>
    <video><model type='vga'/></video>
    <memballoon model='none'/>
  </devices>
</domain>
EOF
}

virt_lab() {
    "$PUPITRE_BUILD/tests/lab/virt-lab" "$work/etc/pupitre.conf" "$@"
}

# virt_machines: process ids of QEMUs that name a file of this test.
virt_machines() {
    pgrep -f "^/usr/bin/qemu-system.*$work/" || true
}

no_machines() {
    [ -z "$(virt_machines)" ]
}

check_no_machines() {
    no_machines || die "left running: $(virt_machines)"
    [ -z "$(find "$state/run" -name 'virt-*.place' 2>/dev/null)" ] || die "a place is left in run/"
}

# In a mount namespace: folders of its own for all that libvirtd keeps, then libvirtd.
virt_run_daemon() {
    local folder
    for folder in etc/libvirt var/lib/libvirt var/cache/libvirt var/log/libvirt run/libvirt; do
        mkdir -p "$work/daemon/$folder" "/$folder"
        mount --bind "$work/daemon/$folder" "/$folder"
    done
    if [ -n "${virt_hidden:-}" ]; then
        folder=$(dirname "$(find /usr/lib -name libvirt_driver_qemu.so)")
        cp -a "$folder" "$work/drivers"
        rm "$work/drivers/libvirt_driver_$virt_hidden.so"
        mount --bind "$work/drivers" "$folder"
    fi
    printf 'stdio_handler = "file"\nuser = "root"\ngroup = "root"\ndynamic_ownership = 0\n' \
        >/etc/libvirt/qemu.conf
    printf 'remember_owner = 0\nsecurity_driver = "none"\nnamespaces = []\n' \
        >>/etc/libvirt/qemu.conf
    printf 'cgroup_controllers = []\n' >>/etc/libvirt/qemu.conf
    printf 'auth_unix_rw = "none"\nunix_sock_dir = "%s/daemon"\n' "$work" >"$work/libvirtd.conf"
    exec libvirtd --config "$work/libvirtd.conf" --pid-file "$work/daemon/pid"
}

# A libvirtd of this test's own, which the server is told to use; its address is in $virt_uri.
virt_daemon() {
    requires libvirtd virsh unshare
    virt_uri="qemu:///system?socket=$work/daemon/libvirt-sock"
    printf 'uri = %s\npool = school\n' "$virt_uri" >>"$work/etc/pupitre.conf"
    virt_daemon_start
}

virt_daemon_start() {
    export work virt_hidden
    unshare --mount --propagation private bash -c \
        "$(declare -f virt_run_daemon); virt_run_daemon" >"$work/libvirtd.log" 2>&1 &
    virt_daemon_pid=$!
    cleanup_fn kill "$virt_daemon_pid"
    wait_for 30 "answer of libvirtd" virsh -q -c "$virt_uri" list >/dev/null 2>&1
}

virt_virsh() {
    virsh -q -c "$virt_uri" "$@"
}
