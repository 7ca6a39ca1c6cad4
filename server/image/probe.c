/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "server/image/probe.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/chunk_map.h"
#include "lib/error.h"
#include "server/image/disk.h"
#include "server/image/partitions.h"
#include "server/image/whole.h"

#define SECTOR_BYTES 512

static const char *const formats[] = {"raw", "qcow2", "vmdk",      "vdi", "vhdx",
                                      "vpc", "qcow",  "parallels", NULL};

/* A regular file or a block device; *@bytes: the file's size, 0 for a device. */
static char *
resolve(const char *file, guint64 *bytes, GError **error)
{
    char *path = realpath(file, NULL);
    g_autofree char *copy = NULL;
    struct stat st;

    if (!path || stat(path, &st) < 0) {
        pup_error_set_errno(error, errno, "cannot open '%s'", file);
        free(path);
        return NULL;
    }
    copy = g_strdup(path);
    free(path);
    if (!S_ISREG(st.st_mode) && !S_ISBLK(st.st_mode)) {
        pup_error_set(error, PUP_ERROR_INVALID, "'%s' is not a file", file);
        return NULL;
    }
    if (S_ISREG(st.st_mode) && st.st_size == 0) {
        pup_error_set(error, PUP_ERROR_INVALID, "'%s' is empty: not a disk", file);
        return NULL;
    }
    *bytes = S_ISREG(st.st_mode) ? (guint64) st.st_size : 0;
    return g_steal_pointer(&copy);
}

/* An MBR or a boot sector, or a GPT for sectors of 512 or 4096 bytes. */
static gboolean
has_boot_signature(const char *path, gboolean *found, GError **error)
{
    guint8 head[4096 + 8] = {0};
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    gssize n;

    if (fd < 0) {
        pup_error_set_errno(error, errno, "cannot open '%s'", path);
        return FALSE;
    }
    n = pread(fd, head, sizeof head, 0); /* a short file leaves zeros behind it */
    close(fd);
    if (n < 0) {
        pup_error_set_errno(error, errno, "cannot read '%s'", path);
        return FALSE;
    }
    *found = (head[510] == 0x55 && head[511] == 0xaa) ||
             memcmp(head + 512, "EFI PART", 8) == 0 ||
             memcmp(head + 4096, "EFI PART", 8) == 0;
    return TRUE;
}

/* Nothing in a raw file says that it is a disk: look for what makes one bootable. */
static gboolean
check_raw(const char *path, guint64 bytes, gboolean forced, GError **error)
{
    gboolean found = FALSE;

    if (bytes % SECTOR_BYTES != 0) {
        pup_error_set(error, PUP_ERROR_INVALID,
                      "'%s' is not a disk: no known format, and %" G_GUINT64_FORMAT
                      " bytes are no multiple of %d",
                      path, bytes, SECTOR_BYTES);
        return FALSE;
    }
    if (forced)
        return TRUE;
    if (!has_boot_signature(path, &found, error))
        return FALSE;
    if (found)
        return TRUE;
    pup_error_set(
        error, PUP_ERROR_INVALID,
        "'%s' does not look like a disk: no known format, no boot sector and no "
        "partition table; if it is a raw disk all the same, add --format raw",
        path);
    return FALSE;
}

static gboolean
check_references(const char *path, const PupImageInfo *info, GError **error)
{
    if (info->backing) {
        pup_error_set(error, PUP_ERROR_INVALID,
                      "'%s' has a backing file ('%s'): a master stands alone; join them "
                      "with `qemu-img convert -O qcow2 FILE NEW` and import that",
                      path, info->backing);
        return FALSE;
    }
    if (info->data_file) {
        pup_error_set(
            error, PUP_ERROR_INVALID,
            "'%s' keeps its data in another file ('%s'): a master stands alone; "
            "join them with `qemu-img convert -O qcow2 FILE NEW` and import that",
            path, info->data_file);
        return FALSE;
    }
    return TRUE;
}

static gboolean
check_info(const char *path, const PupImageInfo *info, GError **error)
{
    if (!g_strv_contains(formats, info->format)) {
        pup_error_set(error, PUP_ERROR_UNSUPPORTED,
                      "'%s' is of the format %s, which is not imported; make a qcow2 of "
                      "it with `qemu-img convert -O qcow2 FILE NEW` and import that",
                      path, info->format);
        return FALSE;
    }
    if (info->encrypted) {
        pup_error_set(error, PUP_ERROR_UNSUPPORTED, "'%s' is encrypted", path);
        return FALSE;
    }
    if (info->corrupt) {
        pup_error_set(error, PUP_ERROR_CORRUPT,
                      "'%s' is marked corrupt; see `qemu-img check`", path);
        return FALSE;
    }
    if (info->virtual_bytes == 0 || info->virtual_bytes > PUP_DISK_MAX_BYTES) {
        pup_error_set(error, PUP_ERROR_INVALID,
                      "'%s': a disk of %" G_GUINT64_FORMAT " bytes is out of range", path,
                      info->virtual_bytes);
        return FALSE;
    }
    return check_references(path, info, error);
}

