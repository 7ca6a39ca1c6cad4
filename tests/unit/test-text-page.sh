#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# The client image's page on the text console: its words are in their column, whatever their
# length, nothing of them is taken for the terminal's language, and a kernel line that wants
# messages gets no page.
set -u
folder=$(mktemp -d) || exit 99
trap 'rm -rf "$folder"' EXIT
failures=0
PAGE_TTY=$folder/tty PAGE_PRINTK=$folder/printk PAGE_FB=$folder/fb
export PAGE_TTY PAGE_PRINTK PAGE_FB
echo '1 4 1 7' >"$PAGE_PRINTK"
# shellcheck source=client-image/image/shared/usr/lib/pupitre/page.sh
. "$PUP_TOP_SRCDIR/client-image/image/shared/usr/lib/pupitre/page.sh"

# check TITLE WANTED FOUND
check() {
    [ "$2" = "$3" ] && return
    echo "$1: wanted '$2', found '$3'"
    failures=$((failures + 1))
}

# What is on the page, a line "ROW;COLUMN TEXT" each, without colours.
words() {
    tr '\033' '~' <"$PAGE_TTY" | sed -e 's/~\]P[0-9a-f]\{7\}//g' -e 's/~\[3[0-9]m//g' \
        -e 's/~\[0m//g' -e 's/~\[2J//g' -e 's/~\[\([0-9]*;[0-9]*\)H/\n\1 /g' |
        sed -e '/^$/d' -e '/^[0-9;]* $/d'
}

page_show "Waiting for the network" "Is the cable plugged in?"
check "a page" "2;14 Pupitre
10;14 Waiting for the network
11;14 $(printf '%53s' '' | sed 's/ /▄/g')
13;14 Is the cable plugged in?" "$(words)"

page_progress 40
check "progress" "11;14 $(printf '%53s' '' | sed 's/ /▄/g')
12;62  40 %" "$(words)"

page_words "Switching off"
check "words alone" "2;14 Pupitre
10;14 Switching off" "$(words)"

page_error "This PC cannot start" "one two three four five six seven eight nine ten eleven \
twelve thirteen" "$(printf 'CODE \033[2J\r')$(printf '%060d' 0)"
check "error" "2;14 Pupitre
8;14 This PC cannot start
10;14 one two three four five six seven eight nine ten 
11;14 eleven twelve thirteen
13;14 CODE 
14;14 [2J$(printf '%050d' 0)
15;14 0000000000" "$(words)"
page_error "x" "$(printf '%05000d' 0)" "y"
check "error: more than the screen has" 25 "$(words | sed -n 's/;.*//; $p')"

# Sizes, and where pupitre-screen's column begins at them: 1280x800, 1024x768, 640x480.
for case in 1280,800:54:14 1024,768:67:7 640,480:70:6; do
    echo "${case%%:*}" >"$PAGE_FB"
    page_lay_out
    check "$case" "${case#*:}" "$page_width:$page_left"
done

echo '7 4 1 7' >"$PAGE_PRINTK"
: >"$PAGE_TTY"
page_show "Loading"
page_progress 1
page_words "x"
page_error "x" "y" "z"
check "debug" '' "$(cat "$PAGE_TTY")"

[ "$failures" -eq 0 ]
