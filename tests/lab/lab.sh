# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck shell=bash
#
# lab.sh - the virtual classroom: a switch, a server and diskless PCs
#
# Sourced by the demo and by the end-to-end tests (bash, root). Calling sequence:
#
#     . tests/lab/lab.sh
#     lab_begin                         namespaces, switch, cleanup on exit
#     lab_server_init own|proxy         state folder, configuration, the shared client image
#     lab_master demo 16                the demo guest's disk, 16 MiB of pattern
#     lab_room r1 demo "Hello" "" pc1=52:54:00:00:00:01
#     lab_server_start
#     lab_pc_on pc1 bios 52:54:00:00:00:01
#     lab_wait_console 180 pc1 'banner: Hello'
#
# Every wait has a deadline and says what it waited for; every process and namespace ends with
# the script, whatever happens. Times are seconds, on stderr goes what a person wants to see.
#
# From the environment: PUPITRE_BUILD (build folder), PUPITRE_PREFIX (where it is installed),
# PUPITRE_LAB_STATE (state folder whose keys and client image all labs share; made by
# `bootstrap`), PUPITRE_KVM (1: PCs under KVM; set by `bootstrap` after a probe).
#
# One network, 10.77.0.0/24: the server is .2, the site's own router and DHCP server .1. The
# router answers IPv6 solicitations, as a site's does; without it iPXE waits 13 s more.

LAB_SERVER_IP=10.77.0.2
LAB_ROUTER_IP=10.77.0.1
LAB_URL=http://$LAB_SERVER_IP:8080

# Who sources this has said `set -e`: what it ends the script for is said.
set -E
trap 'lab_say "${BASH_SOURCE[0]##*/}, line $LINENO: \"$BASH_COMMAND\" failed"' ERR

lab_say() {
    printf 'lab: %s\n' "$*" >&2
}

lab_die() {
    lab_say "FAILED: $*"
    lab_show_logs
    exit 1
}

lab_skip() {
    echo "SKIP: $*"
    exit 77
}

# The ends of all logs: what someone reads first when a test failed.
lab_show_logs() {
    local log
    for log in "$LAB_DIR"/*.log; do
        [ -e "$log" ] || continue
        printf -- '--- %s (last lines)\n' "${log##*/}" >&2
        tail -n 25 "$log" | tr -d '\r' | cut -c1-200 >&2
    done
}

# ---- the room: namespaces and cables --------------------------------------------------------

lab_begin() {
    [ "$(id -u)" = 0 ] || lab_skip "needs root for network namespaces"
    LAB_DIR=$(mktemp -d "${TMPDIR:-/tmp}/pupitre-lab.XXXXXX")
    LAB_ID=pup$$
    LAB_PIDS=()
    LAB_SPACES=("$LAB_ID-sw" "$LAB_ID-srv" "$LAB_ID-site")
    trap lab_end EXIT
    trap 'exit 130' INT
    trap 'exit 143' TERM
    ip netns add "$LAB_ID-sw" 2>"$LAB_DIR/netns.err" ||
        lab_skip "cannot make a network namespace: $(cat "$LAB_DIR/netns.err")"
    rm -f "$LAB_DIR/netns.err"
    ip netns add "$LAB_ID-srv"
    ip netns add "$LAB_ID-site"
    ip -n "$LAB_ID-sw" link add br0 type bridge
    ip -n "$LAB_ID-sw" link set br0 up
    ip -n "$LAB_ID-sw" link set lo up
    lab_plug srv "$LAB_SERVER_IP"
    lab_plug site "$LAB_ROUTER_IP"
    ip -n "$LAB_ID-site" -6 addr add fd77::1/64 dev eth0 nodad
}

