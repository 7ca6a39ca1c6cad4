/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * disk_table - the partition tables of a disk, as they stand on it
 *
 *     pup_mbr_read(sector, entries)
 *     pup_gpt_parse(sector, 512, &header) && header.sum_is_right
 *     entry = pup_gpt_entry(table, &header, i)
 *
 * Layouts: UEFI Specification 2.10, 5.2.1 (MBR), 5.3.2 and 5.3.3 (GPT). Only parsed here:
 * what of it may be trusted is for those who read it. Pure.
 */
#pragma once

#include <glib.h>

#define PUP_SECTOR_BYTES 512u      /* of a disk with an MBR, and of most with a GPT */
#define PUP_SECTOR_BYTES_MAX 4096u /* of other disks with a GPT */
#define PUP_BOOT_CODE_BYTES 440u   /* of the first sector, before the disk's signature */
#define PUP_MBR_ENTRIES 4
#define PUP_GPT_ENTRY_BYTES_MIN 128u

enum {
    PUP_MBR_NTFS = 0x07,
    PUP_MBR_GPT = 0xee,
    PUP_MBR_ESP = 0xef,
};

typedef struct {
    guint8 status;    /* 0x80: active; bits below it are never set */
    guint8 type;      /* 0: unused */
    guint64 first, n; /* sectors of 512 bytes */
} PupMbrEntry;

typedef struct {
    guint64 own, other; /* sectors of this header and of its second copy */
    guint64 table;      /* sector of its entries */
    guint32 n_entries, entry_bytes, table_crc;
    gboolean sum_is_right;
} PupGptHeader;

typedef struct {
    const guint8 *type;  /* 16 bytes; all zero: unused */
    guint64 first, last; /* sectors */
    guint64 attributes;
} PupGptEntry;

/* TRUE when @sector, the first 512 bytes of a disk or a partition, is marked as a boot
 * sector. */
gboolean pup_boot_sector_is_marked(const guint8 *sector);

/* The four entries of @sector. One without sectors is unused, but for a GPT's, whose size
 * means nothing. */
void pup_mbr_read(const guint8 *sector, PupMbrEntry entries[PUP_MBR_ENTRIES]);

/* The header in the @sector_bytes (at most 4096) at @sector. FALSE: there is none. */
gboolean pup_gpt_parse(const guint8 *sector, unsigned sector_bytes, PupGptHeader *header);

/* Entry @i of @table, the header's n_entries * entry_bytes, entries of at least
 * PUP_GPT_ENTRY_BYTES_MIN. Points into @table. */
PupGptEntry pup_gpt_entry(const guint8 *table, const PupGptHeader *header, guint32 i);
gboolean pup_gpt_entry_is_used(const PupGptEntry *entry);
