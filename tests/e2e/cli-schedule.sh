#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
#
# room regenerate by a schedule: the daemon does it at its time, says how it ended, does what
# was missed or broken off when it runs again, and nothing that was called off.
# shellcheck source=tests/e2e/functions.sh
. "$(dirname "$0")/functions.sh"
requires qemu-img qemu-io qemu-nbd jq curl

# soon SECONDS: that time as --at wants it.
soon() {
    date -u -d "+$1 seconds" +%Y-%m-%dT%H:%M:%SZ
}

current() {
    pupitre room history r1 --json | jq '.versions[] | select(.current) | .version'
}

# run_is JQ: it holds of what the server says of the room's last run.
run_is() {
    pupitre room show r1 --json | jq -e ".last_runs[0] | $1" >/dev/null
}

child_is_stopped() {
    child=$(pgrep -P "$daemon" -f 'room regenerate r1') && grep -q '^State:.T' "/proc/$child/status"
}

is_past() {
    [ "$(date +%s)" -ge "$(date -d "$1" +%s)" ]
}

[ -x "$PUPITRE_PREFIX/sbin/pupitred" ] || skip "pupitred is not installed (PUPITRE_PREFIX)"
port=$((20000 + $$ % 20000))
new_server "$work/state"
no_boot_test
sed -i "s/^address = .*/&\nport = $port/" "$work/etc/pupitre.conf"
make_disk "$work/disk.raw" 16
pupitre --quiet master import win "$work/disk.raw"
pupitre --quiet room add r1 --master win

show "what cannot be is refused, and nothing is kept of it"
fails 2 "--schedule: 'daily 25:00' is no schedule: write \"daily 06:00\"" \
    pupitre room regenerate r1 --schedule "daily 25:00"
fails 2 "--at: .* is in the past" pupitre room regenerate r1 --at 2020-01-01T00:00:00Z
fails 2 "give one of" pupitre room regenerate r1 --at 06:00 --unschedule
fails 3 "there is no room 'r9'" pupitre room regenerate r9 --at 06:00
fails 3 "has no schedule" pupitre room regenerate r1 --unschedule
says "^would regenerate room r1: daily 06:00, next " \
    pupitre room regenerate r1 --schedule "daily 6:00" --dry-run
[ "$(pupitre status --json | jq '.schedules | length')" = 0 ] || die "something was kept"

show "a schedule and a single time stand beside each other, and outlive the daemon"
zone=$(env -u TZ date +%Z) # the server's, whatever the caller's is
TZ=Asia/Tokyo says "^will regenerate room r1: weekly mon,thu 06:00, next .* 06:00 $zone$" \
    pupitre room regenerate r1 --schedule "Weekly thu,mon 6:00"
grep -q "does not answer at 127.0.0.1:.*systemctl start pupitred" "$work/says.out" ||
    die "nobody says that nobody will do it"
next=$(pupitre status --json | jq -r '.schedules[0].next')
[ "$(env -u TZ date -d "$next" +%H:%M)" = 06:00 ] || die "it is due at $next"
shown=$(pupitre status | grep '^schedules ')
[ "$(TZ=America/New_York pupitre status | grep '^schedules ')" = "$shown" ] ||
    die "others read another time than '$shown'"
server_start
[ -z "$(current)" ] || die "it ran before its time"
says "^will regenerate room r1: once, " pupitre room regenerate r1 --at "$(soon 3)"
[ "$(pupitre status --json | jq '.schedules | length')" = 2 ] || die "one took the other's place"
wait_for 30 "scheduled run" run_is '.ended != null'
run_is '.status == 0 and (.words | startswith("r1@1 is published"))' ||
    die "it says $(pupitre room show r1)"
[ "$(current)" = 1 ] || die "version $(current)"
says "^last run .*, well after [0-9]+ s: r1@1 is published" pupitre room show r1
TZ=Asia/Tokyo says "^would warm up .* 23:59 $zone on$" pupitre room warm r1 --at 23:59 --dry-run
says "^last runs +r1: .*, well after [0-9]+ s: r1@1 is published" pupitre status
says "^schedules +r1: weekly mon,thu 06:00, next " pupitre status
[ "$(pupitre status --json | jq '.schedules | length')" = 1 ] || die "the single time is there yet"

show "a failure is told, with what to do; the options go along"
write_room r1 3M 1M 7
pupitre --quiet room regenerate r1 --at "$(soon 3)"
wait_for 30 "failed run" run_is '.status == 7'
says "^last run .*, FAILED after [0-9]+ s with status 7: .*--discard-edits" pupitre room show r1
[ "$(current)" = 1 ] || die "it published version $(current)"
grep -q 'error schedule-ended room=r1 status=7' "$work/server.log" || die "no line in the log"
pupitre --quiet room regenerate r1 --discard-edits --at "$(soon 3)"
wait_for 30 "run that throws the edits away" run_is '.status == 0'

show "what was due while the daemon did not run is done when it does"
server_stop TERM
make_disk "$work/next.raw" 16 2
pupitre --quiet master update win "$work/next.raw"
at=$(soon 3)
pupitre --quiet room regenerate r1 --at "$at"
wait_for 15 "that time" is_past "$at"
[ "$(current)" = 1 ] || die "somebody else did it"
PUPITRE_FAILPOINT=regenerate-made:1:stop server_start

show "a daemon that is killed meanwhile: its child ends, too, and the next one does it again"
wait_for 30 "run that stops" child_is_stopped
says "^last run .*, runs$" pupitre room show r1
server_stop KILL
kill -CONT "$child"
wait_for 20 "end of the child" test ! -e "/proc/$child"
[ "$(current)" = 1 ] || die "the child went on"
server_start
wait_for 30 "second try" run_is '.status == 0 and (.words | startswith("r1@2 is published"))'
check_clean

show "called off, and gone with the room"
says "^forgot for room r1: weekly mon,thu 06:00" pupitre room regenerate r1 --unschedule
fails 3 "has no schedule" pupitre room regenerate r1 --unschedule
pupitre --quiet room regenerate r1 --schedule "daily 06:00"
pupitre --quiet room remove r1 --yes
pupitre status --json | jq -e '.schedules == [] and .last_runs == []' >/dev/null ||
    die "it is there yet"
server_stop TERM
