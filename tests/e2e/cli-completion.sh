#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
#
# bash completes commands, options, and the names of rooms and masters.
# shellcheck source=tests/e2e/functions.sh
. "$(dirname "$0")/functions.sh"
requires qemu-img

completion=
for file in "${PUPITRE_PREFIX:-/usr}/share/bash-completion/completions/pupitre" \
    "$(dirname "$0")/../../server/cli/completion/pupitre"; do
    [ -n "$completion" ] || [ ! -e "$file" ] || completion=$file
done
[ -n "$completion" ] || skip "the completion is not installed"

new_server "$work/state"
make_disk "$work/disk.raw" 2
pupitre --quiet master import win "$work/disk.raw"
pupitre --quiet room add lab-101 --master win --seat pc01=52:54:00:00:00:01 --seat pc02=52:54:00:00:00:02
pupitre --quiet room add lab-102 --master win
pupitre --quiet room publish lab-101

# shellcheck source=server/cli/completion/pupitre
. "$completion"

# completes EXPECTED WORD...: what the last word can become.
completes() {
    local expected=$1
    shift
    COMP_WORDS=("$pupitre_program" --config "$work/etc/pupitre.conf" "$@")
    COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
    COMPREPLY=()
    _pupitre
    [ "${COMPREPLY[*]}" = "$expected" ] ||
        die "'$*' completes to '${COMPREPLY[*]}', not '$expected'"
}

completes "init master room seat image serve status fsck gc" ""
completes "seat serve status" s
completes "publish" room pu
completes "lab-101 lab-102" room publish ""
completes "lab-102" room show lab-102
completes "win" room add r1 --master ""
completes "--json" room list --j
completes "pc01 pc02" room publish lab-101 --canary ""
completes "pc02" room regenerate lab-101 --canary pc02
completes "" room publish lab-102 --canary ""
completes "--canary --config" room rollback lab-101 --c
completes "lab-101 lab-102" seat list ""
completes "--wide" seat list --w
completes "--repair" fsck --r
completes "qcow2 qcow" master import --format qc
completes "import" master im
# shellcheck disable=SC2034 # bash gives it to the completion
COMP_WORDBREAKS=' @=:'
completes "lab-101@1" room pin ""
completes "lab-101@1" room unpin lab
completes "1" room pin lab-101 @
completes "1" room pin lab-101 @ 1
completes "1" room rollback lab-101 ""
# shellcheck disable=SC2034
COMP_WORDBREAKS=' =:'
completes "lab-101@1" room pin lab-101@
show "commands, options, rooms and masters are completed"
