#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
#
# storm.sh - a room of seats is switched on at once
#
# N seats behind a bridge, each an nbdkit with our plugin in a network namespace of its own,
# read what a guest reads while it boots (tests/bench/boot.trace), all beginning together,
# from one pupitred behind one port; then the same from `nbdkit file`, turn by turn. All
# links are shaped, each way. The server has its files in the page cache, seats begin with
# empty memory; the boot profile has been learned. A seat's time counts from the start of
# all to its last read, the start of its nbdkit included.
#
# Prints medians over the runs: seconds until the last seat is done, and the median one;
# bytes that the server's card sent, also in copies of the boot set (the distinct chunks of
# the trace as encoded); CPU seconds of the server and of all seats, replay included.
#
#     --seats N           default 8
#     --server-rate RATE  of the server's port, as tc writes it; default 200mbit
#     --seat-rate RATE    of each seat's; default 200mbit
#     --lines N           only the first N reads of the trace; default: all
#     --depth N           reads at a time; default 4
#     --trace FILE, --disk FILE, --runs N
#     --growth "1 2 4"    a table of these numbers of seats
#     --only WHO          pupitre or file
#     --verbose           what each run measured, and where the seats' bytes came from
#
# Without options it measures what was promised: 8 seats, 1 seat at 1 Gbit/s, 1 to 30 seats.
# Further settings: tests/bench/functions.sh.
# shellcheck source-path=SCRIPTDIR source=functions.sh
. "$(dirname "$0")/functions.sh"

sw=pup-bench-sw-$$
peer_port=8081
seats_max=64
seats=8
server_rate=200mbit
seat_rate=200mbit
lines=0
depth=4
growth=
whom="pupitre file"
verbose=
promises=
n_boots=0

usage() {
    sed -n '/^#     --seats/,/^#     --verbose/s/^#     //p' "$0" >&2
    exit 2
}

parse_options() {
    [ $# -gt 0 ] || promises=yes
    while [ $# -gt 0 ]; do
        [ "$1" = --verbose ] || [ $# -ge 2 ] || usage
        case $1 in
        --seats) seats=$2 ;;
        --server-rate) server_rate=$2 ;;
        --seat-rate) seat_rate=$2 ;;
        --lines) lines=$2 ;;
        --depth) depth=$2 ;;
        --trace) trace=$2 ;;
        --disk) disk=$2 ;;
        --runs) runs=$2 ;;
        --growth) growth=$2 ;;
        --only) whom=$2 ;;
        --verbose) verbose=yes && shift && continue ;;
        *) usage ;;
        esac
        shift 2
    done
}

mac_of() {
    printf '52:54:00:99:00:%02x' "$1"
}

seat_of() {
    echo "pup-bench-$1-$$"
}

# The room of the seats: nothing of its own on the master's disk.
publish_room() {
    local n seat_options=()
    [ ! "$work/published-storm" -nt "$work/published" ] || return 0
    for n in $(seq $seats_max); do
        seat_options+=(--seat "pc$n=$(mac_of "$n")")
    done
    pupitre room add storm --master bench "${seat_options[@]}"
    pupitre room publish storm
    touch "$work/published-storm"
}

cut_trace() {
    [ "$lines" -gt 0 ] || return 0
    grep -v '^#' "$trace" | sed -n "1,${lines}p" >"$tmp/trace"
    trace=$tmp/trace
}

# Sets $set_chunks and $set_bytes, and has the server learn the boot profile as if a seat
# had recorded it.
learn() {
    # What seats recorded of a shorter trace would be merged in.
    rm -rf "$work/state/boot-profiles/storm"
    read -r set_chunks set_bytes < <("$build/tests/bench/boot-set" "$trace" "$disk" "$tmp/profile")
    ip netns exec "$srv" curl -sf --data-binary "@$tmp/profile" \
        -H 'Content-Type: application/octet-stream' \
        "$server_url/v1/seats/$(mac_of 1)/boot-profile?room=storm&version=1"
}

# add_port NAMESPACE ADDRESS PORT: a namespace with one card, on the switch.
add_port() {
    ip netns add "$1"
    ip link add eth0 netns "$1" type veth peer name "$3" netns "$sw"
    ip -n "$1" addr add "$2/24" dev eth0
    ip -n "$1" link set lo up
    ip -n "$1" link set eth0 up
    ip -n "$sw" link set "$3" master br0 up
}

