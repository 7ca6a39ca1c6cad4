/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"
#include "server/store/pack_index.h"

#include "lib/error.h"
#include "lib/file.h"
#include "server/store/pack_format.h"

struct PupPackIndex {
    GBytes *bytes;
    const PupPackIndexEntry *entries; /* in bytes */
    guint32 n_entries;
    guint64 pack_bytes;
};

static int
compare_entries(gconstpointer a, gconstpointer b)
{
    const PupPackEntry *left = a, *right = b;
    int order = pup_name_cmp(&left->name, &right->name);
    if (order != 0)
        return order;
    return left->offset < right->offset ? -1 : left->offset > right->offset;
}

static void
sort_unique(GArray *entries)
{
    guint kept = 0;
    g_array_sort(entries, compare_entries);
    for (guint i = 0; i < entries->len; i++) {
        PupPackEntry *all = (PupPackEntry *) (void *) entries->data;
        if (kept == 0 || !pup_name_equal(&all[kept - 1].name, &all[i].name))
            all[kept++] = all[i];
    }
    g_array_set_size(entries, kept);
}

GBytes *
pup_pack_index_format(GArray *entries, const PupPackId *id, guint64 pack_bytes)
{
    PupPackIndexHeader header;
    PupName sum;
    sort_unique(entries);
    pup_pack_header_fill(&header.header, PUP_PACK_INDEX_MAGIC, id);
    header.n_entries = GUINT64_TO_LE(entries->len);
    header.pack_bytes = GUINT64_TO_LE(pack_bytes);
    size_t len = sizeof header + entries->len * sizeof(PupPackIndexEntry);
    guint8 *buf = g_malloc0(len + sizeof sum);
    memcpy(buf, &header, sizeof header);
    for (guint i = 0; i < entries->len; i++) {
        const PupPackEntry *entry = &g_array_index(entries, PupPackEntry, i);
        PupPackIndexEntry packed = {
            .name = entry->name,
            .offset = GUINT64_TO_LE(entry->offset),
            .length = GUINT32_TO_LE(entry->length),
        };
        memcpy(buf + sizeof header + i * sizeof packed, &packed, sizeof packed);
    }
    pup_name_of(buf, len, &sum);
    memcpy(buf + len, &sum, sizeof sum);
    return g_bytes_new_take(buf, len + sizeof sum);
}

static gboolean
corrupt(const char *what, const char *why, GError **error)
{
    pup_error_set(error, PUP_ERROR_CORRUPT, "%s: %s", what, why);
    return FALSE;
}

/* Sizes first, so that nothing is touched behind the end; then the sum. */
static gboolean
check_frame(const guint8 *data, size_t len, const PupPackId *id, const char *what,
            GError **error)
{
    PupPackIndexHeader header;
    PupName sum;
    if (len < sizeof header + sizeof sum)
        return corrupt(what, "too short", error);
    memcpy(&header, data, sizeof header);
    if (!pup_pack_header_check(&header.header, PUP_PACK_INDEX_MAGIC, id, what, error))
        return FALSE;
    guint64 n = GUINT64_FROM_LE(header.n_entries);
    size_t body = len - sizeof header - sizeof sum;
    if (n >= G_MAXUINT32 || body % sizeof(PupPackIndexEntry) != 0 ||
        body / sizeof(PupPackIndexEntry) != n)
        return corrupt(what, "its size is not that of its entries", error);
    pup_name_of(data, len - sizeof sum, &sum);
    if (memcmp(data + len - sizeof sum, &sum, sizeof sum) != 0)
        return corrupt(what, "its checksum is wrong", error);
    return TRUE;
}

/* Behind a right checksum only a program's mistake shows here; look all the same. */
static gboolean
check_entries(const PupPackIndex *index, const char *what, GError **error)
{
    for (guint32 i = 0; i < index->n_entries; i++) {
        PupPackEntry entry;
        pup_pack_index_get(index, i, &entry);
        if (i > 0 && pup_name_cmp(pup_pack_index_name(index, i - 1), &entry.name) >= 0)
            return corrupt(what, "its entries are not sorted", error);
        if (entry.length < 2 || entry.length > PUP_CHUNK_ENCODED_MAX ||
            entry.offset < PUP_PACK_HEADER_BYTES + PUP_PACK_RECORD_BYTES ||
            entry.offset > index->pack_bytes ||
            entry.length > index->pack_bytes - entry.offset)
            return corrupt(what, "an entry lies outside its pack", error);
    }
    return TRUE;
}

PupPackIndex *
pup_pack_index_parse(GBytes *bytes, const PupPackId *id, const char *what, GError **error)
{
    size_t len;
    const guint8 *data = g_bytes_get_data(bytes, &len);
    if (!check_frame(data, len, id, what, error))
        return NULL;
    const PupPackIndexHeader *header = (const PupPackIndexHeader *) (const void *) data;
    g_autoptr(PupPackIndex) index = g_new0(PupPackIndex, 1);
    index->bytes = g_bytes_ref(bytes);
    index->entries = (const PupPackIndexEntry *) (const void *) (data + sizeof *header);
    index->n_entries = (guint32) GUINT64_FROM_LE(header->n_entries);
    index->pack_bytes = GUINT64_FROM_LE(header->pack_bytes);
    if (!check_entries(index, what, error))
        return NULL;
    return g_steal_pointer(&index);
}

PupPackIndex *
pup_pack_index_open(const char *path, const PupPackId *id, GError **error)
{
    g_autoptr(GError) why = NULL;
    g_autoptr(GBytes) bytes = pup_file_read(path, PUP_PACK_INDEX_MAX_BYTES, &why);
    if (bytes)
        return pup_pack_index_parse(bytes, id, path, error);
    if (g_error_matches(why, PUP_ERROR, PUP_ERROR_INVALID))
        why->code = PUP_ERROR_CORRUPT;
    g_propagate_error(error, g_steal_pointer(&why));
    return NULL;
}

void
pup_pack_index_free(PupPackIndex *index)
{
    if (!index)
        return;
    g_bytes_unref(index->bytes);
    g_free(index);
}

guint32
pup_pack_index_n_entries(const PupPackIndex *index)
{
    return index->n_entries;
}

guint64
pup_pack_index_pack_bytes(const PupPackIndex *index)
{
    return index->pack_bytes;
}

const PupName *
pup_pack_index_name(const PupPackIndex *index, guint32 i)
{
    return &index->entries[i].name;
}

void
pup_pack_index_get(const PupPackIndex *index, guint32 i, PupPackEntry *entry)
{
    const PupPackIndexEntry *packed = &index->entries[i];
    entry->name = packed->name;
    entry->offset = GUINT64_FROM_LE(packed->offset);
    entry->length = GUINT32_FROM_LE(packed->length);
}

gboolean
pup_pack_index_find(const PupPackIndex *index, const PupName *name, guint32 *i)
{
    guint32 low = 0, high = index->n_entries;
    while (low < high) {
        guint32 middle = low + (high - low) / 2;
        int order = pup_name_cmp(pup_pack_index_name(index, middle), name);
        if (order == 0) {
            *i = middle;
            return TRUE;
        }
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return FALSE;
}
