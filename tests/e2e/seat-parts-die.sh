#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
#
# What dies on a seat comes back, and the guest never sees an I/O error: the block server is
# killed under a reading guest; QEMU is killed; the server goes away between two guests; the
# agent is killed. Ended with SIGTERM, it leaves nothing behind.
set -eEuo pipefail
[ "$(id -u)" = 0 ] || { echo "SKIP: needs root"; exit 77; }
if [ -z "${IN_NAMESPACE:-}" ]; then
    IN_NAMESPACE=1 exec unshare --mount --net -- "$0" "$@"
fi
# shellcheck source=tests/e2e/functions.sh
. "$(dirname "$0")/functions.sh"
# shellcheck source=tests/lab/one-seat.sh
. "$(dirname "$0")/../lab/one-seat.sh"

# shellcheck disable=SC2034 # one-seat.sh reads it
seat_lock=-x
seat_setup
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
