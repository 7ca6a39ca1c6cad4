# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck shell=bash disable=SC2034,SC2154 # variables shared with the main script
# modules - which kernel modules a list asks for, with all they depend on

# select_modules LIST: paths relative to the tree's folder of modules, one a line. Names
# that are built into the kernel are passed over; unknown ones stop the build. Of "A | B" the
# first counts that there is.
select_modules() {
    local dir=$tree/usr/lib/modules/$kernel_version
    list_lines "$1" | awk -v list="$1" -v builtin="$dir/modules.builtin" \
        -v softdep="$dir/modules.softdep" -v dep="$dir/modules.dep" '
        function stem(path) {
            sub(/.*\//, "", path); sub(/\.ko(\.[a-z]+)?$/, "", path); gsub(/-/, "_", path)
            return path
        }
        function take(path,    n, i, parts) {
            if (path in taken) return
            taken[path] = 1
            n = split(needs[path], parts, " ")
            for (i = 1; i <= n; i++) take(parts[i])
            n = split(soft[stem(path)], parts, " ")
            for (i = 1; i <= n; i++) if (parts[i] in path_of) take(path_of[parts[i]])
        }
        function mark(word, value,    path, n) {
            if (word !~ /\/$/) {
                gsub(/-/, "_", word)
                if (word in path_of) { seed[path_of[word]] = value; return 1 }
                return word in built_in
            }
            for (path in needs) {
                if (index(path, "kernel/" word) == 1) { seed[path] = value; n++ }
            }
            return n
        }
        function mark_first(words, value,    n, i, parts) {
            n = split(words, parts, / *[|] */)
            for (i = 1; i <= n; i++) {
                if (parts[i] == "-" || mark(parts[i], value)) return 1
            }
            return 0
        }
        BEGIN {
            while ((getline line <builtin) > 0) built_in[stem(line)] = 1
            while ((getline line <dep) > 0) {
                path = line; sub(/:.*/, "", path); sub(/^[^:]*: */, "", line)
                needs[path] = line; path_of[stem(path)] = path
            }
            while ((getline line <softdep) > 0) {
                if (split(line, word, " ") < 3 || word[1] != "softdep") continue
                name = word[2]; gsub(/-/, "_", name)
                sub(/^softdep [^ ]+ /, "", line); gsub(/(pre|post):/, "", line)
                gsub(/-/, "_", line); soft[name] = soft[name] " " line
            }
        }
        {
            out = sub(/^!/, "")
            if (!mark_first($0, !out)) {
                printf "build-client-image: %s: no kernel module %s\n", list, $0 \
                    >"/dev/stderr"
                failed = 1
            }
        }
        END {
            if (failed) exit 2
            for (path in seed) if (seed[path]) take(path)
            for (path in taken) print path
        }' | sort
}

# install_modules LIST ROOT: copy them and make the index files. Compressed ones are opened:
# the image is compressed as a whole, which takes less, and busybox reads plain ones only.
install_modules() {
    local dir=usr/lib/modules/$kernel_version
    mkdir -p "$2/$dir"
    select_modules "$1" >"$work/modules"
    tar -C "$tree/$dir" -cf - -T "$work/modules" | tar -C "$2/$dir" -xf -
    find "$2/$dir" -name '*.ko.xz' -exec xz -d {} +
    cp "$tree/$dir"/modules.{order,builtin,builtin.modinfo} "$2/$dir/"
    depmod -b "$2" "$kernel_version"
    # Neither kmod nor busybox looks symbols up by name.
    rm -f "$2/$dir"/modules.symbols*
}
