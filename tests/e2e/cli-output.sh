#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
#
# An answer that could not be written in full is no success, wherever it was to go.
# shellcheck source=tests/e2e/functions.sh
. "$(dirname "$0")/functions.sh"

# refuses PATTERN COMMAND...: to a full device, and to a closed standard output, it fails.
refuses() {
    local pattern=$1 status=0
    shift
    "$@" >/dev/full 2>"$work/err" || status=$?
    [ "$status" = 9 ] || die "'$*' to a full device ended with $status"
    grep -Eq "$pattern" "$work/err" || die "'$*' says $(cat "$work/err")"
    status=0
    "$@" >&- 2>"$work/err" || status=$?
    [ "$status" = 9 ] || die "'$*' with a closed output ended with $status"
    grep -Eq "$pattern" "$work/err" || die "'$*' says $(cat "$work/err")"
}

new_server "$work/state"

show "a list, a page of JSON, help and the version"
refuses '^pupitre: cannot write all of the output' pupitre status
refuses '^pupitre: cannot write all of the output' pupitre status --json
refuses '^pupitre: cannot write all of the output' pupitre seat list
refuses '^pupitre: cannot write all of the output' pupitre --help
refuses '^pupitre: cannot write all of the output' pupitre room --help
refuses '^pupitre: cannot write all of the output' pupitre room add --help
refuses '^pupitre: cannot write all of the output' pupitre --version

show "nothing is written into the files that a command opens"
fails 9 'cannot write' sh -c '"$@" >&- 0<&-' sh "$pupitre_program" --config "$work/etc/pupitre.conf" status
says '"seats": \[\]' pupitre seat list --json

show "a reader that has gone: SIGPIPE, as with other tools, or an error where that is ignored"
for signal in DEFAULT IGNORED; do
    mkfifo "$work/fifo"
    # shellcheck disable=SC2094 # the one end is closed before the other is written to
    exec 3<>"$work/fifo" 4>"$work/fifo" 3<&-
    status=0
    if [ "$signal" = IGNORED ]; then trap '' PIPE; fi
    pupitre --help >&4 2>"$work/err" || status=$?
    trap - PIPE
    exec 4>&-
    rm "$work/fifo"
    case $signal in
    DEFAULT) [ "$status" = 141 ] || die "SIGPIPE ended it with $status" ;;
    *)
        [ "$status" = 9 ] || die "EPIPE ended it with $status"
        grep -q "cannot write all" "$work/err" || die "EPIPE is not told"
        ;;
    esac
done

for program in sbin/pupitred libexec/pupitre/client/pupitre-seat libexec/pupitre/client/pupitre-screen; do
    path=${PUPITRE_PREFIX:-/usr}/$program
    [ -x "$path" ] || continue
    show "$program"
    refuses "^$(basename "$program"): cannot write all of the output" "$path" --help
done