# A cable from namespace $1 to the switch, with address $2 on its end.
lab_plug() {
    ip -n "$LAB_ID-sw" link add "to-$1" type veth peer name eth0 netns "$LAB_ID-$1"
    ip -n "$LAB_ID-sw" link set "to-$1" master br0 up
    ip -n "$LAB_ID-$1" addr add "$2/24" dev eth0
    ip -n "$LAB_ID-$1" link set eth0 up
    ip -n "$LAB_ID-$1" link set lo up
}

lab_end() {
    local status=$? ns pid
    set +e
    trap - EXIT INT TERM
    for ns in "${LAB_SPACES[@]}"; do
        pid=$(ip netns pids "$ns" 2>/dev/null)
        # shellcheck disable=SC2086 # a list of process ids
        [ -z "$pid" ] || kill $pid 2>/dev/null
    done
    for pid in "${LAB_PIDS[@]}"; do
        lab_kill "$pid"
    done
    for ns in "${LAB_SPACES[@]}"; do
        pid=$(ip netns pids "$ns" 2>/dev/null)
        # shellcheck disable=SC2086
        [ -z "$pid" ] || kill -9 $pid 2>/dev/null
        ip netns del "$ns" 2>/dev/null
    done
    if [ "$status" -ne 0 ] && [ "$status" -ne 77 ] && [ -n "${PUPITRE_LAB_KEEP_LOGS:-}" ]; then
        lab_say "logs are kept in $LAB_DIR"
    else
        rm -rf "$LAB_DIR"
    fi
    exit "$status"
}

# End process $1: ask, wait up to 5 s, then insist.
lab_kill() {
    local n=0
    kill "$1" 2>/dev/null || return 0 # it has ended by itself
    while kill -0 "$1" 2>/dev/null; do
        n=$((n + 1))
        [ "$n" -lt 50 ] || kill -9 "$1" 2>/dev/null
        [ "$n" -lt 60 ] || return 1
        sleep 0.1
    done
    wait "$1" 2>/dev/null
    return 0
}

# Run a command in namespace $1 (sw, srv, site, or a seat of seats.sh).
lab_in() {
    local ns=$LAB_ID-$1
    shift
    ip netns exec "$ns" "$@"
}

# Start a command in namespace $1 in the background, output to LAB_DIR/$2.log; its process id is
# in LAB_LAST_PID.
lab_spawn() {
    local ns=$LAB_ID-$1 log=$LAB_DIR/$2.log
    shift 2
    ip netns exec "$ns" "$@" >>"$log" 2>&1 </dev/null &
    LAB_LAST_PID=$!
    LAB_PIDS+=("$LAB_LAST_PID")
}

# lab_wait SECONDS WHAT COMMAND...: until the command succeeds, or fail with WHAT. SECONDS is what
# a quiet machine needs at most; a loaded one gets more, and a minute at least.
lab_wait() {
    local seconds=$(($1 < 20 ? 60 : $1 * 3)) what=$2 end
    shift 2
    end=$((SECONDS + seconds))
    until "$@"; do
        [ "$SECONDS" -lt "$end" ] || lab_die "no $what within $seconds s"
        sleep 0.2
    done
}

# Cut or mend the cable of $1 (srv, site, or a PC's name).
lab_link() {
    ip -n "$LAB_ID-sw" link set "to-$1" "$2"
}

# Limit what flows to $1 (and, for a PC, nothing else) to RATE, e.g. 200mbit.
lab_limit() {
    ip netns exec "$LAB_ID-sw" tc qdisc replace dev "to-$1" root tbf \
        rate "$2" burst 256kb latency 50ms
}

# ---- the server -----------------------------------------------------------------------------

lab_pupitre() {
    lab_in srv "$PUPITRE_PREFIX/bin/pupitre" --config "$LAB_DIR/etc/pupitre.conf" "$@"
}

