# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck shell=bash
# What the tests of the block server share: a published disk, a server that misbehaves.
# Everything is on 127.0.0.1 and in a folder that goes at the end.
set -eEu
trap 'echo "$0: line $LINENO: \"$BASH_COMMAND\" failed" >&2' ERR

build=${PUP_TOP_BUILDDIR:?run me by make check}
plugin=$build/client-image/stream/.libs/nbdkit-pupitre-plugin.so
for tool in nbdkit nbdcopy nbdinfo curl; do
    command -v $tool >/dev/null || { echo "skipped: no $tool here"; exit 77; }
done
# nbdkit itself is not built with a sanitizer, and does not load a plugin that is.
if grep -qE ' U __(asan|tsan|ubsan)_' < <(nm -D "$plugin"); then
    echo "skipped: nbdkit cannot load a plugin with sanitizers"
    exit 77
fi

dir=$(mktemp -d)
pids=
cleanup() {
    for pid in $pids; do
        kill "$pid" 2>/dev/null || true
    done
    rm -rf "$dir"
}
trap cleanup EXIT

die() {
    echo "FAILED: $*" >&2
    exit 1
}

# wait_for SECONDS COMMAND...: until it succeeds. SECONDS is what a quiet machine needs at most;
# a loaded one gets a minute more.
wait_for() {
    local deadline=$((SECONDS + $1 + 60))
    shift
    until "$@"; do
        [ $SECONDS -lt $deadline ] || die "timed out: $*"
        sleep 0.05
    done
}

# A disk with text, noise, zeros and a last chunk that is not full, published as lab@1.
publish() {
    {
        head -c 3000000 "$build/config.status" "$build/libtool" "$build/Makefile"
        head -c 2000000 /dev/urandom
        head -c 5000000 /dev/zero
        head -c 1234567 "$build"/lib/.libs/*.a /dev/urandom
    } >"$dir/disk" 2>/dev/null
    "$build/tests/lab/publish-tree" "$dir/disk" "$dir/tree" lab 1
}

# start_server ADDR:PORT: sets $server and $server_pid.
start_server() {
    rm -f "$dir/port"
    "$build/tests/lab/faulty-httpd" --root "$dir/tree" --listen "$1" \
        --port-file "$dir/port" >/dev/null &
    server_pid=$!
    pids="$pids $server_pid"
    wait_for 10 test -s "$dir/port"
    server=http://127.0.0.1:$(cat "$dir/port")
}

# fault LINE: see tests/lab/faulty-fault.h.
fault() {
    curl -sf --data-binary "$1" "$server/_fault" || die "fault '$1' was refused"
}

# stream COMMAND [PARAMETER...]: runs nbdkit and, once it serves, COMMAND with $uri.
stream() {
    local command=$1
    shift
    nbdkit -U - "$plugin" server="$server" room=lab version=1 pubkey="$dir/tree/key.pub" \
        "$@" --run "$command" 2>"$dir/log"
}
