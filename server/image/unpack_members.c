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
    g_free(member->manifest);
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
    const char *dot = strrchr(member->name, '.');
    gboolean manifest = dot && g_ascii_strcasecmp(dot, ".mf") == 0;
    size_t max =
        manifest ? MANIFEST_MAX - unpack->manifest_bytes : PUP_CONTAINER_HEAD_BYTES;
    g_autofree guint8 *head = g_malloc(max);
    const PupContainer *container;
    size_t len;

    if (!read_head(unpack, archive, head, max, &len, error))
        return FALSE;
    if (manifest) {
        member->manifest = g_strndup((const char *) head, len);
        unpack->manifest_bytes += len;
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

/* "./a" is "a". */
static const char *
plain_name(const char *name)
{
    while (g_str_has_prefix(name, "./"))
        name += 2;
    return name;
}

/* By its name; of several that have it the last one counts, as for tar, and none is
 * taken. */
static void
note_name(PupUnpacking *unpack, PupUnpackMember *member)
{
    const char *name = plain_name(member->name);
    PupUnpackMember *before = g_hash_table_lookup(unpack->names, name);

    if (before)
        before->twice = member->twice = TRUE;
    g_hash_table_insert(unpack->names, (gpointer) name, member);
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
    if (!check_entry(unpack, entry, member->name, error))
        return FALSE;
    if (archive_entry_filetype(entry) != AE_IFREG)
        return TRUE;
    note_name(unpack, member);
    return look_into(unpack, archive, member, error);
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
            return pup_unpack_source_end(unpack->source) ||
                   pup_unpack_set_error(unpack, archive, error);
        /* Whatever it began like: libarchive found nothing to unpack. */
        if (pup_unpack_is_raw(archive) && !pup_unpack_source_is_gzip(unpack->source) &&
            archive_filter_code(archive, 0) == ARCHIVE_FILTER_NONE)
            return pup_unpack_set_error(unpack, archive, error);
        if (!list_entry(unpack, archive, entry, error))
            return FALSE;
        if (pup_unpack_is_raw(archive))
            return TRUE; /* there is nothing behind it */
    }
}

static PupUnpackMember *
neighbour(const PupUnpacking *unpack, const PupUnpackMember *of, const char *name)
{
    size_t folder = (size_t) (pup_unpack_last_part(of->name) - of->name);
    g_autofree char *path = g_strdup_printf("%.*s%s", (int) folder, of->name, name);

    return g_hash_table_lookup(unpack->names, plain_name(path));
}

/* The parts of a split disk are no disks. */
static gboolean
drop_parts(const PupUnpacking *unpack, GError **error)
{
    for (unsigned i = 0; i < unpack->members->len; i++) {
        PupUnpackMember *member = g_ptr_array_index(unpack->members, i);

        if (g_cancellable_set_error_if_cancelled(unpack->job->shop->cancellable, error))
            return FALSE;
        for (char **name = member->extents; name && *name; name++) {
            PupUnpackMember *part = neighbour(unpack, member, *name);

            if (part && part != member)
                part->is_disk = FALSE;
        }
    }
    return TRUE;
}

/* A line of @manifest, "SHA256(disk.vmdk)= 12ab..." (OVF 2.1, 5.1), or with blanks before
 * the parenthesis and the sign, as `openssl dgst` and BSD write it. */
