#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Which kernel modules a list of the client image's build selects.
set -u
folder=$(mktemp -d) || exit 99
trap 'rm -rf "$folder"' EXIT
failures=0
# shellcheck disable=SC2034 # read by the library
tree=$folder work=$folder kernel_version=6.1
for part in say modules; do
    # shellcheck source=/dev/null
    . "$PUP_TOP_SRCDIR/client-image/image/lib/$part.sh"
done

dir=$folder/usr/lib/modules/6.1
mkdir -p "$dir"
cat >"$dir/modules.dep" <<'END'
kernel/drivers/net/a/one.ko: kernel/lib/help-me.ko kernel/lib/deep.ko
kernel/drivers/net/a/two.ko:
kernel/drivers/net/b/three-x.ko:
kernel/lib/help-me.ko: kernel/lib/deep.ko
kernel/lib/deep.ko:
kernel/lib/soft.ko:
kernel/xz/packed.ko.xz: kernel/xz/core.ko.xz
kernel/xz/core.ko.xz:
END
echo 'kernel/lib/built-in.ko' >"$dir/modules.builtin"
echo 'softdep three_x pre: soft unknown post: two' >"$dir/modules.softdep"

# selects TITLE "LINES" "WANTED"
selects() {
    local found
    printf '%b' "$2" >"$folder/list"
    found=$(select_modules "$folder/list" 2>&1 | sed 's#.*/##' | tr '\n' ' ')
    [ "$found" = "$3" ] && return
    echo "$1: wanted '$3', found '$found'"
    failures=$((failures + 1))
}

selects "a name with what it needs" 'one\n' 'one.ko deep.ko help-me.ko '
selects "either spelling" 'three_x # why\n' 'two.ko three-x.ko soft.ko '
selects "a folder" 'drivers/net/a/\n' 'one.ko two.ko deep.ko help-me.ko '
selects "a folder less one" 'drivers/net/\n!one\n' 'two.ko three-x.ko soft.ko '
selects "taken away, yet needed" '!deep\none\n' 'one.ko deep.ko help-me.ko '
selects "built in" 'built_in\ntwo\n' 'two.ko '
selects "an unknown name" 'two\nfour\n' 'list: no kernel module four '
selects "compressed ones" 'packed\n' 'core.ko.xz packed.ko.xz '
selects "the first of two" 'four | two\n' 'two.ko '
selects "the first of two that there are" 'one | two\n' 'one.ko deep.ko help-me.ko '
selects "one that there need not be" 'four | -\ntwo\n' 'two.ko '
selects "none of two" 'four | five\n' 'list: no kernel module four | five '
selects "an unknown folder" 'drivers/gpu/\n' ' '

# keeps TITLE "LINES" "WANTED": the same of files, by the list `keep`.
keeps() {
    local found
    printf '%b' "$2" >"$folder/list"
    found=$(cd "$folder/files" && wanted_files "$folder/list" 2>&1 | sed "s#$folder/##" | tr '\n' ' ')
    [ "$found" = "$3" ] && return
    echo "$1: wanted '$3', found '$found'"
    failures=$((failures + 1))
}

# shellcheck source=/dev/null
. "$PUP_TOP_SRCDIR/client-image/image/lib/select.sh"
mkdir -p "$folder/files/bin"
touch "$folder/files/bin/new" "$folder/files/bin/other"
keeps "the first of two files" 'bin/old | bin/new\n' 'bin/new '
keeps "a file that there need not be" 'bin/old | -\nbin/new\n' 'bin/new '
keeps "one taken away, if it is there" 'bin\n!bin/old | -\n!bin/other\n' 'bin/new '
keeps "none of two files" 'bin/old | bin/older\n' \
    "build-client-image: list: 'bin/old | bin/older' matches nothing in the packages "

[ "$failures" -eq 0 ]
