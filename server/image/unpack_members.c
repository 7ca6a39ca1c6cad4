/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"
#include "server/image/unpack_private.h"

#include <string.h>

#include "lib/error.h"
#include "server/image/container.h"
#include "server/image/whole.h"

#define MEMBERS_MAX 10000u
#define MANIFEST_MAX (1024u * 1024u) /* of all manifests in an archive */

void
pup_unpack_member_free(gpointer data)
{
    PupUnpackMember *member = data;

    g_free(member->name);
    g_strfreev(member->extents);
    g_free(member->sum);
    g_free(member);
}

const char *
pup_unpack_last_part(const char *name)
{
    const char *slash = strrchr(name, '/');

    return slash ? slash + 1 : name;
}

/* The name of what is merely compressed: the file's, without ".gz". */
static char *
name_of_raw(const PupUnpacking *unpack)
{
    char *name = g_path_get_basename(unpack->job->file);
    char *dot = strrchr(name, '.');

    if (dot && dot != name)
        *dot = '\0';
    return name;
}

static gboolean
leads_out(const char *name)
{
    g_auto(GStrv) parts = g_strsplit(name, "/", -1);

    return name[0] == '/' || g_strv_contains((const char *const *) parts, "..");
}

/* Read the beginning of the current entry, or all of it up to @max bytes. */
static gboolean
read_head(const PupUnpacking *unpack, PupArchive *archive, guint8 *buf, size_t max,
          size_t *len, GError **error)
{
    la_ssize_t n;

    for (*len = 0; *len < max; *len += (size_t) n) {
        n = archive_read_data(archive, buf + *len, max - *len);
        if (n < 0)
            return pup_unpack_set_error(unpack, archive, error);
        if (n == 0)
            break;
    }
    return TRUE;
}

static char **
names_of_extents(const guint8 *head, size_t len)
{
    g_autofree char *text = g_strndup((const char *) head, len);
    g_autoptr(GArray) extents = pup_vmdk_extents(text);
    g_autoptr(GStrvBuilder) names = g_strv_builder_new();

    for (unsigned i = 0; i < extents->len; i++) {
        const PupVmdkExtent *extent = &g_array_index(extents, PupVmdkExtent, i);
        if (extent->file)
            g_strv_builder_add(names, extent->file);
    }
    return g_strv_builder_end(names);
}

/* What the current entry is, by its first bytes. */
static gboolean
look_into(PupUnpacking *unpack, PupArchive *archive, PupUnpackMember *member,
          GError **error)
{
    gboolean manifest = g_str_has_suffix(member->name, ".mf");
    size_t max =
        manifest ? MANIFEST_MAX - unpack->manifest->len : PUP_CONTAINER_HEAD_BYTES;
    g_autofree guint8 *head = g_malloc(max);
    const PupContainer *container;
    size_t len;

    if (!read_head(unpack, archive, head, max, &len, error))
        return FALSE;
    if (manifest) {
        g_string_append_len(unpack->manifest, (const char *) head, (gssize) len);
        if (unpack->manifest->len < MANIFEST_MAX)
            g_string_append_c(unpack->manifest, '\n');
        return TRUE;
    }
    container = pup_container_find(head, len);
    member->is_disk = container ? container->kind != PUP_CONTAINER_OTHER
                                : pup_container_is_disk(head, len);
    if (pup_vmdk_is_descriptor((const char *) head, len))
        member->extents = names_of_extents(head, len);
    return TRUE;
}

static gboolean
check_entry(const PupUnpacking *unpack, struct archive_entry *entry, const char *name,
            GError **error)
{
    if (leads_out(name))
        pup_error_set(error, PUP_ERROR_INVALID,
                      "'%s' holds '%s', which would lie outside of it: refused",
                      unpack->job->file, name);
    else if (unpack->members->len >= MEMBERS_MAX)
        pup_error_set(
            error, PUP_ERROR_INVALID,
            "'%s' holds more than %u files: unpack it and import the disk in it",
            unpack->job->file, MEMBERS_MAX);
    else if (archive_entry_is_encrypted(entry))
        pup_error_set(error, PUP_ERROR_UNSUPPORTED,
                      "'%s' is encrypted: unpack it and import the disk in it",
                      unpack->job->file);
    else
        return TRUE;
    return FALSE;
}

static gboolean
list_entry(PupUnpacking *unpack, PupArchive *archive, struct archive_entry *entry,
           GError **error)
{
    const char *name = archive_entry_pathname(entry);
    PupUnpackMember *member = g_new0(PupUnpackMember, 1);

    g_ptr_array_add(unpack->members, member);
    if (pup_unpack_is_raw(archive))
        member->name = name_of_raw(unpack);
    else
        member->name = g_strdup(name ? name : "");
    return check_entry(unpack, entry, member->name, error) &&
           (archive_entry_filetype(entry) != AE_IFREG ||
            look_into(unpack, archive, member, error));
}