static void
take_sum(const PupUnpacking *unpack, const PupUnpackMember *manifest, char *line)
{
    static const struct {
        const char *name;
        GChecksumType type;
    } sums[] = {{"SHA1", G_CHECKSUM_SHA1},
                {"SHA256", G_CHECKSUM_SHA256},
                {"SHA384", G_CHECKSUM_SHA384},
                {"SHA512", G_CHECKSUM_SHA512}};

    for (unsigned i = 0; i < G_N_ELEMENTS(sums); i++) {
        char *name = line + strlen(sums[i].name), *sign, *end;
        PupUnpackMember *member;

        if (g_ascii_strncasecmp(line, sums[i].name, strlen(sums[i].name)) != 0 ||
            *(name += strspn(name, " ")) != '(')
            continue;
        sign = strrchr(name, '=');
        end = sign ? g_strrstr_len(name, sign - name, ")") : NULL;
        if (!end || end + 1 + strspn(end + 1, " ") != sign)
            return;
        *end = '\0';
        member = neighbour(unpack, manifest, name + 1);
        if (!member)
            return;
        g_free(member->sum);
        member->sum = g_ascii_strdown(g_strstrip(sign + 1), -1);
        member->sum_type = sums[i].type;
        return;
    }
}

static void
read_manifests(const PupUnpacking *unpack)
{
    for (unsigned i = 0; i < unpack->members->len; i++) {
        const PupUnpackMember *member = g_ptr_array_index(unpack->members, i);
        g_auto(GStrv) lines =
            member->manifest ? g_strsplit(member->manifest, "\n", -1) : NULL;

        for (char **line = lines; line && *line; line++)
            take_sum(unpack, member, *line);
    }
}

gboolean
pup_unpack_list(PupUnpacking *unpack, GError **error)
{
    if (!read_list(unpack, error) || !drop_parts(unpack, error))
        return FALSE;
    read_manifests(unpack);
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

static PupUnpackMember *
choose_only(const PupUnpacking *unpack, GError **error)
{
    g_autofree char *disks = names_of(unpack, TRUE);
    g_autofree char *all = names_of(unpack, FALSE);
    PupUnpackMember *found = NULL;
    unsigned n = 0;

    for (unsigned i = 0; i < unpack->members->len; i++) {
        PupUnpackMember *member = g_ptr_array_index(unpack->members, i);
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

/* The disk of that last part of a name; @disks: all of them, for the message. */
static PupUnpackMember *
choose_last_part(const PupUnpacking *unpack, const char *disks, GError **error)
{
    PupUnpackMember *found = NULL;
    unsigned n = 0;

    for (unsigned i = 0; i < unpack->members->len; i++) {
        PupUnpackMember *member = g_ptr_array_index(unpack->members, i);

        if (member->is_disk &&
            strcmp(pup_unpack_last_part(member->name), unpack->job->disk) == 0) {
            found = member;
            n++;
        }
    }
    if (n == 1)
        return found;
    if (n > 1)
        pup_error_set(
            error, PUP_ERROR_INVALID,
            "'%s' holds %u disks '%s': give its name with the folder, one of %s",
            unpack->job->file, n, unpack->job->disk, disks);
    else
        pup_error_set(error, PUP_ERROR_NOT_FOUND, "'%s' holds no disk '%s', but: %s",
                      unpack->job->file, unpack->job->disk, *disks ? disks : "none");
    return NULL;
}

static PupUnpackMember *
choose_named(const PupUnpacking *unpack, GError **error)
{
    g_autofree char *disks = names_of(unpack, TRUE);
    PupUnpackMember *member =
        g_hash_table_lookup(unpack->names, plain_name(unpack->job->disk));

    return member && member->is_disk ? member : choose_last_part(unpack, disks, error);
}

const PupUnpackMember *
pup_unpack_choose(const PupUnpacking *unpack, GError **error)
{
    PupUnpackMember *chosen =
        unpack->job->disk ? choose_named(unpack, error) : choose_only(unpack, error);

    if (!chosen)
        return NULL;
    if (chosen->twice) {
        pup_error_set(error, PUP_ERROR_INVALID,
                      "'%s' holds '%s' more than once: unpack it and import the one that "
                      "is meant",
                      unpack->job->file, chosen->name);
        return NULL;
    }
    chosen->wanted = TRUE;
    for (char **name = chosen->extents; name && *name; name++) {
        PupUnpackMember *part = neighbour(unpack, chosen, *name);

        if (part)
            part->wanted = TRUE;
    }
    return chosen;
}
