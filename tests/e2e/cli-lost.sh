#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
#
# What gets lost on a server is named by fsck and status, and what they say mends it does.
# shellcheck source=tests/e2e/functions.sh
. "$(dirname "$0")/functions.sh"
requires qemu-img qemu-io qemu-nbd jq

rooms=$work/etc/rooms

# finds STATUS PATTERN: fsck ends with STATUS and names that, and so does status --check.
finds() {
    local status=0
    pupitre fsck >"$work/fsck" 2>&1 || status=$?
    [ "$status" = "$1" ] || die "fsck ended with $status, not $1: $(cat "$work/fsck")"
    grep -Eq -- "$2" "$work/fsck" || die "fsck does not name '$2': $(cat "$work/fsck")"
    status=0
    pupitre status --check >"$work/status" 2>&1 || status=$?
    [ "$status" = 8 ] || die "status --check ended with $status where no server runs"
    grep -Eq -- "$2" "$work/status" || die "status does not name '$2': $(cat "$work/status")"
    grep -q ' to mend$' < <(tail -n 1 "$work/fsck") || die "fsck's count does not end it"
    grep -q ' to mend$' < <(tail -n 1 "$work/status") || die "status's count does not end it"
}

new_server "$work/state"
no_boot_test
make_disk "$work/disk.raw" 4 1
pupitre --quiet master import win "$work/disk.raw"
pupitre --quiet room add r --master win --seat pc01=52:54:00:00:00:01
write_room r 1M 128k 0x11
pupitre --quiet room publish r
mkdir -p "$state/client-image/id1"
sum=$(printf root | sha256sum | cut -d' ' -f1)
printf root >"$state/client-image/id1/root.img"
printf kernel >"$state/client-image/id1/vmlinuz"
printf initrd >"$state/client-image/id1/initrd.img"
printf '{"format":1,"root_sha256":"%s","root_bytes":4}' "$sum" >"$state/client-image/id1/image.json"
ln -s id1 "$state/client-image/current"
check_clean
says 'clean' pupitre fsck
[ "$(pupitre fsck --json | jq '.findings | length')" = 0 ] || die "fsck --json finds something"
fails 8 '1 thing to mend' pupitre status --check

show "the secret half of the key"
cp "$state/keys/server.sec" "$work/sec"
cp "$state/keys/server.pub" "$work/pub"
rm "$state/keys/server.sec"
finds 5 "there is no '.*server.sec'"
! grep -q 'not checked: there is no public key' "$work/fsck" || die "signatures were not checked"
fails 7 'server.sec. is gone: restore it' pupitre room publish r
fails 4 'server.sec., is gone: restore it' pupitre init
cmp "$state/keys/server.pub" "$work/pub" || die "init touched the public half"
rm "$state/keys/server.pub"
fails 4 'is gone: restore it' pupitre init
finds 5 "there is no '.*server.sec'"
grep -q 'restore the keys from a backup' < <(grep -A1 'signatures: not checked' "$work/fsck") ||
    die "fsck does not say what mends it: $(cat "$work/fsck")"
[ -z "$(ls -A "$state/keys")" ] || die "init made a key where versions are signed with another"
cp "$work/sec" "$state/keys/server.sec"
chmod 600 "$state/keys/server.sec"
finds 5 "there is no '.*server.pub'"
pupitre --quiet init
cmp "$state/keys/server.pub" "$work/pub" || die "the public half is another one"
printf x >"$state/keys/server.sec"
finds 5 "server.sec' is no key"
cp "$work/sec" "$state/keys/server.sec"
check_clean

show "a sub-master"
rm "$state/images/rooms/r.qcow2"
finds 5 "room r: its sub-master '.*r.qcow2' is not there"
for file in fsck status; do
    # shellcheck disable=SC2016 # the words as they are
    grep -q 'only in version 1, so `pupitre room pin r@1` first, then `pupitre room rebase r`' \
        "$work/$file" || die "$file does not say what is lost: $(cat "$work/$file")"
done
says 'sub-master +.*r.qcow2 is not there: .*pupitre room pin r@1. first' pupitre room show r
[ "$(pupitre room show r --json | jq .sub_master_bytes)" = null ] || die "what is lost has a size"
fails 3 'pupitre room rebase r' pupitre room publish r
pupitre --quiet room rebase r --yes
pupitre --quiet room publish r
[ "$(pupitre room history r --json | jq '.versions | length')" = 2 ] || die "the history is lost"
check_clean

