# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck shell=bash
#
# seats.sh - seats without PCs: only what streams, each on a cable of its own
#
# Sourced after lab.sh by the tests of the room's cache (bash, root). Calling sequence:
#
#     lab_begin
#     lab_server_init off
#     lab_noise_room lab 32 pc1=52:54:00:00:00:01 pc2=52:54:00:00:00:02
#     lab_server_start
#     lab_seat_on pc1 lab 52:54:00:00:00:01
#     lab_seat_copy pc1 && lab_seat_check pc1 lab 1
#
# A seat is an nbdkit with our plugin in a namespace; what a guest would read is read from its
# socket, LAB_DIR/NAME.sock, its messages are in LAB_DIR/NAME.log.

LAB_PEER_PORT=8081
LAB_N_PLUGGED=0

# lab_noise_disk FILE MIB SEED: bytes that do not compress, the same for the same seed.
lab_noise_disk() {
    { openssl enc -aes-128-ctr -nosalt -pbkdf2 -pass "pass:$3" </dev/zero 2>/dev/null || true; } |
        head -c "$2M" >"$1"
}

# lab_noise_master NAME MIB
lab_noise_master() {
    lab_noise_disk "$LAB_DIR/$1.raw" "$2" "$1"
    lab_pupitre --quiet master import --format raw "$1" "$LAB_DIR/$1.raw"
    rm -f "$LAB_DIR/$1.raw"
}

# lab_noise_room NAME MIB SEAT=MAC...: a master and a room of it, published.
lab_noise_room() {
    local name=$1
    lab_noise_master "$name" "$2"
    shift 2
    lab_master_room "$name" "$name" "$@"
}

