/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Threads reserve their place in the file under a short lock and then write there on
 * their own: the lock is never held over input and output, so compression on all cores is
 * what limits a publish. The file keeps a temporary name (with a dot, which no reader
 * lists) until it is whole and durable; readers know a pack by its index, which comes
 * last.
 */
#include "config.h"
#include "server/store/pack_format.h"

#include "lib/error.h"
#include "lib/failpoint.h"
#include "lib/file.h"
#include "server/store/pack_index.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

struct PupPackWriter {
    char *dir;
    PupPackId id;
    char *temporary;
    char *path;
    int fd; /* -1: not begun, or finished */
    GMutex lock;
    GHashTable *entries; /* of PupPackEntry, keys to themselves; under lock */
    guint64 end;         /* where the next record goes; under lock */
    guint64 bytes;       /* encoded; under lock */
    gboolean failed;     /* under lock */
};

PupPackWriter *
pup_pack_writer_new(const char *dir)
{
    PupPackWriter *writer = g_new0(PupPackWriter, 1);
    writer->dir = g_strdup(dir);
    pup_pack_id_new(&writer->id);
    writer->temporary = g_strdup_printf("%s/.%s.pack", dir, writer->id.text);
    writer->path = pup_pack_path(dir, &writer->id, ".pack");
    writer->fd = -1;
    g_mutex_init(&writer->lock);
    writer->entries =
        g_hash_table_new_full(pup_name_hash, pup_name_hash_equal, g_free, NULL);
    return writer;
}

