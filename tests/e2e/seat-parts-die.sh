#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
#
# What dies on a seat comes back, and the guest never sees an I/O error: the block server is
# killed under a reading guest; QEMU is killed; the server goes away between two guests; the
# agent is killed. Ended with SIGTERM, it leaves nothing behind.
#
# The real agent, libvirt's embedded driver, nbdkit and QEMU, without a virtual PC around them:
# in namespaces of its own, where there is a loopback and the user that libvirt insists on.
set -eEuo pipefail
[ "$(id -u)" = 0 ] || { echo "SKIP: needs root"; exit 77; }
if [ -z "${IN_NAMESPACE:-}" ]; then
    IN_NAMESPACE=1 exec unshare --mount --net -- "$0" "$@"
fi
# shellcheck source=tests/e2e/functions.sh
. "$(dirname "$0")/functions.sh"
requires nbdkit qemu-img qemu-system-x86_64 ip curl
guest_dir=${PUPITRE_BUILD:?the build folder}/tests/lab/guest
client=$PUPITRE_PREFIX/libexec/pupitre/client
url=http://127.0.0.1:8080
mac=52:54:00:00:05:01

private_users() {
    local file
    for file in passwd group; do
        cp "/etc/$file" "$work/$file"
        grep -q '^libvirt-qemu:' "$work/$file" ||
            echo 'libvirt-qemu:x:64055:64055::/:/usr/sbin/nologin' >>"$work/$file"
        mount --bind "$work/$file" "/etc/$file"
        cleanup_fn umount "/etc/$file"
    done
}

# sector N TEXT: of the room's sub-master.
sector() {
    printf '%s' "$2" | dd of="$work/sector" bs=512 count=1 conv=sync status=none
    qemu-io -f qcow2 -c "write -q -s $work/sector $(($1 * 512)) 512" \
        "$state/images/rooms/lab.qcow2"
}

make_room() {
    "$guest_dir/mkdisk" --boot "$guest_dir/guest.bin" --banner master --size 24 --pattern 16 \
        "$work/demo.raw"
    pupitre --quiet master import demo "$work/demo.raw"
    pupitre --quiet room add lab --master demo --seat "pc1=$mac"
    sed -i 's/^\[guest\].*/&\nmemory = 64\nfirmware = bios\ncpus = 1/' "$work/etc/rooms/lab.conf"
    sector 16 "the room of this test"
    sector 18 "wl"
    pupitre --quiet room publish lab
}

start_server() {
    "$PUPITRE_PREFIX/sbin/pupitred" --config "$work/etc/pupitre.conf" >>"$work/server.log" 2>&1 &
    server=$!
    cleanup_fn kill -9 "$server"
    wait_for 20 "answer of pupitred" curl -fsS -o "$work/status" "$url/v1/status"
}

start_seat() {
    : >"$work/seat.log" # here: the background process may be late, and old lines be taken for new
    "$client/pupitre-seat" --server "$url" --mac "$mac" --rundir "$work/run" --no-kvm \
        --pubkey "$state/keys/server.pub" --plugin "$client/nbdkit-pupitre-plugin.so" \
        >>"$work/seat.log" 2>&1 &
    seat=$!
    cleanup_fn end_seat "$seat"
}

# The agent ends its guest itself, which may take it a while.
end_seat() {
    kill "$1" && wait "$1"
}

zram_devices() {
    find /sys/block -name 'zram*' -printf '%f\n' | sort | paste -sd ' '
}

# log_has N REGEX: so many lines of the agent match.
log_has() {
    [ "$(grep -Ec -- "$2" "$work/seat.log")" -ge "$1" ]
}

# part REGEX: the process of this seat whose command line matches.
part() {
    pgrep -f -- "$1.*$work/run" || die "no process like '$1'"
}

show_log() {
    tail -n 40 "$work/seat.log"
}

cleanup_fn show_log
ip link set lo up
private_users
new_server "$work/state"
printf '\n[seats]\npoll = 1\n' >>"$work/etc/pupitre.conf"
make_room
devices=$(zram_devices)
start_server
start_seat

show "a guest starts, reads and writes"
wait_for 120 "banner" log_has 1 '^guest: banner: the room of this test'
wait_for 60 "pass over the disk" log_has 1 '^guest: read [0-9]+ sectors done'

show "the block server is killed: the guest waits and goes on"
passes=$(grep -c 'sectors done' "$work/seat.log")
kill -9 "$(part nbdkit)"
wait_for 60 "pause" log_has 1 'guest-paused'
wait_for 60 "end of the pause" log_has 1 'guest-resumed'
wait_for 60 "two more passes" log_has $((passes + 2)) 'sectors done'
log_has 2 '^guest: start' && die "the guest was started anew"

show "QEMU is killed: a fresh guest, told on the screen"
kill -9 "$(part 'qemu-system-x86_64 -name guest')"
wait_for 60 "error page" log_has 1 'screen error GUEST-CRASHED'
wait_for 90 "second guest" log_has 2 '^guest: start 1$'

show "the server goes away: the next guest starts all the same"
kill "$server"
wait "$server" || true
kill -9 "$(part 'qemu-system-x86_64 -name guest')"
wait_for 90 "third guest" log_has 3 '^guest: start 1$'
wait_for 60 "pass over the disk" log_has $((passes + 3)) 'sectors done'
log_has 1 'I/O ERROR|BAD |start [^1]' && die "the guest saw an error, or an old write"

show "the agent itself is killed: the next one clears up after it"
start_server
kill -9 "$seat"
wait "$seat" || true
start_seat
wait_for 90 "fourth guest" log_has 1 '^guest: start 1$'
[ "$(part 'qemu-system-x86_64 -name guest' | wc -l)" = 1 ] || die "the old guest still runs"

show "the end leaves nothing behind"
kill "$seat"
wait "$seat" || die "the agent ended with status $?"
pgrep -f -- "$work/run" && die "a process is left"
[ ! -e "$work/run/overlay.zram" ] || die "the mark of a zram device is left"
left=$(zram_devices)
[ "$left" = "$devices" ] || die "zram devices were '$devices' and are '$left'"
