/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"
#include "server/image/unpack_private.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "lib/chunk_map.h"
#include "lib/error.h"
#include "lib/file.h"
#include "server/image/workshop.h"

#define PIECE_BYTES (64u * 1024u)
/* What is left to others on the disk that is unpacked to, and how often that is looked
 * at. */
#define RESERVE_BYTES (G_GUINT64_CONSTANT(256) << 20)
#define LOOK_BYTES (G_GUINT64_CONSTANT(64) << 20)

/* The file that is written. */
typedef struct {
    int fd;
    const char *path;
    guint64 end, looked_at; /* so far */
    GChecksum *sum;         /* NULL: nobody asks */
} Output;

static gboolean
is_zero(const guint8 *data, size_t len)
{
    return len > 0 && data[0] == 0 && memcmp(data, data + 1, len - 1) == 0;
}

/* A file that grows is a disk that fills: others need it, too. */
static gboolean
look_at_space(const PupUnpacking *unpack, Output *output, GError **error)
{
    g_autofree char *what = g_strdup_printf(
        "unpacking '%s' takes more than there is; with what others need it takes",
        unpack->job->file);

    output->looked_at = output->end;
    return pup_workshop_check_space(output->path, RESERVE_BYTES, what, error);
}

/* No disk has more than these bytes up to @offset and @len. */
static gboolean
check_size(const PupUnpacking *unpack, guint64 offset, size_t len, GError **error)
{
    if (len <= PUP_DISK_MAX_BYTES && offset <= PUP_DISK_MAX_BYTES - len)
        return TRUE;
    pup_error_set(error, PUP_ERROR_INVALID,
                  "what '%s' holds is larger than any disk: refused", unpack->job->file);
    return FALSE;
}

/* Zeros up to @offset. Of a sum a hole takes as long as what is written. */
static gboolean
skip_to(const PupUnpacking *unpack, Output *output, guint64 offset, GError **error)
{
    static const guint8 zeros[PIECE_BYTES];

    while (output->sum && output->end < offset) {
        size_t len = MIN(sizeof zeros, offset - output->end);

        if (g_cancellable_set_error_if_cancelled(unpack->job->shop->cancellable, error))
            return FALSE;
        g_checksum_update(output->sum, zeros, (gssize) len);
        output->end += len;
    }
    output->end = offset;
    return TRUE;
}

static gboolean
write_block(const PupUnpacking *unpack, Output *output, const guint8 *data, size_t len,
            GError **error)
{
    if (output->sum)
        g_checksum_update(output->sum, data, (gssize) len);
    for (size_t at = 0; at < len; at += PIECE_BYTES) {
        size_t n = MIN(PIECE_BYTES, len - at);
        if (!is_zero(data + at, n) &&
            !pup_file_pwrite(output->fd, data + at, n, (off_t) (output->end + at),
                             output->path, error))
            return FALSE;
    }
    output->end += len;
    return output->end - output->looked_at < LOOK_BYTES ||
           look_at_space(unpack, output, error);
}

static gboolean
write_data(const PupUnpacking *unpack, PupArchive *archive, Output *output,
           GError **error)
{
    const PupWorkshop *shop = unpack->job->shop;

    for (;;) {
        const void *data;
        size_t len;
        la_int64_t offset = 0;
        int result = archive_read_data_block(archive, &data, &len, &offset);

        if (g_cancellable_set_error_if_cancelled(shop->cancellable, error))
            return FALSE;
        if (result == ARCHIVE_EOF) {
            /* A hole at the end of a sparse file comes as nothing but that. */
            if (offset > (la_int64_t) output->end &&
                (!check_size(unpack, (guint64) offset, 0, error) ||
                 !skip_to(unpack, output, (guint64) offset, error)))
                return FALSE;
            break;
        }
        /* A warning is what zip and 7z tell of a wrong sum or size with. */
        if (result != ARCHIVE_OK || offset < 0 || (guint64) offset < output->end)
            return pup_unpack_set_error(unpack, archive, error);
        if (!check_size(unpack, (guint64) offset, len, error) ||
            !skip_to(unpack, output, (guint64) offset, error) ||
            !write_block(unpack, output, data, len, error))
            return FALSE;
        if (shop->progress)
            shop->progress(shop->progress_data, "unpacking",
                           pup_unpack_source_at(unpack->source), unpack->bytes);
    }
    if (ftruncate(output->fd, (off_t) output->end) == 0)
        return TRUE;
    pup_error_set_errno(error, errno, "cannot write '%s'", output->path);
    return FALSE;
}

static gboolean
check_sum(const PupUnpacking *unpack, const PupUnpackMember *member, const Output *output,
          GError **error)
{
    if (!member->sum || strcmp(g_checksum_get_string(output->sum), member->sum) == 0)
        return TRUE;
    pup_error_set(
        error, PUP_ERROR_CORRUPT,
        "'%s' is damaged: '%s' in it does not match the manifest; copy it again "
        "from where it was made",
        unpack->job->file, member->name);
    return FALSE;
}

gboolean
pup_unpack_extract(const PupUnpacking *unpack, PupArchive *archive,
                   const PupUnpackMember *member, const char *path, GError **error)
{
    Output output = {.path = path};
    gboolean done;

    output.fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (output.fd < 0) {
        pup_error_set_errno(error, errno, "cannot make '%s'", path);
        return FALSE;
    }
    if (member->sum)
        output.sum = g_checksum_new(member->sum_type);
    done = look_at_space(unpack, &output, error) &&
           write_data(unpack, archive, &output, error) &&
           check_sum(unpack, member, &output, error);
    close(output.fd);
    if (output.sum)
        g_checksum_free(output.sum);
    return done;
}
