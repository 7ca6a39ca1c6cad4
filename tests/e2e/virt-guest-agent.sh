#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# A Linux guest under libvirt's embedded driver: files and programs through its agent, a
# restart, its screen, its end.
# only with --all: two minutes, and regenerate-recipe does the same to its guest
. "$(dirname "$0")/functions.sh"
. "$(dirname "$0")/../lab/virt.sh"
virt_begin

show "a file goes in, a program runs, its output and status come out"
noise 7 | head -c 200000 >"$work/file"
sum=$(sha256sum "$work/file" | cut -d' ' -f1)
virt_lab start "$work/guest.xml" spice agent "$virt_agent_s" screen "$work/screen.png" \
    put "$work/file" /root-file run 30 'sha256sum /root-file; echo words >&2; exit 7' \
    run 5 'kill -9 $$' written vda \
    run 30 'sync' reboot reboots "$virt_agent_s" run 30 'sha256sum </root-file' \
    shutdown until ended 60 >"$work/out" || die "virt-lab: $(cat "$work/out")"
grep -q "^spice://127.0.0.1:59" "$work/out" || die "no SPICE address: $(cat "$work/out")"
[ "$(grep -c "^$sum " "$work/out")" = 2 ] || die "the file is another: $(cat "$work/out")"
grep -q '^words$' "$work/out" || die "standard error is missing"
grep -q '^status 7$' "$work/out" || die "the exit status is missing"
grep -q '^status 137$' "$work/out" || die "a killed program does not end with 137"
grep -aq PNG < <(head -c 4 "$work/screen.png") || die "the screen is no PNG"
check_no_machines

show "a workbench: a screen that nobody watches, the serial line in a file, a clean end"
mkdir "$work/bench"
virt_lab bench "$work/guest.qcow2" "$work/bench" agent "$virt_agent_s" screen "$work/bench.png" \
    run 30 'cat /root-file | wc -c; cat /sys/class/net/eth0/address' stop 60 >"$work/out" ||
    die "virt-lab: $(cat "$work/out")"
grep -q '^200000$' "$work/out" || die "what was written before is missing: $(cat "$work/out")"
grep -q '52:54:00:70:75:70' "$work/out" || die "another network address: $(cat "$work/out")"
grep -aq PNG < <(head -c 4 "$work/bench.png") || die "the screen is no PNG"
grep -q 'linux-guest: ready' "$work/bench/serial.log" || die "the serial line was not kept"
show "what its guest deletes goes back to the server's disk"
before=$(stat -c %b "$work/guest.qcow2")
virt_lab bench "$work/guest.qcow2" "$work/bench" agent "$virt_agent_s" \
    run 60 'dd if=/dev/urandom of=/big bs=1M count=16 2>/dev/null && sync && rm /big && sync' \
    written vda stop 60 >"$work/out" || die "virt-lab: $(cat "$work/out")"
[ "$(awk '/^[0-9]+$/ { n = $1 } END { print n + 0 }' "$work/out")" -gt 16000000 ] ||
    die "it wrote nothing: $(cat "$work/out")"
kept=$((($(stat -c %b "$work/guest.qcow2") - before) / 2048))
[ "$kept" -lt 8 ] || die "of 16 MiB that were written and deleted $kept are still there"
fails 3 "it did not happen" virt_lab bench "$work/guest.qcow2" "$work/bench" spice
fails 12 "did not shut down within 1 s" virt_lab bench "$work/guest.qcow2" "$work/bench" stop 1
check_no_machines

show "a program that hangs, one that is not there, a guest that goes away"
fails 12 "did not end within 1 s" virt_lab keep hang start "$work/guest.xml" agent "$virt_agent_s" \
    run 10 '(sleep 10; echo the agent stops >/dev/ttyS0; killall -STOP qemu-ga) >/dev/null 2>&1 &' \
    run 1 'sleep 100'
wait_for 60 "stopped agent" grep -q "the agent stops" "$work/console.log"
fails 12 "no guest agent in .* within 2 s" timeout 60 "$PUPITRE_BUILD/tests/lab/virt-lab" \
    "$work/etc/pupitre.conf" keep hang find pupitre-test agent 2
virt_lab keep hang find pupitre-test destroy
pupitre --quiet gc
fails 3 "stopped meanwhile|lost its guest agent|guest agent of" virt_lab start "$work/guest.xml" \
    agent "$virt_agent_s" run 60 'poweroff -f'
fails 12 "no guest agent in .* within 1 s" virt_lab start "$work/guest.xml" agent 1
check_no_machines

show "a domain that libvirt or QEMU refuses"
sed 's|guest.qcow2|not-there.qcow2|' "$work/guest.xml" >"$work/bad.xml"
fails 9 "not-there.qcow2" virt_lab start "$work/bad.xml"
sed 's/>192</>many</' "$work/guest.xml" >"$work/bad.xml"
fails 2 "XML error" virt_lab start "$work/bad.xml"
sed 's|pupitre-test|test|' "$work/guest.xml" >"$work/bad.xml"
fails 2 "begin with pupitre-" virt_lab start "$work/bad.xml"
check_no_machines

show "somebody takes the SPICE port between libvirt's look and QEMU's: another one is found"
mkfifo "$work/asked"
take_asked_port() {
    read -r port <"$work/asked"
    exec socat "TCP-LISTEN:$port,bind=127.0.0.1" EXEC:true
}
take_asked_port >"$work/taker.log" 2>&1 &
cleanup_fn kill -9 $!
cat >"$work/qemu-beside" <<END
#!/bin/bash
port=\$(printf '%s\\n' "\$*" | sed -n 's/.*-spice port=\\([0-9]*\\).*/\\1/p')
if [ -n "\$port" ] && mkdir '$work/taken' 2>/dev/null; then
    echo "\$port" >'$work/asked'
    until ss -Hltn "sport = :\$port" | grep -c . >/dev/null; do sleep 0.1; done
fi
exec /usr/bin/qemu-system-x86_64 "\$@"
END
chmod 755 "$work/qemu-beside"
sed "s|>/usr/bin/qemu-system-x86_64<|>$work/qemu-beside<|" "$work/guest.xml" >"$work/beside.xml"
says 'spice://127.0.0.1' virt_lab start "$work/beside.xml" spice
[ -d "$work/taken" ] || die "nobody took the port: this test shows nothing"
check_no_machines
