/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"
#include "server/image/disk_table.h"

#include <string.h>
#include <zlib.h>

#include "server/image/bytes.h"

#define MBR_TABLE 446u
#define MBR_ENTRY_BYTES 16u
#define GPT_HEADER_BYTES 92u

gboolean
pup_boot_sector_is_marked(const guint8 *sector)
{
    return sector[510] == 0x55 && sector[511] == 0xaa;
}

void
pup_mbr_read(const guint8 *sector, PupMbrEntry entries[PUP_MBR_ENTRIES])
{
    for (unsigned i = 0; i < PUP_MBR_ENTRIES; i++) {
        const guint8 *raw = sector + MBR_TABLE + i * MBR_ENTRY_BYTES;

        entries[i] = (PupMbrEntry){raw[0], raw[4], pup_le32(raw + 8), pup_le32(raw + 12)};
        if (entries[i].n == 0 && entries[i].type != PUP_MBR_GPT)
            entries[i].type = 0;
    }
}

/* The header's sum, which counts its own four bytes as zeros. */
static gboolean
sum_is_right(const guint8 *sector, unsigned sector_bytes)
{
    guint8 copy[PUP_SECTOR_BYTES_MAX];
    guint32 bytes = pup_le32(sector + 12);

    if (bytes < GPT_HEADER_BYTES || bytes > sector_bytes)
        return FALSE;
    memcpy(copy, sector, bytes);
    memset(copy + 16, 0, 4);
    return crc32(0, copy, bytes) == pup_le32(sector + 16);
}

gboolean
pup_gpt_parse(const guint8 *sector, unsigned sector_bytes, PupGptHeader *header)
{
    if (memcmp(sector, "EFI PART", 8) != 0)
        return FALSE;
    *header = (PupGptHeader){.own = pup_le64(sector + 24),
                             .other = pup_le64(sector + 32),
                             .table = pup_le64(sector + 72),
                             .n_entries = pup_le32(sector + 80),
                             .entry_bytes = pup_le32(sector + 84),
                             .table_crc = pup_le32(sector + 88),
                             .sum_is_right = sum_is_right(sector, sector_bytes)};
    return TRUE;
}

PupGptEntry
pup_gpt_entry(const guint8 *table, const PupGptHeader *header, guint32 i)
{
    const guint8 *raw = table + (size_t) i * header->entry_bytes;

    return (PupGptEntry){raw, pup_le64(raw + 32), pup_le64(raw + 40), pup_le64(raw + 48)};
}

gboolean
pup_gpt_entry_is_used(const PupGptEntry *entry)
{
    static const guint8 unused[16];

    return memcmp(entry->type, unused, sizeof unused) != 0;
}