# add_seats N: so that there are N at least.
add_seats() {
    local n
    for n in $(seq "$1"); do
        [ ! -e "/run/netns/$(seat_of "$n")" ] || continue
        namespaces="$namespaces $(seat_of "$n")"
        add_port "$(seat_of "$n")" "10.99.0.$((100 + n))" "seat$n"
    done
}

make_switch() {
    ip netns add "$sw"
    ip -n "$sw" link add br0 type bridge
    ip -n "$sw" link set br0 up
    namespaces="$namespaces $sw"
    add_port "$srv" 10.99.0.1 server
}

# reshape NAMESPACE CARD RATE
reshape() {
    tc -n "$1" qdisc del dev "$2" root 2>/dev/null || true
    shape "$1" "$2" "$3"
}

# shape_all N: both ends of each cable.
shape_all() {
    local n
    reshape "$srv" eth0 "$server_rate"
    reshape "$sw" server "$server_rate"
    for n in $(seq "$1"); do
        reshape "$(seat_of "$n")" eth0 "$seat_rate"
        reshape "$sw" "seat$n" "$seat_rate"
    done
}

# boot_file N, boot_pupitre N: one seat, from power-on to its last read.
boot_file() {
    ip netns exec "$(seat_of "$1")" "$replay" --depth "$depth" nbd://10.99.0.1 "$trace"
}

boot_pupitre() {
    # Without -f nbdkit returns as soon as it listens.
    # shellcheck disable=SC2086 # a list of parameters
    ip netns exec "$(seat_of "$1")" nbdkit -U "$tmp/sock.$1" -P "$tmp/pid.$1" "$plugin" \
        server=$server_url room=storm version=1 pubkey="$work/state/keys/server.pub" \
        seat="$(mac_of "$1")" boot="b-$n_boots" peer-port=$peer_port ${PUP_BENCH_PLUGIN:-}
    "$replay" --depth "$depth" "nbd+unix:///?socket=$tmp/sock.$1" "$trace"
}

# boot WHO N: leaves the time of its end, and what it took of the CPU.
boot() {
    local TIMEFORMAT='%U %S'
    { time "boot_$1" "$2" >"$tmp/replay.$2" 2>"$tmp/log.$2"; } 2>"$tmp/cpu.$2" ||
        { cat "$tmp/log.$2" >&2; return 1; }
    echo "$EPOCHREALTIME" >"$tmp/end.$2"
}

# cpu_of PID...: seconds so far, all together.
cpu_of() {
    local pid
    for pid in "$@"; do
        sed 's/.*) //' "/proc/$pid/stat"
    done | awk -v tick="$(getconf CLK_TCK)" '{ sum += $12 + $13 } END { print sum / tick }'
}

# Neighbours stay up until all are done.
stop_seats() {
    local file pid
    for file in "$tmp"/pid.*; do
        [ -e "$file" ] || continue
        pid=$(cat "$file")
        rm -f "$file" "$tmp/sock.${file##*.}"
        kill "$pid" 2>/dev/null || continue
        tail --pid="$pid" -f /dev/null
    done
}

# The seats of the run before are forgotten.
room_is_empty() {
    grep -q '"seats":\[\]' < <(
        ip netns exec "$srv" curl -sf -H 'Content-Type: application/json' -d \
            '{"boot":"b","room":"storm","version":1,"port":0,"epoch":""}' \
            "$server_url/v1/seats/$(mac_of $seats_max)/peers"
    )
}

sent() {
    ip netns exec "$srv" cat /sys/class/net/eth0/statistics/tx_bytes
}

