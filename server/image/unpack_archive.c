/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"
#include "server/image/unpack_private.h"

#include "lib/error.h"
#include "server/image/workshop.h"

gboolean
pup_unpack_set_error(const PupUnpacking *unpack, PupArchive *archive, GError **error)
{
    const char *damage = pup_unpack_source_damage(unpack->source);
    const char *why = damage ? damage : archive_error_string(archive);
    g_autofree char *words = g_strchomp(g_strdup(why ? why : "no reason given"));
    int problem = pup_unpack_source_errno(unpack->source);

    if (g_cancellable_set_error_if_cancelled(unpack->job->shop->cancellable, error))
        return FALSE;
    if (problem != 0)
        pup_error_set_errno(error, problem, "cannot read '%s'", unpack->job->file);
    else
        pup_error_set(
            error, PUP_ERROR_CORRUPT,
            "cannot unpack '%s': it is cut short or damaged (%s); copy it again from "
            "where it was made",
            unpack->job->file, words);
    return FALSE;
}

PupArchive *
pup_unpack_open(const PupUnpacking *unpack, GError **error)
{
    g_autoptr(PupArchive) archive = archive_read_new();

    /* Not all that it can: some of that it does by running programs. */
    archive_read_support_filter_xz(archive);
    archive_read_support_filter_bzip2(archive);
    archive_read_support_filter_zstd(archive);
    archive_read_support_filter_lz4(archive);
    archive_read_support_format_tar(archive);
    archive_read_support_format_zip(archive);
    archive_read_support_format_7zip(archive);
    archive_read_support_format_raw(archive);
    if (!pup_unpack_source_open(unpack->source, archive, error))
        return NULL;
    if (archive_read_open1(archive) == ARCHIVE_OK)
        return g_steal_pointer(&archive);
    pup_unpack_set_error(unpack, archive, error);
    return NULL;
}

gboolean
pup_unpack_next(const PupUnpacking *unpack, PupArchive *archive,
                struct archive_entry **entry, GError **error)
{
    int result = archive_read_next_header(archive, entry);

    if (g_cancellable_set_error_if_cancelled(unpack->job->shop->cancellable, error))
        return FALSE;
    if (result == ARCHIVE_EOF)
        *entry = NULL;
    else if (result != ARCHIVE_OK && result != ARCHIVE_WARN)
        return pup_unpack_set_error(unpack, archive, error);
    return TRUE;
}

gboolean
pup_unpack_is_raw(PupArchive *archive)
{
    return archive_format(archive) == ARCHIVE_FORMAT_RAW;
}
