# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck shell=bash disable=SC2034,SC2154 # variables shared with the main script
# select - which files of the tree go into the root image: those that `keep` asks for, the
# targets of their links and the libraries they need
#
# Paths are relative to the tree, without "./". The tree has its /usr merged, so bin, sbin
# and lib are links and the names below usr/ are the ones that count.

readonly LIBRARY_DIRS=(usr/lib/x86_64-linux-gnu usr/lib)

# The files of the first of the patterns "A | B" that matches, folders opened up. FALSE: none
# does. A line may end in "| -": then nothing is right too.
expand_first() {
    local rest=$1 found
    while [ -n "$rest" ]; do
        found=$(expand_pattern "${rest%% | *}")
        [ -z "$found" ] || break
        [[ $rest == *' | '* ]] || break
        rest=${rest#* | }
    done
    [ -z "$found" ] || printf '%s\n' "$found"
    [ -n "$found" ] || [ "$rest" = - ]
}

expand_pattern() {
    local path
    for path in $1; do
        if [ -d "$path" ] && [ ! -L "$path" ]; then
            find "$path" ! -type d
        elif [ -e "$path" ] || [ -L "$path" ]; then
            printf '%s\n' "$path"
        fi
    done
}

# What `keep` ($1) asks for in the current folder.
wanted_files() {
    local line found
    : >"$work/dropped"
    while read -r line; do
        found=$(expand_first "${line#!}") ||
            die "$EXIT_INVALID" "$1: '$line' matches nothing in the packages"
        case $line in
        !*) printf '%s\n' "$found" >>"$work/dropped" ;;
        *) printf '%s\n' "$found" ;;
        esac
    done < <(list_lines "$1") | sed '/^$/d' | sort -u >"$work/wanted"
    sort -u "$work/dropped" | comm -13 - "$work/wanted"
}

# Where the link $1 points, as a path of the tree.
link_target() {
    local target
    target=$(readlink "$1")
    case $target in
    /*) target=${target#/} ;;
    *) target=$(realpath -m -s --relative-to=. "$(dirname "$1")/$target") ;;
    esac
    case $target in
    bin/* | sbin/* | lib/* | lib64/*) target=usr/$target ;;
    esac
    printf '%s\n' "$target"
}

# "FILE LIBRARY" for each library that the ELF files on standard input need, and
# "FILE :FOLDER" for the folders that they search first.
needed_libraries() {
    # readelf grumbles at what is not ELF: scripts and data are no mistake here.
    { xargs -r readelf -dW /dev/null 2>/dev/null || :; } | awk '
        /^File: / { file = $2 }
        /\((RUNPATH|RPATH)\)/ {
            gsub(/.*\[|\].*/, ""); n = split($0, dirs, ":")
            for (i = 1; i <= n; i++) {
                if (dirs[i] ~ /^\//) print file, ":" substr(dirs[i], 2)
            }
        }
        /\(NEEDED\)/ { gsub(/.*\[|\].*/, ""); print file, $0 }'
}

# Path in the tree of library $2, which file $1 needs; its own folders are $3...
find_library() {
    local file=$1 library=$2 dir
    shift 2
    for dir in "$@" "${LIBRARY_DIRS[@]}"; do
        if [ -e "$dir/$library" ]; then
            printf '%s\n' "$dir/$library"
            return
        fi
    done
    die "$EXIT_INVALID" "$file needs $library, which no package of the list holds"
}

# One round of the closure: what the paths on standard input lead to directly.
follow_once() {
    local path file library
    local -A folders=() seen=()
    while read -r path; do
        if [ -L "$path" ]; then
            link_target "$path"
        else
            printf '%s\n' "$path" >>"$work/plain"
        fi
    done
    needed_libraries <"$work/plain" >"$work/needed"
    while read -r file library; do
        case $library in
        :*)
            folders[$file]+=" ${library#:}"
            continue
            ;;
        esac
        [ -z "${seen[$library]:-}" ] || continue
        seen[$library]=1
        # shellcheck disable=SC2086 # a list of folders
        find_library "$file" "$library" ${folders[$file]:-}
    done < <(sort -k 1,1 -k 2,2 "$work/needed")
}

# All files that `keep` ($1) and the files $2... (programs from elsewhere) lead to.
select_files() {
    local list=$1
    shift
    wanted_files "$list" >"$work/all"
    : >"$work/plain"
    printf '%s\n' "$@" | cat - "$work/all" >"$work/round"
    while [ -s "$work/round" ]; do
        follow_once <"$work/round" >"$work/next"
        : >"$work/plain"
        sort -u "$work/next" | comm -23 - "$work/all" >"$work/round"
        sort -u -o "$work/all" "$work/all" "$work/round"
    done
    cat "$work/all"
}
