/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "client-image/stream/segment.h"

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/error.h"
#include "lib/file.h"
#include "lib/record.h"

#define MAGIC "PUP-SEGM"
#define INDEX_MAGIC "PUP-SIDX"
#define FORMAT 1u

typedef struct {
    char magic[8];
    guint32 format; /* all numbers little-endian */
    guint32 zero;
} Header;
G_STATIC_ASSERT(sizeof(Header) == 16);

/* The index's entries are PupSegmentEntry; this stands behind them, at the file's end. */
typedef struct {
    char magic[8];
    guint32 format;
    guint32 n_entries;
    guint64 offset; /* where the entries begin */
    guint64 zero;
    PupName sum; /* SHA-256 of the entries and of all above */
} Trailer;
G_STATIC_ASSERT(sizeof(Trailer) == 64);
G_STATIC_ASSERT(sizeof(PupSegmentEntry) == 40);

struct PupSegment {
    gint refs; /* atomic */
    int fd;
    char *path;
    guint64 end;     /* of the records; sealed: of the file */
    GArray *entries; /* NULL when sealed */
};

/* ---- bytes */

static void
swap_entries(GArray *entries)
{
    for (guint i = 0; i < entries->len; i++) {
        PupSegmentEntry *entry = &g_array_index(entries, PupSegmentEntry, i);
        entry->offset = GUINT32_FROM_LE(entry->offset);
        entry->length = GUINT32_FROM_LE(entry->length);
    }
}

static gboolean
check_header(int fd, const char *path, GError **error)
{
    Header header;

    if (!pup_file_pread(fd, &header, sizeof header, 0, path, error))
        return FALSE;
    if (memcmp(header.magic, MAGIC, sizeof header.magic) != 0 || header.zero != 0 ||
        header.format == 0) {
        pup_error_set(error, PUP_ERROR_CORRUPT, "'%s' is not a segment of a cache", path);
        return FALSE;
    }
    if (GUINT32_FROM_LE(header.format) > FORMAT) {
        pup_error_set(error, PUP_ERROR_UNSUPPORTED,
                      "'%s' has format %u, we know %u: made by a newer Pupitre", path,
                      GUINT32_FROM_LE(header.format), FORMAT);
        return FALSE;
    }
    return TRUE;
}

static gboolean
is_entry_sound(const PupSegmentEntry *entry, guint64 end)
{
    return entry->offset >= sizeof(Header) + sizeof(PupRecord) && entry->length >= 2 &&
           entry->length <= PUP_CHUNK_ENCODED_MAX &&
           (guint64) entry->offset + entry->length <= end &&
           !pup_name_is_null(&entry->name);
}

/* The trailer's own fields fit a file of @size bytes. */
static gboolean
is_trailer_sound(const Trailer *trailer, guint64 size)
{
    guint64 offset = GUINT64_FROM_LE(trailer->offset);
    guint64 bytes = (guint64) GUINT32_FROM_LE(trailer->n_entries) * //
                    sizeof(PupSegmentEntry);

    return memcmp(trailer->magic, INDEX_MAGIC, sizeof trailer->magic) == 0 &&
           GUINT32_FROM_LE(trailer->format) == FORMAT && trailer->zero == 0 &&
           size <= PUP_SEGMENT_MAX_BYTES &&
           offset >= sizeof(Header) + sizeof(PupRecord) && offset < size &&
           size - offset == bytes + sizeof *trailer;
}

static void
index_sum(const GArray *entries, const Trailer *trailer, PupName *sum)
{
    g_autoptr(GByteArray) bytes = g_byte_array_new();

    g_byte_array_append(bytes, (const guint8 *) entries->data,
                        entries->len * (guint) sizeof(PupSegmentEntry));
    g_byte_array_append(bytes, (const guint8 *) trailer, offsetof(Trailer, sum));
    pup_name_of(bytes->data, bytes->len, sum);
}

