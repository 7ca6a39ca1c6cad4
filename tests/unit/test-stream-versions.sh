#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# One block server gives each version of its room under the version's number; "guest-ready" ends
# the record of a guest's start, which the server is then sent; of a guest that ran before there
# is none.
# shellcheck source-path=SCRIPTDIR source=stream-functions.sh
. "$(dirname "$0")/stream-functions.sh"
command -v socat >/dev/null || { echo "skipped: no socat here"; exit 77; }

# serve NAME MAC [PARAMETER...]: a block server on $dir/NAME.sock, its log in $dir/NAME.log.
serve() {
    local name=$1 mac=$2
    shift 2
    nbdkit -f -r -U "$dir/$name.sock" "$plugin" server="$server" room=lab version=1 \
        pubkey="$dir/tree/key.pub" seat="$mac" boot=b-1 control="$dir/$name.control" "$@" \
        2>"$dir/$name.log" &
    pids="$pids $!"
    wait_for 10 test -S "$dir/$name.sock"
}

# disk NAME EXPORT: the disk as the export has it.
disk() {
    nbdcopy "nbd+unix:///$2?socket=$dir/$1.sock" -
}

guest_is_ready() {
    wait_for 10 test -S "$dir/$1.control"
    printf guest-ready | socat - "UNIX-SENDTO:$dir/$1.control"
}

publish
head -c 7000000 /dev/urandom >"$dir/disk2"
"$build/tests/lab/publish-tree" "$dir/disk2" "$dir/tree" lab 2
start_server 127.0.0.1:0
serve started 52:54:00:00:00:01
serve running 52:54:00:00:00:02 guest-runs=yes

disk running "" | cmp - "$dir/disk" || die "no name is not the first version"
guest_is_ready running
disk started 2 | cmp - "$dir/disk2" || die "2 is not version 2"
disk started 1 | cmp - "$dir/disk" || die "1 is not version 1"
! disk started 3 2>/dev/null || die "there is a version 3"
! disk started seven 2>/dev/null || die "a word is a version"

# This server takes no profiles; that is said after some tries, sooner than a quiet disk would
# end a record.
guest_is_ready started
wait_for 18 grep -q 'boot profile of this start was not sent' "$dir/started.log"
! grep -q 'was not sent' "$dir/running.log" || die "half a start was sent"
