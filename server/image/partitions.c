/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Disks in use are untidy, and one that boots must not be refused for it: the size of the
 * protective entry (0xEE) means nothing, a disk may be larger than its table knows, an
 * extended partition may be empty and never written. What is checked is only what
 * cannot be read, or is known to be wrong by its own checksum.
 */
#include "server/image/partitions.h"

#include <string.h>
#include <zlib.h>

#include "lib/error.h"
#include "server/image/bytes.h"

#define SECTOR_BYTES 512u
#define MBR_TABLE 446u
#define MBR_ENTRY_BYTES 16u
#define LOGICAL_MAX 256u
#define GPT_HEADER_BYTES 92u
#define GPT_ENTRY_BYTES 128u
#define GPT_TABLE_MAX (1024u * 1024u)

typedef struct {
    guint8 type;
    guint64 first, n; /* sectors */
} Entry;

typedef struct {
    guint64 own, other; /* sectors of this header and of its second copy */
    guint64 last_usable, table;
    guint32 n_entries, entry_bytes, table_crc;
} Header;

static gboolean
is_boot_sector(const guint8 *sector)
{
    return sector[510] == 0x55 && sector[511] == 0xaa;
}

static gboolean
is_extended(guint8 type)
{
    return type == 0x05 || type == 0x0f || type == 0x85;
}

static void
read_entries(const guint8 *sector, Entry entries[4])
{
    for (unsigned i = 0; i < 4; i++) {
        const guint8 *raw = sector + MBR_TABLE + i * MBR_ENTRY_BYTES;
        entries[i] = (Entry){raw[4], pup_le32(raw + 8), pup_le32(raw + 12)};
        if (entries[i].n == 0)
            entries[i].type = 0;
    }
}

/* A file system without a table begins with a boot sector, too, whose code lies where
 * the table would be. */
static gboolean
is_file_system(const guint8 *sector)
{
    return memcmp(sector + 3, "NTFS    ", 8) == 0 ||
           memcmp(sector + 3, "EXFAT   ", 8) == 0 || memcmp(sector + 54, "FAT", 3) == 0 ||
           memcmp(sector + 82, "FAT32", 5) == 0;
}

gboolean
pup_partitions_is_mbr(const guint8 *sector)
{
    Entry entries[4];
    gboolean used = FALSE;

    if (!is_boot_sector(sector) || is_file_system(sector))
        return FALSE;
    read_entries(sector, entries);
    for (unsigned i = 0; i < 4; i++) {
        if (sector[MBR_TABLE + i * MBR_ENTRY_BYTES] & 0x7f)
            return FALSE;
        used = used || entries[i].type != 0;
    }
    return used;
}

static gboolean
check_end(const PupPartitionDisk *disk, const char *what, guint64 end_sector,
          unsigned sector_bytes, GError **error)
{
    guint64 end =
        end_sector > G_MAXUINT64 / sector_bytes ? G_MAXUINT64 : end_sector * sector_bytes;

    if (end <= disk->bytes)
        return TRUE;
    pup_error_set(error, PUP_ERROR_CORRUPT,
                  "'%s' is not whole: %s reaches to byte %" G_GUINT64_FORMAT
                  ", and the disk ends at %" G_GUINT64_FORMAT
                  ": the copy was cut short; copy the file again from where it was made",
                  disk->name, what, end, disk->bytes);
    return FALSE;
}

/* Read the @sectors_bytes at @sector, which @what promises to be there. */
static gboolean
read_sector(const PupPartitionDisk *disk, const char *what, guint64 sector,
            unsigned sector_bytes, guint8 *buf, GError **error)
{
    return check_end(disk, what, sector == G_MAXUINT64 ? sector : sector + 1,
                     sector_bytes, error) &&
           disk->read(disk->data, sector * sector_bytes, buf, sector_bytes, error);
}

/* The entries of one sector of the chain of logical partitions; *@next: the sector of
 * the next one, 0 for none. */
static gboolean
check_link(const PupPartitionDisk *disk, const guint8 *sector, guint64 base, guint64 here,
           guint64 *next, GError **error)
{
    Entry entries[4];

    *next = 0;
    read_entries(sector, entries);
    for (unsigned i = 0; i < 4; i++)
        if (is_extended(entries[i].type))
            *next = base + entries[i].first;
        else if (entries[i].type &&
                 !check_end(disk, "one of its logical partitions",
                            here + entries[i].first + entries[i].n, SECTOR_BYTES, error))
            return FALSE;
    return TRUE;
}

static gboolean
check_logical(const PupPartitionDisk *disk, guint64 base, GError **error)
{
    static const char what[] = "its chain of logical partitions";
    guint64 here = base;

    for (unsigned i = 0; i < LOGICAL_MAX; i++) {
        guint8 sector[SECTOR_BYTES];
        guint64 next;

        if (!read_sector(disk, what, here, SECTOR_BYTES, sector, error))
            return FALSE;
        if (!is_boot_sector(sector)) {
            if (here == base)
                return TRUE; /* empty, and never written */
            break;
        }
        if (!check_link(disk, sector, base, here, &next, error))
            return FALSE;
        if (next == 0 || next == base)
            return TRUE;
        here = next;
    }
    pup_error_set(error, PUP_ERROR_CORRUPT,
                  "'%s' is not whole: %s is broken at byte %" G_GUINT64_FORMAT
                  ": copy the file again from where it was made",
                  disk->name, what, here * SECTOR_BYTES);
    return FALSE;
}

