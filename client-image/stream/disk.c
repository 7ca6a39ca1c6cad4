/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "client-image/stream/disk.h"

#include <pthread.h>

#include "client-image/stream/readahead.h"
#include "lib/error.h"

struct PupDisk {
    PupPages *pages;
    PupSupply *supply;
    PupReads reads;
    gpointer user;
    pthread_mutex_t lock; /* of readahead */
    PupReadahead *readahead;
};

PupDisk *
pup_disk_new(const PupDiskConfig *config)
{
    PupDisk *disk = g_new0(PupDisk, 1);

    disk->pages = config->pages;
    disk->supply = config->supply;
    disk->reads = config->reads;
    disk->user = config->user;
    pthread_mutex_init(&disk->lock, NULL);
    disk->readahead = pup_readahead_new(pup_pages_n_chunks(config->pages),
                                        config->max_ahead, config->keep_chunks);
    return disk;
}

void
pup_disk_free(PupDisk *disk)
{
    if (!disk)
        return;
    pup_readahead_free(disk->readahead);
    pthread_mutex_destroy(&disk->lock);
    pup_pages_free(disk->pages);
    g_free(disk);
}

void
pup_disk_list(PupDisk *disk, const GArray *positions)
{
    pthread_mutex_lock(&disk->lock);
    pup_readahead_list(disk->readahead, positions);
    pthread_mutex_unlock(&disk->lock);
}

guint64
pup_disk_bytes(const PupDisk *disk)
{
    return pup_pages_disk_bytes(disk->pages);
}

/* Ask for chunks @from to before @until, as far as they are known and on the disk. */
static void
ask_chunks(PupDisk *disk, guint64 from, guint64 until, PupUrgency urgency)
{
    PupName name;

    until = MIN(until, pup_pages_n_chunks(disk->pages));
    for (guint64 i = from; i < until; i++) {
        if (!pup_pages_peek(disk->pages, i, &name))
            pup_pages_ask(disk->pages, i);
        else if (!pup_name_is_null(&name))
            pup_supply_ask(disk->supply, &name, urgency);
    }
}

static void
look_ahead(PupDisk *disk, guint64 first, guint64 last, guint32 n_bytes)
{
    guint64 from;
    unsigned n_ahead;

    pthread_mutex_lock(&disk->lock);
    n_ahead = pup_readahead_note(disk->readahead, first, last, n_bytes, &from);
    pthread_mutex_unlock(&disk->lock);
    if (n_ahead > 0)
        ask_chunks(disk, from, from + n_ahead, PUP_FETCH_AHEAD);
}

/* Copy @count bytes at @skip of chunk @index to @buf. */
static gboolean
read_chunk(PupDisk *disk, guint64 index, guint8 *buf, size_t skip, size_t count,
           PupStillWanted still_wanted, GError **error)
{
    g_autoptr(PupBuffer) plain = NULL;
    PupName name;

    if (!pup_pages_name(disk->pages, index, still_wanted, &name, error))
        return FALSE;
    if (pup_name_is_null(&name)) {
        memset(buf, 0, count);
        return TRUE;
    }
    plain = pup_supply_get(disk->supply, &name, still_wanted);
    if (!plain) {
        pup_error_set(error, PUP_ERROR_BUSY, "the read is no longer wanted");
        return FALSE;
    }
    memcpy(buf, plain->data + skip, count);
    return TRUE;
}

static gboolean
read_chunks(PupDisk *disk, guint8 *buf, guint32 count, guint64 offset,
            PupStillWanted still_wanted, GError **error)
{
    while (count > 0) {
        size_t skip = offset % PUP_CHUNK_BYTES;
        size_t part = MIN(count, PUP_CHUNK_BYTES - skip);
        if (!read_chunk(disk, offset / PUP_CHUNK_BYTES, buf, skip, part, still_wanted,
                        error))
            return FALSE;
        buf += part;
        offset += part;
        count -= (guint32) part;
    }
    return TRUE;
}

gboolean
pup_disk_read(PupDisk *disk, guint8 *buf, guint32 count, guint64 offset,
              PupStillWanted still_wanted, GError **error)
{
    guint64 first = offset / PUP_CHUNK_BYTES;
    guint64 last = (offset + count - 1) / PUP_CHUNK_BYTES;
    gboolean done;

    if (count == 0)
        return TRUE;
    if (disk->reads)
        disk->reads(disk->user, first, last, TRUE);
    /* All of the read's chunks at once, then what may come next, then wait. */
    ask_chunks(disk, first, last + 1, PUP_FETCH_NOW);
    look_ahead(disk, first, last, count);
    done = read_chunks(disk, buf, count, offset, still_wanted, error);
    if (disk->reads)
        disk->reads(disk->user, first, last, FALSE);
    return done;
}

void
pup_disk_ask(PupDisk *disk, guint32 count, guint64 offset)
{
    ask_chunks(disk, offset / PUP_CHUNK_BYTES, pup_chunk_count(offset + count),
               PUP_FETCH_AHEAD);
}

guint64
pup_disk_extent(PupDisk *disk, guint64 count, guint64 offset, gboolean *is_hole)
{
    guint64 end = offset + count;
    guint64 at = offset;

    while (at < end) {
        guint64 index = at / PUP_CHUNK_BYTES;
        PupName name;
        gboolean hole = pup_pages_peek(disk->pages, index, &name) && //
                        pup_name_is_null(&name);
        if (at == offset)
            *is_hole = hole;
        else if (hole != *is_hole)
            break;
        at = (index + 1) * PUP_CHUNK_BYTES;
    }
    return MIN(at, end) - offset;
}
