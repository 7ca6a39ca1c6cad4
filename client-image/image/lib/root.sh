# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck shell=bash disable=SC2034,SC2154 # variables shared with the main script
# root - put the root image's files together in a folder
#
# No maintainer script has run, so what they would have made is made here: users, links,
# the linker's cache, the modules' index.

readonly PROGRAMS_DIR=usr/lib/pupitre

# make_root ROOT
make_root() {
    local root=$1
    make_skeleton "$root"
    copy_selected "$root"
    shrink_icu_data "$root"
    install_modules "$data/modules-root" "$root"
    link_applets "$root"
    make_users "$root/etc"
    cp -r "$data/shared/." "$root/"
    cp -r "$data/root/." "$root/"
    install -D -m 644 "$server_key" "$root/etc/pupitre/server.pub"
    ldconfig -r "$root"
    rm -rf "$root/var/cache/ldconfig"
    check_libraries "$root"
    chmod -R u+rwX,go+rX,go-w "$root"
}

make_skeleton() {
    local root=$1 name
    mkdir -p "$root"/{dev,proc,sys,run,tmp,root,etc,var/lib,var/log,var/tmp,mnt} \
        "$root"/usr/{bin,sbin,lib,lib64}
    for name in bin sbin lib lib64; do
        ln -s "usr/$name" "$root/$name"
    done
    ln -s ../run "$root/var/run"
    ln -s /proc/self/mounts "$root/etc/mtab"
    chmod 1777 "$root/tmp" "$root/var/tmp"
}

# The packages' files and our own programs.
copy_selected() {
    local root=$1 font
    local -a programs
    mapfile -t programs < <(find "$client_dir" -maxdepth 1 -type f ! -name '*.la' | sort)
    (cd "$tree" && select_files "$data/keep" "${programs[@]}") >"$work/files"
    tar -C "$tree" --no-recursion -cf - -T "$work/files" | tar -C "$root" -xf -
    install -d "$root/$PROGRAMS_DIR" "$root/usr/share/pupitre/fonts"
    install -m 755 -t "$root/$PROGRAMS_DIR" "${programs[@]}"
    # What of them is no program or library, strip leaves alone with a complaint.
    strip --strip-unneeded "$root/$PROGRAMS_DIR"/* 2>/dev/null || :
    for font in "$root"/usr/share/consolefonts/*; do
        mv "$font" "$root/usr/share/pupitre/fonts/"
    done
    rmdir "$root/usr/share/consolefonts"
}

# libvirt parses XML with libxml2, which is linked with ICU for encodings other than
# UTF-8 that we never meet. ICU's data, 31 MB and a seventh of the whole image, is a
# library with one symbol: put one in its place whose table of contents is empty.
shrink_icu_data() {
    local dir=$1/usr/lib/x86_64-linux-gnu name version
    name=$(basename "$(find "$dir" -name 'libicudata.so.*' -type l -print -quit)")
    [ -n "$name" ] || return 0
    version=${name##*.so.}
    # Header of 32 bytes (magic, size 20, little-endian, ASCII, 2-byte characters,
    # "CmnD" 1.0) and a count of 0.
    printf '\40\0\332\47\24\0\0\0\0\0\2\0CmnD\1\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0%b' \
        '\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0' >"$work/icu.dat"
    (cd "$work" && objcopy -I binary -O elf64-x86-64 \
        --rename-section .data=.rodata,alloc,load,readonly,data,contents \
        --set-section-alignment .data=16 \
        --redefine-sym "_binary_icu_dat_start=icudt${version}_dat" icu.dat icu.o)
    rm -f "$dir/$(readlink "$dir/$name")" "$dir/$name"
    ld -shared -z noexecstack -soname "$name" -o "$dir/$name" "$work/icu.o"
}

# Every library that some file of the image needs is known to the linker, or lies in a
# folder of its own for one program.
check_libraries() {
    local root=$1 file library
    (cd "$root" && find usr -type f ! -name '*.ko' | needed_libraries) |
        grep -v ' :' | sort -u -k 2,2 >"$work/needed"
    ldconfig -r "$root" -p | awk '/=>/ { print $1 }' | sort -u >"$work/libraries"
    while read -r file library; do
        grep -qxF "$library" "$work/libraries" ||
            [ -n "$(find "$root/usr/lib" -name "$library" -print -quit)" ] ||
            die "$EXIT_INVALID" "$file needs $library, which is not in the image"
    done <"$work/needed"
}

# A link for each of busybox's programs that no package's program stands for.
link_applets() {
    local root=$1 applet
    "$root/usr/bin/busybox" --list-full >"$work/applets"
    while read -r applet; do
        [ -e "$root/$applet" ] || [ -L "$root/$applet" ] || ln -s /usr/bin/busybox "$root/$applet"
    done <"$work/applets"
    ln -sf /usr/bin/busybox "$root/usr/sbin/init"
}

# libvirt's driver insists on its user and group; udev's rules name the other groups.
make_users() {
    local etc=$1 gid=5 group
    {
        echo 'root:x:0:0:root:/root:/bin/sh'
        echo 'tss:x:59:59::/var/lib/tpm:/bin/false'
        echo 'libvirt-qemu:x:64055:64055::/var/lib/libvirt:/bin/false'
        echo 'nobody:x:65534:65534::/nonexistent:/bin/false'
    } >"$etc/passwd"
    {
        echo 'root:x:0:'
        for group in tty disk lp dialout cdrom tape audio video kmem input kvm render sgx; do
            echo "$group:x:$gid:"
            gid=$((gid + 1))
        done
        echo 'tss:x:59:'
        echo 'libvirt-qemu:x:64055:'
        echo 'nogroup:x:65534:'
    } >"$etc/group"
}
