#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
#
# A seat whose guest runs takes a new version as it was told: with next-boot it is left alone; with
# idle it is warned once nobody has used it for a minute, and left alone when somebody does;
# with now it is warned, too, and then its guest starts anew with that version, also where the
# server was started anew meanwhile; a key puts that off, and the guest is seen until it is off.
set -eEuo pipefail
[ "$(id -u)" = 0 ] || { echo "SKIP: needs root"; exit 77; }
if [ -z "${IN_NAMESPACE:-}" ]; then
    IN_NAMESPACE=1 exec unshare --mount --net -- "$0" "$@"
fi
# shellcheck source=tests/e2e/functions.sh
. "$(dirname "$0")/functions.sh"
# shellcheck source=tests/lab/one-seat.sh
. "$(dirname "$0")/../lab/one-seat.sh"
requires socat jq

# What pupitre-screen says when somebody types.
press_key() {
    printf 'screen input' | socat - "UNIX-SENDTO:$work/run/seat.sock"
}

# The seat's line in the server's list says so.
tells() {
    pupitre seat list --json | jq -e --arg part "$1" '.seats[0].detail |
        if $part == "" then . == "" else contains($part) end' >/dev/null
}

runs_version() {
    pupitre seat list --json | jq -e ".seats[0] | .state == \"running\" and .version == $1" >/dev/null
}

seat_setup
sed -i 's/^#\? *idle = .*/idle = 1/' "$work/etc/rooms/lab.conf"
start_server
start_seat
wait_for 120 "banner" log_has 1 '^guest: banner: the room of this test'
press_key

show "next-boot: nothing happens to a guest that runs"
fails 2 "'soon' is none of next-boot, idle, now" pupitre room publish lab --seats soon
sector 16 "version two"
says "^told the seats of room lab to take version 2 when their guests start next" \
    pupitre room publish lab --seats next-boot
wait_for 30 "word of the version" log_has 1 'version lab@2 is out'

show "idle: a warning after a minute, which somebody's key calls off"
says "^told the seats of room lab to take version 2 once nobody uses them" \
    pupitre room publish lab --seats idle
log_has 1 'screen notice' && die "it was warned too soon"
wait_for 90 "warning" log_has 1 'screen notice Nobody uses this PC.* in 60 seconds'
press_key
wait_for 10 "end of the warning" log_has 1 'taking called off: somebody uses this PC'
log_has 1 'Nobody uses this PC.* in 40 seconds' && die "it went on"

show "now: a key gives ten more minutes, which the server is told; next-boot calls it off"
pupitre --quiet room publish lab --seats now
wait_for 60 "the key" log_has 1 'screen catch F9'
log_has 1 'screen notice This room has a new version.* [|] F9 gives you ten more minutes' ||
    die "nobody is told of the key"
printf 'screen key F9' | socat - "UNIX-SENDTO:$work/run/seat.sock"
wait_for 60 "more time" log_has 1 'screen notice You have 10 minutes more'
wait_for 60 "word of it" tells 'somebody asked for 10 minutes'
pupitre --quiet room publish lab --seats next-boot
wait_for 60 "end of it" tells ''

show "now: a warning, then the guest starts anew, though the server did meanwhile"
says "^told the seats of room lab to take version 2 now" pupitre room publish lab --seats now
kill "$server"
wait "$server" || true
start_server
wait_for 60 "warning" log_has 2 'screen notice This room has a new version.* in 60 seconds. Save'
wait_for 90 "end of the countdown" log_has 1 'screen notice This room has .* in 1 second[.]'
[ "$(grep -Ec '^guest: start 1$' "$work/seat.log")" = 1 ] || die "the guest did not last so long"
wait_for 120 "guest of version two" log_has 1 '^guest: banner: version two'
awk '/screen notice This desktop is shutting down/ { asked = 1 }
    /screen stage/ && asked { seen = 1; exit !/Cleaning up/ }
    END { exit !seen }' "$work/seat.log" || die "the guest was hidden while it shut down"
log_has 1 'screen error|I/O ERROR|BAD ' && die "something went wrong on the way"
wait_for 30 "second start" log_has 2 '^guest: start 1$'

show "that was all: the guest of the current version is left alone"
pupitre --quiet room publish lab --seats now
wait_for 30 "report" runs_version 2
log_has 3 '^guest: start 1$' && die "it started again"
kill "$seat"
wait "$seat" || die "the agent ended with status $?"
