/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * An archive is read twice: once for what is in it (a disk is told by its first bytes, as
 * names lie), once for the disk. Of a tar that is not compressed the first time costs
 * next to nothing; a compressed file that holds one thing is not read to its end for it.
 */
#include "config.h"
#include "server/image/unpack_private.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "lib/error.h"

/* A name in the folder for @member. */
static char *
path_for(const PupUnpacking *unpack, const PupUnpackMember *member)
{
    const char *name = pup_unpack_last_part(member->name);

    if (*name == '\0' || strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
        name = "disk";
    return g_build_filename(unpack->job->folder, name, NULL);
}

static gboolean
extract_all(const PupUnpacking *unpack, GError **error)
{
    g_autoptr(PupArchive) archive = pup_unpack_open(unpack, error);

    if (!archive)
        return FALSE;
    for (unsigned i = 0; i < unpack->members->len; i++) {
        const PupUnpackMember *member = g_ptr_array_index(unpack->members, i);
        g_autofree char *path = path_for(unpack, member);
        struct archive_entry *entry;

        if (!pup_unpack_next(unpack, archive, &entry, error))
            return FALSE;
        if (!entry)
            return pup_unpack_set_error(unpack, archive, error);
        if (member->wanted && !pup_unpack_extract(unpack, archive, member, path, error))
            return FALSE;
    }
    return TRUE;
}

static char *
unpack_from(PupUnpacking *unpack, GError **error)
{
    const PupUnpackMember *chosen;

    if (!pup_unpack_list(unpack, error))
        return NULL;
    chosen = pup_unpack_choose(unpack, error);
    return chosen && extract_all(unpack, error) ? path_for(unpack, chosen) : NULL;
}

char *
pup_unpack_disk(const PupUnpack *job, GError **error)
{
    g_autoptr(GPtrArray) members = g_ptr_array_new_with_free_func(pup_unpack_member_free);
    g_autoptr(GHashTable) names = g_hash_table_new(g_str_hash, g_str_equal);
    PupUnpacking unpack = {.job = job, .members = members, .names = names};
    struct stat st;
    char *path;

    if (stat(job->file, &st) < 0) {
        pup_error_set_errno(error, errno, "cannot open '%s'", job->file);
        return NULL;
    }
    unpack.bytes = (guint64) st.st_size;
    unpack.source = pup_unpack_source_new(job);
    path = unpack_from(&unpack, error);
    pup_unpack_source_free(unpack.source);
    return path;
}