/* A fixed VHD is a raw disk with a footer, which nobody probes for; as part of the disk
 * it would be a sector of rubbish at its end. */
static gboolean
is_fixed_vhd(const char *path)
{
    guint64 bytes = 0;

    return pup_vhd_size(path, &bytes, NULL) && bytes > 0;
}

/* QEMU takes the smaller of a VHD's two sizes where it does not know its maker; the other
 * is the one that the guest saw. */
static gboolean
correct_vhd_size(char **path, PupImageInfo *info, GError **error)
{
    guint64 bytes = 0;
    json_t *image;
    char *text;

    if (!pup_vhd_size(*path, &bytes, error))
        return FALSE;
    if (bytes <= info->virtual_bytes)
        return TRUE;
    if (bytes > PUP_DISK_MAX_BYTES || !g_utf8_validate(*path, -1, NULL)) {
        pup_error_set(error, PUP_ERROR_INVALID,
                      "'%s': cannot take %" G_GUINT64_FORMAT
                      " as its size; rename the file to plain letters and try again",
                      *path, bytes);
        return FALSE;
    }
    image = json_pack("{s:s, s:s, s:{s:s, s:s}}", "driver", "vpc", "force_size_calc",
                      "current_size", "file", "driver", "file", "filename", *path);
    text = json_dumps(image, JSON_COMPACT);
    json_decref(image);
    g_free(*path);
    *path = g_strconcat("json:", text, NULL);
    free(text);
    info->virtual_bytes = bytes;
    return TRUE;
}

/* What qemu-img says of it, and what it does not say. */
static PupImageInfo *
probe(const char *path, const char *format, GCancellable *cancellable, GError **error)
{
    g_autoptr(PupImageInfo) info = pup_image_info(path, format, cancellable, error);

    if (info && !format && g_str_equal(info->format, "raw") && is_fixed_vhd(path))
        return pup_image_info(path, "vpc", cancellable, error);
    return g_steal_pointer(&info);
}

PupImageInfo *
pup_probe_disk(const char *file, const char *format, char **path,
               GCancellable *cancellable, GError **error)
{
    guint64 bytes = 0;
    g_autofree char *real = resolve(file, &bytes, error);
    g_autoptr(PupImageInfo) info = NULL;

    if (!real)
        return NULL;
    if (format && !g_strv_contains(formats, format)) {
        g_autofree char *known = g_strjoinv(", ", (char **) formats);
        pup_error_set(error, PUP_ERROR_UNSUPPORTED, "format '%s': known are %s", format,
                      known);
        return NULL;
    }
    if (!pup_whole_check_extents(real, format, cancellable, error))
        return NULL;
    info = probe(real, format, cancellable, error);
    if (!info || !check_info(real, info, error))
        return NULL;
    if (g_str_equal(info->format, "raw") &&
        !check_raw(real, bytes, format != NULL, error))
        return NULL;
    if (!pup_whole_check(real, info, cancellable, error))
        return NULL;
    if (g_str_equal(info->format, "vpc") && !correct_vhd_size(&real, info, error))
        return NULL;
    *path = g_steal_pointer(&real);
    return g_steal_pointer(&info);
}

static gboolean
read_guest(gpointer data, guint64 offset, guint8 *buf, size_t len, GError **error)
{
    return pup_disk_read(data, offset, buf, len, error);
}

gboolean
pup_probe_guest(const PupSettings *settings, const char *source, const char *format,
                const char *name, GCancellable *cancellable, GError **error)
{
    g_autoptr(PupDisk) disk =
        pup_disk_open_as(settings, source, format, 1, cancellable, error);
    g_autoptr(PupDiskReader) reader = disk ? pup_disk_reader_new(disk, error) : NULL;
    PupPartitionDisk seen = {.name = name, .read = read_guest, .data = reader};

    if (!reader)
        return FALSE;
    seen.bytes = pup_disk_bytes(disk);
    return pup_partitions_check(&seen, error);
}