/* The entries of a sealed file of @size bytes. Errors: CORRUPT (it is not one), IO. */
static GArray *
read_index(int fd, guint64 size, const char *path, GError **error)
{
    g_autoptr(GArray) entries = g_array_new(FALSE, FALSE, sizeof(PupSegmentEntry));
    Trailer trailer = {.n_entries = 0};
    guint64 offset;
    gboolean sound;
    PupName sum;

    if (size >= sizeof trailer &&
        !pup_file_pread(fd, &trailer, sizeof trailer, (off_t) (size - sizeof trailer),
                        path, error))
        return NULL;
    sound = is_trailer_sound(&trailer, size);
    if (sound) {
        offset = GUINT64_FROM_LE(trailer.offset);
        g_array_set_size(entries, GUINT32_FROM_LE(trailer.n_entries));
        if (!pup_file_pread(fd, entries->data, size - offset - sizeof trailer,
                            (off_t) offset, path, error))
            return NULL;
        index_sum(entries, &trailer, &sum);
        sound = pup_name_equal(&sum, &trailer.sum);
        swap_entries(entries);
    }
    for (guint i = 0; sound && i < entries->len; i++)
        sound = is_entry_sound(&g_array_index(entries, PupSegmentEntry, i),
                               offset - sizeof(PupRecord));
    if (!sound) {
        pup_error_set(error, PUP_ERROR_CORRUPT, "'%s' has no sound index", path);
        return NULL;
    }
    return g_steal_pointer(&entries);
}

/* Read the records of a file of @size bytes up to the first that is not whole, which
 * begins at *@end. */
static gboolean
scan(int fd, guint64 size, const char *path, GArray *entries, guint64 *end,
     GError **error)
{
    guint64 at = sizeof(Header);
    PupRecord record;

    while (size - at >= sizeof record) {
        PupSegmentEntry entry;
        if (!pup_file_pread(fd, &record, sizeof record, (off_t) at, path, error))
            return FALSE;
        entry.name = record.name;
        entry.offset = (guint32) (at + sizeof record);
        entry.length = GUINT32_FROM_LE(record.length);
        if (pup_record_check(&record) != PUP_RECORD_CHUNK ||
            !is_entry_sound(&entry, size))
            break;
        g_array_append_val(entries, entry);
        at = entry.offset + entry.length;
    }
    *end = at;
    return TRUE;
}

/* ---- life */

static PupSegment *
make(int fd, const char *path, guint64 end, GArray *entries)
{
    PupSegment *segment = g_new0(PupSegment, 1);

    segment->refs = 1;
    segment->fd = fd;
    segment->path = g_strdup(path);
    segment->end = end;
    segment->entries = entries;
    return segment;
}

static int
open_file(const char *path, int flags, GError **error)
{
    int fd = open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW | flags, 0600);

    if (fd < 0)
        pup_error_set_errno(error, errno, "cannot open '%s'", path);
    return fd;
}

static char *
path_of(const char *folder, guint64 number)
{
    return g_strdup_printf("%s/%016" G_GINT64_MODIFIER "x" PUP_SEGMENT_SUFFIX, folder,
                           number);
}

PupSegment *
pup_segment_new(const char *folder, guint64 number, GError **error)
{
    g_autofree char *path = path_of(folder, number);
    const Header header = {.magic = MAGIC, .format = GUINT32_TO_LE(FORMAT)};
    int fd = open_file(path, O_CREAT | O_EXCL, error);

    if (fd < 0)
        return NULL;
    if (!pup_file_pwrite(fd, &header, sizeof header, 0, path, error)) {
        unlink(path);
        close(fd);
        return NULL;
    }
    return make(fd, path, sizeof header,
                g_array_new(FALSE, FALSE, sizeof(PupSegmentEntry)));
}

/* An unsealed segment, or one whose index is of no use. */
static PupSegment *
recover(int fd, guint64 size, const char *path, GError **error)
{
    g_autoptr(GArray) entries = g_array_new(FALSE, FALSE, sizeof(PupSegmentEntry));
    guint64 end;

    if (!scan(fd, size, path, entries, &end, error))
        return NULL;
    if (end < size && ftruncate(fd, (off_t) end) != 0) {
        pup_error_set_errno(error, errno, "cannot cut '%s'", path);
        return NULL;
    }
    return make(fd, path, end, g_steal_pointer(&entries));
}

PupSegment *
pup_segment_open_fd(int fd, const char *path, GError **error)
{
    g_autoptr(GArray) entries = NULL;
    g_autoptr(GError) problem = NULL;
    struct stat status;
    guint64 size;

    if (!check_header(fd, path, error))
        return NULL;
    if (fstat(fd, &status) != 0) {
        pup_error_set_errno(error, errno, "cannot look at '%s'", path);
        return NULL;
    }
    size = MIN((guint64) status.st_size, PUP_SEGMENT_MAX_BYTES);
    entries = read_index(fd, (guint64) status.st_size, path, &problem);
    if (entries)
        return make(fd, path, (guint64) status.st_size, NULL);
    if (g_error_matches(problem, PUP_ERROR, PUP_ERROR_CORRUPT))
        return recover(fd, size, path, error);
    g_propagate_error(error, g_steal_pointer(&problem));
    return NULL;
}

