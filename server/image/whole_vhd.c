/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * vpc, that is VHD: its last sector describes it. Of the two sizes that stand there QEMU
 * takes the geometry (CHS) for makers that it does not know, which may be less than the
 * disk has: pup_vhd_size() tells the other one, for who reads the disk.
 */
#include <string.h>

#include "lib/error.h"
#include "server/image/bytes.h"
#include "server/image/whole.h"

#define FOOTER_BYTES 512u
#define TYPE_FIXED 2u
#define CURRENT_SIZE 48u
#define TYPE 60u

static gboolean
is_footer(const guint8 *sector)
{
    return memcmp(sector, "conectix", 8) == 0;
}

/* The last sector, or of one that is not fixed its copy at the beginning. FALSE: there is
 * neither. */
static gboolean
read_footer(PupWholeFile *file, guint8 *sector, gboolean *at_end)
{
    *at_end =
        file->bytes >= FOOTER_BYTES &&
        pup_whole_read(file, file->bytes - FOOTER_BYTES, sector, FOOTER_BYTES, NULL) &&
        is_footer(sector);
    return *at_end ||
           (pup_whole_read(file, 0, sector, FOOTER_BYTES, NULL) && is_footer(sector));
}

gboolean
pup_whole_vhd(PupWholeFile *file, GError **error)
{
    guint8 footer[FOOTER_BYTES];
    gboolean at_end;

    if (!read_footer(file, footer, &at_end))
        return pup_whole_set_damaged(file, "it has no footer", error);
    if (!at_end)
        return pup_whole_set_damaged(
            file, "it is not whole, its last sector, the footer, is missing", error);
    if (pup_be32(footer + TYPE) == TYPE_FIXED) {
        guint64 bytes = pup_be64(footer + CURRENT_SIZE);
        pup_whole_promise(file, bytes > G_MAXUINT64 - FOOTER_BYTES
                                    ? G_MAXUINT64
                                    : bytes + FOOTER_BYTES);
    }
    return pup_whole_kept(file, error);
}

gboolean
pup_vhd_size(const char *path, guint64 *bytes, GError **error)
{
    g_auto(PupWholeFile) file = {.fd = -1};
    guint8 footer[FOOTER_BYTES];
    gboolean at_end;

    if (!pup_whole_open(&file, path, error))
        return FALSE;
    *bytes = read_footer(&file, footer, &at_end) ? pup_be64(footer + CURRENT_SIZE) : 0;
    return TRUE;
}
