#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
#
# A version on trial: one seat is told of it, the others are not; promote gives it to the room,
# rollback drops it; what is undecided stays, and a kill leaves no room in between.
# shellcheck source=tests/e2e/functions.sh
. "$(dirname "$0")/functions.sh"
requires qemu-img qemu-io qemu-nbd jq curl

round=0
change() {
    round=$((round + 1))
    noise "round $round" | head -c 256K >"$work/change"
    qemu-io -f qcow2 -c "write -s $work/change 1M 256k" "$state/images/rooms/r1.qcow2" >/dev/null
}
versions() {
    pupitre room history r1 --json | jq -r '[.versions[].version] | join(" ")'
}
# ask VERB MAC BODY: what the server tells that seat to run.
ask() {
    curl -fsS -X POST -H 'Content-Type: application/json' -d "$3" \
        "http://127.0.0.1:$port/v1/seats/$2/$1" | jq .version
}
# told PC01 PC02: what the two seats are told, when they start and when they run.
told() {
    local seat now
    for seat in 1 2; do
        now="$(ask register "52:54:00:00:00:0$seat" '{"boot":"b"}') $(ask report \
            "52:54:00:00:00:0$seat" '{"boot":"b","state":"running","version":1}')"
        [ "$now" = "${!seat} ${!seat}" ] || die "seat $seat is told $now, not ${!seat}"
    done
}

new_server "$work/state"
make_disk "$work/disk.raw" 8
pupitre --quiet master import win "$work/disk.raw"
pupitre --quiet room add r1 --master win --seat pc01=52:54:00:00:00:01 --seat pc02=52:54:00:00:00:02
port=$((20000 + $$ % 20000))
sed -i "s/^address/port = $port\naddress/" "$work/etc/pupitre.conf"

show "there is a room to stay behind, and a seat to try it out"
fails 3 "no version yet that its other seats could run" pupitre room publish r1 --canary pc01
pupitre --quiet room publish r1
fails 3 "has no seat 'pc09'" pupitre room publish r1 --canary pc09
fails 3 "has no version on trial" pupitre room promote r1
fails 3 "has no version on trial" pupitre room rollback r1 --canary
says "nothing to publish" pupitre room publish r1 --canary pc01
[ "$(versions)" = 1 ] || die "versions $(versions)"

show "only its seat is told of a version on trial"
change
says "would .* publish r1@2 to seat 'pc01' alone" pupitre room publish r1 --canary pc01 --dry-run
says "r1@2 is published to seat 'pc01' alone" pupitre room publish r1 --canary pc01
start serve
wait_for 20 "server" curl -fs -o /dev/null "http://127.0.0.1:$port/v1/rooms/r1"
told 2 1
curl -fsS "http://127.0.0.1:$port/v1/rooms/r1" |
    jq -e '.version == 1 and .canary == {"version": 2, "mac": "52:54:00:00:00:01"}' >/dev/null ||
    die "the server does not tell of the trial"
curl -fsS "http://127.0.0.1:$port/v1/rooms/r1/versions/2/manifest" | jq -e '.version == 2' >/dev/null

show "everybody who looks sees it"
says "^on trial +r1@2 at seat pc01:" pupitre room show r1
says "^on trial +r1@2 at seat pc01$" pupitre status
pupitre status --json | jq -e '.canaries == [{"room": "r1", "version": 2, "seat": "pc01",
    "mac": "52:54:00:00:00:01"}]' >/dev/null || die "status --json"
pupitre room show r1 --json | jq -e '.current.version == 1 and .canary.version == 2' >/dev/null ||
    die "room show --json"
pupitre room history r1 --json | jq -e '[.versions[] | [.version, .current, .canary, .kept]] ==
    [[1, true, null, "current"], [2, false, "pc01", "canary"]]' >/dev/null || die "room history"
pupitre seat list --json | jq -e '[.seats[].canary] == [true, false]' >/dev/null || die "seat list"

show "undecided, it is neither passed over nor lost"
change
fails 6 "r1@2 is on trial at seat 'pc01'.*room promote r1.*room rollback r1" pupitre room publish r1
printf '[room]\nmaster = win\n[versions]\nkeep = 1\n[seats]\npc01 = 52:54:00:00:00:01\npc02 = %s\n' \
    52:54:00:00:00:02 >"$work/etc/rooms/r1.conf"
says "r1@3 is published to seat 'pc01' alone" pupitre room publish r1 --canary 52-54-00-00-00-01
pupitre --quiet room rollback r1 1
pupitre --quiet gc
told 3 1
says "nothing changed since r1@3, which is on trial at seat 'pc02'" \
    pupitre room publish r1 --canary pc02