# lab_master_room NAME MASTER SEAT=MAC...: a room of a master that is there, published.
lab_master_room() {
    local name=$1 master=$2 seats=()
    shift 2
    while [ $# -gt 0 ]; do
        seats+=(--seat "$1")
        shift
    done
    lab_pupitre --quiet room add "$name" --master "$master" "${seats[@]}"
    lab_pupitre --quiet room publish "$name"
    lab_keep_disk "$name" 1
}

# lab_republish ROOM VERSION MIB: VERSION, whose disk has other bytes at MIB, and only there.
lab_republish() {
    qemu-io -f qcow2 -c "write -q -P $2 $3M 2M" "$LAB_DIR/state/images/rooms/$1.qcow2" >&2
    lab_pupitre --quiet room publish "$1"
    lab_keep_disk "$1" "$2"
}

# The bytes of a version as it is published, to compare with.
lab_keep_disk() {
    qemu-img convert -O raw "$LAB_DIR/state/images/rooms/$1.qcow2" "$LAB_DIR/$1@$2.disk"
}

# lab_seat_plug NAME [ADDRESS]: a namespace with a cable to the switch.
lab_seat_plug() {
    LAB_N_PLUGGED=$((LAB_N_PLUGGED + 1))
    echo "${2:-10.77.0.$((10 + LAB_N_PLUGGED))}" >"$LAB_DIR/$1.address"
    ip netns add "$LAB_ID-$1"
    LAB_SPACES+=("$LAB_ID-$1")
    lab_plug "$1" "$(cat "$LAB_DIR/$1.address")"
}

# lab_seat_on NAME ROOM MAC [PARAMETER...]: begin to stream, on the first version.
lab_seat_on() {
    local name=$1 room=$2 mac=$3
    shift 3
    [ -e "/run/netns/$LAB_ID-$name" ] || lab_seat_plug "$name"
    lab_spawn "$name" "$name" nbdkit -f -r -U "$LAB_DIR/$name.sock" -P "$LAB_DIR/$name.pid" \
        "$PUPITRE_PREFIX/libexec/pupitre/client/nbdkit-pupitre-plugin.so" server="$LAB_URL" \
        room="$room" version=1 pubkey="$LAB_DIR/state/keys/server.pub" seat="$mac" \
        boot="b-$RANDOM" peer-port=$LAB_PEER_PORT "$@"
    lab_wait 20 "NBD socket of $name" test -s "$LAB_DIR/$name.pid"
}

lab_seat_off() {
    local pid
    pid=$(cat "$LAB_DIR/$1.pid")
    lab_kill "$pid" || lab_die "$1 does not end"
    rm -f "$LAB_DIR/$1.sock" "$LAB_DIR/$1.pid"
}

# Whether seat $2 would serve seat $1: it has heard of it.
lab_seat_knows() {
    lab_in "$1" curl -s --max-time 20 -o "$LAB_DIR/peer.answer" \
        "http://$(cat "$LAB_DIR/$2.address"):$LAB_PEER_PORT/"
}

# lab_seats_meet SEAT...: wait until each of them knows all the others.
lab_seats_meet() {
    local one other
    for one in "$@"; do
        for other in "$@"; do
            [ "$one" = "$other" ] ||
                lab_wait 10 "answer of $other to $one" lab_seat_knows "$one" "$other"
        done
    done
}

# lab_guest_ready NAME: what the seat says when its guest answers. Needs the parameter
# control=LAB_DIR/NAME.control.
lab_guest_ready() {
    printf guest-ready | socat -u - "UNIX-SENDTO:$LAB_DIR/$1.control"
}

# lab_seat_uri NAME [VERSION]: its disk, of the first version unless told.
lab_seat_uri() {
    echo "nbd+unix:///${2:-}?socket=$LAB_DIR/$1.sock"
}

# lab_seat_copy NAME [VERSION]: read all of the disk; fails on the first I/O error.
lab_seat_copy() {
    nbdcopy "$(lab_seat_uri "$@")" "$LAB_DIR/$1.copy"
}

# lab_seat_check NAME ROOM VERSION: what was copied is what was published.
lab_seat_check() {
    cmp "$LAB_DIR/$2@$3.disk" "$LAB_DIR/$1.copy" || lab_die "$1 read other bytes than $2@$3"
}

# lab_seat_read NAME ROOM VERSION FIRST-MIB MIB: read a part of the disk and compare it.
lab_seat_read() {
    local mib
    for ((mib = $4; mib < $4 + $5; mib++)); do
        echo "$((mib * 2048)) 2048"
    done >"$LAB_DIR/$1.trace"
    "$PUPITRE_BUILD/tests/bench/replay" --check "$LAB_DIR/$2@$3.disk" "$(lab_seat_uri "$1" "$3")" \
        "$LAB_DIR/$1.trace" >>"$LAB_DIR/$1.log" || lab_die "$1 cannot read $2@$3"
}

# ---- what the server knows ------------------------------------------------------------------

# lab_number SEAT KEY: one of the numbers that the seat told last, 0 before the first.
lab_number() {
    lab_seat "$1" | jq ".stats.$2 // 0"
}

# lab_number_above SEAT KEY VALUE: whether the seat has told a greater one.
lab_number_above() {
    [ "$(lab_number "$1" "$2")" -gt "$3" ]
}

# Bytes of chunks that the server has sent for version $2 of room $1.
lab_sent() {
    lab_get /v1/status | jq --arg room "$1" --argjson version "$2" \
        '[.sent[] | select(.room == $room and .version == $version) | .bytes] | add // 0'
}

# lab_profile_is ROOM VERSION CHUNKS: whether the server has a boot profile of so many.
lab_profile_is() {
    lab_get "/v1/rooms/$1/versions/$2/boot-profile" >"$LAB_DIR/$1.boot" &&
        [ "$(od -An -tu4 -j12 -N4 "$LAB_DIR/$1.boot" | tr -d ' ')" = "$3" ]
}

# lab_listed MAC ROOM: the MACs that the seat MAC would be told. It serves nobody itself.
lab_listed() {
    lab_in srv curl -fsS --max-time 30 "$LAB_URL/v1/seats/$1/peers" --data-binary \
        "{\"boot\":\"look\",\"room\":\"$2\",\"version\":1,\"port\":0,\"epoch\":\"\"}" |
        jq -r '.seats[].mac'
}

# lab_list_is MAC ROOM SEATS: whether that are so many.
lab_list_is() {
    [ "$(lab_listed "$1" "$2" | wc -l)" = "$3" ]
}

# lab_log_says REGEX: whether the server's log does.
lab_log_says() {
    grep -Eq -- "$1" "$LAB_DIR/pupitred.log"
}
