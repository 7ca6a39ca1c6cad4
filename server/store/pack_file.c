/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"
#include "server/store/pack_file.h"

#include "lib/error.h"
#include "lib/file.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

static void
release(PupHold *hold)
{
    pup_pack_unref((PupPack *) hold);
}

PupPack *
pup_pack_ref(PupPack *pack)
{
    g_atomic_ref_count_inc(&pack->refs);
    return pack;
}

void
pup_pack_unref(PupPack *pack)
{
    if (!pack || !g_atomic_ref_count_dec(&pack->refs))
        return;
    pup_pack_index_free(pack->index);
    if (pack->fd >= 0)
        close(pack->fd);
    g_free((char *) pack->hold.where);
    g_free(pack);
}

static gboolean
open_file(PupPack *pack, const char *path, GError **error)
{
    struct stat st;
    pack->fd = open(path, O_RDONLY | O_CLOEXEC);
    if (pack->fd < 0 || fstat(pack->fd, &st) < 0) {
        pup_error_set_errno(error, errno, "cannot open '%s'", path);
        return FALSE;
    }
    pack->bytes = (guint64) st.st_size;
    return TRUE;
}

/* Only heads of records are read: what they say of the bytes is checked by whoever
 * decodes them. */
static PupPackIndex *
index_from_pack(const PupPack *pack, GError **error)
{
    g_autoptr(GArray) entries = g_array_new(FALSE, FALSE, sizeof(PupPackEntry));
    PupPackCursor cursor;
    PupPackEntry entry;
    PupPackStep step;
    pup_pack_cursor_init(&cursor, pack->fd, pack->bytes, pack->hold.where);
    while ((step = pup_pack_cursor_next(&cursor, &entry, error)) != PUP_PACK_END) {
        if (step == PUP_PACK_FAILED)
            return NULL;
        if (step == PUP_PACK_RECORD)
            g_array_append_val(entries, entry);
    }
    g_autoptr(GBytes) bytes = pup_pack_index_format(entries, &pack->id, pack->bytes);
    return pup_pack_index_parse(bytes, &pack->id, pack->hold.where, error);
}

static gboolean
open_index(PupPack *pack, const char *path, GError **error)
{
    g_autoptr(GError) why = NULL;
    pack->index = pup_pack_index_open(path, &pack->id, &why);
    if (why && !g_error_matches(why, PUP_ERROR, PUP_ERROR_CORRUPT)) {
        g_propagate_error(error, g_steal_pointer(&why));
        return FALSE;
    }
    if (pack->index && pup_pack_index_pack_bytes(pack->index) == pack->bytes)
        return TRUE;
    g_clear_pointer(&pack->index, pup_pack_index_free);
    pack->index = index_from_pack(pack, error);
    return pack->index != NULL;
}

PupPack *
pup_pack_open(const char *dir, const PupPackId *id, GError **error)
{
    g_autofree char *pack_path = pup_pack_path(dir, id, ".pack");
    g_autofree char *index_path = pup_pack_path(dir, id, ".idx");
    g_autoptr(PupPack) pack = g_new0(PupPack, 1);
    g_atomic_ref_count_init(&pack->refs);
    pack->hold.release = release;
    pack->hold.where = g_strdup_printf("pack %s", id->text);
    pack->id = *id;
    if (!open_file(pack, pack_path, error) || !open_index(pack, index_path, error))
        return NULL;
    return g_steal_pointer(&pack);
}

gboolean
pup_pack_read(const PupPack *pack, const PupPackEntry *entry, guint8 *encoded,
              GError **error)
{
    return pup_file_pread(pack->fd, encoded, entry->length, (off_t) entry->offset,
                          pack->hold.where, error);
}