# Where the guests' bytes came from, as the seats told the server.
tell_sources() {
    sleep 1.2 # a poll of each
    ip netns exec "$srv" curl -sf "$server_url/metrics" | awk '
        /^pupitre_seat_read_bytes_total/ { split($1, part, "source=\""); sub(/".*/, "", part[2])
                                           bytes[part[2]] += $2 }
        /^pupitre_seat_reads_total/ { reads += $2 }
        /^pupitre_seat_read_hits_total/ { hits += $2 }
        END { printf "    from"
              for (source in bytes) printf " %s %.1f MB", source, bytes[source] / 1e6
              printf "; %d of %d reads found in memory\n", hits, reads }'
}

# storm WHO N: one run; appends "last median bytes server-cpu seats-cpu" to its results.
storm() {
    local who=$1 n=$2 i jobs='' begun before cpu server
    server=$pupitred_pid
    [ "$who" = pupitre ] || server=$file_pid
    n_boots=$((n_boots + 1))
    rm -f "$tmp"/end.* "$tmp"/cpu.*
    wait_for room_is_empty
    before=$(sent)
    cpu=$(cpu_of "$server")
    begun=$EPOCHREALTIME
    for i in $(seq "$n"); do
        boot "$who" "$i" &
        jobs="$jobs $!"
    done
    # shellcheck disable=SC2086 # a list
    for i in $jobs; do
        wait "$i"
    done
    {
        cat "$tmp"/end.* | awk -v begun="$begun" '{ print $1 - begun }' | sort -g |
            awk '{ v[NR] = $1 } END { print v[NR], v[int((NR + 1) / 2)] }'
        echo $(($(sent) - before))
        awk -v a="$cpu" -v b="$(cpu_of "$server")" 'BEGIN { print b - a }'
        # shellcheck disable=SC2046 # numbers
        { cat "$tmp"/cpu.*; [ "$who" != pupitre ] || cpu_of $(cat "$tmp"/pid.*); } |
            awk '{ sum += $1 + $2 } END { print sum }'
    } | paste -sd ' ' | tee -a "$tmp/$who.$n" >"$tmp/latest"
    [ -z "$verbose" ] || sed "s/^/    $who: /" "$tmp/latest"
    [ -z "$verbose" ] || [ "$who" != pupitre ] || tell_sources
    stop_seats
}

# column WHO N C: the median over the runs.
column() {
    awk -v c="$3" '{ print $c }' "$tmp/$1.$2" | median
}

# line WHO N: its medians.
line() {
    awk -v who="$1" -v n="$2" -v last="$(column "$1" "$2" 1)" -v mid="$(column "$1" "$2" 2)" \
        -v bytes="$(column "$1" "$2" 3)" -v srv="$(column "$1" "$2" 4)" \
        -v seats="$(column "$1" "$2" 5)" -v set="$set_bytes" 'BEGIN {
        printf "%2d seats  %-8s last %7.2f s  median %7.2f s  server %7.1f MB %6.2f copies  ", n, who,
            last, mid, bytes / 1e6, bytes / set
        printf "CPU server %6.2f s seats %7.2f s\n", srv, seats }'
}

# judge WHAT VALUE GOAL
judge() {
    awk -v what="$1" -v value="$2" -v goal="$3" 'BEGIN {
        printf "    %s %.3f (goal %.3f, %s)\n", what, value, goal, value <= goal ? "met" : "missed" }'
}

divide() {
    awk -v a="$1" -v b="$2" 'BEGIN { print a / b }'
}

# copies N: that pupitred sent.
copies() {
    divide "$(column pupitre "$1" 3)" "$set_bytes"
}

# measure N: all runs, turn by turn, then what came out.
measure() {
    local n=$1 who
    add_seats "$n"
    shape_all "$n"
    rm -f "$tmp/pupitre.$n" "$tmp/file.$n"
    for _ in $(seq "$runs"); do
        for who in $whom; do
            storm "$who" "$n"
        done
    done
    for who in $whom; do
        line "$who" "$n"
    done
    [ "$whom" = "pupitre file" ] || return 0
    printf '    pupitre to file: time %.3f, bytes %.3f\n' \
        "$(divide "$(column pupitre "$n" 1)" "$(column file "$n" 1)")" \
        "$(divide "$(column pupitre "$n" 3)" "$(column file "$n" 3)")"
}

# heading RATES
heading() {
    echo "== server $server_rate, seats $seat_rate, boot set $set_chunks chunks, $set_bytes bytes"
}

measure_promises() {
    heading
    measure 8
    judge "copies" "$(copies 8)" 1.25
    judge "time to file" "$(divide "$(column pupitre 8 1)" "$(column file 8 1)")" 0.0714
    server_rate=1gbit seat_rate=1gbit
    heading
    measure 1
    judge "time to file" "$(divide "$(column pupitre 1 1)" "$(column file 1 1)")" 0.5
    server_rate=200mbit seat_rate=200mbit whom=pupitre
    heading
    for n in 1 2 4 8 16 30; do
        measure $n
    done
    judge "copies" "$(copies 30)" 1.4
    judge "time of 30 to 1" "$(divide "$(column pupitre 30 1)" "$(column pupitre 1 1)")" 1.5
}

parse_options "$@"
start_bench
trap 'stop_seats; cleanup' EXIT
publish_room
cut_trace
make_switch
add_seats 1
serve "$(seat_of 1)"
learn
command -v dnbd3-server >/dev/null && echo "dnbd3: not measured, though it is here" ||
    echo "dnbd3: skipped: not installed, and not in Debian"
if [ -n "$promises" ]; then
    measure_promises
else
    heading
    for n in ${growth:-$seats}; do
        measure "$n"
    done
fi
