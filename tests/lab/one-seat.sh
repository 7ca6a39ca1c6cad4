# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck shell=bash
#
# one-seat.sh - one seat without a virtual PC: the real agent, libvirt's embedded driver,
# nbdkit, QEMU and pupitred on this machine
#
# Sourced by tests/e2e/seat-*.sh (bash, root) after functions.sh, in namespaces of their own,
# where there is a loopback and the user that libvirt insists on:
#
#     seat_setup                  namespaces, server, room "lab" with the seat $mac
#     start_server; start_seat    pupitred ($server) and the agent ($seat, $work/seat.log)
work=${work:?functions.sh comes first}
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
        "${state:?}/images/rooms/lab.qcow2"
}

make_room() {
    "$guest_dir/mkdisk" --boot "$guest_dir/guest.bin" --banner master --size 24 --pattern 16 \
        "$work/demo.raw"
    pupitre --quiet master import demo "$work/demo.raw"
    pupitre --quiet room add lab --master demo --seat "pc1=$mac"
    sed -i 's/^\[guest\].*/&\nmemory = 64\ncpus = 1/' "$work/etc/rooms/lab.conf"
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

# zram devices are the machine's: who looks at all of them says seat_lock=-x, to be alone.
take_turn() {
    exec 8>/run/pupitre-one-seat.lock
    flock "${seat_lock:--s}" 8
}

seat_setup() {
    requires nbdkit qemu-img qemu-system-x86_64 ip curl flock
    take_turn
    cleanup_fn show_log
    ip link set lo up
    private_users
    new_server "$work/state"
    printf '\n[seats]\npoll = 1\n' >>"$work/etc/pupitre.conf"
    make_room
}
