/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * vmdk: a descriptor, which is text, and the extents that it names; or a single sparse
 * extent that holds its descriptor. Lines are taken as QEMU takes them, so that it reads
 * no file which was not looked at here; whole.c counts them to be sure, and because QEMU
 * leaves out the lines of extents that it cannot read (ZERO, RDONLY), and with them a
 * part of the disk.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/chunk_map.h"
#include "lib/error.h"
#include "server/image/bytes.h"
#include "server/image/whole.h"

#define SECTOR_BYTES 512u
#define DESCRIPTOR_MAX (1024u * 1024u)
#define TABLE_ENTRIES_MAX 512u
#define DIRECTORY_MAX (32u * 1024u * 1024u)
#define SECTORS_MAX (PUP_DISK_MAX_BYTES / SECTOR_BYTES)
#define AT_END G_MAXUINT64 /* the header's copy at the end knows where the tables are */
#define COMPRESSED (1u << 16)
#define MARKER_BYTES 12u

typedef struct {
    PupWholeFile *file;
    guint64 sectors, grain; /* of the extent, of one grain */
    unsigned n_entries;     /* of a table */
    gboolean compressed;
} Sparse;

static void
extent_clear(gpointer data)
{
    g_free(((PupVmdkExtent *) data)->file);
}

gboolean
pup_vmdk_is_descriptor(const char *text, size_t len)
{
    static const char title[] = "# Disk DescriptorFile";

    return len >= sizeof title - 1 &&
           g_ascii_strncasecmp(text, title, sizeof title - 1) == 0;
}

/* QEMU passes over comments and lines of blanks, and takes what then says "version=" for
 * a descriptor (vmdk_probe() of its block/vmdk.c). */
static gboolean
says_version(const char *text, size_t len)
{
    const char *end = text + len;

    while (text < end) {
        const char *line_end = memchr(text, '\n', (size_t) (end - text));
        size_t n = (size_t) ((line_end ? line_end : end) - text);

        if (*text != '#' && strspn(text, " \r") < n)
            return g_str_has_prefix(text, "version=");
        text += n + 1;
    }
    return TRUE; /* all comments so far: it may say so behind them */
}

gboolean
pup_vmdk_names_files(const guint8 *head, size_t len)
{
    g_autofree char *text = NULL;

    if (len >= SECTOR_BYTES && memcmp(head, "KDMV", 4) == 0)
        return pup_le64(head + 12) == 0; /* one without a size holds a descriptor alone */
    text = g_strndup((const char *) head, len);
    return *text && says_version(text, strlen(text));
}

/* "RW 4192256 SPARSE "win-s001.vmdk"" or "RW 131072 FLAT "win-flat.vmdk" 0". */
static gboolean
parse_line(const char *line, PupVmdkExtent *extent)
{
    static const char *const accesses[] = {"RW", "RDONLY", "NOACCESS", NULL};
    char access[11], type[11], file[513];
    gint64 sectors = 0, offset = 0;
    int n =
        sscanf(line, "%10s %" G_GINT64_FORMAT " %10s \"%512[^\n\r\"]\" %" G_GINT64_FORMAT,
               access, &sectors, type, file, &offset);

    if (n < 3 || !g_strv_contains(accesses, access) || sectors <= 0 || offset < 0)
        return FALSE;
    *extent = (PupVmdkExtent){.sectors = (guint64) sectors};
    if (strcmp(type, "ZERO") == 0)
        return TRUE;
    if (n < 4)
        return FALSE;
    extent->sparse = strcmp(type, "FLAT") != 0 && strcmp(type, "VMFS") != 0;
    extent->offset_sectors = extent->sparse ? 0 : (guint64) offset;
    extent->file = g_strdup(file);
    return TRUE;
}

GArray *
pup_vmdk_extents(const char *text)
{
    GArray *extents = g_array_new(FALSE, FALSE, sizeof(PupVmdkExtent));
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);

    g_array_set_clear_func(extents, extent_clear);
    for (unsigned i = 0; lines[i]; i++) {
        PupVmdkExtent extent;
        if (parse_line(lines[i], &extent))
            g_array_append_val(extents, extent);
    }
    return extents;
}

/* Where the grain at sector @at of the file ends, in bytes; @len of its sectors lie on
 * the disk. */
