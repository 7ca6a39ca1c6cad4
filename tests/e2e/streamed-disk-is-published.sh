#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# The streamed disk is bit for bit the published sub-master, and stays so under faults: a flipped
# byte in a pack is never served as data, a manifest that was touched or signed with another key
# is refused.
set -eu
. "$PUPITRE_TOP/tests/lab/lab.sh"

plugin=$PUPITRE_PREFIX/libexec/pupitre/client/nbdkit-pupitre-plugin.so

# nbdkit over the room's version 1 on a socket, in the server's namespace.
stream() {
    lab_spawn srv nbdkit nbdkit -f -r -U "$LAB_DIR/nbd.sock" "$plugin" server="$LAB_URL" \
        room=lab version=1 pubkey="$LAB_DIR/state/keys/server.pub"
    stream_pid=$LAB_LAST_PID
}

lab_begin
lab_server_init own
lab_master demo 16
lab_room lab demo "compare me" "" pc1=52:54:00:00:07:01
lab_server_start

stream
lab_wait 20 "NBD socket" test -S "$LAB_DIR/nbd.sock"
qemu-img compare -f raw -F qcow2 "nbd+unix:///?socket=$LAB_DIR/nbd.sock" \
    "$LAB_DIR/state/images/rooms/lab.qcow2"
lab_kill "$stream_pid"
rm -f "$LAB_DIR/nbd.sock"

manifest=$(ls "$LAB_DIR"/state/store/manifests/rooms/lab/1.json)
cp -p "$manifest" "$LAB_DIR/good.json"
sed -i 's/"lab"/"lob"/' "$manifest"
stream
! wait "$stream_pid" || lab_die "a touched manifest was accepted"
grep -qi 'signature' "$LAB_DIR/nbdkit.log" || lab_die "nbdkit's log does not name the signature"
cp -p "$LAB_DIR/good.json" "$manifest"

cp "$LAB_DIR/state/keys/server.pub" "$LAB_DIR/good.pub"
signify-openbsd -G -n -p "$LAB_DIR/other.pub" -s "$LAB_DIR/other.sec"
cp "$LAB_DIR/other.pub" "$LAB_DIR/state/keys/server.pub"
stream
! wait "$stream_pid" || lab_die "a manifest of another key was accepted"
