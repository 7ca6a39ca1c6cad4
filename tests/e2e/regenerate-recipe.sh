#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
#
# A room by its recipe, with a Linux guest: files and a package of the site and of the room, a
# boot test with a check; only what changed runs again; a step that fails or hangs, a check that
# does not pass leave the published version alone.
. "$(dirname "$0")/functions.sh"
. "$(dirname "$0")/../lab/virt.sh"
virt_begin
requires qemu-nbd jq
recipes=$work/etc/recipes

current() {
    pupitre room history lab --json | jq '.versions[] | select(.current) | .version'
}

# recipe FILE LINE...: a file of the recipes.
recipe() {
    local file=$recipes/$1
    shift
    mkdir -p "$(dirname "$file")"
    printf '%s\n' "$@" >"$file"
}

# see COMMAND: what it prints in a guest over the published disk.
see() {
    rm -f "$work/see.qcow2"
    qemu-img create -q -f qcow2 -F qcow2 -b "$state/images/rooms/lab.qcow2" "$work/see.qcow2"
    virt_xml pupitre-see "$work/see.qcow2" >"$work/see.xml"
    virt_lab start "$work/see.xml" agent "$virt_agent_s" run 10 "$1" destroy
}

# untouched VERSION: nobody noticed that something failed.
untouched() {
    [ "$(current)" = "$1" ] || die "version $(current) is current"
    [ "$(stat -c %i "$state/images/rooms/lab.qcow2")" = "$inode" ] || die "another sub-master"
    check_no_machines
    check_clean
}

layers() {
    find "$state/images/layers" -name '*.qcow2' | wc -l
}

pupitre --quiet master import linux "$guest_disk"
pupitre --quiet room add lab --master linux
sed -i -e 's/^#\? *firmware = .*/firmware = bios/' -e 's/^#\? *memory = .*/memory = 256 MiB/' \
    "$work/etc/rooms/lab.conf"

show "the site's files, the room's package, a restart, a check"
recipe site/10-motd.files/etc/motd "welcome to the school"
chmod 600 "$recipes/site/10-motd.files/etc/motd"
ln -s motd "$recipes/site/10-motd.files/etc/motd-link"
mkdir -p "$work/package/opt/tool" "$recipes/lab/20-tool.files/opt"
echo "tool 1" >"$work/package/opt/tool/version"
tar -C "$work/package" -czf "$recipes/lab/20-tool.files/opt/tool.tar.gz" .
# shellcheck disable=SC2016 # the guest's
recipe lab/20-tool.sh 'set -e' 'echo "unpacking in $(hostname)"' 'tar -C / -xzf /opt/tool.tar.gz' \
    'rm /opt/tool.tar.gz' 'echo tool >>/var/log/packages'
recipe lab/check.sh 'grep -q school /etc/motd && grep -qx tool /var/log/packages'
recipe lab/recipe.conf '[recipe]' "boot_timeout = $virt_agent_s" '[step 20-tool]' 'reboot = yes'
says "with 2 of the 2 steps .* publish lab@1" pupitre room regenerate lab --dry-run
pupitre room regenerate lab >"$work/out" || die "regenerate: $(cat "$work/out")"
grep -q '^unpacking in linux-guest$' "$work/out" || die "the script's output: $(cat "$work/out")"
grep -q '^2 of 2 steps .* were run$' "$work/out" || die "$(cat "$work/out")"
grep -q '^lab@1 is published, made afresh over linux@1 and tested' "$work/out" || die "$(cat "$work/out")"
grep -q '^unpacking' "$state/logs/regenerate-lab.log" || die "nothing in the log"
inode=$(stat -c %i "$state/images/rooms/lab.qcow2")
untouched 1
[ "$(layers)" = 2 ] || die "$(layers) layers"
screen=$(pupitre room history lab --json | jq -r '.versions[0].screen')
grep -aq PNG < <(head -c 4 "$screen") || die "no picture of the boot test: $screen"
# shellcheck disable=SC2016
see 'cat /etc/motd-link /opt/tool/version; stat -c %a /etc/motd; stat -c "%a" /etc; ls /var/tmp' \
    >"$work/out"
grep -qx 'welcome to the school' "$work/out" || die "the file: $(cat "$work/out")"
grep -qx 'tool 1' "$work/out" || die "the package: $(cat "$work/out")"
grep -qx 600 "$work/out" || die "the mode: $(cat "$work/out")"
! grep -q pupitre-step "$work/out" || die "something is left in the guest"

show "the second time there is nothing to do"
before=$(date +%s%N)
says "^nothing changed since lab@1" pupitre room regenerate lab
took_ms=$((($(date +%s%N) - before) / 1000000))
[ "$took_ms" -lt 2000 ] || die "nothing to do took $took_ms ms"
untouched 1

show "a step that fails, one that hangs, a check that does not pass, a word too many"
recipe lab/30-more.sh 'echo "no such package" >&2' 'exit 3'
fails 2 "step lab/30-more: its script failed with status 3 \('no such package'\); see '.*lab.log'" \
    pupitre room regenerate lab
untouched 1
grep -aq PNG < <(head -c 4 "$state/logs/regenerate-lab.png") || die "no picture of the failure"
recipe lab/30-more.sh 'sleep 1000'
recipe lab/recipe.conf '[recipe]' "boot_timeout = $virt_agent_s" '[step 20-tool]' 'reboot = yes' \
    '[step 30-more]' 'timeout = 5'
fails 12 "step lab/30-more: .*did not end within 5 s" pupitre room regenerate lab
untouched 1
rm "$recipes/lab/30-more.sh"
fails 2 "recipe.conf:5: " pupitre room regenerate lab
recipe lab/recipe.conf '[recipe]' "boot_timeout = $virt_agent_s" '[step 20-tool]' 'reboot = yes'
says "^nothing changed since lab@1" pupitre room regenerate lab
sed -i 's/^#\? *cpus = .*/cpus = 1/' "$work/etc/rooms/lab.conf"
recipe site/check.sh 'echo "it rains"; exit 1'
fails 2 "the boot test failed: site/check: .* \('it rains'\)" pupitre room regenerate lab
untouched 1
rm "$recipes/site/check.sh"

show "only the changed step is run again, and gc frees what it replaced"
recipe lab/20-tool.sh 'set -e' 'tar -C / -xzf /opt/tool.tar.gz' 'echo tool >>/var/log/packages' \
    'echo "tool 2" >/opt/tool/version'
says "with 1 of the 2 steps" pupitre room regenerate lab --dry-run
says "^1 of 2 steps" pupitre room regenerate lab
[ "$(current)" = 2 ] || die "version $(current)"
[ "$(layers)" = 3 ] || die "$(layers) layers"
says "layer +linux@1" pupitre image usage
says "removed 1 layers" pupitre gc
[ "$(layers)" = 2 ] || die "gc left $(layers) layers"
check_clean
grep -qx 'tool 2' < <(see 'cat /opt/tool/version') || die "the change is not there"
says "nothing changed since lab@2" pupitre room regenerate lab
