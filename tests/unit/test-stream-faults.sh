#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Whatever the server does wrong with chunks: the whole disk reads bit for bit as it was
# published, and no read fails.
# shellcheck source-path=SCRIPTDIR source=stream-functions.sh
. "$(dirname "$0")/stream-functions.sh"

# read_whole FAULT...: with a new, empty cache each time.
read_whole() {
    fault "$1"
    rm -f "$dir/copy"
    # shellcheck disable=SC2016 # nbdkit sets $uri
    stream 'nbdcopy "$uri" '"$dir/copy" cache=1M ||
        { cat "$dir/log"; die "$1: a read failed"; }
    cmp "$dir/disk" "$dir/copy" || die "$1: wrong bytes"
    case $1 in
    none) ;;
    *) grep -qv 'faults 0$' < <(curl -sf "$server/_fault") || die "$1: never happened" ;;
    esac
}

publish
start_server 127.0.0.1:0
read_whole none
for mode in flip truncate short status:500 status:403 status:404 reset; do
    read_whole "$mode 12/3 /v1/chunks/"
done
grep -q 'stream corrupt' "$dir/log" && die "reset: called corrupt"
read_whole 'drip:400000 6 /v1/chunks/'
read_whole 'stop:1500 1 /v1/chunks/'
read_whole 'flip 12/3 /v1/chunks/'
grep -q 'stream corrupt' "$dir/log" || die "flip: not reported"

# The first server is not there, the second one is.
fault none
nbdkit -U - "$plugin" server=http://127.0.0.1:9 server="$server" room=lab version=1 \
    pubkey="$dir/tree/key.pub" --run "nbdcopy \"\$uri\" $dir/copy" 2>"$dir/log"
cmp "$dir/disk" "$dir/copy" || die "second server: wrong bytes"
