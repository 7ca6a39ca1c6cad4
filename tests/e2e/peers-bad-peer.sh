#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# A seat that hands out chunks with a wrong bit: nobody reads them, each seat asks it no more
# after the first ones, and the server's log says who it is.
set -eu
. "$PUPITRE_TOP/tests/lab/lab.sh"
. "$PUPITRE_TOP/tests/lab/seats.sh"

mac1=52:54:00:00:0b:01
mac2=52:54:00:00:0b:02
bad_mac=52:54:00:00:0b:03
bad_ip=10.77.0.66
watcher=52:54:00:00:0b:09

# What the bad seat says of itself, again and again.
join() {
    while :; do
        lab_in bad curl -sS --max-time 30 -o "$LAB_DIR/bad.answer" --data-binary "{\"boot\":\"bad\",
            \"room\":\"lab\",\"version\":1,\"port\":$LAB_PEER_PORT,\"epoch\":\"\"}" \
            "$LAB_URL/v1/seats/$bad_mac/peers" || true
        sleep 0.5
    done
}

# How many chunks it was asked for.
asked() {
    lab_in bad curl -fsS "$bad_ip:$LAB_PEER_PORT/_fault" | sed 's/.*requests \([0-9]*\) .*/\1/'
}

lab_begin
lab_server_init off
lab_noise_room lab 32 pc1=$mac1 pc2=$mac2 bad=$bad_mac watcher=$watcher
lab_server_start
lab_seat_plug bad "$bad_ip"
lab_spawn bad faulty "$PUPITRE_BUILD/tests/lab/faulty-httpd" --listen "$bad_ip:$LAB_PEER_PORT" \
    --upstream "$LAB_SERVER_IP:8080"
lab_wait 10 "answer of the bad seat" asked >/dev/null
lab_in bad curl -fsS "$bad_ip:$LAB_PEER_PORT/_fault" --data-binary flip
join &
LAB_PIDS+=($!)
lab_seat_on pc1 lab $mac1
lab_seat_on pc2 lab $mac2
lab_wait 10 "list of three seats" lab_list_is $watcher lab 3
lab_seats_meet pc1 pc2

for seat in pc1 pc2; do
    before=$(asked)
    lab_seat_copy $seat || lab_die "$seat: a read failed"
    lab_seat_check $seat lab 1
    [ "$(asked)" -gt "$before" ] || lab_die "$seat asked the bad seat nothing: no test"
    # As many as were under way when the first one was found out; its share is eighty.
    [ "$(asked)" -le $((before + 32)) ] || lab_die "$seat asked it $(($(asked) - before)) times"
done
lab_wait 12 "report" lab_log_says "peer-bad.*$bad_mac.*corrupt"
