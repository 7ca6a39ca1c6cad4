/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "server/image/fat.h"

#include <string.h>

#include "server/image/bytes.h"

#define SECTOR_BYTES_MAX 4096u
#define CLUSTER_BYTES_MAX (256u * 1024u)
#define ENTRY_BYTES 32u
/* Of one folder. An EFI system partition's have some tens of entries. */
#define FOLDER_BYTES_MAX (1024u * 1024u)
#define NAME_MAX_CHARS 255u
#define LONG_CHARS 13u /* in one entry of a long name */

#define ATTRIBUTE_LABEL 0x08
#define ATTRIBUTE_FOLDER 0x10
#define ATTRIBUTE_LONG 0x0f

typedef struct {
    const PupFatSource *source;
    unsigned bits; /* 12, 16 or 32 */
    guint32 cluster_bytes;
    guint32 n_clusters;   /* numbered from 2 */
    guint64 table;        /* where things begin, bytes of the disk */
    guint64 root;         /* of 12 and 16 bits */
    guint32 root_bytes;   /* of 12 and 16 bits */
    guint64 clusters;     /* of cluster 2 */
    guint32 root_cluster; /* of 32 bits */
} Volume;

/* A name in a folder: that of the entry before which its long name stands. */
typedef struct {
    char name[NAME_MAX_CHARS + 1];
    char long_name[NAME_MAX_CHARS + 1];
    gboolean has_long;
    gboolean folder;
    guint32 cluster;
} Entry;

static guint16
get16(const guint8 *at)
{
    return (guint16) (at[0] | at[1] << 8);
}

static gboolean
is_power_of_2(guint32 number)
{
    return number > 0 && (number & (number - 1)) == 0;
}

/* FALSE: it is no FAT file system. */
static gboolean
read_geometry(const guint8 boot[512], Volume *volume)
{
    guint32 sector = get16(boot + 11), n_root = get16(boot + 17);
    guint32 n_reserved = get16(boot + 14), n_tables = boot[16];
    guint64 n_sectors = get16(boot + 19) ? get16(boot + 19) : pup_le32(boot + 32);
    guint32 table_sectors = get16(boot + 22) ? get16(boot + 22) : pup_le32(boot + 36);
    guint64 start = volume->source->offset, root, clusters;

    volume->cluster_bytes = sector * boot[13];
    if (boot[510] != 0x55 || boot[511] != 0xaa || !is_power_of_2(sector) ||
        sector < 512 || sector > SECTOR_BYTES_MAX || !is_power_of_2(boot[13]) ||
        volume->cluster_bytes > CLUSTER_BYTES_MAX || n_reserved == 0 || n_tables == 0 ||
        n_tables > 2 || table_sectors == 0)
        return FALSE;
    root = n_reserved + (guint64) n_tables * table_sectors;
    clusters = root + (n_root * ENTRY_BYTES + sector - 1) / sector;
    if (clusters >= n_sectors)
        return FALSE;
    volume->table = start + (guint64) n_reserved * sector;
    volume->root = start + root * sector;
    volume->root_bytes = n_root * ENTRY_BYTES;
    volume->clusters = start + clusters * sector;
    volume->n_clusters = (guint32) ((n_sectors - clusters) / boot[13]);
    volume->bits = volume->n_clusters < 4085 ? 12 : volume->n_clusters < 65525 ? 16 : 32;
    volume->root_cluster = volume->bits == 32 ? pup_le32(boot + 44) : 0;
    return volume->bits == 32 ? n_root == 0 : n_root > 0;
}

static gboolean
read_at(const Volume *volume, guint64 offset, guint8 *buf, size_t len, GError **error)
{
    return volume->source->read(volume->source->data, offset, buf, len, error);
}

/* What comes after *@cluster; 0: nothing. */
static gboolean
next_cluster(const Volume *volume, guint32 *cluster, GError **error)
{
    guint8 cell[4] = {0};
    guint64 offset = (guint64) *cluster * volume->bits / 8;
    guint32 next;

    if (!read_at(volume, volume->table + offset, cell, volume->bits == 32 ? 4 : 2, error))
        return FALSE;
    next = volume->bits == 32 ? pup_le32(cell) & 0x0fffffff : get16(cell);
    if (volume->bits == 12)
        next = *cluster % 2 ? next >> 4 : next & 0xfff;
    *cluster = next >= 2 && next - 2 < volume->n_clusters ? next : 0;
    return TRUE;
}