static gboolean
promise_grain(const Sparse *sparse, guint64 at, guint64 len, GError **error)
{
    guint8 marker[MARKER_BYTES];
    guint64 start = at * SECTOR_BYTES;

    if (sparse->compressed) {
        if (!pup_whole_read(sparse->file, start, marker, sizeof marker, error))
            return FALSE;
        pup_whole_promise(sparse->file, start + MARKER_BYTES + pup_le32(marker + 8));
    } else {
        pup_whole_promise(sparse->file, start + len * SECTOR_BYTES);
    }
    return TRUE;
}

static gboolean
walk_table(const Sparse *sparse, guint64 table, guint64 at, GError **error)
{
    guint8 entries[TABLE_ENTRIES_MAX * 4];

    if (!pup_whole_read(sparse->file, table * SECTOR_BYTES, entries,
                        sparse->n_entries * 4, error))
        return FALSE;
    for (unsigned i = 0; i < sparse->n_entries && at < sparse->sectors; i++) {
        guint32 grain = pup_le32(entries + i * 4);
        /* 0: there is none; 1: it is all zeros */
        if (grain > 1 && !promise_grain(sparse, grain,
                                        MIN(sparse->grain, sparse->sectors - at), error))
            return FALSE;
        at += sparse->grain;
    }
    return TRUE;
}

static gboolean
walk(const Sparse *sparse, guint64 directory, GError **error)
{
    guint64 covers = sparse->grain * sparse->n_entries;
    guint64 n = (sparse->sectors + covers - 1) / covers;
    g_autofree guint8 *tables = NULL;
    g_autoptr(GHashTable) walked = g_hash_table_new(NULL, NULL);

    if (n > DIRECTORY_MAX / 4 || directory > SECTORS_MAX)
        return pup_whole_set_damaged(sparse->file, "its header makes no sense", error);
    tables = g_malloc(n * 4 + 1);
    if (!pup_whole_read(sparse->file, directory * SECTOR_BYTES, tables, n * 4, error))
        return FALSE;
    for (guint64 i = 0; i < n; i++) {
        guint32 table = pup_le32(tables + i * 4);

        if (g_cancellable_set_error_if_cancelled(sparse->file->cancellable, error))
            return FALSE;
        if (table == 0)
            continue;
        /* Read again and again, a table of a few bytes would take days. */
        if (!g_hash_table_add(walked, GUINT_TO_POINTER(table)))
            return pup_whole_set_damaged(sparse->file, "two of its tables are one",
                                         error);
        if (!walk_table(sparse, table, i * covers, error))
            return FALSE;
    }
    return pup_whole_kept(sparse->file, error);
}

/* The header's copy before the end of one that was made as a stream. */
static gboolean
read_copy(PupWholeFile *file, guint8 *header, GError **error)
{
    if (file->bytes % SECTOR_BYTES == 0 && file->bytes >= 3 * SECTOR_BYTES &&
        pup_whole_read(file, file->bytes - 2 * SECTOR_BYTES, header, SECTOR_BYTES,
                       NULL) &&
        memcmp(header, "KDMV", 4) == 0 && pup_le64(header + 56) != AT_END)
        return TRUE;
    return pup_whole_set_damaged(
        file, "it is not whole, its end, which says where everything is, is missing",
        error);
}

gboolean
pup_whole_vmdk_sparse(PupWholeFile *file, guint64 min_sectors, GError **error)
{
    guint8 header[SECTOR_BYTES];
    Sparse sparse = {.file = file};

    if (!pup_whole_read(file, 0, header, sizeof header, error))
        return FALSE;
    if (memcmp(header, "KDMV", 4) != 0)
        return TRUE; /* an older or a newer kind, which QEMU knows */
    if (pup_le64(header + 56) == AT_END && !read_copy(file, header, error))
        return FALSE;
    sparse.compressed = (pup_le32(header + 8) & COMPRESSED) != 0;
    sparse.sectors = pup_le64(header + 12);
    sparse.grain = pup_le64(header + 20);
    sparse.n_entries = pup_le32(header + 44);
    if (sparse.sectors > SECTORS_MAX || sparse.grain == 0 || sparse.grain > 1u << 18 ||
        sparse.n_entries == 0 || sparse.n_entries > TABLE_ENTRIES_MAX)
        return pup_whole_set_damaged(file, "its header makes no sense", error);
    if (sparse.sectors < min_sectors)
        return pup_whole_set_damaged(
            file, "it is smaller than the descriptor of the disk says", error);
    return walk(&sparse, pup_le64(header + 56), error);
}

