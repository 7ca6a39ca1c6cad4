# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck shell=sh
# page - one calm page on the text console, as long as pupitre-screen has no display
#
#     . /usr/lib/pupitre/page.sh
#     page_show "Waiting for the network" "The network cable seems to be unplugged."
#     page_show "Loading"; page_progress 40
#     page_words "Switching off"
#     page_error "This PC cannot start" "Please tell ..." "Code NO-CARD, 52:54:00:..."
#
# It has pupitre-screen's colours, and its title, bar and words where pupitre-screen has
# them (client-image/screen/page_draw.c), so that nothing jumps when that takes over. The
# cursor is off by the kernel line. Where the kernel line has its messages shown (debug,
# loglevel=7), the screen is theirs, and there is no page.
#
# For tests: PAGE_TTY is the terminal, PAGE_PRINTK and PAGE_FB what the kernel says.

PAGE_TTY=${PAGE_TTY:-/dev/tty0}
PAGE_PRINTK=${PAGE_PRINTK:-/proc/sys/kernel/printk}
PAGE_FB=${PAGE_FB:-/sys/class/graphics/fb0/virtual_size}

# TRUE when the kernel keeps its messages off the screen. (The shell's own read takes one
# byte at a time, and of this file the kernel gives no second one.)
page_is_calm() {
    _levels=$(cat "$PAGE_PRINTK")
    [ "${_levels%%[!0-9]*}" -lt 5 ]
}

# The height of body text on a screen of $1 x $2 pixels, as pupitre-screen takes it.
page_body() {
    _body=16 _wanted=$((($2 < $1 * 3 / 4 ? $2 : $1 * 3 / 4) * 334 / 10000))
    for _height in 20 24 28 32 40 48 56 64 80 96 128; do
        [ "$_height" -gt "$_wanted" ] || _body=$_height
    done
    echo "$_body"
}

# Sets page_rows, page_columns, and the column of text: page_left and page_width.
page_lay_out() {
    # shellcheck disable=SC2046 # two words
    set -- $(stty size <"$PAGE_TTY" 2>/dev/null)
    page_rows=${1:-25} page_columns=${2:-80}
    page_width=$((page_columns * 2 / 3))
    if [ -r "$PAGE_FB" ] && IFS=, read -r _across _down <"$PAGE_FB"; then
        page_width=$(($(page_body "$_across" "$_down") * 36 * page_columns / _across))
    fi
    [ "$page_width" -le $((page_columns * 7 / 8)) ] || page_width=$((page_columns * 7 / 8))
    page_left=$(((page_columns - page_width) / 2 + 1))
    page_bar=$((page_rows * 42 / 100 + 1))
}

# The first colours of the terminal become the page's: 0 ground, 2 accent, 3 warning,
# 4 panel, 6 muted, 7 text.
page_colours() {
    for _colour in 00f1b2d 25cc8a8 3ffb74d 41c2e47 6a3b6cc 7f4f7fb; do
        printf '\033]P%s' "$_colour"
    done
    printf '\033[0m\033[2J'
}

# page_put ROW COLOUR TEXT: from ROW down, as many lines as it takes and the screen has. Sets
# page_next.
page_put() {
    page_next=$1
    _lines=$(printf '%s' "$3" | tr -d '\000-\037\177' | fold -s -w "$page_width")
    while IFS= read -r _line && [ "$page_next" -le "$page_rows" ]; do
        printf '\033[%d;%dH\033[3%dm%s' "$page_next" "$page_left" "$2" "$_line"
        page_next=$((page_next + 1))
    done <<_END
$_lines
_END
}

# $1 times the lower half of a character's cell, in colour $2.
page_cells() {
    [ "$1" -gt 0 ] || return 0
    printf '\033[3%dm' "$2"
    printf '%*s' "$1" '' | sed 's/ /▄/g'
}

page_frame() {
    page_lay_out
    page_colours
    page_put 2 2 Pupitre
}

# page_show TITLE [TEXT]: what is going on, with an empty bar; TEXT is below it.
page_show() {
    page_is_calm || return 0
    {
        page_frame
        page_put $((page_bar - 1)) 7 "$1"
        page_draw_bar 0
        page_put $((page_bar + 2)) 6 "${2:-}"
    } >"$PAGE_TTY"
}

# page_words TITLE: nothing but that, where a title is.
page_words() {
    page_is_calm || return 0
    {
        page_frame
        page_put $((page_bar - 1)) 7 "$1"
    } >"$PAGE_TTY"
}

page_draw_bar() {
    _done=$((page_width * $1 / 100))
    printf '\033[%d;%dH' "$page_bar" "$page_left"
    page_cells "$_done" 2
    page_cells $((page_width - _done)) 4
}

# page_progress PERCENT: how far the bar of the last page_show is.
page_progress() {
    page_is_calm || return 0
    {
        page_draw_bar "$1"
        printf '\033[%d;%dH\033[36m%3d %%' $((page_bar + 1)) \
            $((page_left + page_width - 5)) "$1"
    } >"$PAGE_TTY"
}

# page_error TITLE TEXT SMALL: it cannot go on; TEXT is for the student, SMALL what a
# helpdesk wants to know.
page_error() {
    page_is_calm || return 0
    {
        page_frame
        page_put $((page_bar - 3)) 3 "$1"
        page_put $((page_next + 1)) 7 "$2"
        page_put $((page_next + 1)) 6 "$3"
    } >"$PAGE_TTY"
}
