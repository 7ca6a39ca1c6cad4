/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "server/image/boot_failure.h"

#include <string.h>

#define KIB "%" G_GUINT64_FORMAT " KiB"
#define MIB "%" G_GUINT64_FORMAT " MiB"
/* A firmware that finds nothing reads the partition table and a folder or two; a system
 * that starts, many MiB. */
#define NOTHING_BYTES (1024u * 1024u)
/* How long a firmware stands still that has given up, by its own words or by none: one
 * that is only slow, on a machine that emulates it beside others, goes on before. */
#define SAID_US (20 * G_USEC_PER_SEC)
#define SILENT_US (90 * G_USEC_PER_SEC)

/* What firmware writes that has found nothing. UEFI's says so for each thing it tries, so
 * one alone tells nothing where much was read. */
static const char *const last_words[] = {
    "No bootable option or device was found",
    "UEFI Interactive Shell",
    "No bootable device",
    "not a bootable disk",
    "BdsDxe: failed to load",
    "BdsDxe: No bootable",
};

static const char *
find_last_words(const char *serial)
{
    for (unsigned i = 0; i < G_N_ELEMENTS(last_words); i++)
        if (strstr(serial, last_words[i]))
            return last_words[i];
    return NULL;
}

char *
pup_boot_failure_text(PupFirmware firmware, guint64 read_bytes, const char *serial)
{
    const char *words = find_last_words(serial);
    guint64 kib = (read_bytes + 1023) / 1024, mib = read_bytes >> 20;
    const char *other = firmware == PUP_FIRMWARE_BIOS ? "uefi" : "bios";

    if (read_bytes == 0 && !words)
        return g_strdup("what it did instead, only its screen tells");
    if (read_bytes < NOTHING_BYTES)
        return g_strdup_printf(
            "its firmware (%s) found nothing to start: it read " KIB
            " of the disk%s%s%s; was "
            "that installed under firmware = %s (`pupitre master show`)?",
            pup_firmware_name(firmware), kib, words ? ", and says '" : "",
            words ? words : "", words ? "'" : "", other);
    return g_strdup_printf(
        "something started, since " MIB " of the disk were read: it may want more time "
        "(boot_timeout), ask something on its screen, or lack the guest agent",
        mib);
}

gboolean
pup_boot_watch(PupBootWatch *watch, guint64 read_bytes, const char *serial, gint64 now_us)
{
    gint64 patience_us = find_last_words(serial) ? SAID_US : SILENT_US;

    if (watch->still_us == 0 || read_bytes != watch->read_bytes)
        watch->still_us = now_us;
    watch->read_bytes = read_bytes;
    return read_bytes > 0 && read_bytes < NOTHING_BYTES &&
           now_us - watch->still_us >= patience_us;
}