/* A vmdk's extents are files of its folder; anything else of the server is not for it to
 * name. */
static char *
find_extent(const PupWholeFile *file, const PupVmdkExtent *extent, GError **error)
{
    g_autofree char *folder = g_path_get_dirname(file->path);
    g_autofree char *path = NULL, *of = NULL;
    gboolean missing;
    char *real;

    if (!strchr(extent->file, '/') && strchr(extent->file, ':')) {
        pup_error_set(error, PUP_ERROR_INVALID,
                      "'%s' names '%s', and QEMU takes what stands before a colon for a "
                      "protocol: rename that file, and the name in '%s'",
                      file->path, extent->file, file->path);
        return NULL;
    }
    path = g_path_is_absolute(extent->file)
               ? g_strdup(extent->file)
               : g_build_filename(folder, extent->file, NULL);
    real = realpath(path, NULL);
    missing = !real && errno == ENOENT;
    of = real ? g_path_get_dirname(real) : NULL;
    free(real);
    if (missing)
        pup_error_set(
            error, PUP_ERROR_NOT_FOUND,
            "'%s' is only a part of its disk: '%s' belongs to it and is missing; "
            "copy all its files into one folder",
            file->path, path);
    else if (g_strcmp0(of, folder) != 0)
        pup_error_set(error, PUP_ERROR_INVALID,
                      "'%s' names '%s', which is not in its folder: refused", file->path,
                      extent->file);
    else
        return g_steal_pointer(&path);
    return NULL;
}

static gboolean
check_extent(const PupWholeFile *file, const PupVmdkExtent *extent, GError **error)
{
    g_autofree char *path = extent->file ? find_extent(file, extent, error) : NULL;
    g_auto(PupWholeFile) part = {.fd = -1};

    if (!extent->file)
        return TRUE;
    if (!path || !pup_whole_open(&part, path, error))
        return FALSE;
    part.cancellable = file->cancellable;
    if (extent->sparse)
        return pup_whole_vmdk_sparse(&part, extent->sectors, error);
    if (extent->sectors > SECTORS_MAX || extent->offset_sectors > SECTORS_MAX)
        return pup_whole_set_damaged(file, "its list of extents is malformed", error);
    pup_whole_promise(&part, (extent->offset_sectors + extent->sectors) * SECTOR_BYTES);
    return pup_whole_kept(&part, error);
}

static gboolean
check_descriptor(PupWholeFile *file, guint64 offset, guint64 len, unsigned *n_extents,
                 GError **error)
{
    g_autofree char *text = NULL;
    g_autoptr(GArray) extents = NULL;

    if (len > DESCRIPTOR_MAX)
        return pup_whole_set_damaged(file, "its descriptor is too long", error);
    text = g_malloc0(len + 1);
    if (!pup_whole_read(file, offset, text, len, error))
        return FALSE;
    extents = pup_vmdk_extents(text);
    for (unsigned i = 0; i < extents->len; i++)
        if (!check_extent(file, &g_array_index(extents, PupVmdkExtent, i), error))
            return FALSE;
    *n_extents = extents->len;
    return TRUE;
}

gboolean
pup_whole_vmdk(PupWholeFile *file, unsigned *n_extents, GError **error)
{
    guint8 header[SECTOR_BYTES] = {0};

    if (!pup_whole_read(file, 0, header, MIN(sizeof header, file->bytes), error))
        return FALSE;
    if (memcmp(header, "COWD", 4) != 0 && memcmp(header, "KDMV", 4) != 0)
        return check_descriptor(file, 0, file->bytes, n_extents, error);
    if (header[0] == 'K' && pup_le64(header + 12) == 0) {
        guint64 at = pup_le64(header + 28), len = pup_le64(header + 36);
        return at > SECTORS_MAX || len > SECTORS_MAX
                   ? pup_whole_set_damaged(file, "its header makes no sense", error)
                   : check_descriptor(file, at * SECTOR_BYTES, len * SECTOR_BYTES,
                                      n_extents, error);
    }
    *n_extents = 1;
    return pup_whole_vmdk_sparse(file, 0, error);
}
