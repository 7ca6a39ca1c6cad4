/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A boot sector with code in it is what a BIOS runs. On a GPT it counts only where
 * something goes with it, a partition for GRUB's core or one marked for legacy boot:
 * Windows leaves code there on disks that start by UEFI alone.
 *
 * What tells a Windows that starts by BIOS is the boot sector of its active partition,
 * which is NTFS and asks for BOOTMGR or NTLDR. NTFS itself is not read.
 */
#include "config.h"
#include "server/image/look.h"

#include <string.h>

#include "server/image/disk_table.h"

#define GPT_ENTRIES_MAX 1024u
#define GPT_ENTRY_BYTES_MAX 4096u
#define GPT_BYTES_MAX (256u * 1024u)
#define GPT_LEGACY_BOOT 0x04 /* of the attributes */
#define ESPS_MAX 4           /* that are looked into: each may take a while */
#define LOADER_BYTES 8192u   /* of NTFS */

/* As they stand on the disk. */
static const guint8 esp_type[16] = {0x28, 0x73, 0x2a, 0xc1, 0x1f, 0xf8, 0xd2, 0x11,
                                    0xba, 0x4b, 0x00, 0xa0, 0xc9, 0x3e, 0xc9, 0x3b};
static const guint8 bios_boot_type[16] = {0x48, 0x61, 0x68, 0x21, 0x49, 0x64, 0x6f, 0x6e,
                                          0x74, 0x4e, 0x65, 0x65, 0x64, 0x45, 0x46, 0x49};

static gboolean
read_at(const PupFatSource *source, guint64 offset, guint8 *buf, size_t len,
        GError **error)
{
    return source->read(source->data, source->offset + offset, buf, len, error);
}

static gboolean
is_zero(const guint8 *bytes, size_t len)
{
    for (size_t i = 0; i < len; i++)
        if (bytes[i])
            return FALSE;
    return TRUE;
}

/* What an EFI system partition at @offset has. */
static gboolean
look_at_esp(const PupFatSource *source, guint64 offset, PupLook *look, GError **error)
{
    PupFatSource volume = *source;
    gboolean loader = FALSE, windows = FALSE;

    volume.offset += offset;
    if (!pup_fat_find(&volume, "EFI/BOOT/BOOTX64.EFI", &loader, error) ||
        !pup_fat_find(&volume, "EFI/Microsoft/Boot/bootmgfw.efi", &windows, error))
        return FALSE;
    look->uefi |= loader || windows;
    look->windows |= windows;
    return TRUE;
}

/* The loader of an NTFS at @offset asks for Windows' boot manager. */
static gboolean
look_at_ntfs(const PupFatSource *source, guint64 offset, PupLook *look, GError **error)
{
    static const char *const managers[] = {"BOOTMGR", "NTLDR", "B\0O\0O\0T\0M\0G\0R"};
    static const size_t lens[] = {7, 5, 13};
    g_autofree guint8 *head = g_malloc(LOADER_BYTES);

    if (!read_at(source, offset, head, LOADER_BYTES, error))
        return FALSE;
    if (memcmp(head + 3, "NTFS    ", 8) != 0)
        return TRUE;
    for (unsigned i = 0; i < G_N_ELEMENTS(managers); i++)
        if (memmem(head, LOADER_BYTES, managers[i], lens[i]))
            look->windows = TRUE;
    return TRUE;
}

/* ---- GPT -----------------------------------------------------------------------------
 */

typedef struct {
    PupGptHeader header;
    guint32 sector_bytes;
} Gpt;

/* *@found: FALSE where there is none that can be read. Its sums need not be right: what
 * boots from it may not mind. */
static gboolean
find_gpt(const PupFatSource *source, Gpt *gpt, gboolean *found, GError **error)
{
    static const guint32 sectors[] = {PUP_SECTOR_BYTES, PUP_SECTOR_BYTES_MAX};
    const PupGptHeader *header = &gpt->header;

    *found = FALSE;
    for (unsigned i = 0; i < G_N_ELEMENTS(sectors) && !*found; i++) {
        guint8 sector[PUP_SECTOR_BYTES_MAX];

        if (!read_at(source, sectors[i], sector, sectors[i], error))
            return FALSE;
        gpt->sector_bytes = sectors[i];
        *found = pup_gpt_parse(sector, sectors[i], &gpt->header) &&
                 header->table < G_MAXUINT32 && header->n_entries <= GPT_ENTRIES_MAX &&
                 header->entry_bytes >= PUP_GPT_ENTRY_BYTES_MIN &&
                 header->entry_bytes <= GPT_ENTRY_BYTES_MAX &&
                 (guint64) header->n_entries * header->entry_bytes <= GPT_BYTES_MAX;
    }
    return TRUE;
}

