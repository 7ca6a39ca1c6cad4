# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck shell=bash
# What the benchmarks of the stream share: a disk, published as bench@1, and its server in a
# network namespace. Everything that they start goes at the end.
#
#     PUPITRE_PREFIX=DIR    where pupitre is installed
#     PUP_TOP_BUILDDIR=DIR  where it was built
#     PUP_BENCH_DISK=FILE   the disk; default: 4 GiB of ext4 with this machine's own files
#     PUP_BENCH_RUNS=N      default 5
#     PUP_BENCH_DIR=DIR     where disk and published disk are kept between runs
#     PUP_BENCH_TRACE=FILE  another trace
#     PUP_BENCH_PLUGIN="connections=8 ..."  further parameters
# shellcheck disable=SC2034 # what is set here is for who reads this file
set -eEu
trap 'echo "$0: line $LINENO: \"$BASH_COMMAND\" failed" >&2' ERR

build=${PUP_TOP_BUILDDIR:?the build folder}
prefix=${PUPITRE_PREFIX:?where pupitre is installed}
work=${PUP_BENCH_DIR:-$build/bench}
runs=${PUP_BENCH_RUNS:-5}
trace=${PUP_BENCH_TRACE:-$(dirname "$0")/boot.trace}
disk=${PUP_BENCH_DISK:-$work/disk.raw}
plugin=$prefix/libexec/pupitre/client/nbdkit-pupitre-plugin.so
replay=$build/tests/bench/replay
server_url=http://10.99.0.1:8080
srv=pup-bench-srv-$$
namespaces=$srv
tmp=$(mktemp -d)
pids=

skip() {
    echo "$(basename "$0"): skipped: $*"
    exit 77
}

cleanup() {
    local name
    for pid in $pids; do
        kill "$pid" 2>/dev/null || true
    done
    for name in $namespaces; do
        ip netns del "$name" 2>/dev/null || true
    done
    rm -rf "$tmp"
}

# start_bench: what each benchmark begins with.
start_bench() {
    [ "$(id -u)" = 0 ] || skip "makes network namespaces, so wants root"
    for tool in nbdkit nbdinfo curl tc mke2fs; do
        command -v $tool >/dev/null || skip "no $tool here"
    done
    trap cleanup EXIT
    mkdir -p "$work"
    [ -e "$disk" ] || make_disk
    [ "$work/published" -nt "$disk" ] || publish_disk
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

# serve SEAT: pupitred and nbdkit file, all files in the page cache, once the namespace SEAT
# reaches both. Sets $pupitred_pid and $file_pid.
serve() {
    cat "$disk" >/dev/null
    find "$work/state/store" -type f -exec cat {} + >/dev/null
    ip netns exec "$srv" "$prefix/sbin/pupitred" --config "$work/pupitre.conf" 2>"$tmp/pupitred.log" &
    pupitred_pid=$!
    ip netns exec "$srv" nbdkit -f -r -p 10809 file "$disk" &
    file_pid=$!
    pids="$pids $pupitred_pid $file_pid"
    wait_for ip netns exec "$1" nbdinfo nbd://10.99.0.1
    wait_for ip netns exec "$1" curl -sf "$server_url/v1/rooms/bench"
}

# shape NAMESPACE CARD RATE: what CARD sends, with the buffer of a small switch.
shape() {
    tc -n "$1" qdisc add dev "$2" root tbf rate "$3" burst 128kb latency 50ms
}

median() {
    sort -g | awk '{ v[NR] = $1 } END { print v[int((NR + 1) / 2)] }'
}
