#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# The client image's DHCP script: the address that everything is streamed over is never
# taken down, and a new one is there before the old one goes. `ip` is a recorder here.
set -u
folder=$(mktemp -d) || exit 99
trap 'rm -rf "$folder"' EXIT
failures=0

mkdir "$folder/bin"
printf '#!/bin/sh\necho "$*" >>"%s/calls"\n' "$folder" >"$folder/bin/ip"
chmod +x "$folder/bin/ip"
echo 'say() { :; }' >"$folder/say.sh"
sed -e "s#/usr/lib/pupitre/say.sh#$folder/say.sh#" -e "s#/run/pupitre#$folder/run#" \
    -e "s#/etc/resolv.conf#$folder/resolv.conf#" \
    "$PUP_TOP_SRCDIR/client-image/image/shared/usr/lib/pupitre/udhcpc.script" \
    >"$folder/script"

# event NAME KEY=VALUE...: what udhcpc does; leaves the calls of `ip` in `calls`.
event() {
    name=$1
    shift
    : >"$folder/calls"
    env PATH="$folder/bin:$PATH" interface=eth0 "$@" sh "$folder/script" "$name"
    calls=$(cat "$folder/calls")
}

# check TITLE WANTED FOUND
check() {
    [ "$2" = "$3" ] && return
    echo "$1: wanted '$2', found '$3'"
    failures=$((failures + 1))
}

event bound ip=10.0.0.5 mask=24 router='10.0.0.1 10.0.0.2' dns='10.0.0.1 10.0.0.3'
check bound "link set eth0 up
addr replace 10.0.0.5/24 broadcast + dev eth0
route replace default via 10.0.0.1 dev eth0" "$calls"
check interface eth0 "$(cat "$folder/run/net/interface")"
check address 10.0.0.5/24 "$(cat "$folder/run/net/address")"
check resolv.conf "nameserver 10.0.0.1
nameserver 10.0.0.3" "$(cat "$folder/resolv.conf")"

for name in deconfig leasefail nak unknown; do
    event "$name"
    check "$name" '' "$calls"
    check "$name: address" 10.0.0.5/24 "$(cat "$folder/run/net/address")"
done

rm "$folder/run/net/renewed"
event renew ip=10.0.0.5 mask=24
check renew "link set eth0 up
addr replace 10.0.0.5/24 broadcast + dev eth0" "$calls"
[ -s "$folder/run/net/renewed" ] || check renewed "a time" "nothing"

event bound ip=10.0.0.9 mask=24
check "another address" "link set eth0 up
addr replace 10.0.0.9/24 broadcast + dev eth0
addr del 10.0.0.5/24 dev eth0" "$calls"

[ "$failures" -eq 0 ]
