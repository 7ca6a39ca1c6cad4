# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck shell=bash disable=SC2034,SC2154 # variables shared with the main script
# say - messages and errors of the build; the codes are those of the command's exit status

readonly EXIT_INVALID=2 EXIT_NOT_FOUND=3 EXIT_CORRUPT=5 EXIT_BUSY=6 EXIT_DENIED=7 \
    EXIT_IO=9 EXIT_NO_SPACE=10

say() {
    printf '%s\n' "$*" >&2
}

# A step of the build, with the seconds since its start.
step() {
    current_step=$*
    printf '[%3d s] %s\n' "$SECONDS" "$*" >&2
}

# die STATUS TEXT...
die() {
    local status=$1
    shift
    printf 'build-client-image: %s\n' "$*" >&2
    [ -z "$work" ] || : >"$work/said"
    exit "$status"
}

# What `set -e` is about to end the build, or a subshell of it, for; the trap on ERR calls it.
note_failure() {
    local status=$1 place=$2 command=$3
    [ -z "$work" ] || [ ! -d "$work" ] ||
        printf '  %s: status %s: %s\n' "$place" "$status" "${command%%$'\n'*}" >>"$work/failed"
}

# The end of the build, whatever it comes from: one that fails does not end in silence.
last_word() {
    local status=$?
    trap - EXIT ERR
    if [ "$status" -ne 0 ] && [ ! -e "$work/said" ]; then
        say "build-client-image: ended with status $status while ${current_step:-preparing}"
        [ ! -e "$work/failed" ] || tail -n 5 "$work/failed" >&2
    fi
    rm -rf --one-file-system "$work"
    exit "$status"
}

# Bytes as MB (10^6) with one digit.
megabytes() {
    awk -v bytes="$1" 'BEGIN { printf "%.1f", bytes / 1000000 }'
}

# The lines of a list file, without comments and empty lines.
list_lines() {
    sed -e 's/#.*//' -e 's/[[:space:]]*$//' -e '/^$/d' "$1"
}

# SHA-256 of standard input.
digest() {
    sha256sum | cut -d ' ' -f 1
}
