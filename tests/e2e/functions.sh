# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck shell=bash
#
# functions.sh - what the end-to-end tests of the command share
#
# Sourced by tests/e2e/cli-*.sh (bash; no root, no network):
#
#     . "$(dirname "$0")/functions.sh"
#     requires qemu-img qemu-io
#     new_server "$work/state"          a configuration and an empty state folder
#     make_disk "$work/disk.raw" 16     a bootable looking disk of 16 MiB
#     pupitre master import win "$work/disk.raw"
#     fails 2 'is empty' pupitre master import win /dev/null
#
# The programs are those of PUPITRE_PREFIX, else those in PATH. All files are in $work, which
# goes when the test ends, whatever happens. A step that fails ends the test.
set -eEuo pipefail
trap 'echo "$0: line $LINENO: \"$BASH_COMMAND\" failed" >&2' ERR
export LC_ALL=C.UTF-8
# A broken precondition is a fault, and freed memory is not to be lived on.
export G_DEBUG=fatal-criticals MALLOC_PERTURB_=165

test_name=$(basename "$0" .sh)
work=
cleanups=()

show() {
    printf '== %s\n' "$*"
}

die() {
    printf '%s: FAILED: %s\n' "$test_name" "$*" >&2
    exit 1
}

skip() {
    echo "SKIP: $*"
    exit 77
}

requires() {
    local program
    for program in "$@"; do
        command -v "$program" >/dev/null || skip "$program is not installed"
    done
}

# cleanup_fn COMMAND...: run it when the test ends; the last one first.
cleanup_fn() {
    cleanups=("$(printf '%q ' "$@")" "${cleanups[@]}")
}

run_cleanups() {
    local status=$? line
    local -a words
    set +e
    trap - EXIT ERR
    for line in "${cleanups[@]}"; do
        declare -a words="($line)"
        "${words[@]}" 2>/dev/null
    done
    [ -z "$work" ] || rm -rf "$work"
    exit "$status"
}

# wait_for SECONDS WHAT COMMAND...: until the command succeeds. SECONDS is what a quiet machine
# needs at most; a loaded one gets more, and a minute at least.
wait_for() {
    local seconds=$(($1 < 20 ? 60 : $1 * 3)) what=$2 end
    shift 2
    end=$((SECONDS + seconds))
    until "$@"; do
        [ "$SECONDS" -lt "$end" ] || die "no $what within $seconds s"
        sleep 0.05
    done
}

# fails STATUS PATTERN COMMAND...: it must end with STATUS and say PATTERN (an extended
# regular expression) on standard error.
fails() {
    local expected=$1 pattern=$2 status=0
    shift 2
    "$@" >"$work/fails.out" 2>"$work/fails.err" || status=$?
    [ "$status" = "$expected" ] ||
        die "'$*' ended with $status, not $expected: $(cat "$work/fails.err")"
    grep -Eq -- "$pattern" "$work/fails.err" ||
        die "'$*' does not say '$pattern' but: $(cat "$work/fails.err")"
}

# says PATTERN COMMAND...: it must succeed and print PATTERN.
says() {
    local pattern=$1
    shift
    "$@" >"$work/says.out" || die "'$*' failed"
    grep -Eq -- "$pattern" "$work/says.out" ||
        die "'$*' does not print '$pattern' but: $(cat "$work/says.out")"
}

find_programs() {
    if [ -n "${PUPITRE_PREFIX:-}" ]; then
        pupitre_program=$PUPITRE_PREFIX/bin/pupitre
    else
        pupitre_program=$(type -P pupitre || true)
    fi
    [ -x "$pupitre_program" ] || skip "pupitre is not installed (PUPITRE_PREFIX)"
}

pupitre() {
    "$pupitre_program" --config "$work/etc/pupitre.conf" "$@"
}

# new_server STATE: a configuration in $work and the state folders in STATE.
new_server() {
    state=$1
    mkdir -p "$work/etc"
    printf '[server]\nstate_dir = %s\nrooms_dir = %s\naddress = 127.0.0.1\n\n[dhcp]\nmode = off\n' \
        "$state" "$work/etc/rooms" >"$work/etc/pupitre.conf"
    pupitre --quiet init
}

# server_port: the server, once it runs, has the port $port of its own.
server_port() {
    port=$((20000 + $$ % 20000))
    sed -i "s/^address = .*/&\nport = $port/" "$work/etc/pupitre.conf"
}

# server_start: the daemon, which is process $daemon then and logs into $work/server.log.
server_start() {
    "${pupitre_program%/bin/pupitre}/sbin/pupitred" --config "$work/etc/pupitre.conf" \
        >>"$work/server.log" 2>&1 &
    daemon=$!
    cleanup_fn kill "$daemon"
    wait_for 60 "answer of pupitred" curl -fsS -o /dev/null "http://127.0.0.1:$port/v1/status"
}

# server_stop SIGNAL
server_stop() {
    kill "-$1" "$daemon"
    wait "$daemon" 2>/dev/null || true
}

# no_boot_test: the rooms' disks hold no guest that could be started before a publish.
no_boot_test() {
    mkdir -p "$work/etc/recipes/site"
    printf '[recipe]\nboot_test = none\n' >"$work/etc/recipes/site/recipe.conf"
}

# start COMMAND...: run pupitre in the background, output to $work/started.out; its process id
# is in $started.
start() {
    "$pupitre_program" --config "$work/etc/pupitre.conf" "$@" >"$work/started.out" 2>&1 &
    started=$!
    cleanup_fn kill -9 "$started"
}

# noise SEED: endless bytes that do not compress, the same for the same seed.
noise() {
    openssl enc -aes-128-ctr -nosalt -pbkdf2 -pass "pass:$1" </dev/zero 2>/dev/null || true
}

# make_disk FILE MIB [SEED]: half noise, half zeros, with a boot sector's signature.
make_disk() {
    truncate -s "$2M" "$1"
    noise "${3:-1}" | head -c "$(($2 * 512 * 1024))" |
        dd of="$1" conv=notrunc status=none
    printf '\125\252' | dd of="$1" bs=1 seek=510 conv=notrunc status=none
}

# write_room ROOM OFFSET LENGTH BYTE: what the room's staff would change in its sub-master.
write_room() {
    qemu-io -f qcow2 -c "write -P $4 $2 $3" "$state/images/rooms/$1.qcow2" >/dev/null
}

# Nothing half-done may stay behind: no temporary file, no socket, fsck is clean.
check_clean() {
    local left
    left=$(find "$state" -name '*.tmp*' -o -name 'nbd-*.sock')
    [ -z "$left" ] || die "left behind: $left"
    pupitre --quiet fsck >"$work/fsck.out" 2>&1 || die "fsck: $(cat "$work/fsck.out")"
    [ ! -s "$work/fsck.out" ] || die "fsck found: $(cat "$work/fsck.out")"
}

trap run_cleanups EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
work=$(mktemp -d "${TMPDIR:-/tmp}/pupitre-test.XXXXXX")
requires openssl
find_programs
