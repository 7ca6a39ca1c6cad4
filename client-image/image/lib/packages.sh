# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck shell=bash disable=SC2034,SC2154 # variables shared with the main script
# packages - from the list of packages to an unpacked tree in the cache
#
# The tree is made by mmdebstrap without running any maintainer script, from the package
# lists that this machine's apt has already fetched and verified: so what the closure was
# computed from is what gets unpacked, and nothing is downloaded twice.
#
#   CACHE/closure-HASH   URIs and checksums of all packages, by package lists; beside it
#                        closure-HASH.names, those of them that the list asks for
#   CACHE/debs/          downloaded packages, here or by this machine's apt
#   CACHE/tree-HASH/     the unpacked tree, by closure

# What the closure depends on, cheap to compute: the date of apt's lists and our own list.
closure_key() {
    local lists
    lists=$(apt_lists)
    {
        find "$lists" -maxdepth 1 \( -name '*_InRelease' -o -name '*_Release' \) -print0 |
            sort -z | xargs -0r sha256sum
        list_lines "$data/packages"
    } | digest
}

apt_lists() {
    apt-config shell DIR Dir::State::lists/d | sed "s/^DIR='\(.*\)'\$/\1/"
}

# The machine's source files that hold Debian's own archive, one path a line.
debian_sources() {
    # shellcheck disable=SC2016 # apt's own variable
    apt-get indextargets --format '$(SOURCESENTRY)' 'Created-By: Packages' \
        'Origin: Debian' | sed 's/:[0-9]*$//' | sort -u
}

# The names of the package list; of "A | B" the first that apt, as it is told by `apt_view`, has.
package_names() {
    local line name
    while read -r line; do
        for name in ${line//|/ }; do
            if [[ $line != *'|'* ]] || apt-cache "${apt_view[@]}" show "$name" >/dev/null 2>&1; then
                printf '%s\n' "$name"
                continue 2
            fi
        done
        die "$EXIT_NOT_FOUND" "apt knows none of '$line': run apt-get update"
    done < <(list_lines "$data/packages")
}

# Options that make apt see Debian's archive alone, and nothing as installed or downloaded, but for
# what mmdebstrap's merged-usr hook puts into the tree: without it apt would take usrmerge and perl.
# Sets the array `apt_view`; the sources are copied into folder $1.
set_apt_view() {
    local folder=$1 file
    mkdir -p "$folder/parts" "$folder/archives/partial"
    debian_sources >"$folder/files" || die "$EXIT_IO" "apt-get cannot read its sources"
    [ -s "$folder/files" ] || die "$EXIT_NOT_FOUND" \
        "apt knows no Debian archive: check /etc/apt/sources.list and run apt-get update"
    while read -r file; do
        cp "$file" "$folder/parts/"
    done <"$folder/files"
    printf '%s\n' 'Package: usr-is-merged' 'Status: install ok installed' 'Version: 1' \
        'Architecture: all' >"$folder/status"
    apt_view=(-o "Dir::State::status=$folder/status" -o "Dir::Etc::sourcelist=/dev/null"
        -o "Dir::Etc::sourceparts=$folder/parts" -o "Dir::Cache::archives=$folder/archives"
        -o "APT::Install-Recommends=0")
}

# Sets `closure`: the file that names every package with its version and checksum.
find_closure() {
    local key errors=$work/apt-errors
    local -a names
    key=$(closure_key)
    closure=$cache/closure-${key:0:16}
    [ ! -s "$closure" ] || [ ! -s "$closure.names" ] || return 0
    set_apt_view "$work/apt"
    package_names >"$work/names"
    mapfile -t names <"$work/names"
    apt-get install --print-uris --yes --quiet=2 "${debs_options[@]}" "${apt_view[@]}" \
        -- "${names[@]}" \
        >"$work/closure" 2>"$errors" ||
        die "$EXIT_NOT_FOUND" "apt cannot put the packages together: $(tail -n 3 "$errors")"
    rm -f "$cache"/closure-*
    mv "$work/names" "$closure.names"
    mv "$work/closure" "$closure"
}

# Sets `tree` for `closure`; the folder may not be there yet.
find_tree() {
    local key
    key=$(digest <"$closure")
    tree=$cache/tree-${key:0:16}
}

# Have one package more in the cache, or say why none comes.
try_archive() {
    download_one_deb "$cache/debs" "$work/download.log" <"$closure" || die "$EXIT_IO" \
        "cannot download packages: $(sed -n '/^E: /{s///p;q}' "$work/download.log"). Check this" \
        "server's network, proxy and name server, then try again"
}

# Bytes of the closure's packages that are not in the cache.
bytes_to_download() {
    local bytes=0 _uri name size _sum
    while read -r _uri name size _sum; do
        [ -e "$cache/debs/$name" ] || bytes=$((bytes + size))
    done <"$closure"
    printf '%s\n' "$bytes"
}

# The errors in mmdebstrap's log; its end when it was killed before it could say one.
reason_in() {
    grep '^E:' "$1" | sed -n 1,3p || tail -n 3 "$1"
}

# Make `tree` with mmdebstrap.
unpack_tree() {
    local part=$cache/tree.part log=$work/mmdebstrap.log
    local -a sources
    rm -rf --one-file-system "$part"
    try_archive
    mapfile -t sources < <(debian_sources)
    # Proxies and the like; the rest of apt's configuration is of no use in the tree.
    apt-config dump --format '%F "%v";%n' |
        grep -E '^Acquire::(http|https|Check-|Retries)' >"$work/apt.conf" || :
    mmdebstrap --mode=root --variant=extract --architectures=amd64 \
        --hook-dir=/usr/share/mmdebstrap/hooks/merged-usr \
        --skip=update,check/signed-by --aptopt="$work/apt.conf" \
        --aptopt='APT::Install-Recommends "0"' \
        --setup-hook="'$data/lib/debs-hook' in '$cache/debs' '$(apt_lists)' \"\$1\"" \
        --extract-hook="'$data/lib/debs-hook' out '$cache/debs' '$(apt_lists)' \"\$1\"" \
        --include="$(tr '\n' ' ' <"$closure.names")" \
        '' "$part" "${sources[@]}" >"$log" 2>&1 ||
        die "$EXIT_IO" "mmdebstrap failed: $(reason_in "$log")"
    rm -rf "$part"/usr/share/{doc,man,locale,info}
    depmod -b "$part" "$(kernel_version_of "$part")"
    rm -rf "$cache"/tree-*
    mv "$part" "$tree"
    forget_old_debs
}

# Remove downloaded packages that the closure no longer names.
forget_old_debs() {
    local file
    for file in "$cache"/debs/*.deb; do
        grep -qF " ${file##*/} " "$closure" || rm -f "$file"
    done
}

# The one kernel of an unpacked tree.
kernel_version_of() {
    local -a found
    found=("$1"/usr/lib/modules/*/)
    if [ "${#found[@]}" -ne 1 ] || ! [ -d "${found[0]}" ]; then
        die "$EXIT_INVALID" "the packages must hold one kernel, not: ${found[*]}"
    fi
    basename "${found[0]}"
}