static gboolean
look_at_gpt(const PupFatSource *source, const Gpt *gpt, gboolean code, PupLook *look,
            GError **error)
{
    const PupGptHeader *header = &gpt->header;
    size_t len = (size_t) header->n_entries * header->entry_bytes;
    unsigned n_esps = 0;
    g_autofree guint8 *table = g_malloc0(len + 1);

    if (!read_at(source, header->table * gpt->sector_bytes, table, len, error))
        return FALSE;
    for (guint32 i = 0; i < header->n_entries; i++) {
        PupGptEntry entry = pup_gpt_entry(table, header, i);

        if (!pup_gpt_entry_is_used(&entry) || entry.first >= G_MAXUINT64 / 8192)
            continue;
        if (memcmp(entry.type, bios_boot_type, 16) == 0 ||
            entry.attributes & GPT_LEGACY_BOOT)
            look->bios |= code;
        if (memcmp(entry.type, esp_type, 16) != 0 || n_esps++ == ESPS_MAX)
            continue;
        look->esp = TRUE;
        if (!look_at_esp(source, entry.first * gpt->sector_bytes, look, error))
            return FALSE;
    }
    return TRUE;
}

/* ---- MBR -----------------------------------------------------------------------------
 */

/* A table and not just a boot sector's code: no partition is half active. */
static gboolean
is_table(const PupMbrEntry *entries)
{
    unsigned n = 0;

    for (unsigned i = 0; i < PUP_MBR_ENTRIES; i++) {
        if (entries[i].status & 0x7f)
            return FALSE;
        n += entries[i].type != 0;
    }
    return n > 0;
}

static gboolean
look_at_mbr(const PupFatSource *source, const PupMbrEntry *entries, PupLook *look,
            GError **error)
{
    for (unsigned i = 0; i < PUP_MBR_ENTRIES; i++) {
        const PupMbrEntry *entry = &entries[i];
        guint64 offset = entry->first * PUP_SECTOR_BYTES;

        if (entry->type == PUP_MBR_ESP) {
            look->esp = TRUE;
            if (!look_at_esp(source, offset, look, error))
                return FALSE;
        } else if (entry->type == PUP_MBR_NTFS && entry->status == 0x80 &&
                   !look_at_ntfs(source, offset, look, error)) {
            return FALSE;
        }
    }
    return TRUE;
}

static gboolean
has_gpt_entry(const PupMbrEntry *entries)
{
    for (unsigned i = 0; i < PUP_MBR_ENTRIES; i++)
        if (entries[i].type == PUP_MBR_GPT)
            return TRUE;
    return FALSE;
}

gboolean
pup_look_at(const PupFatSource *source, PupLook *look, GError **error)
{
    guint8 sector[PUP_SECTOR_BYTES];
    PupMbrEntry entries[PUP_MBR_ENTRIES];
    PupLook seen = {0};
    Gpt gpt;
    gboolean code, has_gpt = FALSE;

    if (!read_at(source, 0, sector, sizeof sector, error) ||
        !find_gpt(source, &gpt, &has_gpt, error))
        return FALSE;
    pup_mbr_read(sector, entries);
    code = pup_boot_sector_is_marked(sector) && !is_zero(sector, PUP_BOOT_CODE_BYTES);
    if (has_gpt && has_gpt_entry(entries)) {
        seen.partitioned = TRUE;
        if (!look_at_gpt(source, &gpt, code, &seen, error))
            return FALSE;
    } else if (is_table(entries)) {
        seen.partitioned = TRUE;
        seen.bios = code;
        if (!look_at_mbr(source, entries, &seen, error))
            return FALSE;
    } else {
        seen.bios = code;
        if (!look_at_esp(source, 0, &seen, error))
            return FALSE;
    }
    *look = seen;
    return TRUE;
}

/* ---- what it means -------------------------------------------------------------------
 */

static gboolean
is_of_other_hypervisor(const char *format)
{
    static const char *const formats[] = {"vmdk", "vdi", "vhdx", "vpc", NULL};

    return format && g_strv_contains(formats, format);
}

void
pup_look_needs(const PupLook *look, const char *format, PupNeeds *needs)
{
    pup_needs_defaults(needs);
    if (look->bios && !look->uefi)
        needs->firmware = PUP_FIRMWARE_BIOS;
    if (look->windows && is_of_other_hypervisor(format))
        needs->disk_bus = PUP_DISK_SATA;
    if (!look->partitioned)
        return;
    needs->clock = look->windows ? PUP_CLOCK_LOCALTIME : PUP_CLOCK_UTC;
    needs->hyperv = look->windows;
}

gboolean
pup_look_refuses(const PupLook *look, PupFirmware firmware)
{
    /* Code in a first sector without a table under it is too little to say no by. */
    if (pup_firmware_is_uefi(firmware))
        return look->partitioned && look->bios && !look->uefi && !look->esp;
    return !look->bios && (look->uefi || look->esp);
}

const char *
pup_look_text(const PupLook *look)
{
    gboolean uefi = look->uefi || look->esp;

    if (uefi && look->bios)
        return look->windows ? "a UEFI and BIOS disk with Windows"
                             : "a UEFI and BIOS disk";
    if (uefi)
        return look->windows ? "a UEFI disk with Windows" : "a UEFI disk";
    if (look->bios)
        return look->windows ? "a BIOS disk with Windows" : "a BIOS disk";
    return "a disk that does not tell which firmware starts it";
}
