#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Three seats, each an nbdkit of its own: two of them read at the same time and the server
# sends about one copy; then it goes, and the third reads everything from the two.
# shellcheck source-path=SCRIPTDIR source=stream-functions.sh
. "$(dirname "$0")/stream-functions.sh"

free_port() {
    local port
    while :; do
        port=$((20000 + RANDOM % 12000))
        (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null || break
    done
    echo $port
}

mac_of() {
    echo "52:54:00:00:00:0$1"
}

# The server's answer to every poll, whoever asks.
publish_list() {
    local seats='' n
    for n in 1 2 3; do
        seats="$seats${seats:+,}{\"mac\":\"$(mac_of $n)\",\"address\":\"127.0.0.1\",\"port\":${ports[n]}}"
    done
    for n in 1 2 3; do
        mkdir -p "$dir/tree/v1/seats/$(mac_of $n)"
        echo "{\"epoch\":\"1\",\"poll_ms\":1000,\"uplink_kib_s\":0,\"warm\":0,\"seats\":[$seats]}" \
            >"$dir/tree/v1/seats/$(mac_of $n)/peers"
    done
}

# start_seat N: it answers to its neighbours once it has the list.
start_seat() {
    nbdkit -f -U "$dir/sock$1" -P "$dir/pid$1" "$plugin" server="$server" room=lab \
        version=1 pubkey="$dir/tree/key.pub" seat="$(mac_of "$1")" boot=b-1 \
        peer-port="${ports[$1]}" 2>"$dir/log$1" &
    seat_pids[$1]=$!
    pids="$pids $!"
    wait_for 10 test -s "$dir/pid$1"
    wait_for 10 curl -s -o "$dir/nothing" "http://127.0.0.1:${ports[$1]}/"
}

copy() {
    nbdcopy "nbd+unix:///?socket=$dir/sock$1" "$dir/copy$1"
}

# Bytes of bodies that the server has sent.
sent() {
    curl -sf "$server/_fault" | sed 's/bytes \([0-9]*\) .*/\1/'
}

publish
start_server 127.0.0.1:0
ports=(0 "$(free_port)" "$(free_port)" "$(free_port)")
seat_pids=()
publish_list
for n in 1 2 3; do
    start_seat $n
done

stored=$(find "$dir/tree/v1/chunks" -type f -printf '%s\n' | awk '{ n += $1 } END { print n }')
before=$(sent)
copy 1 &
copy_pid=$!
copy 2
wait $copy_pid || die "seat 1: a read failed"
cmp "$dir/disk" "$dir/copy1" || die "seat 1: wrong bytes"
cmp "$dir/disk" "$dir/copy2" || die "seat 2: wrong bytes"
copy_bytes=$(($(sent) - before))
echo "two readers of $stored bytes made the server send $copy_bytes"
[ $copy_bytes -lt $((stored * 5 / 4)) ] || die "the seats did not share"

kill "$server_pid"
copy 3 || die "seat 3: a read failed without the server"
cmp "$dir/disk" "$dir/copy3" || die "seat 3: wrong bytes"
for n in 1 2 3; do
    kill "${seat_pids[n]}"
    wait "${seat_pids[n]}" || die "seat $n ended badly"
done

# Parameters that make no sense are refused.
for wrong in "seat=52:54:00:00:00:01" "boot=b" "peer-port=8081" "seat=x boot=b"; do
    # shellcheck disable=SC2086 # words
    ! stream true $wrong || die "'$wrong' was taken"
done
