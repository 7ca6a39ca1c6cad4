# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck shell=sh disable=SC2034 # the variables are for who sources this
# kernel-line - the pupitre.* words of the kernel's command line
#
#     . /usr/lib/pupitre/kernel-line.sh
#     parse_kernel_line "$(cat /proc/cmdline)" || fail "$kernel_line_error"
#
# Sets pup_server, pup_mac, pup_image, pup_root_sha256, pup_root_bytes and pup_shell; each
# is empty where the line lacks it. A key given twice is refused. Words without "pupitre."
# are the kernel's and passed over; nothing is ever evaluated.

# TRUE when $1 is not empty and made of the characters of the bracket expression $2 only.
is_made_of() {
    case $1 in
    '' | *[!$2]*) return 1 ;;
    esac
}

# TRUE when $1 is a number of characters ($2) of hexadecimal digits in lower case.
is_hex() {
    is_made_of "$1" 0123456789abcdef && [ "${#1}" -eq "$2" ]
}

is_mac() {
    case $1 in
    [0-9a-f][0-9a-f]:[0-9a-f][0-9a-f]:[0-9a-f][0-9a-f]:[0-9a-f][0-9a-f]:[0-9a-f][0-9a-f]:[0-9a-f][0-9a-f]) ;;
    *) return 1 ;;
    esac
}

is_server() {
    case $1 in
    http://?*) is_made_of "${1#http://}" 'A-Za-z0-9.:_-' ;;
    *) return 1 ;;
    esac
}

# At most a terabyte: 13 digits are within the shell's arithmetic.
is_size() {
    is_made_of "$1" 0123456789 && [ "${#1}" -le 12 ] && [ "$1" -gt 0 ]
}

# One word KEY=VALUE.
take_word() {
    _value=${1#*=}
    case $1 in
    pupitre.server=*) [ -z "$pup_server" ] && is_server "$_value" && pup_server=$_value ;;
    pupitre.mac=*)
        _value=$(echo "$_value" | tr A-F a-f)
        [ -z "$pup_mac" ] && is_mac "$_value" && pup_mac=$_value
        ;;
    pupitre.image=*) [ -z "$pup_image" ] && is_hex "$_value" 16 && pup_image=$_value ;;
    pupitre.root_sha256=*)
        [ -z "$pup_root_sha256" ] && is_hex "$_value" 64 && pup_root_sha256=$_value
        ;;
    pupitre.root_bytes=*)
        [ -z "$pup_root_bytes" ] && is_size "$_value" && pup_root_bytes=$_value
        ;;
    pupitre.shell=*)
        [ -z "$pup_shell" ] && is_made_of "$_value" a-zA-Z0-9 && pup_shell=$_value
        ;;
    # The kernel's own words, and keys of the image's other programs.
    *) return 0 ;;
    esac
}

parse_kernel_line() {
    pup_server='' pup_mac='' pup_image='' pup_root_sha256='' pup_root_bytes=''
    pup_shell='' kernel_line_error=''
    set -f
    for _word in $1; do
        take_word "$_word" && continue
        kernel_line_error="the kernel line's '$_word' is not valid, or there twice"
        set +f
        return 1
    done
    set +f
}

# TRUE when the line had all that fetching the root image takes.
is_kernel_line_complete() {
    for _key in server mac image root_sha256 root_bytes; do
        case $_key in
        server) _value=$pup_server ;;
        mac) _value=$pup_mac ;;
        image) _value=$pup_image ;;
        root_sha256) _value=$pup_root_sha256 ;;
        root_bytes) _value=$pup_root_bytes ;;
        esac
        if [ -z "$_value" ]; then
            kernel_line_error="the kernel line has no pupitre.$_key"
            return 1
        fi
    done
}
