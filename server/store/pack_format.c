/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"
#include "server/store/pack_format.h"

#include "lib/error.h"

void
pup_pack_id_new(PupPackId *id)
{
    g_autofree char *uuid = g_uuid_string_random();
    unsigned n = 0;
    for (const char *c = uuid; *c && n < PUP_PACK_ID_LEN; c++)
        if (*c != '-')
            id->text[n++] = *c;
    id->text[n] = '\0';
}

gboolean
pup_pack_id_from_file(const char *file, const char *suffix, PupPackId *id)
{
    if (strspn(file, "0123456789abcdef") != PUP_PACK_ID_LEN ||
        strcmp(file + PUP_PACK_ID_LEN, suffix) != 0)
        return FALSE;
    memcpy(id->text, file, PUP_PACK_ID_LEN);
    id->text[PUP_PACK_ID_LEN] = '\0';
    return TRUE;
}

char *
pup_pack_path(const char *dir, const PupPackId *id, const char *suffix)
{
    return g_strdup_printf("%s/%s%s", dir, id->text, suffix);
}

void
pup_pack_header_fill(PupPackHeader *header, const char *magic, const PupPackId *id)
{
    memset(header, 0, sizeof *header);
    memcpy(header->magic, magic, sizeof header->magic);
    header->format = GUINT32_TO_LE(PUP_PACK_FORMAT);
    memcpy(header->id, id->text, sizeof header->id);
}

gboolean
pup_pack_header_check(const PupPackHeader *header, const char *magic, const PupPackId *id,
                      const char *what, GError **error)
{
    PupPackHeader wanted;
    pup_pack_header_fill(&wanted, magic, id);
    guint32 format = GUINT32_FROM_LE(header->format);
    if (memcmp(header->magic, wanted.magic, sizeof wanted.magic) == 0 &&
        format > PUP_PACK_FORMAT) {
        pup_error_set(error, PUP_ERROR_UNSUPPORTED,
                      "%s has format %u, we know %u: made by a newer Pupitre", what,
                      format, PUP_PACK_FORMAT);
        return FALSE;
    }
    if (memcmp(header, &wanted, sizeof wanted) != 0) {
        pup_error_set(error, PUP_ERROR_CORRUPT, "%s: its header is damaged", what);
        return FALSE;
    }
    return TRUE;
}