# no_timer_check: on a busy machine an emulated PC's timer looks broken to the kernel, which would
# panic.
#
# lab_server_init own|proxy|off [EXTRA CONFIGURATION LINES]: a state folder with the shared keys
# and client image. With off nobody answers DHCP and there is no router.
lab_server_init() {
    local mode=$1
    mkdir -p "$LAB_DIR/etc/rooms" "$LAB_DIR/state/keys"
    cp -p "$PUPITRE_LAB_STATE"/keys/server.* "$LAB_DIR/state/keys/"
    ln -s "$PUPITRE_LAB_STATE/client-image" "$LAB_DIR/state/client-image"
    cat >"$LAB_DIR/etc/pupitre.conf" <<EOF
[server]
state_dir = $LAB_DIR/state
rooms_dir = $LAB_DIR/etc/rooms
address = $LAB_SERVER_IP
port = 8080

[dhcp]
mode = $mode
interface = eth0
$([ "$mode" != own ] || printf 'first = 10.77.0.100\nlast = 10.77.0.200\nlease = 120\n')

[seats]
poll = 2
${2:-}

[client-image]
kernel_args = console=tty0 console=ttyS0,115200 no_timer_check
EOF
    lab_pupitre --quiet init
    [ "$mode" = off ] || lab_site "$mode"
}

# The site's router; with our proxyDHCP it is also the site's plain DHCP server.
lab_site() {
    {
        echo "port=0"
        echo "interface=eth0"
        echo "bind-interfaces"
        echo "leasefile-ro"
        echo "no-ping"
        echo "enable-ra"
        echo "dhcp-range=fd77::,ra-only"
        [ "$1" != proxy ] || echo "dhcp-range=10.77.0.100,10.77.0.200,255.255.255.0,10m"
    } >"$LAB_DIR/site.conf"
    lab_spawn site site dnsmasq -k -C "$LAB_DIR/site.conf" --log-facility=- --user=root \
        --pid-file=
}

lab_server_start() {
    lab_spawn srv pupitred "$PUPITRE_PREFIX/sbin/pupitred" --config "$LAB_DIR/etc/pupitre.conf"
    LAB_SERVER_PID=$LAB_LAST_PID
    lab_wait 20 "answer of pupitred" lab_get /v1/status >/dev/null
}

lab_server_stop() {
    lab_kill "$LAB_SERVER_PID"
}

# GET a path of the server; the body on standard output.
lab_get() {
    lab_in srv curl -fsS --max-time 30 "$LAB_URL$1" 2>>"$LAB_DIR/curl.log"
}

# lab_master NAME PATTERN_MIB: import the demo guest's disk as a master.
lab_master() {
    local guest=$PUPITRE_BUILD/tests/lab/guest
    "$guest/mkdisk" --boot "$guest/guest.bin" --banner "generic master" \
        --pattern "$2" --size $(($2 + 8)) "$LAB_DIR/$1.raw"
    lab_pupitre --quiet master import "$1" "$LAB_DIR/$1.raw"
    rm -f "$LAB_DIR/$1.raw"
}