show "a sub-master's file that is cut short: nothing is made of it, and the advice heals it"
n_versions() {
    pupitre room history r --json | jq '.versions | length'
}
qemu-io -f qcow2 -c 'write -P 7 1M 512k' "$state/images/rooms/r.qcow2" >/dev/null
pupitre --quiet room publish r
cp "$state/images/rooms/r.qcow2" "$work/whole.qcow2"
before=$(n_versions)
for kib in 0 100 300 600 900; do
    cp "$work/whole.qcow2" "$state/images/rooms/r.qcow2"
    truncate -s ${kib}K "$state/images/rooms/r.qcow2"
    finds 5 "room r: .*r.qcow2"
    ! pupitre --quiet room publish r 2>"$work/err" || die "$kib KiB were published"
    # shellcheck disable=SC2016 # the words as they are
    [ "$kib" = 0 ] || grep -q 'is not whole: it should have .*`pupitre fsck` says what mends' "$work/err" ||
        die "publish says: $(cat "$work/err")"
    [ "$(n_versions)" = "$before" ] || die "a version came or went"
    says 'made the sub-master of room r over win@1' pupitre room rebase r --yes
    check_clean
done
cp "$work/whole.qcow2" "$state/images/rooms/r.qcow2"
says 'left room r where it is' pupitre room rebase r --yes
check_clean

