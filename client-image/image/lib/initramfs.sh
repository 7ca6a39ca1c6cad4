# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck shell=bash disable=SC2034,SC2154 # variables shared with the main script
# initramfs - busybox, the network's drivers and /init, as a compressed cpio archive

# make_initramfs FOLDER
make_initramfs() {
    local dir=$1
    mkdir -p "$dir"/{dev,proc,sys,run,image,lower,newroot,etc} "$dir"/usr/{bin,sbin,lib}
    ln -s usr/bin usr/sbin usr/lib "$dir/"
    cp "$tree/usr/bin/busybox" "$dir/usr/bin/"
    link_applets "$dir"
    install_modules "$data/modules-initramfs" "$dir"
    # busybox reads the text forms only.
    rm -f "$dir/usr/lib/modules/$kernel_version"/*.bin
    cp -r "$data/shared/." "$dir/"
    cp -r "$data/initramfs/." "$dir/"
    chmod -R u+rwX,go+rX,go-w "$dir"
}

# pack_initramfs FOLDER FILE
pack_initramfs() {
    find "$1" -exec touch -h -d @0 {} +
    (cd "$1" && find . -mindepth 1 -print0 | LC_ALL=C sort -z |
        cpio --null --create --format=newc --owner=0:0 --reproducible --quiet) |
        zstd --quiet "-$compression_level" -T0 -o "$2"
}
