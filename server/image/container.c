/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "server/image/container.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "lib/error.h"

#define PACKED PUP_CONTAINER_PACKED
#define IMAGE PUP_CONTAINER_IMAGE
#define OTHER PUP_CONTAINER_OTHER
#define BYTES(text) text, sizeof(text) - 1

static const PupContainer known[] = {
    {PACKED, "an archive (tar, as an OVA is)", NULL, 257, BYTES("ustar")},
    {PACKED, "compressed by gzip", NULL, 0, BYTES("\x1f\x8b")},
    {PACKED, "compressed by xz", NULL, 0,
     BYTES("\xfd"
           "7zXZ\0")},
    {PACKED, "compressed by bzip2", NULL, 0, BYTES("BZh")},
    {PACKED, "compressed by zstd", NULL, 0, BYTES("\x28\xb5\x2f\xfd")},
    {PACKED, "compressed by lz4", NULL, 0, BYTES("\x04\x22\x4d\x18")},
    {PACKED, "a zip archive", NULL, 0, BYTES("PK\x03\x04")},
    {PACKED, "a 7z archive", NULL, 0, BYTES("7z\xbc\xaf\x27\x1c")},
    {IMAGE, "a qcow2 image", NULL, 0, BYTES("QFI\xfb")},
    {IMAGE, "a vmdk image", NULL, 0, BYTES("KDMV")},
    {IMAGE, "a vmdk image", NULL, 0, BYTES("COWD")},
    {IMAGE, "the descriptor of a vmdk image", NULL, 0, BYTES("# Disk DescriptorFile")},
    {IMAGE, "a VHD image (vpc)", NULL, 0, BYTES("conectix")},
    {IMAGE, "a vhdx image", NULL, 0, BYTES("vhdxfile")},
    {IMAGE, "a vdi image", NULL, 64, BYTES("\x7f\x10\xda\xbe")},
    {IMAGE, "a parallels image", NULL, 0, BYTES("WithoutFreeSpace")},
    {IMAGE, "a parallels image", NULL, 0, BYTES("WithouFreSpacExt")},
    {OTHER, "an ISO image, which installs a disk and is none",
     "make a master with `pupitre master create NAME --iso FILE`", 32769, BYTES("CD001")},
    {OTHER, "a Windows image (WIM or ESD), which holds files and no disk",
     "make a master from the installation ISO with `pupitre master create NAME --iso "
     "FILE`",
     0, BYTES("MSWIM\0\0\0")},
    {OTHER, "a rar archive", "unpack it and import the disk in it", 0,
     BYTES("Rar!\x1a\x07")},
    {OTHER, "a cabinet archive", "unpack it and import the disk in it", 0,
     BYTES("MSCF\0\0\0\0")},
    {OTHER, "an encrypted disk (LUKS)", "import the disk that it holds once opened", 0,
     BYTES("LUKS\xba\xbe")},
    {OTHER, "a text (XML), perhaps the description of a machine",
     "import the disk that it names, or the whole OVA", 0, BYTES("<?xml")},
};

const PupContainer *
pup_container_find(const guint8 *head, size_t len)
{
    for (unsigned i = 0; i < G_N_ELEMENTS(known); i++)
        if (known[i].offset + known[i].len <= len &&
            memcmp(head + known[i].offset, known[i].magic, known[i].len) == 0)
            return &known[i];
    return NULL;
}

gboolean
pup_container_is_disk(const guint8 *head, size_t len)
{
    return (len >= 512 && head[510] == 0x55 && head[511] == 0xaa) ||
           (len >= 512 + 8 && memcmp(head + 512, "EFI PART", 8) == 0) ||
           (len >= 4096 + 8 && memcmp(head + 4096, "EFI PART", 8) == 0);
}

gboolean
pup_container_read(const char *path, guint8 *head, size_t *len, GError **error)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    gssize n = fd >= 0 ? pread(fd, head, PUP_CONTAINER_HEAD_BYTES, 0) : -1;

    if (n < 0)
        pup_error_set_errno(error, errno, "cannot read '%s'", path);
    else
        *len = (size_t) n;
    if (fd >= 0)
        close(fd);
    return n >= 0;
}