show "a room's manifests: no version gets a number that another one had"
mv "$state/store/manifests/rooms/r" "$work/manifests"
write_room r 2M 64k 0x33
says "^r@$((before + 1)) is published" pupitre room publish r
mv "$work/manifests"/* "$state/store/manifests/rooms/r/"
check_clean

show "a master's file that is cut short"
cp "$state/images/masters/win@1.qcow2" "$work/whole-master.qcow2"
chmod u+w "$state/images/masters/win@1.qcow2"
truncate -s -64K "$state/images/masters/win@1.qcow2"
finds 5 "master win@1: '.*win@1.qcow2' is not whole"
fails 5 'win@1.qcow2. is not whole' pupitre room publish r
cp "$work/whole-master.qcow2" "$state/images/masters/win@1.qcow2"
check_clean

show "a master's file"
mv "$state/images/masters/win@1.qcow2" "$work/kept.qcow2"
finds 5 "master win@1: its file '.*win@1.qcow2' is not there"
grep -q "r.qcow2' stands on '.*win@1.qcow2', which is not there" "$work/fsck" ||
    die "fsck does not say what stood on it"
# shellcheck disable=SC2016 # the words as they are
for file in fsck status; do
    grep -A1 '^problem: room r: ' "$work/$file" | grep -c 'bring back the file of master win@1' >/dev/null ||
        die "$file does not say first what loses nothing: $(cat "$work/$file")"
done
for words in "room publish r" "room regenerate r --discard-edits" "room edit-disk r" \
    "room compact r" "room rebase r --yes" "room add r2 --master win" "master set win --tpm yes"; do
    # shellcheck disable=SC2086
    fails 3 "the file of master win@1, '.*win@1.qcow2', is not there: restore it .*, or import .*FILE" \
        pupitre $words
    ! grep -Eq 'qemu-|blk_' "$work/fails.err" || die "'$words' says: $(cat "$work/fails.err")"
done
says 'win@1.qcow2 is not there: see' pupitre master show win
pupitre master list >"$work/out" 2>"$work/err"
grep -q '^win .* - ' "$work/out" || die "master list says: $(cat "$work/out")"
grep -q 'its file .* is not there' "$work/err" || die "master list tells nothing"
[ "$(pupitre master list --json 2>"$work/err" | jq '.masters[0].file_bytes')" = null ] || die "it has a size"
make_disk "$work/wrong.raw" 4 2
pupitre --quiet master import win "$work/wrong.raw"
says 'win@1 is this very disk: restored its file' pupitre master import win "$work/disk.raw"
qemu-img compare -q "$work/kept.qcow2" "$state/images/masters/win@1.qcow2" ||
    die "another disk was put there"
says 'win@2 is this very disk already: nothing to do' pupitre master import win "$work/wrong.raw"
check_clean

show "a pipe in the place of a disk: nobody waits for who would write to it"
mkdir "$work/aside"
mv "$state/images/masters/win@1.qcow2" "$work/aside/"
mkfifo "$state/images/masters/win@1.qcow2"
finds 5 "master win@1: .*win@1.qcow2' is a pipe"
fails 2 "is a pipe" timeout 60 "$pupitre_program" --config "$work/etc/pupitre.conf" room publish r
for words in "master list" "room list" "image usage"; do
    # shellcheck disable=SC2086
    timeout 60 "$pupitre_program" --config "$work/etc/pupitre.conf" $words >"$work/out" 2>&1 ||
        [ $? != 124 ] || die "'$words' waits"
done
rm "$state/images/masters/win@1.qcow2"
mv "$work/aside/win@1.qcow2" "$state/images/masters/"
check_clean

show "a backing file that is not ours"
cp "$work/kept.qcow2" "$work/other.qcow2"
cp "$state/images/rooms/r.qcow2" "$work/r.qcow2"
qemu-img rebase -u -f qcow2 -F qcow2 -b "$work/other.qcow2" "$state/images/rooms/r.qcow2"
finds 5 "stands on '$work/other.qcow2', which is neither"
printf garbage >"$state/images/rooms/r.qcow2"
finds 5 "problem: room r: cannot read the image"
cp "$work/r.qcow2" "$state/images/rooms/r.qcow2"

show "a profile: its versions and its sub-master are nobody's"
mv "$rooms/r.conf" "$rooms/renamed.conf"
finds 5 "versions of room r: the room has no profile"
grep -q "sub-master .*r.qcow2: the room 'r' has no profile" "$work/fsck" || die "nothing of the sub-master"
grep -q "room renamed: its sub-master" "$work/fsck" || die "nothing of the new room"
mv "$rooms/renamed.conf" "$rooms/r.conf"
check_clean
cp "$rooms/r.conf" "$work/r.conf"
rm "$rooms/r.conf"
eval "$(pupitre fsck 2>/dev/null | grep -o 'cp [^ ]*profiles/r.conf [^ ]*r.conf')" || die "no copy is named"
cmp "$rooms/r.conf" "$work/r.conf" || die "what was kept is another"

show "a room whose profile is lost is not added anew"
pupitre --quiet room regenerate r --schedule 'daily 06:00'
rm "$rooms/r.conf"
cp -a "$state/profiles" "$work/profiles"
for command in show publish history; do
    fails 3 "no room 'r' .*cp $state/profiles/r.conf $rooms/r.conf. brings" pupitre room $command r
done
finds 5 "put the profile back .*cp $state/profiles/r.conf $rooms/r.conf"
! grep -Eh 'room remove r|--unschedule' "$work/fsck" "$work/status" ||
    die "it is told to remove what can be brought back"
for dry in '' --dry-run; do
    # shellcheck disable=SC2086 # no word where it is empty
    fails 4 "cp $state/profiles/r.conf $rooms/r.conf. brings it back" \
        pupitre room add r --master win $dry
done
mv "$state/images/rooms/r.qcow2" "$work/r.qcow2"
fails 4 "cp $state/profiles/r.conf $rooms/r.conf. brings it back" pupitre room add r --master win
mv "$work/r.qcow2" "$state/images/rooms/r.qcow2"
mv "$state/profiles/r.conf" "$work/kept.conf"
fails 4 "has a sub-master already" pupitre room add r --master win
finds 5 "write '$rooms/r.conf' anew, for which .*to throw that away, .*room remove r"
printf '[room]\nmaster = win\n' >"$rooms/r.conf"
check_clean
rm "$rooms/r.conf"
mv "$work/kept.conf" "$state/profiles/r.conf"
diff -r "$state/profiles" "$work/profiles" || die "a refused room add changed what was kept"
cp "$state/profiles/r.conf" "$rooms/r.conf"
[ "$(pupitre room show r --json | jq '.schedules | length')" = 1 ] || die "the schedule is gone"
pupitre --quiet room regenerate r --unschedule
check_clean

show "a rename that was cut short, and an edit that was refused"
echo hall >"$state/run/rename-r"
finds 5 "room r: its rename to hall was interrupted"
pupitre --quiet fsck --repair
[ ! -e "$state/run/rename-r" ] || die "the rename is still begun"
check_clean
cp "$rooms/r.conf" "$rooms/r.conf.refused"
says 'note: profile .*r.conf: what was typed last was refused' pupitre fsck
rm "$rooms/r.conf.refused"

show "what belongs to a room that is not there"
mkdir -p "$work/etc/recipes/nobody"
pupitre fsck >"$work/fsck"
grep -q "note: recipe .*nobody: there is no room" "$work/fsck" || die "nothing of the recipe"
rmdir "$work/etc/recipes/nobody"
pupitre --quiet room regenerate r --schedule 'daily 06:00'
rm "$rooms/r.conf"
finds 5 "schedule of room r: there is no room 'r'"
pupitre --quiet room regenerate r --unschedule
pupitre --quiet room remove r --yes
pupitre --quiet gc
check_clean

show "the client image, against its own sums"
printf ROOT >"$state/client-image/id1/root.img"
fails 5 'thing to mend' pupitre fsck
grep -q "root.img' is damaged" "$work/fails.out" || die "fsck says: $(cat "$work/fails.out")"
rm "$state/client-image/id1/vmlinuz"
finds 5 "client image id1: cannot open '.*vmlinuz'"
