#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# A seat that has read its disk once reads it again, after its power was cut, with hardly a
# byte from the server; whatever is wrong with its disk cache, the bytes are right.
# shellcheck source-path=SCRIPTDIR source=stream-functions.sh
. "$(dirname "$0")/stream-functions.sh"

# Starts nbdkit with the disk cache; sets nbdkit_pid.
start_seat() {
    rm -f "$dir/pid"
    nbdkit -f -U "$dir/sock" -P "$dir/pid" "$plugin" server="$server" room=lab version=1 \
        pubkey="$dir/tree/key.pub" cache=1M disk-cache="$dir/cache" 2>"$dir/log" &
    nbdkit_pid=$!
    pids="$pids $nbdkit_pid"
    wait_for 10 test -s "$dir/pid"
}

cut_power() {
    kill -KILL "$nbdkit_pid"
    wait "$nbdkit_pid" 2>/dev/null || true
    rm -f "$dir/sock"
}

server_bytes() {
    curl -sf "$server/_fault" | sed -E 's/bytes ([0-9]+) .*/\1/'
}

# read_disk WHAT: checks it, and sets $sent to the bytes that the server sent for it.
read_disk() {
    local before
    before=$(server_bytes)
    nbdcopy "nbd+unix:///?socket=$dir/sock" "$dir/copy" || die "$1: a read failed"
    cmp "$dir/disk" "$dir/copy" || die "$1: wrong bytes"
    sent=$(($(server_bytes) - before))
}

cached_bytes() {
    cat "$dir"/cache/pupitre-cache/*.segment 2>/dev/null | wc -c
}

all_is_cached() {
    [ "$(cached_bytes)" -ge $((cold * 95 / 100)) ]
}

publish
start_server 127.0.0.1:0
mkdir "$dir/cache"

start_seat
read_disk cold
cold=$sent
[ "$cold" -gt 1000000 ] || die "a cold seat got $cold bytes only"
wait_for 10 all_is_cached
cut_power

start_seat
read_disk warm
[ $((sent * 100)) -le $((cold * 5)) ] || die "a warm seat still got $sent of $cold bytes"
cut_power

# Bytes that the disk has changed are fetched anew, and reported; and kept again.
for segment in "$dir"/cache/pupitre-cache/*.segment; do
    printf 'XXXXXXXX' | dd of="$segment" bs=1 seek=200 conv=notrunc status=none
done
start_seat
read_disk damaged
[ "$sent" -gt 0 ] || die "damaged bytes were not fetched"
[ $((sent * 100)) -le $((cold * 30)) ] || die "one damaged chunk cost $sent bytes"
grep -q 'stream corrupt' "$dir/log" || die "damage was not reported"
cut_power
start_seat
read_disk mended
[ $((sent * 100)) -le $((cold * 5)) ] || die "what was mended was not kept"
cut_power

# A folder with somebody's files is left alone, and the disk is served without.
touch "$dir/cache/thesis.doc"
start_seat
read_disk foreign
[ "$sent" -ge $((cold * 9 / 10)) ] || die "a folder with foreign files was used"
grep -q "stream disk-cache .*thesis.doc" "$dir/log" || die "foreign files were not reported"
cut_power