static gboolean
read_list(PupUnpacking *unpack, GError **error)
{
    g_autoptr(PupArchive) archive = pup_unpack_open(unpack, error);
    struct archive_entry *entry;

    if (!archive)
        return FALSE;
    for (;;) {
        if (!pup_unpack_next(unpack, archive, &entry, error))
            return FALSE;
        if (!entry)
            return TRUE;
        if (!list_entry(unpack, archive, entry, error))
            return FALSE;
        if (pup_unpack_is_raw(archive))
            return TRUE; /* there is nothing behind it */
    }
}

static PupUnpackMember *
find(const PupUnpacking *unpack, const char *name)
{
    for (unsigned i = 0; i < unpack->members->len; i++) {
        PupUnpackMember *member = g_ptr_array_index(unpack->members, i);
        if (strcmp(member->name, name) == 0 ||
            strcmp(pup_unpack_last_part(member->name), name) == 0)
            return member;
    }
    return NULL;
}

/* The parts of a split disk are no disks. */
static void
drop_parts(PupUnpacking *unpack)
{
    for (unsigned i = 0; i < unpack->members->len; i++) {
        PupUnpackMember *member = g_ptr_array_index(unpack->members, i);

        for (char **name = member->extents; name && *name; name++) {
            PupUnpackMember *part = find(unpack, *name);

            if (part && part != member)
                part->is_disk = FALSE;
        }
    }
}

/* A line of a manifest, "SHA256(disk.vmdk)= 12ab..." (OVF 2.1, 5.1). */
static void
take_sum(PupUnpacking *unpack, char *line)
{
    static const struct {
        const char *name;
        GChecksumType type;
    } sums[] = {{"SHA1(", G_CHECKSUM_SHA1},
                {"SHA256(", G_CHECKSUM_SHA256},
                {"SHA512(", G_CHECKSUM_SHA512}};

    for (unsigned i = 0; i < G_N_ELEMENTS(sums); i++) {
        char *name = line + strlen(sums[i].name), *end;
        PupUnpackMember *member;

        if (!g_str_has_prefix(line, sums[i].name) || !(end = strstr(name, ")=")))
            continue;
        *end = '\0';
        member = find(unpack, name);
        if (!member)
            return;
        g_free(member->sum);
        member->sum = g_ascii_strdown(g_strstrip(end + strlen(")=")), -1);
        member->sum_type = sums[i].type;
    }
}

gboolean
pup_unpack_list(PupUnpacking *unpack, GError **error)
{
    g_auto(GStrv) lines = NULL;

    if (!read_list(unpack, error))
        return FALSE;
    drop_parts(unpack);
    lines = g_strsplit(unpack->manifest->str, "\n", -1);
    for (char **line = lines; *line; line++)
        take_sum(unpack, *line);
    return TRUE;
}

/* "a.vmdk, b.vmdk" */
static char *
names_of(const PupUnpacking *unpack, gboolean only_disks)
{
    GString *names = g_string_new(NULL);
    unsigned n = 0;

    for (unsigned i = 0; i < unpack->members->len && n < 20; i++) {
        const PupUnpackMember *member = g_ptr_array_index(unpack->members, i);
        if (!only_disks || member->is_disk)
            g_string_append_printf(names, "%s%s", n++ ? ", " : "", member->name);
    }
    return g_string_free(names, FALSE);
}

static const PupUnpackMember *
choose_only(const PupUnpacking *unpack, GError **error)
{
    g_autofree char *disks = names_of(unpack, TRUE);
    g_autofree char *all = names_of(unpack, FALSE);
    const PupUnpackMember *found = NULL;
    unsigned n = 0;

    for (unsigned i = 0; i < unpack->members->len; i++) {
        const PupUnpackMember *member = g_ptr_array_index(unpack->members, i);
        if (member->is_disk) {
            found = member;
            n++;
        }
    }
    if (n == 1)
        return found;
    if (n > 1)
        pup_error_set(error, PUP_ERROR_INVALID,
                      "'%s' holds several disks: say which with --disk NAME, one of %s",
                      unpack->job->file, disks);
    else
        pup_error_set(
            error, PUP_ERROR_INVALID,
            "'%s' holds nothing that looks like a disk (but %s); if it is one all "
            "the same, unpack it and import that",
            unpack->job->file, *all ? all : "nothing");
    return NULL;
}

const PupUnpackMember *
pup_unpack_choose(const PupUnpacking *unpack, GError **error)
{
    const PupUnpackMember *member;

    if (!unpack->job->disk)
        return choose_only(unpack, error);
    member = find(unpack, unpack->job->disk);
    if (!member || !member->is_disk) {
        g_autofree char *disks = names_of(unpack, TRUE);
        pup_error_set(error, PUP_ERROR_NOT_FOUND, "'%s' holds no disk '%s', but: %s",
                      unpack->job->file, unpack->job->disk, *disks ? disks : "none");
        return NULL;
    }
    return member;
}

gboolean
pup_unpack_is_wanted(const PupUnpacking *unpack, const PupUnpackMember *chosen,
                     const PupUnpackMember *member)
{
    if (member == chosen)
        return TRUE;
    for (char **name = chosen->extents; name && *name; name++)
        if (find(unpack, *name) == member)
            return TRUE;
    return FALSE;
}
