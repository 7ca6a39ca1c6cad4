#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# A booted PC goes on renewing its lease; it keeps its address while no DHCP server answers, even
# after the lease's end; and its power button switches it off. Leases are of 20 s here.
# only with --all: the unit test test-lease.sh has what a PC does with its lease
set -eu
. "$PUPITRE_TOP/tests/lab/lab.sh"

mac=52:54:00:00:09:01

dhcp_start() {
    lab_spawn site dhcp busybox udhcpd -f "$LAB_DIR/udhcpd.conf"
    dhcp_pid=$LAB_LAST_PID
}

acks() {
    grep -ci 'sending ACK' "$LAB_DIR/dhcp.log" || true
}

acks_above() {
    [ "$(acks)" -gt "$1" ]
}

pc_answers() {
    lab_in srv busybox ping -c 1 -W 2 10.77.0.100 >>"$LAB_DIR/ping.log"
}

lab_begin
cat >"$LAB_DIR/udhcpd.conf" <<END
start 10.77.0.100
end 10.77.0.100
interface eth0
lease_file $LAB_DIR/leases
min_lease 10
option subnet 255.255.255.0
option lease 20
END
touch "$LAB_DIR/leases"
dhcp_start
mkdir "$LAB_DIR/www"
ln -s "$PUPITRE_LAB_STATE/client-image" "$LAB_DIR/www/boot"
lab_spawn srv httpd busybox httpd -f -p "$LAB_SERVER_IP:8080" -h "$LAB_DIR/www"

lab_pc_direct pc1 "$mac" "$(lab_image_args "$mac")"
lab_wait_console 240 pc1 'pupitre: .*system is up'
lab_wait 120 "answer of the PC" pc_answers

# The initramfs's lease, the root's, and then renewals only.
lab_wait 120 "renewals" acks_above $(($(acks) + 3))

lab_kill "$dhcp_pid"
lab_wait_console 120 pc1 'pupitre: .*no DHCP server answers'
pc_answers || lab_die "the PC lost its address while no DHCP server answered"

before=$(acks)
dhcp_start
lab_wait 120 "a lease after the DHCP server came back" acks_above "$before"
pc_answers || lab_die "the PC lost its address when the DHCP server came back"

lab_pc_monitor pc1 system_powerdown
pc_is_off() {
    ! kill -0 "$(cat "$LAB_DIR/pc1.pid")" 2>/dev/null
}
lab_wait 120 "end of the PC after its power button" pc_is_off
