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
#include "server/image/disk_table.h"

#define LOGICAL_MAX 256u
#define GPT_TABLE_MAX (1024u * 1024u)

static gboolean
is_extended(guint8 type)
{
    return type == 0x05 || type == 0x0f || type == 0x85;
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
    PupMbrEntry entries[PUP_MBR_ENTRIES];
    gboolean used = FALSE;

    if (!pup_boot_sector_is_marked(sector) || is_file_system(sector))
        return FALSE;
    pup_mbr_read(sector, entries);
    for (unsigned i = 0; i < PUP_MBR_ENTRIES; i++) {
        if (entries[i].status & 0x7f)
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
    PupMbrEntry entries[PUP_MBR_ENTRIES];

    *next = 0;
    pup_mbr_read(sector, entries);
    for (unsigned i = 0; i < PUP_MBR_ENTRIES; i++)
        if (is_extended(entries[i].type))
            *next = base + entries[i].first;
        else if (entries[i].type && !check_end(disk, "one of its logical partitions",
                                               here + entries[i].first + entries[i].n,
                                               PUP_SECTOR_BYTES, error))
            return FALSE;
    return TRUE;
}

static gboolean
check_logical(const PupPartitionDisk *disk, guint64 base, GError **error)
{
    static const char what[] = "its chain of logical partitions";
    guint64 here = base;

    for (unsigned i = 0; i < LOGICAL_MAX; i++) {
        guint8 sector[PUP_SECTOR_BYTES];
        guint64 next;

        if (!read_sector(disk, what, here, PUP_SECTOR_BYTES, sector, error))
            return FALSE;
        if (!pup_boot_sector_is_marked(sector)) {
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
                  disk->name, what, here * PUP_SECTOR_BYTES);
    return FALSE;
}

/* *@has_gpt: the table says that there is a GPT. */
static gboolean
check_mbr(const PupPartitionDisk *disk, const guint8 *sector, gboolean *has_gpt,
          GError **error)
{
    PupMbrEntry entries[PUP_MBR_ENTRIES];

    pup_mbr_read(sector, entries);
    for (unsigned i = 0; i < PUP_MBR_ENTRIES; i++) {
        const PupMbrEntry *entry = &entries[i];
        g_autofree char *what = g_strdup_printf("its partition %u", i + 1);

        if (entry->type == PUP_MBR_GPT) {
            *has_gpt = TRUE;
            continue;
        }
        if (entry->type == 0)
            continue;
        if (!check_end(disk, what, entry->first + entry->n, PUP_SECTOR_BYTES, error) ||
            (is_extended(entry->type) && !check_logical(disk, entry->first, error)))
            return FALSE;
    }
    return TRUE;
}

/* The header at @sector is whole and makes sense. */
static gboolean
read_header(const guint8 *sector, unsigned sector_bytes, PupGptHeader *header)
{
    return pup_gpt_parse(sector, sector_bytes, header) && header->sum_is_right &&
           header->entry_bytes >= PUP_GPT_ENTRY_BYTES_MIN &&
           header->n_entries <= GPT_TABLE_MAX / header->entry_bytes;
}

/* The entries that @header names, checked by their sum, a new buffer; NULL and no error
 * where they are damaged or not there. */
static guint8 *
read_table(const PupPartitionDisk *disk, const PupGptHeader *header,
           unsigned sector_bytes, GError **error)
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
check_entries(const PupPartitionDisk *disk, const PupGptHeader *header,
              const guint8 *table, unsigned sector_bytes, GError **error)
{
    for (guint32 i = 0; i < header->n_entries; i++) {
        PupGptEntry entry = pup_gpt_entry(table, header, i);
        g_autofree char *what = g_strdup_printf("its partition %u", i + 1);

        if (pup_gpt_entry_is_used(&entry) &&
            !check_end(disk, what, MAX(entry.last, entry.last + 1), sector_bytes, error))
            return FALSE;
    }
    return TRUE;
}

static gboolean
check_second(const PupPartitionDisk *disk, const PupGptHeader *first,
             unsigned sector_bytes, GError **error)
{
    static const char what[] = "the second copy";
    guint8 sector[PUP_SECTOR_BYTES_MAX];
    g_autofree guint8 *table = NULL;
    PupGptHeader header;

    if (!read_sector(disk, "its partition table (GPT)", first->other, sector_bytes,
                     sector, error))
        return FALSE;
    if (!read_header(sector, sector_bytes, &header) || header.own != first->other ||
        first->other == first->own)
        return set_damaged(disk, what, first->other * sector_bytes, error);
    table = read_table(disk, &header, sector_bytes, error);
    return table || set_damaged(disk, what, first->other * sector_bytes, error);
}

static gboolean
check_gpt(const PupPartitionDisk *disk, const guint8 *sector, unsigned sector_bytes,
          GError **error)
{
    PupGptHeader header;
    g_autofree guint8 *table = NULL;

    if (!read_header(sector, sector_bytes, &header))
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
    static const unsigned sizes[] = {PUP_SECTOR_BYTES, PUP_SECTOR_BYTES_MAX};
    guint8 head[2 * PUP_SECTOR_BYTES_MAX] = {0};
    PupGptHeader header;
    gboolean is_mbr, has_gpt = FALSE;

    if (!disk->read(disk->data, 0, head, MIN(sizeof head, disk->bytes), error))
        return FALSE;
    is_mbr = pup_partitions_is_mbr(head);
    if (is_mbr && !check_mbr(disk, head, &has_gpt, error))
        return FALSE;
    if (is_mbr && !has_gpt)
        return TRUE; /* a GPT beside it would be one that was given up */
    for (unsigned i = 0; i < G_N_ELEMENTS(sizes); i++)
        if (pup_gpt_parse(head + sizes[i], sizes[i], &header))
            return check_gpt(disk, head + sizes[i], sizes[i], error);
    return !has_gpt || set_damaged(disk, "the first copy", PUP_SECTOR_BYTES, error);
}
