# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck shell=sh
# say - words for the person in front of the PC, before pupitre-screen has the display
#
# They go to the console, and to the screen too where the console is a serial line.
# The console's lines begin with the seconds since the kernel started.

say() {
    read -r _uptime _ </proc/uptime
    echo "pupitre: [$_uptime] $*" >/dev/console
    case $(cat /sys/class/tty/console/active 2>/dev/null) in
    *tty0) ;;
    *) { echo "pupitre: $*" >/dev/tty0; } 2>/dev/null || : ;;
    esac
}
