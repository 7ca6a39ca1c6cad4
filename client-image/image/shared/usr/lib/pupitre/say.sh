# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck shell=sh
# say - lines for the administrator
#
#     . /usr/lib/pupitre/say.sh
#     say "asking for an address on eth0"
#
# They go to the serial line when the kernel line names one as a console, else to the
# kernel's log, where dmesg shows them, and the screen too when the kernel line says debug.
# Otherwise the screen is the student's: what it says is page.sh's. A line begins with the
# seconds since the kernel started.

# The device for such lines.
log_device() {
    _consoles=$(cat /sys/class/tty/console/active 2>/dev/null)
    for _name in $_consoles; do
        case $_name in
        ttyS* | ttyUSB* | hvc*)
            echo "/dev/$_name"
            return
            ;;
        esac
    done
    echo /dev/kmsg
}

say() {
    read -r _uptime _ </proc/uptime
    echo "pupitre: [$_uptime] $*" >"$(log_device)"
}
