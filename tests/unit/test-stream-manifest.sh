#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# A manifest that cannot be trusted ends nbdkit with a message; one that does not come is
# waited for.
# shellcheck source-path=SCRIPTDIR source=stream-functions.sh
. "$(dirname "$0")/stream-functions.sh"

manifest=v1/rooms/lab/versions/1/manifest

# refused WORDS [PARAMETER...]
refused() {
    local words=$1
    shift
    if stream 'echo served' "$@" >"$dir/out"; then
        die "served although: $words"
    fi
    grep -q "$words" "$dir/log" || { cat "$dir/log"; die "no word of: $words"; }
}

publish
start_server 127.0.0.1:0

fault "flip 1 /$manifest"
refused 'manifest of lab@1'
fault "flip 1 /$manifest.sig"
refused 'manifest of lab@1'
cp -r "$dir/tree" "$dir/other"
rm "$dir/other/key.sec"
"$build/tests/lab/publish-tree" "$dir/disk" "$dir/other" lab 1
refused 'manifest of lab@1' pubkey="$dir/other/key.pub"

# Rightly signed, but of another version or room: an old manifest cannot be passed off.
"$build/tests/lab/publish-tree" "$dir/disk" "$dir/tree" lab 2
mv "$dir/tree/$manifest" "$dir/tree/$manifest.sig" "$dir"
cp "$dir"/tree/v1/rooms/lab/versions/2/* "$dir/tree/v1/rooms/lab/versions/1/"
refused 'lab@2'
mv "$dir/manifest" "$dir/manifest.sig" "$dir/tree/v1/rooms/lab/versions/1/"
refused 'status 404' version=3

refused 'no-such-file' pubkey="$dir/no-such-file"
refused 'room' room='../x'
refused 'version' version=0
refused 'connections' connections=0
refused 'http' server=ftp://127.0.0.1
refused 'unknown parameter' colour=blue

# Failures that may pass.
for mode in truncate status:500 status:403 reset; do
    fault "$mode 3 /$manifest"
    stream true || { cat "$dir/log"; die "$mode: not waited for"; }
    grep -q 'stream waiting' "$dir/log" || die "$mode: never happened"
    grep -q 'stream resumed' "$dir/log" || die "$mode: no word that it goes on"
done
