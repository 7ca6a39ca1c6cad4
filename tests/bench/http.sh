#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
#
# http.sh - chunks from pupitred against the same bytes as files from nginx with sendfile
#
# wrk asks both for the same chunks in turn, on 127.0.0.1; what counts is the number of chunks
# sent for a second of the server's own CPU time (/proc/PID/stat), as the machine's other half
# is busy with wrk. Medians over turns; goal: at least 1.0 times nginx.
#     zstd  chunks that zstd shrinks a little: frames of nearly 128 KiB
#     raw   chunks that it does not: 128 KiB and the tag byte
#
#     PUP_BENCH_RUNS=N      turns, default 9
#     PUP_BENCH_SECONDS=N   of each measurement, default 1
set -eEu
trap 'echo "http.sh: line $LINENO: \"$BASH_COMMAND\" failed" >&2' ERR

build=${PUP_TOP_BUILDDIR:?the build folder}
source=${PUP_TOP_SRCDIR:?the source folder}
runs=${PUP_BENCH_RUNS:-9}
seconds=${PUP_BENCH_SECONDS:-1}
chunks=1000
work=$(mktemp -d)
server=
nginx=

skip() {
    echo "http.sh: skipped: $*"
    exit 77
}

stop_servers() {
    [ -z "$server" ] || kill "$server" 2>/dev/null || true
    [ -z "$nginx" ] || kill "$nginx" 2>/dev/null || true
    wait
    server=
    nginx=
}

cleanup() {
    stop_servers
    rm -rf "$work"
}

# A port of 127.0.0.1 on which nobody listens now.
free_port() {
    local port
    while :; do
        port=$((20000 + RANDOM % 20000))
        (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null || break
    done
    echo "$port"
}

# wait_for URL: until it is answered, at most ten seconds.
wait_for() {
    local deadline=$((SECONDS + 10))
    until curl -fsS -o /dev/null "$1" 2>/dev/null; do
        [ $SECONDS -lt $deadline ] || { echo "http.sh: no answer from $1" >&2; exit 1; }
        sleep 0.05
    done
}

start_pupitred() {
    our_port=$(free_port)
    mkdir -p "$work/rooms"
    printf '[server]\nstate_dir = %s\naddress = 127.0.0.1\nport = %s\n[dhcp]\nmode = off\n' \
        "$work/state" "$our_port" >"$work/pupitre.conf"
    "$build/server/pupitred" --config "$work/pupitre.conf" 2>"$work/pupitred.log" &
    server=$!
    wait_for "http://127.0.0.1:$our_port/v1/rooms/bench"
}

start_nginx() {
    their_port=$(free_port)
    cat >"$work/nginx.conf" <<CONF
worker_processes auto;
daemon off;
pid $work/nginx.pid;
error_log $work/nginx.log;
$([ "$(id -u)" != 0 ] || echo "user root;")
events { worker_connections 1024; }
http {
    access_log off;
    sendfile on;
    tcp_nopush on;
    keepalive_requests 100000000;
    default_type application/octet-stream;
    client_body_temp_path $work/t1;
    proxy_temp_path $work/t2;
    fastcgi_temp_path $work/t3;
    uwsgi_temp_path $work/t4;
    scgi_temp_path $work/t5;
    server {
        listen 127.0.0.1:$their_port;
        root $work/root;
        location / { add_header Cache-Control "public, max-age=31536000, immutable"; }
    }
}
CONF
    "$(command -v nginx || echo /usr/sbin/nginx)" -c "$work/nginx.conf" 2>>"$work/nginx.log" &
    nginx=$!
    wait_for "http://127.0.0.1:$their_port/v1/chunks/$(head -n 1 "$work/names")"
}

# CPU time of the processes given, in clock ticks.
cpu_ticks() {
    local sum=0 pid line
    for pid in "$@"; do
        read -r line <"/proc/$pid/stat"
        # shellcheck disable=SC2086 # the fields behind the name in parentheses
        set -- ${line##*) }
        sum=$((sum + ${12} + ${13}))
    done
    echo "$sum"
}

# measure PORT PID...: chunks sent a second of CPU time.
measure() {
    local port=$1 before after out
    shift
    before=$(cpu_ticks "$@")
    out=$(wrk -t2 -c64 -d"${seconds}s" -s "$source/tests/bench/http.lua" \
        "http://127.0.0.1:$port/" -- "$work/names")
    after=$(cpu_ticks "$@")
    ! grep -q 'Non-2xx\|Socket errors' <<<"$out" || { echo "$out" >&2; exit 1; }
    awk -v ticks=$((after - before)) -v hz="$(getconf CLK_TCK)" \
        '/requests in/ { printf "%.0f\n", $1 / (ticks / hz) }' <<<"$out"
}

median() {
    sort -n | awk '{ v[NR] = $1 } END { print v[int((NR + 1) / 2)] }'
}

compare() {
    local kind=$1
    rm -rf "$work/state" "$work/root"
    "$build/tests/bench/http-fill" "$work/state" "$work/root" $chunks "$kind" >"$work/names"
    start_pupitred
    start_nginx
    : >"$work/ours"
    : >"$work/theirs"
    for _ in $(seq "$runs"); do
        measure "$our_port" "$server" >>"$work/ours"
        # shellcheck disable=SC2046 # a list of process ids
        measure "$their_port" $(pgrep -P "$nginx") >>"$work/theirs"
    done
    stop_servers
    awk -v kind="$kind" -v ours="$(median <"$work/ours")" -v theirs="$(median <"$work/theirs")" \
        'BEGIN { printf "%-5s pupitred %6d chunks a CPU second   nginx %6d   ratio %.2f (goal 1.0: %s)\n",
            kind, ours, theirs, ours / theirs, (ours >= theirs) ? "met" : "MISSED" }'
}

trap cleanup EXIT
for program in wrk curl awk pgrep; do
    command -v "$program" >/dev/null || skip "no $program"
done
command -v nginx >/dev/null || [ -x /usr/sbin/nginx ] || skip "no nginx"
compare zstd
compare raw
