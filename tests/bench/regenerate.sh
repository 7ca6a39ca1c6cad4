#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
#
# regenerate.sh - room regenerate: all of a recipe, one step of it, nothing of it
#
# A Linux guest in software, five steps that place 1 MiB of files each and run a script, and the
# boot test each time. Whoever has no recipe runs all five again for each change.
#     last step changed   goal: at most half the time of the whole recipe
#     nothing changed     goal: below 2 s
# From the environment as the other benchmarks, and PUPITRE_LAB_STATE, where the guest is kept.
export PUPITRE_BUILD="${PUPITRE_BUILD:-${PUP_TOP_BUILDDIR:?the build folder}}"
export PUPITRE_TOP="${PUPITRE_TOP:-$(cd "$(dirname "$0")/../.." && pwd)}"
export PUPITRE_LAB_STATE="${PUPITRE_LAB_STATE:-$PUPITRE_BUILD/bench}"
# shellcheck source=tests/e2e/functions.sh
. "$(dirname "$0")/../e2e/functions.sh"
# shellcheck source=tests/lab/virt.sh
. "$(dirname "$0")/../lab/virt.sh"
virt_begin
requires qemu-nbd awk
recipe=$work/etc/recipes/lab

# measure COMMAND...: sets seconds.
measure() {
    local start
    start=$(date +%s.%N)
    "$@" >"$work/measure.out" 2>&1 || die "'$*': $(cat "$work/measure.out")"
    seconds=$(awk -v a="$start" -v b="$(date +%s.%N)" 'BEGIN { printf "%.2f", b - a }')
}

# report NAME GOAL_S
report() {
    awk -v name="$1" -v goal="$2" -v s="$seconds" -v whole="$whole" 'BEGIN {
        printf "%-18s %7.2f s   %6.1fx as fast as the whole recipe   (goal: %.1f s, %s)\n",
            name, s, whole / s, goal, s <= goal ? "met" : "MISSED"
    }'
}

pupitre --quiet master import linux "$guest_disk"
pupitre --quiet room add lab --master linux
sed -i -e 's/^#\? *firmware = .*/firmware = bios/' -e 's/^#\? *memory = .*/memory = 256 MiB/' \
    "$work/etc/rooms/lab.conf"
mkdir -p "$recipe"
printf '[recipe]\nboot_timeout = %s\n' "$virt_agent_s" >"$recipe/recipe.conf"
for step in 10 20 30 40 50; do
    mkdir -p "$recipe/$step-part.files/opt"
    noise $step | head -c 1M >"$recipe/$step-part.files/opt/part-$step"
    echo "sha256sum /opt/part-$step >>/opt/list" >"$recipe/$step-part.sh"
done
echo "[ \$(wc -l </opt/list) = 5 ]" >"$recipe/check.sh"

measure pupitre room regenerate lab
whole=$seconds
printf '%-18s %7.2f s   5 steps and the boot test\n' "whole recipe" "$whole"
echo "echo changed >>/opt/changed" >>"$recipe/50-part.sh"
measure pupitre room regenerate lab
report "last step changed" "$(awk -v w="$whole" 'BEGIN { print w / 2 }')"
measure pupitre room regenerate lab
report "nothing changed" 2
