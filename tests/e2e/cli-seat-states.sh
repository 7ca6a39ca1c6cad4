#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
#
# What a teacher finds out from status and seat list: a server that hangs, a seat that is silent
# or was switched off, a PC that waits, one whose clock is off, starts that are no boots.
# shellcheck source=tests/e2e/functions.sh
. "$(dirname "$0")/functions.sh"
requires qemu-img qemu-io jq curl

mac=52:54:00:00:00:01
other=52:54:00:00:00:99

# tell WHAT JSON: the seat says it.
tell() {
    curl -fsS -o "$work/told" --data "$2" "http://127.0.0.1:$port/v1/seats/$mac/$1"
}

# seat JQ [MAC]: it holds of what seat list says of the seat.
seat() {
    pupitre seat list --json |
        jq -e --arg mac "${2:-$mac}" ".seats[] | select(.mac == \$mac) | $1" >/dev/null
}

answers() {
    curl -fsS --max-time 2 -o /dev/null "http://127.0.0.1:$port/boot.ipxe" 2>/dev/null
}

[ -x "$PUPITRE_PREFIX/sbin/pupitred" ] || skip "pupitred is not installed (PUPITRE_PREFIX)"
port=$((20000 + $$ % 20000))
new_server "$work/state"
no_boot_test
sed -i "s/^address = .*/&\nport = $port/" "$work/etc/pupitre.conf"
printf '[seats]\npoll = 5\n' >>"$work/etc/pupitre.conf"
make_disk "$work/disk.raw" 4
pupitre --quiet master import win "$work/disk.raw"
pupitre --quiet room add lab --master win --seat "pc1=$mac"
pupitre --quiet room publish lab
"$PUPITRE_PREFIX/sbin/pupitred" --config "$work/etc/pupitre.conf" >"$work/server.log" 2>&1 &
daemon=$!
cleanup_fn kill -9 "$daemon"
wait_for 60 "answer of pupitred" answers

show "a PC whose clock is off is named"
tell register '{"boot":"boot-1","clock_ms":978307200000}'
jq -e --argjson now "$(date +%s)" '.now_ms / 1000 - $now | fabs < 60' "$work/told" >/dev/null ||
    die "the seat is not told the time: $(cat "$work/told")"
says '2[0-9] years behind' pupitre seat list
seat '.clock_off_ms != null and .clock_off_ms < -700000000000' || die "no clock_off_ms"

show "a guest that starts again is no boot"
tell report '{"boot":"boot-1","state":"running","version":1,"t_ms":9000,
    "stages":[{"stage":"guest-alive","t_ms":9000}],
    "starts":[{"t_ms":3000,"version":1,"started_ms":1000,"alive_ms":6000,"end":"crashed"}]}'
seat '.guest_alive_ms != null' || die "no time of the guest"
tell register '{"boot":"boot-1","clock_ms":978307200000}'
tell report '{"boot":"boot-1","state":"running","version":1,"t_ms":20000,
    "starts":[{"t_ms":12000,"version":1}]}'
seat '.guest_alive_ms != null and .starts == 2 and .crashes == 1' ||
    die "the second start took the first one's times: $(pupitre seat list --json)"

show "silent is not off"
wait_for 60 "silence of the seat" seat '.state == "silent" and .said == "running"'
says 'not heard of for [0-9]+ s' pupitre seat list
tell report '{"boot":"boot-1","state":"running","version":1}'
seat '.state == "running"' || die "it is heard again, and not running"
tell report '{"boot":"boot-1","state":"off","version":1}'
seat '.state == "off"' || die "it said that it switches off"

show "the next boot goes by its own id, and the one before is kept"
tell register '{"boot":"boot-2"}'
seat '.boot == "boot-2" and .guest_alive_ms == null and .boots[0].boot == "boot-1" and
    .boots[0].starts == 2 and .clock_off_ms == null' || die "$(pupitre seat list --json)"

show "a PC that no room has waits"
curl -fsS -o /dev/null "http://127.0.0.1:$port/boot/$other/ipxe?again=1"
seat '.state == "waiting"' "$other" || die "$(pupitre seat list --json)"
says 'waits to be added' pupitre seat list

show "a server that hangs is found out, and says nothing of its seats"
says 'server +answers at' pupitre status
tell report '{"boot":"boot-2","state":"running","version":1}'
kill -STOP "$daemon"
says 'server +hangs: .*systemctl restart pupitred' pupitre status
[ "$(pupitre status --json | jq -r '"\(.serving) \(.server)"')" = "false hangs" ] ||
    die "$(pupitre status --json)"
wait_for 90 "doubt about the seat" seat '.state == "unknown"'
says 'unknown since the server was away' pupitre seat list
kill -CONT "$daemon"
wait_for 60 "answer of pupitred" answers
tell report '{"boot":"boot-2","state":"running","version":1}'
wait_for 60 "the seat's state" seat '.state == "running" or .state == "silent"'
