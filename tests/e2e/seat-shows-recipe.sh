#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
#
# From a recipe to a seat: a room is regenerated with a step that places files, and a seat that
# starts shows them, in a Linux guest whose agent tells the seat that it is ready. A changed step
# is on the seat with its guest's next start.
# only with --all: three minutes, and regenerate-recipe and seat-takes-version guard its halves
set -eEuo pipefail
[ "$(id -u)" = 0 ] || { echo "SKIP: needs root"; exit 77; }
if [ -z "${IN_NAMESPACE:-}" ]; then
    IN_NAMESPACE=1 exec unshare --mount --net -- "$0" "$@"
fi
# shellcheck source=tests/e2e/functions.sh
. "$(dirname "$0")/functions.sh"
# shellcheck source=tests/lab/virt.sh
. "$(dirname "$0")/../lab/virt.sh"
# shellcheck source=tests/lab/one-seat.sh
. "$(dirname "$0")/../lab/one-seat.sh"

# greet WORDS: the recipe has the guest say them when it starts.
greet() {
    local folder=$work/etc/recipes/lab/10-greeting.files/etc
    mkdir -p "$folder"
    printf '#!/bin/sh\necho "recipe: %s"\n' "$1" >"$folder/local-start"
    chmod 755 "$folder/local-start"
}

# The sub-master is the recipe's.
make_room() {
    virt_find_guest
    printf '\n[libvirt]\naccel = emulate\n' >>"$work/etc/pupitre.conf"
    pupitre --quiet master import linux "$guest_disk"
    pupitre --quiet room add lab --master linux --seat "pc1=$mac"
    sed -i -e 's/^#\? *firmware = .*/firmware = bios/' -e 's/^#\? *memory = .*/memory = 256 MiB/' \
        -e 's/^#\? *cpus = .*/cpus = 1/' "$work/etc/rooms/lab.conf"
    greet one
    printf '[recipe]\nboot_timeout = %s\n' "$virt_agent_s" >"$work/etc/recipes/lab/recipe.conf"
    pupitre --quiet room regenerate lab
}

profile_is_seen() {
    grep -Eq '^boot +[0-9]+ chunks, .*, seen by 1 seat$' < <(pupitre room show lab)
}

seat_setup
start_server
start_seat
wait_for 240 "words of the recipe" log_has 1 '^guest: recipe: one'
wait_for 120 "guest agent" log_has 1 '^guest: linux-guest: ready'
wait_for 60 "boot profile of a guest that is ready" profile_is_seen

greet two
says "^1 of 1 steps" pupitre room regenerate lab --seats now
wait_for 120 "second start" log_has 2 '^guest: recipe:'
log_has 1 '^guest: recipe: two' || die "the seat's guest does not show the changed step"
log_has 1 'screen error|I/O' && die "something went wrong on the way"
kill "$seat"
wait "$seat" || die "the agent ended with status $?"
