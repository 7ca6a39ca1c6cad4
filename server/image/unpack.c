/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * An archive is read twice: once for what is in it (a disk is told by its first bytes, as
 * names lie), once for the disk. Of a tar that is not compressed the first time costs
 * next to nothing; a compressed file that holds one thing is not read to its end for it.
 */
#include "server/image/unpack.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include "lib/chunk_map.h"
#include "lib/error.h"
#include "lib/file.h"
#include "server/image/bytes.h"
#include "server/image/container.h"
#include "server/image/whole.h"
#include "server/image/workshop.h"

#define BLOCK_BYTES (256u * 1024u)
#define PIECE_BYTES (64u * 1024u)
#define MEMBERS_MAX 10000u
#define MANIFEST_MAX (1024u * 1024u)
/* What is left to others on the disk that is unpacked to, and how often that is looked
 * at. */
#define RESERVE_BYTES (G_GUINT64_CONSTANT(256) << 20)
#define LOOK_BYTES (G_GUINT64_CONSTANT(64) << 20)

typedef struct archive Archive;
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Archive, archive_read_free)

typedef struct {
    char *name;
    gboolean is_disk;
    char **extents; /* of the descriptor of a vmdk; else NULL */
    char *sum;      /* that the manifest gives, in hexadecimal; NULL for none */
    GChecksumType sum_type;
} Member;

typedef struct {
    const PupUnpack *job;
    guint64 bytes; /* of the archive */
    GPtrArray *members;
    GString *manifest;
} Unpack;

/* The file that is written. */
typedef struct {
    int fd;
    const char *path;
    guint64 end, looked_at; /* so far */
    GChecksum *sum;         /* NULL: nobody asks */
    gulong crc;
} Output;

static void
member_free(gpointer data)
{
    Member *member = data;

    g_free(member->name);
    g_strfreev(member->extents);
    g_free(member->sum);
    g_free(member);
}

static gboolean
set_archive_error(const Unpack *unpack, Archive *archive, GError **error)
{
    const char *why = archive_error_string(archive);

    pup_error_set(
        error, PUP_ERROR_CORRUPT,
        "cannot unpack '%s': it is cut short or damaged (%s); copy it again from "
        "where it was made",
        unpack->job->file, why ? why : "no reason given");
    return FALSE;
}

static Archive *
open_archive(const Unpack *unpack, GError **error)
{
    g_autoptr(Archive) archive = archive_read_new();

    /* Not all that it can: some of that it does by running programs. */
    archive_read_support_filter_gzip(archive);
    archive_read_support_filter_xz(archive);
    archive_read_support_filter_bzip2(archive);
    archive_read_support_filter_zstd(archive);
    archive_read_support_filter_lz4(archive);
    archive_read_support_format_tar(archive);
    archive_read_support_format_zip(archive);
    archive_read_support_format_7zip(archive);
    archive_read_support_format_raw(archive);
    if (archive_read_open_filename(archive, unpack->job->file, BLOCK_BYTES) == ARCHIVE_OK)
        return g_steal_pointer(&archive);
    set_archive_error(unpack, archive, error);
    return NULL;
}

/* A name without the folders before it. */
static const char *
last_part(const char *name)
{
    const char *slash = strrchr(name, '/');

    return slash ? slash + 1 : name;
}