# lab_room NAME MASTER BANNER SCRIPT SEAT=MAC...: a room whose sub-master shows BANNER, published.
lab_room() {
    local name=$1 master=$2 banner=$3 script=$4 seats=()
    shift 4
    while [ $# -gt 0 ]; do
        seats+=(--seat "$1")
        shift
    done
    lab_pupitre --quiet room add "$name" --master "$master" "${seats[@]}"
    lab_room_set "$name" memory 64
    lab_room_set "$name" firmware bios
    lab_room_set "$name" cpus 1
    lab_submaster_text "$name" 16 "$banner"
    lab_submaster_text "$name" 18 "$script"
    lab_pupitre --quiet room publish "$name"
}

# lab_room_set ROOM KEY VALUE [GROUP]: a key of the profile's group, [guest] unless told.
lab_room_set() {
    local profile=$LAB_DIR/etc/rooms/$1.conf
    sed -i -E "/^#? ?$2 *=/d; s/^\[${4:-guest}\].*/&\n$2 = $3/" "$profile"
    grep -q "^$2 = $3\$" "$profile" || lab_die "cannot set $2 in $profile"
}

# lab_submaster_text ROOM SECTOR TEXT: what staff's change of a room is in the demo.
lab_submaster_text() {
    printf '%s' "$3" | dd of="$LAB_DIR/sector" bs=512 count=1 conv=sync status=none
    [ -s "$LAB_DIR/sector" ] || truncate -s 512 "$LAB_DIR/sector"
    qemu-io -f qcow2 -c "write -q -s $LAB_DIR/sector $(($2 * 512)) 512" \
        "$LAB_DIR/state/images/rooms/$1.qcow2" >&2
}

# ---- the PCs --------------------------------------------------------------------------------

# lab_pc_on NAME bios|uefi MAC [QEMU OPTIONS...]: press power.
lab_pc_on() {
    local name=$1 firmware=$2 mac=$3 args
    shift 3
    ip -n "$LAB_ID-sw" link show "to-$name" >/dev/null 2>&1 || {
        ip -n "$LAB_ID-sw" tuntap add dev "to-$name" mode tap
        ip -n "$LAB_ID-sw" link set "to-$name" master br0 up
    }
    : >"$LAB_DIR/$name.log"
    args=(-name "$name" -m 1536 -smp 2 -nodefaults -vga std -display none
        -serial "file:$LAB_DIR/$name.log" -device qemu-xhci -device usb-kbd -device usb-tablet
        -monitor "unix:$LAB_DIR/$name.mon,server=on,wait=off"
        -netdev "tap,id=n0,ifname=to-$name,script=no,downscript=no")
    if [ "${PUPITRE_KVM:-0}" = 1 ]; then
        args+=(-accel kvm -cpu host)
    else
        # Emulated, the default processor's SVM would give the PC a KVM, in which the guest
        # starts no sooner than without. It has no RDRAND either, as every PC has, and without a
        # source of random numbers Debian 13's OVMF has no network.
        args+=(-accel "tcg,thread=multi" -cpu "qemu64,-svm,+rdrand")
    fi
    case $firmware in
    bios)
        args+=(-boot n -device "virtio-net-pci,netdev=n0,mac=$mac")
        ;;
    uefi)
        cp /usr/share/OVMF/OVMF_VARS_4M.fd "$LAB_DIR/$name.vars"
        args+=(-machine q35
            -drive "if=pflash,unit=0,format=raw,readonly=on,file=/usr/share/OVMF/OVMF_CODE_4M.fd"
            -drive "if=pflash,unit=1,format=raw,file=$LAB_DIR/$name.vars"
            -device "virtio-net-pci,netdev=n0,mac=$mac,bootindex=0,romfile=")
        ;;
    *) lab_die "unknown firmware '$firmware'" ;;
    esac
    lab_spawn sw "$name-qemu" qemu-system-x86_64 "${args[@]}" "$@"
    echo "$LAB_LAST_PID" >"$LAB_DIR/$name.pid"
}

# lab_pc_direct NAME MAC KERNEL-ARGUMENTS [QEMU OPTIONS...]: press power on a PC whose kernel and
# initramfs are there already; what it is told is up to the caller.
lab_pc_direct() {
    local name=$1 mac=$2 line=$3 image=$PUPITRE_LAB_STATE/client-image/current
    shift 3
    lab_pc_on "$name" bios "$mac" -no-reboot -kernel "$image/vmlinuz" \
        -initrd "$image/initrd.img" -append "console=ttyS0,115200 no_timer_check $line" "$@"
}

# lab_image_args MAC: the kernel arguments for the shared client image, as the server has them.
lab_image_args() {
    local image=$PUPITRE_LAB_STATE/client-image/current
    jq -r --arg url "$LAB_URL" --arg mac "$1" '"pupitre.server=\($url) pupitre.mac=\($mac) " +
        "pupitre.image=\(.id) pupitre.root_sha256=\(.root_sha256) " +
        "pupitre.root_bytes=\(.root_bytes) quiet loglevel=1 vt.global_cursor_default=0 " +
        "fbcon=font:TER16x32 vga=0x0f04"' "$image/image.json"
}

