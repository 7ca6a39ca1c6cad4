#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
#
# The names of files are bytes: a disk of any name is imported, be it one file or several.
# shellcheck source=tests/e2e/functions.sh
. "$(dirname "$0")/functions.sh"
requires qemu-img qemu-nbd

new_server "$work/state"
make_disk "$work/d.raw" 1
pupitre --quiet master import d "$work/d.raw"
long=$(printf '%0250d' 0)
names=($'caf\351' 'a, b' 'a:b' '-o' $'a\nb' "$long")
mkdir "$work/n"
cd "$work/n"

for name in "${names[@]}"; do
    show "$(printf %q "$name")"
    qemu-img convert -f raw -O vmdk "$work/d.raw" "$work/v.vmdk"
    mv "$work/v.vmdk" "./$name.vmdk"
    says 'is this very disk already' pupitre master import d -- "./$name.vmdk"
    rm "./$name.vmdk"
done

for name in $'caf\351' 'a, b'; do
    show "a split vmdk, $(printf %q "$name")"
    qemu-img convert -f raw -O vmdk -o subformat=monolithicFlat "$work/d.raw" "./$name.vmdk"
    says 'is this very disk already' pupitre master import d -- "./$name.vmdk"
    rm ./*.vmdk
done

show "a name that begins as an option does"
cp "$work/d.raw" ./-f.img
says 'is this very disk already' pupitre master import d -- -f.img
says 'is this very disk already' pupitre master import -- d -f.img
rm ./-f.img

show "what cannot be read is named all the same"
head -c 100 "$work/d.raw" >$'./caf\351.raw'
fails 2 'is not a disk: no known format' pupitre master import bad $'./caf\351.raw'
check_clean