/* *@has_gpt: the table says that there is a GPT. */
static gboolean
check_mbr(const PupPartitionDisk *disk, const guint8 *sector, gboolean *has_gpt,
          GError **error)
{
    Entry entries[4];

    read_entries(sector, entries);
    for (unsigned i = 0; i < 4; i++) {
        const Entry *entry = &entries[i];
        g_autofree char *what = g_strdup_printf("its partition %u", i + 1);

        if (entry->type == 0xee) {
            *has_gpt = TRUE;
            continue;
        }
        if (entry->type == 0)
            continue;
        if (!check_end(disk, what, entry->first + entry->n, SECTOR_BYTES, error) ||
            (is_extended(entry->type) && !check_logical(disk, entry->first, error)))
            return FALSE;
    }
    return TRUE;
}

/* Parse the GPT header in the @sector_bytes at @sector. FALSE: it is none, or damaged. */
static gboolean
parse_header(const guint8 *sector, unsigned sector_bytes, Header *header)
{
    guint8 copy[4096];
    guint32 bytes = pup_le32(sector + 12);

    if (memcmp(sector, "EFI PART", 8) != 0 || bytes < GPT_HEADER_BYTES ||
        bytes > sector_bytes)
        return FALSE;
    memcpy(copy, sector, bytes);
    memset(copy + 16, 0, 4);
    *header = (Header){.own = pup_le64(sector + 24),
                       .other = pup_le64(sector + 32),
                       .last_usable = pup_le64(sector + 48),
                       .table = pup_le64(sector + 72),
                       .n_entries = pup_le32(sector + 80),
                       .entry_bytes = pup_le32(sector + 84),
                       .table_crc = pup_le32(sector + 88)};
    return crc32(0, copy, bytes) == pup_le32(sector + 16) &&
           header->entry_bytes >= GPT_ENTRY_BYTES &&
           header->n_entries <= GPT_TABLE_MAX / header->entry_bytes;
}

/* The entries that @header names, checked by their sum, a new buffer; NULL and no error
 * where they are damaged or not there. */
static guint8 *
read_table(const PupPartitionDisk *disk, const Header *header, unsigned sector_bytes,
           GError **error)
{
    size_t len = (size_t) header->n_entries * header->entry_bytes;
    g_autofree guint8 *table = g_malloc(len + 1);

    if (header->table > disk->bytes / sector_bytes ||
        len > disk->bytes - header->table * sector_bytes ||
        !disk->read(disk->data, header->table * sector_bytes, table, len, error))
        return NULL;
    return crc32(0, table, (uInt) len) == header->table_crc ? g_steal_pointer(&table)
                                                            : NULL;
}

static gboolean
set_damaged(const PupPartitionDisk *disk, const char *what, guint64 at, GError **error)
{
    if (error && *error)
        return FALSE; /* it could not even be read */
    pup_error_set(
        error, PUP_ERROR_CORRUPT,
        "'%s' is not whole: %s of its partition table (GPT), at byte "
        "%" G_GUINT64_FORMAT
        ", is missing or damaged: copy the file again from where it was made; if "
        "it is so there, too, see `sgdisk --verify`",
        disk->name, what, at);
    return FALSE;
}

static gboolean
check_entries(const PupPartitionDisk *disk, const Header *header, const guint8 *table,
              unsigned sector_bytes, GError **error)
{
    static const guint8 unused[16];

    for (guint32 i = 0; i < header->n_entries; i++) {
        const guint8 *entry = table + (size_t) i * header->entry_bytes;
        g_autofree char *what = NULL;

        if (memcmp(entry, unused, sizeof unused) == 0)
            continue;
        what = g_strdup_printf("its partition %u", i + 1);
        if (!check_end(disk, what, pup_le64(entry + 40) + 1, sector_bytes, error))
            return FALSE;
    }
    return TRUE;
}

static gboolean
check_second(const PupPartitionDisk *disk, const Header *first, unsigned sector_bytes,
             GError **error)
{
    static const char what[] = "the second copy";
    guint8 sector[4096];
    g_autofree guint8 *table = NULL;
    Header header;

    if (!read_sector(disk, "its partition table (GPT)", first->other, sector_bytes,
                     sector, error))
        return FALSE;
    if (!parse_header(sector, sector_bytes, &header) || header.own != first->other)
        return set_damaged(disk, what, first->other * sector_bytes, error);
    table = read_table(disk, &header, sector_bytes, error);
    return table || set_damaged(disk, what, first->other * sector_bytes, error);
}

static gboolean
check_gpt(const PupPartitionDisk *disk, const guint8 *sector, unsigned sector_bytes,
          GError **error)
{
    Header header;
    g_autofree guint8 *table = NULL;

    if (!parse_header(sector, sector_bytes, &header))
        return set_damaged(disk, "the first copy", sector_bytes, error);
    table = read_table(disk, &header, sector_bytes, error);
    if (!table)
        return set_damaged(disk, "the first copy", sector_bytes, error);
    return check_entries(disk, &header, table, sector_bytes, error) &&
           check_second(disk, &header, sector_bytes, error);
}

gboolean
pup_partitions_check(const PupPartitionDisk *disk, GError **error)
{
    static const unsigned sizes[] = {512, 4096}; /* of a sector */
    guint8 head[2 * 4096] = {0};
    gboolean is_mbr, has_gpt = FALSE;

    if (!disk->read(disk->data, 0, head, MIN(sizeof head, disk->bytes), error))
        return FALSE;
    is_mbr = pup_partitions_is_mbr(head);
    if (is_mbr && !check_mbr(disk, head, &has_gpt, error))
        return FALSE;
    if (is_mbr && !has_gpt)
        return TRUE; /* a GPT beside it would be one that was given up */
    for (unsigned i = 0; i < G_N_ELEMENTS(sizes); i++)
        if (memcmp(head + sizes[i], "EFI PART", 8) == 0)
            return check_gpt(disk, head + sizes[i], sizes[i], error);
    return !has_gpt || set_damaged(disk, "the first copy", SECTOR_BYTES, error);
}