# Pull the plug.
lab_pc_off() {
    lab_kill "$(cat "$LAB_DIR/$1.pid")"
    rm -f "$LAB_DIR/$1.mon"
}

# A line of QEMU's monitor.
lab_pc_monitor() {
    lab_pc_ask "$@" >/dev/null
}

# The same; what it answers on standard output.
lab_pc_ask() {
    local name=$1
    shift
    printf '%s\n' "$*" | socat -T 5 - "UNIX-CONNECT:$LAB_DIR/$name.mon"
}

# TRUE when a PC that was started with -no-shutdown has switched itself off: its screen stays.
lab_pc_has_stopped() {
    grep -q 'paused (shutdown)' < <(lab_pc_ask "$1" "info status")
}

lab_pc_key() {
    lab_pc_monitor "$1" "sendkey $2"
}

# Save a PNG of the PC's screen.
lab_pc_screenshot() {
    rm -f "$2"
    lab_pc_monitor "$1" "screendump $2 -f png"
    lab_wait 10 "screenshot of $1" test -s "$2"
}

# lab_glass_shot PC FILE.ppm: what its screen shows now; fails while the PC is off.
lab_glass_shot() {
    rm -f "$2"
    lab_pc_monitor "$1" "screendump $2" 2>>"$LAB_DIR/glass-shots.log" && [ -s "$2" ]
}

# lab_glass_is_calm PC FILE.ppm: that look at the PC's screen shows nothing but a page of ours.
lab_glass_is_calm() {
    local kept
    kept=$(dirname "$PUPITRE_BUILD")/glass-$1.ppm
    "$PUPITRE_BUILD/tests/lab/glass" "$2" >"$LAB_DIR/glass.log" 2>&1 && return
    cp "$2" "$kept"
    lab_die "the screen of $1: $(cat "$LAB_DIR/glass.log"), see $kept"
}

# lab_glass_watch PC END: look at the PC's screen twice a second until its console has END (an
# extended regular expression); fail when there is anything but pages of ours. The look that END
# came during does not count.
lab_glass_watch() {
    local name=$1 end=$2 shot=$LAB_DIR/glass.ppm n=0
    while lab_glass_shot "$name" "$shot" && ! lab_console_has "$name" "$end"; do
        lab_glass_is_calm "$name" "$shot"
        n=$((n + 1))
        sleep 0.5
    done
    [ "$n" -gt 0 ] || lab_die "nobody looked at the screen of $name before /$end/"
    lab_say "the screen of $name was calm $n times"
}

lab_console() {
    tr -d '\r\000' <"$LAB_DIR/$1.log"
}

lab_console_has() {
    grep -Eq -- "$2" < <(lab_console "$1" || true)
}

# lab_wait_console SECONDS PC REGEX: until a line of the PC's serial console matches.
lab_wait_console() {
    lab_wait "$1" "line /$3/ on the console of $2" lab_console_has "$2" "$3"
}

# How many lines of the PC's console match.
lab_console_count() {
    lab_console "$1" | grep -Ec -- "$2" || true
}

# A seat's record as JSON (by seat name).
lab_seat() {
    lab_get /v1/seats | jq -e --arg seat "$1" '.seats[] | select(.seat == $seat)'
}

# lab_wait_stage SECONDS SEAT STAGE
lab_stage_reached() {
    lab_seat "$1" | jq -e --arg stage "$2" 'any(.stages[]; .stage == $stage)' >/dev/null
}

lab_wait_stage() {
    lab_wait "$1" "stage '$3' of seat $2" lab_stage_reached "$2" "$3"
}
