#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
#
# stream.sh - one seat reads what a guest reads while it boots, over 1 Gbit/s
#
# Replays tests/bench/boot.trace, at one read and at four reads at a time, from our plugin
# (cold: empty cache) and from `nbdkit file` on the same link, turn by turn, and prints the
# median times and bytes and their ratios. The chunks come from pupitred, out of a room that
# was published for this. Both servers have their files in the page cache. Settings:
# tests/bench/functions.sh.
# shellcheck source-path=SCRIPTDIR source=functions.sh
. "$(dirname "$0")/functions.sh"

seat=pup-bench-seat-$$
namespaces="$namespaces $seat"

make_link() {
    ip netns add "$srv"
    ip netns add "$seat"
    ip link add eth0 netns $srv type veth peer name eth0 netns $seat
    ip -n $srv addr add 10.99.0.1/24 dev eth0
    ip -n $seat addr add 10.99.0.2/24 dev eth0
    for ns in $srv $seat; do
        ip -n "$ns" link set lo up
        ip -n "$ns" link set eth0 up
        shape "$ns" eth0 1gbit
    done
}

seat_bytes() {
    ip netns exec $seat cat /sys/class/net/eth0/statistics/rx_bytes
}

# read_file DEPTH, read_pupitre DEPTH: replay once; further arguments go to replay.
read_file() {
    local depth=$1
    shift
    ip netns exec $seat "$replay" --depth "$depth" "$@" nbd://10.99.0.1 "$trace"
}

read_pupitre() {
    local depth=$1
    shift
    # shellcheck disable=SC2086 # a list of parameters; nbdkit sets $uri
    ip netns exec $seat nbdkit -U - "$plugin" server=$server_url room=bench \
        version=1 pubkey="$work/state/keys/server.pub" ${PUP_BENCH_PLUGIN:-} \
        --run "'$replay' --depth $depth $* \"\$uri\" '$trace'" 2>"$tmp/log" ||
        { cat "$tmp/log" >&2; exit 1; }
}

# measure WHO DEPTH: appends "seconds bytes" to the results of both.
measure() {
    local before after seconds
    before=$(seat_bytes)
    seconds=$("read_$1" "$2")
    after=$(seat_bytes)
    echo "${seconds%% *} $((after - before))" >>"$tmp/$1.$2"
}

# report DEPTH GOAL: one line of medians and ratios.
report() {
    local fs fb ps pb
    fs=$(awk '{ print $1 }' "$tmp/file.$1" | median)
    fb=$(awk '{ print $2 }' "$tmp/file.$1" | median)
    ps=$(awk '{ print $1 }' "$tmp/pupitre.$1" | median)
    pb=$(awk '{ print $2 }' "$tmp/pupitre.$1" | median)
    awk -v d="$1" -v goal="$2" -v fs="$fs" -v fb="$fb" -v ps="$ps" -v pb="$pb" 'BEGIN {
        printf "depth %d: nbdkit file %.2f s %.1f MB; pupitre %.2f s %.1f MB; ", d, fs, fb / 1e6, ps, pb / 1e6
        printf "time %.2fx (goal %.2f, %s), bytes %.2fx (goal 0.55, %s)\n", ps / fs, goal,
            ps / fs <= goal ? "met" : "missed", pb / fb, pb / fb <= 0.55 ? "met" : "missed"
    }'
}

start_bench
make_link
serve $seat
read_pupitre 4 --check "$disk" >/dev/null
for _ in $(seq "$runs"); do
    for depth in 1 4; do
        measure file $depth
        measure pupitre $depth
    done
done
report 1 0.9
report 4 0.7