/* The name of what is merely compressed: the file's, without ".gz". */
static char *
name_of_raw(const Unpack *unpack)
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
read_head(const Unpack *unpack, Archive *archive, guint8 *buf, size_t max, size_t *len,
          GError **error)
{
    la_ssize_t n;

    for (*len = 0; *len < max; *len += (size_t) n) {
        n = archive_read_data(archive, buf + *len, max - *len);
        if (n < 0)
            return set_archive_error(unpack, archive, error);
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
look_into(Unpack *unpack, Archive *archive, Member *member, GError **error)
{
    gboolean manifest = g_str_has_suffix(member->name, ".mf");
    size_t max = manifest ? MANIFEST_MAX : PUP_CONTAINER_HEAD_BYTES;
    g_autofree guint8 *head = g_malloc(max);
    const PupContainer *container;
    size_t len;

    if (!read_head(unpack, archive, head, max, &len, error))
        return FALSE;
    if (manifest) {
        g_string_append_len(unpack->manifest, (const char *) head, (gssize) len);
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
check_entry(const Unpack *unpack, struct archive_entry *entry, const char *name,
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
list_entry(Unpack *unpack, Archive *archive, struct archive_entry *entry, GError **error)
{
    const char *name = archive_entry_pathname(entry);
    Member *member = g_new0(Member, 1);

    g_ptr_array_add(unpack->members, member);
    if (archive_format(archive) == ARCHIVE_FORMAT_RAW)
        member->name = name_of_raw(unpack);
    else
        member->name = g_strdup(name ? name : "");
    return check_entry(unpack, entry, member->name, error) &&
           (archive_entry_filetype(entry) != AE_IFREG ||
            look_into(unpack, archive, member, error));
}

/* The next entry in *@entry, NULL at the end. */
static gboolean
next_entry(const Unpack *unpack, Archive *archive, struct archive_entry **entry,
           GError **error)
{
    int result = archive_read_next_header(archive, entry);

    if (g_cancellable_set_error_if_cancelled(unpack->job->shop->cancellable, error))
        return FALSE;
    if (result == ARCHIVE_EOF)
        *entry = NULL;
    else if (result != ARCHIVE_OK && result != ARCHIVE_WARN)
        return set_archive_error(unpack, archive, error);
    return TRUE;
}

static gboolean
list(Unpack *unpack, GError **error)
{
    g_autoptr(Archive) archive = open_archive(unpack, error);
    struct archive_entry *entry;

    if (!archive)
        return FALSE;
    for (;;) {
        if (!next_entry(unpack, archive, &entry, error))
            return FALSE;
        if (!entry)
            return TRUE;
        if (!list_entry(unpack, archive, entry, error))
            return FALSE;
        if (archive_format(archive) == ARCHIVE_FORMAT_RAW)
            return TRUE; /* there is nothing behind it */
    }
}

static Member *
find(const Unpack *unpack, const char *name)
{
    for (unsigned i = 0; i < unpack->members->len; i++) {
        Member *member = g_ptr_array_index(unpack->members, i);
        if (strcmp(member->name, name) == 0 || strcmp(last_part(member->name), name) == 0)
            return member;
    }
    return NULL;
}

/* The parts of a split disk are no disks; and what the manifest says of each file. */
static void
settle(Unpack *unpack)
{
    static const struct {
        const char *name;
        GChecksumType type;
    } sums[] = {{"SHA1(", G_CHECKSUM_SHA1},
                {"SHA256(", G_CHECKSUM_SHA256},
                {"SHA512(", G_CHECKSUM_SHA512}};
    g_auto(GStrv) lines = g_strsplit(unpack->manifest->str, "\n", -1);

    for (unsigned i = 0; i < unpack->members->len; i++) {
        Member *member = g_ptr_array_index(unpack->members, i);
        for (char **name = member->extents; name && *name; name++) {
            Member *part = find(unpack, *name);
            if (part && part != member)
                part->is_disk = FALSE;
        }
    }
    for (char **line = lines; *line; line++)
        for (unsigned i = 0; i < G_N_ELEMENTS(sums); i++) {
            char *name = *line + strlen(sums[i].name), *end;
            Member *member;
            if (!g_str_has_prefix(*line, sums[i].name) || !(end = strstr(name, ")=")))
                continue;
            *end = '\0';
            member = find(unpack, name);
            if (!member)
                continue;
            g_free(member->sum);
            member->sum = g_ascii_strdown(g_strstrip(end + strlen(")=")), -1);
            member->sum_type = sums[i].type;
        }
}

/* "a.vmdk, b.vmdk" */
static char *
names_of(const Unpack *unpack, gboolean only_disks)
{
    GString *names = g_string_new(NULL);
    unsigned n = 0;

    for (unsigned i = 0; i < unpack->members->len && n < 20; i++) {
        const Member *member = g_ptr_array_index(unpack->members, i);
        if (!only_disks || member->is_disk)
            g_string_append_printf(names, "%s%s", n++ ? ", " : "", member->name);
    }
    return g_string_free(names, FALSE);
}

static const Member *
choose_only(const Unpack *unpack, GError **error)
{
    g_autofree char *disks = names_of(unpack, TRUE);
    g_autofree char *all = names_of(unpack, FALSE);
    const Member *found = NULL;
    unsigned n = 0;

    for (unsigned i = 0; i < unpack->members->len; i++) {
        const Member *member = g_ptr_array_index(unpack->members, i);
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

static const Member *
choose(const Unpack *unpack, GError **error)
{
    const Member *member;

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

static gboolean
is_zero(const guint8 *data, size_t len)
{
    return len > 0 && data[0] == 0 && memcmp(data, data + 1, len - 1) == 0;
}

/* A file that grows is a disk that fills: others need it, too. */
static gboolean
look_at_space(const Unpack *unpack, Output *output, GError **error)
{
    g_autofree char *what = g_strdup_printf(
        "unpacking '%s' takes more than there is; with what others need it takes",
        unpack->job->file);

    output->looked_at = output->end;
    return pup_workshop_check_space(output->path, RESERVE_BYTES, what, error);
}

/* Zeros up to @offset. */
static void
skip_to(Output *output, guint64 offset)
{
    static const guint8 zeros[4096];

    for (; output->sum && output->end < offset;) {
        size_t len = MIN(sizeof zeros, offset - output->end);
        g_checksum_update(output->sum, zeros, (gssize) len);
        output->end += len;
    }
    output->end = offset;
}

static gboolean
write_block(const Unpack *unpack, Output *output, const guint8 *data, size_t len,
            GError **error)
{
    if (len > PUP_DISK_MAX_BYTES || output->end > PUP_DISK_MAX_BYTES - len) {
        pup_error_set(error, PUP_ERROR_INVALID,
                      "what '%s' holds is larger than any disk: refused",
                      unpack->job->file);
        return FALSE;
    }
    if (output->sum)
        g_checksum_update(output->sum, data, (gssize) len);
    output->crc = crc32(output->crc, data, (uInt) len);
    for (size_t at = 0; at < len; at += PIECE_BYTES) {
        size_t n = MIN(PIECE_BYTES, len - at);
        if (!is_zero(data + at, n) &&
            !pup_file_pwrite(output->fd, data + at, n, (off_t) (output->end + at),
                             output->path, error))
            return FALSE;
    }
    output->end += len;
    return output->end - output->looked_at < LOOK_BYTES ||
           look_at_space(unpack, output, error);
}

static gboolean
write_data(const Unpack *unpack, Archive *archive, Output *output, GError **error)
{
    const PupWorkshop *shop = unpack->job->shop;

    for (;;) {
        const void *data;
        size_t len;
        la_int64_t offset;
        int result = archive_read_data_block(archive, &data, &len, &offset);

        if (g_cancellable_set_error_if_cancelled(shop->cancellable, error))
            return FALSE;
        if (result == ARCHIVE_EOF)
            break;
        if ((result != ARCHIVE_OK && result != ARCHIVE_WARN) || offset < 0 ||
            (guint64) offset < output->end)
            return set_archive_error(unpack, archive, error);
        if ((guint64) offset > PUP_DISK_MAX_BYTES)
            len = 0; /* write_block() refuses what follows; it claims too much already */
        skip_to(output, (guint64) offset);
        if (!write_block(unpack, output, data, len, error))
            return FALSE;
        if (shop->progress)
            shop->progress(shop->progress_data, "unpacking",
                           (guint64) archive_filter_bytes(archive, -1), unpack->bytes);
    }
    if (ftruncate(output->fd, (off_t) output->end) == 0)
        return TRUE;
    pup_error_set_errno(error, errno, "cannot write '%s'", output->path);
    return FALSE;
}

/* libarchive does not look at the sum at the end of what gzip wrote. Where several such
 * files were put together the size there is of the last one alone: that is not checked.
 */
static gboolean
check_gzip(const Unpack *unpack, Archive *archive, const Output *output, GError **error)
{
    g_auto(PupWholeFile) file = {.fd = -1};
    guint8 tail[8];

    if (archive_format(archive) != ARCHIVE_FORMAT_RAW ||
        archive_filter_code(archive, 0) != ARCHIVE_FILTER_GZIP)
        return TRUE;
    if (!pup_whole_open(&file, unpack->job->file, error) || file.bytes < sizeof tail ||
        !pup_whole_read(&file, file.bytes - sizeof tail, tail, sizeof tail, error))
        return FALSE;
    return pup_le32(tail + 4) != (guint32) output->end ||
           pup_le32(tail) == (guint32) output->crc ||
           pup_whole_set_damaged(&file, "what it holds does not match its checksum",
                                 error);
}

static gboolean
check_sum(const Unpack *unpack, const Member *member, const Output *output,
          GError **error)
{
    if (!member->sum || strcmp(g_checksum_get_string(output->sum), member->sum) == 0)
        return TRUE;
    pup_error_set(
        error, PUP_ERROR_CORRUPT,
        "'%s' is damaged: '%s' in it does not match the manifest; copy it again "
        "from where it was made",
        unpack->job->file, member->name);
    return FALSE;
}

/* The current entry, @member, into the new file @path. */
static gboolean
extract(const Unpack *unpack, Archive *archive, const Member *member, const char *path,
        GError **error)
{
    Output output = {.path = path, .crc = crc32(0, NULL, 0)};
    gboolean done;

    output.fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (output.fd < 0) {
        pup_error_set_errno(error, errno, "cannot make '%s'", path);
        return FALSE;
    }
    if (member->sum)
        output.sum = g_checksum_new(member->sum_type);
    done = look_at_space(unpack, &output, error) &&
           write_data(unpack, archive, &output, error) &&
           check_gzip(unpack, archive, &output, error) &&
           check_sum(unpack, member, &output, error);
    close(output.fd);
    if (output.sum)
        g_checksum_free(output.sum);
    return done;
}

/* A name in the folder for @member. */
static char *
path_for(const Unpack *unpack, const Member *member)
{
    const char *name = last_part(member->name);

    if (*name == '\0' || strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
        name = "disk";
    return g_build_filename(unpack->job->folder, name, NULL);
}

static gboolean
is_wanted(const Unpack *unpack, const Member *chosen, const Member *member)
{
    if (member == chosen)
        return TRUE;
    for (char **name = chosen->extents; name && *name; name++)
        if (find(unpack, *name) == member)
            return TRUE;
    return FALSE;
}

static gboolean
extract_all(const Unpack *unpack, const Member *chosen, GError **error)
{
    g_autoptr(Archive) archive = open_archive(unpack, error);

    if (!archive)
        return FALSE;
    for (unsigned i = 0; i < unpack->members->len; i++) {
        const Member *member = g_ptr_array_index(unpack->members, i);
        g_autofree char *path = path_for(unpack, member);
        struct archive_entry *entry;

        if (!next_entry(unpack, archive, &entry, error))
            return FALSE;
        if (!entry)
            return set_archive_error(unpack, archive, error);
        if (is_wanted(unpack, chosen, member) &&
            !extract(unpack, archive, member, path, error))
            return FALSE;
    }
    return TRUE;
}

char *
pup_unpack_disk(const PupUnpack *job, GError **error)
{
    g_autoptr(GPtrArray) members = g_ptr_array_new_with_free_func(member_free);
    g_autoptr(GString) manifest = g_string_new(NULL);
    Unpack unpack = {.job = job, .members = members, .manifest = manifest};
    const Member *chosen;
    struct stat st;

    if (stat(job->file, &st) < 0) {
        pup_error_set_errno(error, errno, "cannot open '%s'", job->file);
        return NULL;
    }
    unpack.bytes = (guint64) st.st_size;
    if (!list(&unpack, error))
        return NULL;
    settle(&unpack);
    chosen = choose(&unpack, error);
    return chosen && extract_all(&unpack, chosen, error) ? path_for(&unpack, chosen)
                                                         : NULL;
}
