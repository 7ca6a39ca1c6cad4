/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * libarchive's own filter for gzip passes over the sum and the size at the end of each
 * part, and over whatever stands behind it (RFC 1952, 2.2 and 2.3.1); zlib looks at them.
 */
#include "config.h"
#include "server/image/unpack_private.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>

#include "lib/error.h"
#include "lib/file.h"
#include "server/image/workshop.h"

#define BLOCK_BYTES (256u * 1024u)
/* zlib: the largest window, and gzip's header and trailer around it. */
#define GZIP_WINDOW_BITS (15 + 16)

struct PupUnpackSource {
    const PupUnpack *job;
    int fd;
    gboolean is_gzip;
    gboolean in_part;   /* of gzip: its end has not come */
    int read_errno;     /* 0: the file could be read */
    const char *damage; /* what is wrong with gzip's own; NULL: nothing */
    z_stream inflate;
    guint8 packed[BLOCK_BYTES];
    guint8 block[BLOCK_BYTES];
};

PupUnpackSource *
pup_unpack_source_new(const PupUnpack *job)
{
    PupUnpackSource *source = g_new0(PupUnpackSource, 1);

    source->job = job;
    source->fd = -1;
    if (inflateInit2(&source->inflate, GZIP_WINDOW_BITS) != Z_OK)
        g_error("zlib: out of memory");
    return source;
}

static void
close_file(PupUnpackSource *source)
{
    if (source->fd >= 0)
        close(source->fd);
    source->fd = -1;
}

void
pup_unpack_source_free(PupUnpackSource *source)
{
    close_file(source);
    inflateEnd(&source->inflate);
    g_free(source);
}

gboolean
pup_unpack_source_is_gzip(const PupUnpackSource *source)
{
    return source->is_gzip;
}

guint64
pup_unpack_source_at(const PupUnpackSource *source)
{
    off_t at = lseek(source->fd, 0, SEEK_CUR);

    return at < 0 ? 0 : (guint64) at;
}

/* Fill @block; 0 at the end, -1 on errors. libarchive by itself would pass over a member
 * of any size without once asking whether it shall go on. */
static ssize_t
read_file(PupUnpackSource *source, guint8 *block)
{
    ssize_t n;

    if (g_cancellable_is_cancelled(source->job->shop->cancellable))
        return -1;
    do
        n = read(source->fd, block, BLOCK_BYTES);
    while (n < 0 && errno == EINTR);
    if (n < 0)
        source->read_errno = errno;
    return n;
}

/* One step of zlib's. Between two parts there may be zeros. */
static gboolean
step(PupUnpackSource *source)
{
    z_stream *inflater = &source->inflate;
    int result;

    if (!source->in_part)
        for (; inflater->avail_in > 0 && *inflater->next_in == 0; inflater->avail_in--)
            inflater->next_in++;
    if (inflater->avail_in == 0)
        return TRUE;
    source->in_part = TRUE;
    result = inflate(inflater, Z_NO_FLUSH);
    if (result == Z_STREAM_END) {
        source->in_part = FALSE;
        inflateReset(inflater);
    } else if (result != Z_OK) {
        source->damage = inflater->msg ? inflater->msg : "not what gzip writes";
        return FALSE;
    }
    return TRUE;
}

/* Fill the block with what gzip packed, or with the beginning of it; 0 at the end, -1 on
 * errors. */
static ssize_t
read_unpacked(PupUnpackSource *source)
{
    z_stream *inflater = &source->inflate;

    inflater->next_out = source->block;
    inflater->avail_out = sizeof source->block;
    while (inflater->avail_out == sizeof source->block) {
        if (inflater->avail_in == 0) {
            ssize_t n = read_file(source, source->packed);

            if (n == 0 && source->in_part)
                source->damage = "its end is missing";
            if (n <= 0)
                return n < 0 || source->in_part ? -1 : 0;
            inflater->next_in = source->packed;
            inflater->avail_in = (uInt) n;
        }
        if (!step(source))
            return -1;
    }
    return (ssize_t) (sizeof source->block - inflater->avail_out);
}

static la_ssize_t
on_read(struct archive *archive, void *data, const void **block)
{
    PupUnpackSource *source = data;
    ssize_t n =
        source->is_gzip ? read_unpacked(source) : read_file(source, source->block);

    if (n < 0)
        archive_set_error(archive, EIO, "cannot be read");
    *block = source->block;
    return n;
}

static la_int64_t
on_seek(struct archive *archive, void *data, la_int64_t offset, int whence)
{
    off_t at = lseek(((PupUnpackSource *) data)->fd, offset, whence);

    if (at < 0)
        archive_set_error(archive, errno, "%s", g_strerror(errno));
    return at < 0 ? ARCHIVE_FATAL : at;
}

static la_int64_t
on_skip(struct archive *archive, void *data, la_int64_t n)
{
    return lseek(((PupUnpackSource *) data)->fd, n, SEEK_CUR) < 0 ? 0 : n;
}

static int
on_close(struct archive *archive, void *data)
{
    close_file(data);
    return ARCHIVE_OK;
}

gboolean
pup_unpack_source_open(PupUnpackSource *source, PupArchive *archive, GError **error)
{
    static const guint8 magic[] = {0x1f, 0x8b, 8};
    guint8 head[sizeof magic];

    close_file(source);
    source->fd = pup_file_open(source->job->file, NULL, error);
    if (source->fd < 0)
        return FALSE;
    source->is_gzip = pread(source->fd, head, sizeof head, 0) == sizeof head &&
                      memcmp(head, magic, sizeof head) == 0;
    source->in_part = FALSE;
    source->inflate.avail_in = 0;
    inflateReset(&source->inflate);
    archive_read_set_callback_data(archive, source);
    archive_read_set_read_callback(archive, on_read);
    archive_read_set_close_callback(archive, on_close);
    if (!source->is_gzip) {
        archive_read_set_seek_callback(archive, on_seek);
        archive_read_set_skip_callback(archive, on_skip);
    }
    return TRUE;
}

gboolean
pup_unpack_source_end(PupUnpackSource *source)
{
    ssize_t n = source->is_gzip ? 1 : 0;

    while (n > 0)
        n = read_unpacked(source);
    return n == 0;
}

const char *
pup_unpack_source_damage(const PupUnpackSource *source)
{
    return source->damage;
}

int
pup_unpack_source_errno(const PupUnpackSource *source)
{
    return source->read_errno;
}