static gboolean
start_file(PupPackWriter *writer, GError **error)
{
    PupPackHeader header;
    writer->fd = open(writer->temporary, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
    if (writer->fd < 0) {
        pup_error_set_errno(error, errno, "cannot create '%s'", writer->temporary);
        return FALSE;
    }
    pup_pack_header_fill(&header, PUP_PACK_MAGIC, &writer->id);
    writer->end = sizeof header;
    return pup_failpoint("pack-created", error) &&
           pup_file_pwrite(writer->fd, &header, sizeof header, 0, writer->temporary,
                           error) &&
           pup_failpoint("pack-started", error);
}

/* A place for @len bytes of chunk @name, and its entry; NULL when it has one already. */
static PupPackEntry *
reserve(PupPackWriter *writer, const PupName *name, size_t len)
{
    if (g_hash_table_contains(writer->entries, name))
        return NULL;
    PupPackEntry *entry = g_new0(PupPackEntry, 1);
    entry->name = *name;
    entry->offset = writer->end + PUP_PACK_RECORD_BYTES;
    entry->length = (guint32) len;
    writer->end = entry->offset + len;
    writer->bytes += len;
    g_hash_table_add(writer->entries, entry);
    return entry;
}

static gboolean
write_record(PupPackWriter *writer, const PupPackEntry *entry, const guint8 *encoded,
             GError **error)
{
    PupRecord record;
    pup_record_fill(&record, &entry->name, entry->length);
    off_t at = (off_t) (entry->offset - sizeof record);
    return pup_failpoint("chunk-reserved", error) &&
           pup_file_pwrite(writer->fd, &record, sizeof record, at, writer->temporary,
                           error) &&
           pup_failpoint("chunk-half-written", error) &&
           pup_file_pwrite(writer->fd, encoded, entry->length, (off_t) entry->offset,
                           writer->temporary, error) &&
           pup_failpoint("chunk-written", error);
}

static void
set_failed(PupPackWriter *writer)
{
    g_mutex_lock(&writer->lock);
    writer->failed = TRUE;
    g_mutex_unlock(&writer->lock);
}

gboolean
pup_pack_writer_put(PupPackWriter *writer, const PupName *name, const guint8 *encoded,
                    size_t len, GError **error)
{
    g_return_val_if_fail(len >= 2 && len <= PUP_CHUNK_ENCODED_MAX, FALSE);
    g_return_val_if_fail(!pup_name_is_null(name), FALSE);
    g_mutex_lock(&writer->lock);
    gboolean ok = writer->fd >= 0 || start_file(writer, error);
    const PupPackEntry *entry = ok ? reserve(writer, name, len) : NULL;
    g_mutex_unlock(&writer->lock);
    if (entry)
        ok = write_record(writer, entry, encoded, error);
    if (!ok)
        set_failed(writer);
    return ok;
}

gboolean
pup_pack_writer_has(PupPackWriter *writer, const PupName *name)
{
    g_mutex_lock(&writer->lock);
    gboolean has = g_hash_table_contains(writer->entries, name);
    g_mutex_unlock(&writer->lock);
    return has;
}

guint64
pup_pack_writer_bytes(PupPackWriter *writer)
{
    g_mutex_lock(&writer->lock);
    guint64 bytes = writer->bytes;
    g_mutex_unlock(&writer->lock);
    return bytes;
}

static gboolean
end_file(PupPackWriter *writer, GError **error)
{
    PupRecord record;
    pup_record_fill(&record, NULL, 0);
    if (!pup_file_pwrite(writer->fd, &record, sizeof record, (off_t) writer->end,
                         writer->temporary, error) ||
        !pup_failpoint("pack-ended", error))
        return FALSE;
    writer->end += sizeof record;
    if (fsync(writer->fd) < 0) {
        pup_error_set_errno(error, errno, "cannot sync '%s'", writer->temporary);
        return FALSE;
    }
    return pup_failpoint("pack-synced", error);
}

static gboolean
move_into_place(PupPackWriter *writer, GError **error)
{
    if (rename(writer->temporary, writer->path) < 0) {
        pup_error_set_errno(error, errno, "cannot put '%s' into place", writer->path);
        return FALSE;
    }
    return pup_failpoint("pack-renamed", error) &&
           pup_file_sync_dir(writer->dir, error) && pup_failpoint("pack-in-place", error);
}

static gboolean
write_index(PupPackWriter *writer, GError **error)
{
    g_autofree char *path = pup_pack_path(writer->dir, &writer->id, ".idx");
    g_autoptr(GArray) entries = g_array_new(FALSE, FALSE, sizeof(PupPackEntry));
    GHashTableIter iter;
    gpointer entry;
    g_hash_table_iter_init(&iter, writer->entries);
    while (g_hash_table_iter_next(&iter, &entry, NULL))
        g_array_append_vals(entries, entry, 1);
    g_autoptr(GBytes) index = pup_pack_index_format(entries, &writer->id, writer->end);
    return pup_file_replace(path, g_bytes_get_data(index, NULL), g_bytes_get_size(index),
                            0644, error) &&
           pup_failpoint("index-in-place", error);
}

gboolean
pup_pack_writer_finish(PupPackWriter *writer, GError **error)
{
    if (writer->failed) {
        pup_error_set(error, PUP_ERROR_IO, "an earlier write to '%s' failed",
                      writer->temporary);
        return FALSE;
    }
    if (writer->fd < 0)
        return TRUE;
    if (!end_file(writer, error) || !move_into_place(writer, error) ||
        !write_index(writer, error))
        return FALSE;
    close(writer->fd);
    writer->fd = -1;
    return pup_failpoint("pack-done", error);
}

/* Unfinished: the pack may have its name already, but nobody reads it without an index.
 * Where the index is there, somebody may count on the pack by now; then gc decides. */
static void
remove_unfinished(PupPackWriter *writer)
{
    g_autofree char *index = pup_pack_path(writer->dir, &writer->id, ".idx");
    close(writer->fd);
    unlink(writer->temporary);
    if (access(index, F_OK) < 0)
        unlink(writer->path);
}

void
pup_pack_writer_free(PupPackWriter *writer)
{
    if (!writer)
        return;
    if (writer->fd >= 0)
        remove_unfinished(writer);
    g_hash_table_destroy(writer->entries);
    g_mutex_clear(&writer->lock);
    g_free(writer->path);
    g_free(writer->temporary);
    g_free(writer->dir);
    g_free(writer);
}