told 1 3
check_clean

show "promoted, all have it"
says "would move room r1 from version 1 to 3" pupitre room promote r1 --dry-run
says "moved room r1 from version 1 to 3 .*tried out at seat 'pc02'" pupitre room promote r1
told 3 3
fails 3 "has no version on trial" pupitre room promote r1
says "nothing to publish" pupitre room publish r1

show "rolled back, nobody has it, and its number is not given again"
change
pupitre --quiet room publish r1 --canary pc02
told 3 4
says "would end the trial of r1@4" pupitre room rollback r1 --dry-run
says "ended the trial of r1@4 at seat 'pc02'; the room stays at 3" pupitre room rollback r1
told 3 3
fails 2 "not both" pupitre room rollback r1 3 --canary
says "r1@5 is published:" pupitre room publish r1
told 5 5
check_clean

show "a regenerated room too is tried out first"
no_boot_test
pupitre --quiet room add r2 --master win --seat pc21=52:54:00:00:00:21 --seat pc22=52:54:00:00:00:22
fails 3 "no version yet" pupitre room regenerate r2 --canary pc21
pupitre --quiet room regenerate r2
make_disk "$work/next.raw" 8 2
pupitre --quiet master update win "$work/next.raw"
fails 3 "has no seat 'pc01'" pupitre room regenerate r2 --canary pc01
says "r2@2 is published to its canary alone" pupitre room regenerate r2 --canary pc21
[ "$(ask register 52:54:00:00:00:21 '{"boot":"b"}')" = 2 ] || die "not told of its version"
fails 6 "r2@2 is on trial" pupitre room regenerate r2
says "nothing changed since r2@2" pupitre room regenerate r2 --canary pc22
[ "$(ask register 52:54:00:00:00:22 '{"boot":"b"}')" = 2 ] || die "the trial has not moved"
[ "$(ask register 52:54:00:00:00:21 '{"boot":"b"}')" = 1 ] || die "two seats have it"
pupitre --quiet room regenerate r2 --at 23:59 --canary pc22
pupitre room show r2 --json | jq -e '.schedules[0].options == "--canary=52:54:00:00:00:22"' \
    >/dev/null || die "the schedule forgets the canary"
pupitre --quiet room regenerate r2 --unschedule
pupitre --quiet room rollback r2
says "nothing changed since r2@2" pupitre room regenerate r2
[ "$(ask register 52:54:00:00:00:22 '{"boot":"b"}')" = 1 ] || die "what was dropped came back"

show "killed anywhere, the room stands where it stood or where it should"
for point in commit-begun manifest-in-place canary-placed; do
    change
    before=$(versions)
    status=0
    PUPITRE_FAILPOINT=$point:1:kill pupitre --quiet room publish r1 --canary pc01 || status=$?
    [ "$status" = 137 ] || die "$point was not met"
    pupitre --quiet fsck >"$work/fsck.out" 2>&1 || die "after $point: $(cat "$work/fsck.out")"
    [ "$(ask register 52:54:00:00:00:02 '{"boot":"b"}')" = 5 ] || die "$point moved the room"
    pupitre --quiet room publish r1 --canary pc01 || die "after $point: no publish"
    trial=$(pupitre room show r1 --json | jq .canary.version)
    told "$trial" 5
    [ "$before" != "$(versions)" ] || die "after $point: no new version"
    pupitre --quiet room rollback r1 --canary
done
change
pupitre --quiet room publish r1 --canary pc01
trial=$(pupitre room show r1 --json | jq .canary.version)
status=0
PUPITRE_FAILPOINT=current-set:1:kill pupitre --quiet room promote r1 || status=$?
[ "$status" = 137 ] || die "promote was not killed"
told "$trial" "$trial"
fails 3 "has no version on trial" pupitre room promote r1
change
pupitre --quiet room publish r1
told $((trial + 1)) $((trial + 1))
pupitre --quiet gc
check_clean

show "a canary that cannot be read harms nobody, and can be dropped"
change
pupitre --quiet room publish r1 --canary pc01
echo "rubbish" >"$state/store/canaries/r1"
told $((trial + 1)) $((trial + 1))
fails 5 "1 thing to mend" pupitre fsck
fails 5 "roll the canary back" pupitre room publish r1
says "ended the trial in room r1" pupitre room rollback r1
check_clean
pupitre --quiet room remove r1 --yes
pupitre --quiet gc
check_clean