PupSegment *
pup_segment_open(const char *folder, guint64 number, GError **error)
{
    g_autofree char *path = path_of(folder, number);
    int fd = open_file(path, 0, error);
    PupSegment *segment;

    if (fd < 0)
        return NULL;
    segment = pup_segment_open_fd(fd, path, error);
    if (!segment)
        close(fd);
    return segment;
}

PupSegment *
pup_segment_ref(PupSegment *segment)
{
    g_atomic_int_inc(&segment->refs);
    return segment;
}

void
pup_segment_unref(PupSegment *segment)
{
    if (!segment || !g_atomic_int_dec_and_test(&segment->refs))
        return;
    close(segment->fd);
    g_clear_pointer(&segment->entries, g_array_unref);
    g_free(segment->path);
    g_free(segment);
}

gboolean
pup_segment_is_sealed(const PupSegment *segment)
{
    return segment->entries == NULL;
}

guint64
pup_segment_bytes(const PupSegment *segment)
{
    return segment->end;
}

guint64
pup_segment_bytes_with(const PupSegment *segment, size_t len)
{
    return segment->end + sizeof(PupRecord) + len + sizeof(PupRecord) +
           (segment->entries->len + 1) * sizeof(PupSegmentEntry) + sizeof(Trailer);
}

GArray *
pup_segment_list(PupSegment *segment, GError **error)
{
    if (segment->entries)
        return g_array_ref(segment->entries);
    return read_index(segment->fd, segment->end, segment->path, error);
}

/* ---- writing */

/* What a write that failed has left behind would be cut when the file is opened again,
 * but takes space until then. */
static void
cut_back(PupSegment *segment)
{
    (void) !ftruncate(segment->fd, (off_t) segment->end);
}

gboolean
pup_segment_append(PupSegment *segment, const PupName *name, const guint8 *data,
                   size_t len, PupSegmentEntry *entry, GError **error)
{
    PupSegmentEntry added = {*name, (guint32) (segment->end + sizeof(PupRecord)),
                             (guint32) len};
    PupRecord record;

    pup_record_fill(&record, name, (guint32) len);
    if (!pup_file_pwrite(segment->fd, &record, sizeof record, (off_t) segment->end,
                         segment->path, error) ||
        !pup_file_pwrite(segment->fd, data, len, (off_t) added.offset, segment->path,
                         error)) {
        cut_back(segment);
        return FALSE;
    }
    segment->end = added.offset + len;
    g_array_append_val(segment->entries, added);
    *entry = added;
    return TRUE;
}

gboolean
pup_segment_seal(PupSegment *segment, GError **error)
{
    guint64 offset = segment->end + sizeof(PupRecord);
    Trailer trailer = {.magic = INDEX_MAGIC,
                       .format = GUINT32_TO_LE(FORMAT),
                       .n_entries = GUINT32_TO_LE(segment->entries->len),
                       .offset = GUINT64_TO_LE(offset)};
    g_autoptr(GArray) entries = g_array_copy(segment->entries);
    size_t bytes = entries->len * sizeof(PupSegmentEntry);
    PupRecord record;

    pup_record_fill(&record, NULL, 0);
    swap_entries(entries);
    index_sum(entries, &trailer, &trailer.sum);
    if (!pup_file_pwrite(segment->fd, &record, sizeof record, (off_t) segment->end,
                         segment->path, error) ||
        !pup_file_pwrite(segment->fd, entries->data, bytes, (off_t) offset, segment->path,
                         error) ||
        !pup_file_pwrite(segment->fd, &trailer, sizeof trailer, (off_t) (offset + bytes),
                         segment->path, error)) {
        cut_back(segment);
        return FALSE;
    }
    segment->end = offset + bytes + sizeof trailer;
    g_clear_pointer(&segment->entries, g_array_unref);
    return TRUE;
}

gboolean
pup_segment_read(PupSegment *segment, guint32 offset, guint32 length, guint8 *data,
                 GError **error)
{
    return pup_file_pread(segment->fd, data, length, (off_t) offset, segment->path,
                          error);
}

void
pup_segment_remove(PupSegment *segment)
{
    unlink(segment->path);
}

void
pup_segment_remove_file(const char *folder, guint64 number)
{
    g_autofree char *path = path_of(folder, number);

    unlink(path);
}
