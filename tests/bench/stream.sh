#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
#
# stream.sh - one seat reads what a guest reads while it boots, over 1 Gbit/s
#
# Replays tests/bench/boot.trace, at one read and at four reads at a time, from our plugin
# (cold: empty cache) and from `nbdkit file` on the same link, turn by turn, and prints the
# median times and bytes and their ratios. The chunks come from pupitred, out of a room that
# was published for this. Both servers have their files in the page cache.
#
#     PUPITRE_PREFIX=DIR    where pupitre is installed
#     PUP_TOP_BUILDDIR=DIR  where it was built
#     PUP_BENCH_DISK=FILE   the disk; default: 4 GiB of ext4 with this machine's own files
#     PUP_BENCH_RUNS=N      default 5
#     PUP_BENCH_DIR=DIR     where disk and published disk are kept between runs
#     PUP_BENCH_TRACE=FILE  another trace
#     PUP_BENCH_PLUGIN="connections=8 ..."  further parameters
set -eu

build=${PUP_TOP_BUILDDIR:?the build folder}
prefix=${PUPITRE_PREFIX:?where pupitre is installed}
work=${PUP_BENCH_DIR:-$build/bench}
runs=${PUP_BENCH_RUNS:-5}
trace=${PUP_BENCH_TRACE:-$(dirname "$0")/boot.trace}
disk=${PUP_BENCH_DISK:-$work/disk.raw}
plugin=$prefix/libexec/pupitre/client/nbdkit-pupitre-plugin.so
replay=$build/tests/bench/replay
srv=pup-bench-srv-$$
seat=pup-bench-seat-$$
tmp=$(mktemp -d)
pids=

skip() {
    echo "stream.sh: skipped: $*"
    exit 77
}

cleanup() {
    for pid in $pids; do
        kill "$pid" 2>/dev/null || true
    done
    ip netns del $srv 2>/dev/null || true
    ip netns del $seat 2>/dev/null || true
    rm -rf "$tmp"
}

# wait_for COMMAND...: until it succeeds, at most ten seconds.
wait_for() {
    local deadline=$((SECONDS + 10))
    until "$@" >/dev/null 2>&1; do
        [ $SECONDS -lt $deadline ] || { echo "timed out: $*" >&2; exit 1; }
        sleep 0.05
    done
}

# About 3 GB of this machine's own files, in the order of their names, on 4 GiB of ext4.
make_disk() {
    local tree=$work/tree.tmp
    mkdir -p "$tree"
    echo "making $disk" >&2
    find /usr -xdev -type f -size -200M -printf '%s %P\0' | sort -z -t ' ' -k 2 |
        awk -v RS='\0' -v ORS='\0' '{ sum += $1 + 4096 } sum < 3e9 { sub(/^[0-9]+ /, ""); print }' |
        tar -C /usr --null -T - -c | tar -C "$tree" -x
    mke2fs -q -t ext4 -E lazy_itable_init=0 -d "$tree" "$disk.tmp" 4G
    rm -rf "$tree"
    # It looks like a boot disk then.
    printf '\125\252' | dd of="$disk.tmp" bs=1 seek=510 conv=notrunc status=none
    mv "$disk.tmp" "$disk"
}

pupitre() {
    "$prefix/bin/pupitre" --config "$work/pupitre.conf" --quiet "$@"
}

publish_disk() {
    echo "publishing $disk" >&2
    rm -rf "$work/state" "$work/rooms"
    printf '[server]\nstate_dir = %s\nrooms_dir = %s\naddress = 10.99.0.1\n[dhcp]\nmode = off\n' \
        "$work/state" "$work/rooms" >"$work/pupitre.conf"
    pupitre init
    pupitre master import bench "$disk"
    pupitre room add bench --master bench
    pupitre room publish bench
    touch "$work/published"
}

make_link() {
    ip netns add "$srv"
    ip netns add "$seat"
    ip link add eth0 netns $srv type veth peer name eth0 netns $seat
    ip -n $srv addr add 10.99.0.1/24 dev eth0
    ip -n $seat addr add 10.99.0.2/24 dev eth0
    for ns in $srv $seat; do
        ip -n "$ns" link set lo up
        ip -n "$ns" link set eth0 up
        tc -n "$ns" qdisc add dev eth0 root tbf rate 1gbit burst 128kb latency 50ms
    done
}

serve() {
    cat "$disk" >/dev/null
    find "$work/state/store" -type f -exec cat {} + >/dev/null
    ip netns exec "$srv" "$prefix/sbin/pupitred" --config "$work/pupitre.conf" 2>"$tmp/pupitred.log" &
    pids="$pids $!"
    ip netns exec "$srv" nbdkit -f -r -p 10809 file "$disk" &
    pids="$pids $!"
    wait_for ip netns exec "$seat" nbdinfo nbd://10.99.0.1
    wait_for ip netns exec "$seat" curl -sf http://10.99.0.1:8080/v1/rooms/bench
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
    ip netns exec $seat nbdkit -U - "$plugin" server=http://10.99.0.1:8080 room=bench \
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

median() {
    sort -g | awk '{ v[NR] = $1 } END { print v[int((NR + 1) / 2)] }'
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

[ "$(id -u)" = 0 ] || skip "makes network namespaces, so wants root"
for tool in nbdkit nbdinfo curl tc mke2fs; do
    command -v $tool >/dev/null || skip "no $tool here"
done
trap cleanup EXIT
mkdir -p "$work"
[ -e "$disk" ] || make_disk
[ "$work/published" -nt "$disk" ] || publish_disk
make_link
serve
read_pupitre 4 --check "$disk" >/dev/null
for _ in $(seq "$runs"); do
    for depth in 1 4; do
        measure file $depth
        measure pupitre $depth
    done
done
report 1 0.9
report 4 0.7
