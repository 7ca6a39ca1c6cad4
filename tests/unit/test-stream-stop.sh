#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# A server that dies makes reads wait until it is back; nbdkit stops promptly even so.
# shellcheck source-path=SCRIPTDIR source=stream-functions.sh
. "$(dirname "$0")/stream-functions.sh"

publish
start_server 127.0.0.1:0
port=${server##*:}
nbdkit -f -U "$dir/sock" -P "$dir/pid" "$plugin" server="$server" room=lab version=1 \
    pubkey="$dir/tree/key.pub" cache=1M 2>"$dir/log" &
nbdkit_pid=$!
pids="$pids $nbdkit_pid"
wait_for 10 test -s "$dir/pid"
uri="nbd+unix:///?socket=$dir/sock"
[ "$(nbdinfo --size "$uri")" = "$(stat -c %s "$dir/disk")" ] || die "wrong size"

# Dies in the middle of a copy, comes back at the same place.
fault 'drip:200000 0 /v1/chunks/'
nbdcopy "$uri" "$dir/copy" &
copy_pid=$!
pids="$pids $copy_pid"
wait_for 10 grep -q first-chunk "$dir/log"
kill "$server_pid"
wait_for 10 grep -q 'stream waiting' "$dir/log"
kill -0 $copy_pid || die "the copy did not wait"
start_server "127.0.0.1:$port"
wait $copy_pid || die "a read failed"
cmp "$dir/disk" "$dir/copy" || die "wrong bytes"
wait_for 10 grep -q 'stream resumed' "$dir/log"

# Dies for good; a reader waits; nbdkit is told to end.
kill "$server_pid"
nbdcopy "$uri" "$dir/copy" 2>/dev/null &
copy_pid=$!
pids="$pids $copy_pid"
waits() {
    [ "$(grep -c 'stream waiting' "$dir/log")" -ge 2 ]
}
wait_for 10 waits
kill "$nbdkit_pid"
gone() {
    ! kill -0 "$nbdkit_pid" 2>/dev/null
}
wait_for 3 gone
