/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Reads a pack without its index. A damaged record head says nothing about where the next
 * record begins, so the reader looks for the next head whose check is right: eight bytes
 * of SHA-256 do not come about by chance. A chunk that itself holds a pack may show one;
 * its bytes are checked against its name like any other's, so that costs a name, no harm.
 */
#include "config.h"
#include "server/store/pack_format.h"

#include "lib/error.h"
#include "lib/file.h"

#define SEARCH_BYTES (64u * 1024u)

gboolean
pup_pack_check_header(int fd, const PupPackId *id, const char *what, GError **error)
{
    PupPackHeader header;
    return pup_file_pread(fd, &header, sizeof header, 0, what, error) &&
           pup_pack_header_check(&header, PUP_PACK_MAGIC, id, what, error);
}

void
pup_pack_cursor_init(PupPackCursor *cursor, int fd, guint64 size_bytes, const char *what)
{
    *cursor = (PupPackCursor){
        .fd = fd,
        .what = what,
        .size_bytes = size_bytes,
        .next = PUP_PACK_HEADER_BYTES,
    };
}

/* What stands at @at, @record being its bytes. A chunk must end inside the file. */
static PupRecordType
judge(const PupPackCursor *cursor, guint64 at, const PupRecord *record)
{
    PupRecordType type = pup_record_check(record);
    if (type == PUP_RECORD_CHUNK &&
        GUINT32_FROM_LE(record->length) > cursor->size_bytes - at - sizeof *record)
        return PUP_RECORD_BAD;
    return type;
}

/* The first place in @buf where a record begins, SEARCH_BYTES when there is none. */
static size_t
search_in(const PupPackCursor *cursor, guint64 at, const guint8 *buf, size_t len)
{
    for (size_t i = 0; i + PUP_PACK_RECORD_BYTES <= len; i++) {
        PupRecord record;
        if (buf[i] != PUP_RECORD_MAGIC[0] && buf[i] != PUP_RECORD_END_MAGIC[0])
            continue;
        memcpy(&record, buf + i, sizeof record);
        if (judge(cursor, at + i, &record) != PUP_RECORD_BAD)
            return i;
    }
    return SEARCH_BYTES;
}

/* The first whole record behind @from, or the file's end. */
static gboolean
search(const PupPackCursor *cursor, guint64 from, guint64 *found, GError **error)
{
    g_autofree guint8 *buf = g_malloc(SEARCH_BYTES);
    guint64 at = from + 1;
    while (at < cursor->size_bytes && cursor->size_bytes - at >= PUP_PACK_RECORD_BYTES) {
        size_t len = (size_t) MIN(SEARCH_BYTES, cursor->size_bytes - at);
        if (!pup_file_pread(cursor->fd, buf, len, (off_t) at, cursor->what, error))
            return FALSE;
        size_t i = search_in(cursor, at, buf, len);
        if (i < SEARCH_BYTES) {
            *found = at + i;
            return TRUE;
        }
        at += len - PUP_PACK_RECORD_BYTES + 1;
    }
    *found = cursor->size_bytes;
    return TRUE;
}

static PupPackStep
gap(PupPackCursor *cursor, guint64 from, guint64 to)
{
    cursor->gap_from = from;
    cursor->gap_to = to;
    cursor->next = to;
    return PUP_PACK_DAMAGE;
}

static PupPackStep
skip_damage(PupPackCursor *cursor, GError **error)
{
    guint64 to;
    if (!search(cursor, cursor->next, &to, error))
        return PUP_PACK_FAILED;
    /* What has no end record ends here: say so once. */
    cursor->ended = to == cursor->size_bytes;
    return gap(cursor, cursor->next, to);
}

PupPackStep
pup_pack_cursor_next(PupPackCursor *cursor, PupPackEntry *entry, GError **error)
{
    PupRecord record;
    guint64 at = cursor->next;
    if (cursor->ended)
        return PUP_PACK_END;
    if (at > cursor->size_bytes || cursor->size_bytes - at < sizeof record) {
        cursor->ended = TRUE;
        return gap(cursor, MIN(at, cursor->size_bytes), cursor->size_bytes);
    }
    if (!pup_file_pread(cursor->fd, &record, sizeof record, (off_t) at, cursor->what,
                        error))
        return PUP_PACK_FAILED;
    switch (judge(cursor, at, &record)) {
    case PUP_RECORD_CHUNK:
        entry->name = record.name;
        entry->offset = at + sizeof record;
        entry->length = GUINT32_FROM_LE(record.length);
        cursor->next = entry->offset + entry->length;
        return PUP_PACK_RECORD;
    case PUP_RECORD_END:
        cursor->ended = TRUE;
        at += sizeof record;
        return at == cursor->size_bytes ? PUP_PACK_END
                                        : gap(cursor, at, cursor->size_bytes);
    case PUP_RECORD_BAD:
        break;
    }
    return skip_damage(cursor, error);
}