/* All entries of the folder that begins at @cluster (0: the root). */
static GByteArray *
read_folder(const Volume *volume, guint32 cluster, GError **error)
{
    g_autoptr(GByteArray) bytes = g_byte_array_new();
    guint32 at = cluster > 0 ? cluster : volume->root_cluster;

    if (cluster == 0 && volume->bits != 32) {
        g_byte_array_set_size(bytes, volume->root_bytes);
        return read_at(volume, volume->root, bytes->data, bytes->len, error)
                   ? g_steal_pointer(&bytes)
                   : NULL;
    }
    while (at >= 2 && at - 2 < volume->n_clusters && bytes->len < FOLDER_BYTES_MAX) {
        guint64 offset = volume->clusters + (guint64) (at - 2) * volume->cluster_bytes;
        guint len = bytes->len;

        g_byte_array_set_size(bytes, len + volume->cluster_bytes);
        if (!read_at(volume, offset, bytes->data + len, volume->cluster_bytes, error) ||
            !next_cluster(volume, &at, error))
            return NULL;
    }
    return g_steal_pointer(&bytes);
}

/* A part of a long name: they come last part first, each with its number. */
static void
take_long(const guint8 *at, Entry *entry)
{
    static const guint8 places[LONG_CHARS] = {1,  3,  5,  7,  9,  14, 16,
                                              18, 20, 22, 24, 28, 30};
    unsigned first = ((at[0] & 0x1fu) - 1) * LONG_CHARS;

    if (at[0] & 0x40) {
        memset(entry->long_name, 0, sizeof entry->long_name);
        entry->has_long = TRUE;
    }
    for (unsigned i = 0; i < LONG_CHARS && first + i < NAME_MAX_CHARS; i++) {
        guint16 letter = get16(at + places[i]);
        if (letter == 0 || letter == 0xffff)
            break;
        entry->long_name[first + i] = letter < 128 ? (char) letter : '?';
    }
}

/* "BOOTX64 EFI" is BOOTX64.EFI. */
static void
take_short(const guint8 *at, Entry *entry)
{
    unsigned len = 0;

    for (unsigned i = 0; i < 8 && at[i] != ' '; i++)
        entry->name[len++] = (char) at[i];
    if (at[8] != ' ')
        entry->name[len++] = '.';
    for (unsigned i = 8; i < 11 && at[i] != ' '; i++)
        entry->name[len++] = (char) at[i];
    entry->name[len] = '\0';
    entry->folder = (at[11] & ATTRIBUTE_FOLDER) != 0;
    entry->cluster = get16(at + 26) | (guint32) get16(at + 20) << 16;
}

static gboolean
is_called(const Entry *entry, const char *name)
{
    return g_ascii_strcasecmp(entry->name, name) == 0 ||
           (entry->has_long && g_ascii_strcasecmp(entry->long_name, name) == 0);
}

/* Find @name among @bytes, a folder's entries. */
static gboolean
find_entry(const GByteArray *bytes, const char *name, Entry *entry)
{
    memset(entry, 0, sizeof *entry);
    for (guint i = 0; i + ENTRY_BYTES <= bytes->len; i += ENTRY_BYTES) {
        const guint8 *at = bytes->data + i;

        if (at[0] == 0)
            return FALSE;
        if (at[0] == 0xe5) { /* deleted */
            entry->has_long = FALSE;
        } else if ((at[11] & 0x3f) == ATTRIBUTE_LONG && (at[0] & 0x1f) > 0) {
            take_long(at, entry);
        } else {
            take_short(at, entry);
            if (!(at[11] & ATTRIBUTE_LABEL) && is_called(entry, name))
                return TRUE;
            entry->has_long = FALSE;
        }
    }
    return FALSE;
}

gboolean
pup_fat_find(const PupFatSource *source, const char *path, gboolean *found,
             GError **error)
{
    g_auto(GStrv) names = g_strsplit(path, "/", -1);
    guint8 boot[512];
    Volume volume = {.source = source};
    Entry entry = {.folder = TRUE};
    gboolean there;

    if (!source->read(source->data, source->offset, boot, sizeof boot, error))
        return FALSE;
    there = read_geometry(boot, &volume);
    for (unsigned i = 0; there && names[i]; i++) {
        g_autoptr(GByteArray) bytes = NULL;

        there = entry.folder && (i == 0 || entry.cluster > 0);
        if (!there)
            break;
        bytes = read_folder(&volume, entry.cluster, error);
        if (!bytes)
            return FALSE;
        there = find_entry(bytes, names[i], &entry);
    }
    *found = there;
    return TRUE;
}
