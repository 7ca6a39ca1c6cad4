/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "server/image/whole.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/error.h"
#include "lib/file.h"

#define HEAD_BYTES 4096u /* that tell a descriptor */

gboolean
pup_whole_open(PupWholeFile *file, const char *path, GError **error)
{
    struct stat st;
    off_t end;

    /* A pipe would be waited for. */
    if (stat(path, &st) == 0 && !S_ISREG(st.st_mode) && !S_ISBLK(st.st_mode)) {
        pup_error_set(error, PUP_ERROR_INVALID, "'%s' is not a file", path);
        return FALSE;
    }
    *file = (PupWholeFile){.fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)};
    end = file->fd >= 0 ? lseek(file->fd, 0, SEEK_END) : -1;
    if (end < 0) {
        pup_error_set_errno(error, errno, "cannot open '%s'", path);
        if (file->fd >= 0)
            close(file->fd);
        file->fd = -1;
        return FALSE;
    }
    file->path = g_strdup(path);
    file->bytes = (guint64) end;
    return TRUE;
}

void
pup_whole_clear(PupWholeFile *file)
{
    if (!file->path)
        return;
    g_clear_pointer(&file->path, g_free);
    close(file->fd);
}

static gboolean
set_cut(const PupWholeFile *file, guint64 promised, GError **error)
{
    pup_error_set(error, PUP_ERROR_CORRUPT,
                  "'%s' is not whole: it should have at least %" G_GUINT64_FORMAT
                  " bytes and has %" G_GUINT64_FORMAT "%s",
                  file->path, promised, file->bytes,
                  file->ours ? ""
                             : ": the copy was cut short; copy it again from where it "
                               "was made");
    return FALSE;
}

gboolean
pup_whole_read(PupWholeFile *file, guint64 offset, void *buf, size_t len, GError **error)
{
    if (offset > file->bytes || len > file->bytes - offset)
        return set_cut(file, offset > G_MAXUINT64 - len ? G_MAXUINT64 : offset + len,
                       error);
    return pup_file_pread(file->fd, buf, len, (off_t) offset, file->path, error);
}

void
pup_whole_promise(PupWholeFile *file, guint64 end)
{
    file->promised = MAX(file->promised, end);
}

gboolean
pup_whole_kept(const PupWholeFile *file, GError **error)
{
    return file->promised <= file->bytes || set_cut(file, file->promised, error);
}

gboolean
pup_whole_set_damaged(const PupWholeFile *file, const char *why, GError **error)
{
    pup_error_set(error, PUP_ERROR_CORRUPT, "'%s' is damaged: %s%s", file->path, why,
                  file->ours ? "" : "; copy it again from where it was made");
    return FALSE;
}

static gboolean
check_map(PupWholeFile *file, const char *format, GCancellable *cancellable,
          GError **error)
{
    guint64 end = 0;

    if (!pup_image_data_end(file->path, format, &end, cancellable, error))
        return FALSE;
    pup_whole_promise(file, end);
    return pup_whole_kept(file, error);
}

/* What we hold QEMU to read must be what QEMU reads. */
static gboolean
check_vmdk(PupWholeFile *file, const PupImageInfo *info, GError **error)
{
    unsigned n_extents = 0;

    if (!pup_whole_vmdk(file, &n_extents, error))
        return FALSE;
    return n_extents == g_strv_length(info->extents) ||
           pup_whole_set_damaged(file, "QEMU does not read all the extents that it names",
                                 error);
}

gboolean
pup_whole_check_extents(const char *path, const char *format, GCancellable *cancellable,
                        GError **error)
{
    g_auto(PupWholeFile) file = {.fd = -1};
    guint8 head[HEAD_BYTES] = {0};
    unsigned n_extents;

    if (!pup_whole_open(&file, path, error))
        return FALSE;
    file.cancellable = cancellable;
    if (!pup_whole_read(&file, 0, head, MIN(sizeof head, file.bytes), error))
        return FALSE;
    return !(pup_vmdk_names_files(head, sizeof head) || g_strcmp0(format, "vmdk") == 0) ||
           pup_whole_vmdk(&file, &n_extents, error);
}

gboolean
pup_whole_check(const char *path, const PupImageInfo *info, GCancellable *cancellable,
                GError **error)
{
    g_auto(PupWholeFile) file = {.fd = -1};

    if (!pup_whole_open(&file, path, error))
        return FALSE;
    file.cancellable = cancellable;
    if (g_str_equal(info->format, "vmdk"))
        return check_vmdk(&file, info, error);
    if (g_str_equal(info->format, "qcow") || g_str_equal(info->format, "qcow2"))
        return pup_whole_qcow(&file, error);
    if (g_str_equal(info->format, "vpc"))
        return pup_whole_vhd(&file, error);
    return g_str_equal(info->format, "raw") ||
           check_map(&file, info->format, cancellable, error);
}

gboolean
pup_whole_check_ours(const char *path, GError **error)
{
    static const guint8 magic[] = {'Q', 'F', 'I', 0xfb};
    g_auto(PupWholeFile) file = {.fd = -1};
    guint8 head[sizeof magic];

    if (!pup_file_check_disk(path, error) || !pup_whole_open(&file, path, error))
        return FALSE;
    file.ours = TRUE;
    if (!pup_whole_read(&file, 0, head, sizeof head, error))
        return FALSE;
    if (memcmp(head, magic, sizeof magic) != 0)
        return pup_whole_set_damaged(&file, "it is no qcow2", error);
    return pup_whole_qcow(&file, error);
}
