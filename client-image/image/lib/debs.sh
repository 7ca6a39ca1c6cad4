# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck shell=bash
# debs - Debian packages that this machine has downloaded already, and a word when no more come
#
# What `apt-get --print-uris` says of a package is one line: 'URI' FILE BYTES HASH:SUM. With
# "${debs_options[@]}" before it HASH is SHA256 wherever the archive tells it.
# shellcheck disable=SC2034 # for who reads this file
debs_options=(-o "Acquire::ForceHash=SHA256")

# copy_known_debs FOLDER <LINES: those that apt keeps in its own archive and that FOLDER lacks.
# A file that is not what its line says is left where it is.
copy_known_debs() {
    local folder=$1 archive _uri name _size sum
    archive=$(apt-config shell DIR Dir::Cache::archives/d | sed "s/^DIR='\(.*\)'\$/\1/")
    while read -r _uri name _size sum; do
        if [ ! -e "$folder/$name" ] && has_sum "$archive/$name" "$sum"; then
            cp "$archive/$name" "$folder/$name.part"
            mv "$folder/$name.part" "$folder/$name"
        fi
    done
}

# has_sum FILE HASH:SUM: FILE is there and holds what the line says.
has_sum() {
    local program
    case $2 in
    SHA256:*) program=sha256sum ;;
    MD5Sum:*) program=md5sum ;;
    *) return 1 ;;
    esac
    [ -f "$1" ] && [ "$($program <"$1")" = "${2#*:}  -" ]
}

# download_one_deb FOLDER FILE <LINES: the first that FOLDER lacks, if any, with apt's proxies and
# methods. Without a network apt looks in vain for each of hundreds, which takes an hour; so one is
# asked for first. FILE holds the reason of a failure, in apt's words.
download_one_deb() {
    local folder=$1 uri name _size sum
    while read -r uri name _size sum; do
        [ ! -e "$folder/$name" ] || continue
        uri=${uri#\'}
        /usr/lib/apt/apt-helper -o "Acquire::Retries=1" download-file "${uri%\'}" \
            "$folder/$name.part" "$sum" >"$2" 2>&1 </dev/null || return 1
        mv "$folder/$name.part" "$folder/$name"
        return 0
    done
}
