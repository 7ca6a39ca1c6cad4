/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"
#include "server/image/unpack_private.h"

#include <errno.h>
#include <unistd.h>

#include "lib/error.h"
#include "lib/file.h"
#include "server/image/workshop.h"

#define BLOCK_BYTES (256u * 1024u)

gboolean
pup_unpack_set_error(const PupUnpacking *unpack, PupArchive *archive, GError **error)
{
    const char *why = archive_error_string(archive);

    if (g_cancellable_set_error_if_cancelled(unpack->job->shop->cancellable, error))
        return FALSE;
    pup_error_set(
        error, PUP_ERROR_CORRUPT,
        "cannot unpack '%s': it is cut short or damaged (%s); copy it again from "
        "where it was made",
        unpack->job->file, why ? why : "no reason given");
    return FALSE;
}

/* What libarchive reads with; by itself it would pass over a compressed member of any
 * size without once asking whether it shall go on. */
typedef struct {
    const PupUnpacking *unpack;
    int fd;
    guint8 block[BLOCK_BYTES];
} Source;

static la_ssize_t
on_read(struct archive *archive, void *data, const void **block)
{
    Source *source = data;
    ssize_t n = -1;

    if (g_cancellable_is_cancelled(source->unpack->job->shop->cancellable))
        errno = ECANCELED;
    else
        do
            n = read(source->fd, source->block, sizeof source->block);
        while (n < 0 && errno == EINTR);
    if (n < 0)
        archive_set_error(archive, errno, "%s", g_strerror(errno));
    *block = source->block;
    return n;
}

static la_int64_t
on_seek(struct archive *archive, void *data, la_int64_t offset, int whence)
{
    off_t at = lseek(((Source *) data)->fd, offset, whence);

    if (at < 0)
        archive_set_error(archive, errno, "%s", g_strerror(errno));
    return at < 0 ? ARCHIVE_FATAL : at;
}

static la_int64_t
on_skip(struct archive *archive, void *data, la_int64_t n)
{
    return lseek(((Source *) data)->fd, n, SEEK_CUR) < 0 ? 0 : n;
}

static int
on_close(struct archive *archive, void *data)
{
    close(((Source *) data)->fd);
    g_free(data);
    return ARCHIVE_OK;
}

static gboolean
open_source(const PupUnpacking *unpack, PupArchive *archive, GError **error)
{
    Source *source;
    int fd = pup_file_open(unpack->job->file, NULL, error);

    if (fd < 0)
        return FALSE;
    source = g_new(Source, 1);
    source->unpack = unpack;
    source->fd = fd;
    archive_read_set_callback_data(archive, source);
    archive_read_set_read_callback(archive, on_read);
    archive_read_set_seek_callback(archive, on_seek);
    archive_read_set_skip_callback(archive, on_skip);
    archive_read_set_close_callback(archive, on_close);
    return archive_read_open1(archive) == ARCHIVE_OK ||
           pup_unpack_set_error(unpack, archive, error);
}

PupArchive *
pup_unpack_open(const PupUnpacking *unpack, GError **error)
{
    g_autoptr(PupArchive) archive = archive_read_new();

    /* Not all that it can: some of that it does by running programs. */
    archive_read_support_filter_gzip(archive);
    archive_read_support_filter_xz(archive);
    archive_read_support_filter_bzip2(archive);
    archive_read_support_filter_zstd(archive);
    archive_read_support_filter_lz4(archive);
    archive_read_support_format_tar(archive);
    archive_read_support_format_zip(archive);
    archive_read_support_format_7zip(archive);
    archive_read_support_format_raw(archive);
    return open_source(unpack, archive, error) ? g_steal_pointer(&archive) : NULL;
}

gboolean
pup_unpack_next(const PupUnpacking *unpack, PupArchive *archive,
                struct archive_entry **entry, GError **error)
{
    int result = archive_read_next_header(archive, entry);

    if (g_cancellable_set_error_if_cancelled(unpack->job->shop->cancellable, error))
        return FALSE;
    if (result == ARCHIVE_EOF)
        *entry = NULL;
    else if (result != ARCHIVE_OK && result != ARCHIVE_WARN)
        return pup_unpack_set_error(unpack, archive, error);
    return TRUE;
}

gboolean
pup_unpack_is_raw(PupArchive *archive)
{
    return archive_format(archive) == ARCHIVE_FORMAT_RAW;
}
