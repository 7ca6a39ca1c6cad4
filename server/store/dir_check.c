/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * fsck's work on packs, and what repair does about it:
 * - an index that is missing or wrong is made anew from its pack;
 * - of a pack with damage, what is whole is copied to a new pack, which takes its place.
 *   Damaged chunks are then missing rather than wrong: the next publish or import that
 *   meets their content stores them again, even where it finds nothing else to do.
 * - what a crash left behind is removed.
 * Never is anything whole thrown away.
 */
#include "config.h"
#include "server/store/dir.h"

#include "lib/error.h"
#include "lib/file.h"
#include "server/store/pack_verify.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

struct PupCheck {
    PupDirStore *store;
    gboolean repair;
    int lock;
    GPtrArray *verdicts;  /* of PupPackVerdict */
    GHashTable *good;     /* PupName in a verdict -> itself */
    GHashTable *damaged;  /* PupName in a verdict -> where and why, text */
    GHashTable *unlisted; /* whole ones that no index lists -> the pack's object */
    GHashTable *lost;     /* the same, of packs that are gone */
    PupFsckReport *report;
};

static void
free_verdict(gpointer verdict)
{
    pup_pack_verdict_free(verdict);
}

PupCheck *
pup_dir_check_begin(PupStore *base, gboolean repair, GError **error)
{
    PupDirStore *store = (PupDirStore *) base;
    int lock = pup_dir_lock_store(store, repair ? LOCK_EX : LOCK_SH, 0, NULL, error);
    if (lock < 0)
        return NULL;
    PupCheck *check = g_new0(PupCheck, 1);
    check->store = store;
    check->repair = repair;
    check->lock = lock;
    check->verdicts = g_ptr_array_new_with_free_func(free_verdict);
    check->good = g_hash_table_new(pup_name_hash, pup_name_hash_equal);
    check->damaged =
        g_hash_table_new_full(pup_name_hash, pup_name_hash_equal, NULL, g_free);
    check->unlisted = g_hash_table_new(pup_name_hash, pup_name_hash_equal);
    check->lost = g_hash_table_new(pup_name_hash, pup_name_hash_equal);
    return check;
}

void
pup_dir_check_free(PupCheck *check)
{
    g_hash_table_destroy(check->good);
    g_hash_table_destroy(check->damaged);
    g_hash_table_destroy(check->unlisted);
    g_hash_table_destroy(check->lost);
    g_ptr_array_unref(check->verdicts);
    close(check->lock);
    g_free(check);
}

/* "pack x at byte n: why" */
static char *
where_of(const PupPackVerdict *verdict, const PupVerified *chunk, const char *why)
{
    return g_strdup_printf("%s at byte %" G_GUINT64_FORMAT ": %s", verdict->what,
                           chunk->entry.offset, why);
}

static void
add_damaged_chunk(PupCheck *check, const PupPackVerdict *verdict, PupVerified *chunk)
{
    char hex[PUP_NAME_HEX_LEN + 1];
    char *where = where_of(verdict, chunk, chunk->why);
    pup_name_to_hex(&chunk->entry.name, hex);
    pup_fsck_add(check->report, FALSE, g_strdup_printf("chunk %s", hex), g_strdup(where))
        ->remedy = PUP_FSCK_DAMAGED;
    g_hash_table_replace(check->damaged, &chunk->entry.name, where);
}

/* Whole, but no reader finds it here: only repair makes it good, or another pack that has
 * it and is indexed. */
static void
add_unlisted(PupCheck *check, const PupPackVerdict *verdict, PupVerified *chunk)
{
    if (check->repair)
        g_hash_table_add(check->good, &chunk->entry.name);
    else
        g_hash_table_insert(check->unlisted, &chunk->entry.name, verdict->what);
}

static void
take_chunks(PupCheck *check, const PupPackVerdict *verdict)
{
    for (guint i = 0; i < verdict->chunks->len; i++) {
        PupVerified *chunk = &g_array_index(verdict->chunks, PupVerified, i);
        if (!verdict->has_pack) {
            g_hash_table_insert(check->lost, &chunk->entry.name, verdict->what);
        } else if (chunk->listed) {
            check->report->n_chunks++;
            if (chunk->why)
                add_damaged_chunk(check, verdict, chunk);
            else
                g_hash_table_add(check->good, &chunk->entry.name);
        } else if (chunk->why) {
            char *where = where_of(verdict, chunk, chunk->why);
            pup_fsck_add(check->report, TRUE, g_strdup(verdict->what), where);
        } else {
            add_unlisted(check, verdict, chunk);
        }
    }
}

static void
take_problems(PupCheck *check, const PupPackVerdict *verdict)
{
    const char *done = check->repair ? "; repaired" : "";
    for (guint i = 0; i < verdict->problems->len; i++)
        pup_fsck_add(check->report, FALSE, g_strdup(verdict->what),
                     g_strdup_printf(
                         "%s%s", (char *) g_ptr_array_index(verdict->problems, i), done))
            ->remedy = PUP_FSCK_DAMAGED;
    if (verdict->index_problem)
        pup_fsck_add(check->report, FALSE, g_strdup_printf("index %s", verdict->id.text),
                     g_strdup_printf("%s%s", verdict->index_problem, done))
            ->remedy = PUP_FSCK_REPAIR;
    if (!verdict->has_index)
        pup_fsck_add(check->report, TRUE, g_strdup(verdict->what),
                     g_strdup_printf("has no index: a publish was cut short%s", done));
}

static gboolean
any_damaged(const PupPackVerdict *verdict)
{
    for (guint i = 0; i < verdict->chunks->len; i++)
        if (g_array_index(verdict->chunks, PupVerified, i).why)
            return TRUE;
    return verdict->problems->len > 0;
}

static GArray *
whole_entries(const PupPackVerdict *verdict)
{
    GArray *entries = g_array_new(FALSE, FALSE, sizeof(PupPackEntry));
    for (guint i = 0; i < verdict->chunks->len; i++) {
        const PupVerified *chunk = &g_array_index(verdict->chunks, PupVerified, i);
        if (!chunk->why)
            g_array_append_val(entries, chunk->entry);
    }
    return entries;
}

static gboolean
write_index(PupCheck *check, const PupPackVerdict *verdict, GArray *entries,
            GError **error)
{
    g_autofree char *path = pup_pack_path(check->store->packs, &verdict->id, ".idx");
    g_autoptr(GBytes) bytes =
        pup_pack_index_format(entries, &verdict->id, verdict->bytes);
    return pup_file_replace(path, g_bytes_get_data(bytes, NULL), g_bytes_get_size(bytes),
                            0644, error);
}

static gboolean
copy_entries(int fd, const PupPackVerdict *verdict, GArray *entries,
             PupPackWriter *writer, GError **error)
{
    g_autofree guint8 *encoded = g_malloc(PUP_CHUNK_ENCODED_MAX);
    for (guint i = 0; i < entries->len; i++) {
        const PupPackEntry *entry = &g_array_index(entries, PupPackEntry, i);
        if (!pup_file_pread(fd, encoded, entry->length, (off_t) entry->offset,
                            verdict->what, error) ||
            !pup_pack_writer_put(writer, &entry->name, encoded, entry->length, error))
            return FALSE;
    }
    return pup_pack_writer_finish(writer, error);
}

static gboolean
replace_pack(PupCheck *check, const PupPackVerdict *verdict, GArray *entries,
             GError **error)
{
    g_autoptr(PupPackWriter) writer = pup_pack_writer_new(check->store->packs);
    g_autofree char *path = pup_pack_path(check->store->packs, &verdict->id, ".pack");
    g_autofree char *index = pup_pack_path(check->store->packs, &verdict->id, ".idx");
    if (entries->len > 0) {
        int fd = open(path, O_RDONLY | O_CLOEXEC);
        if (fd < 0) {
            pup_error_set_errno(error, errno, "cannot open '%s'", path);
            return FALSE;
        }
        gboolean ok = copy_entries(fd, verdict, entries, writer, error);
        close(fd);
        if (!ok)
            return FALSE;
    }
    return pup_dir_remove_tree(index, error) && pup_dir_remove_tree(path, error) &&
           pup_file_sync_dir(check->store->packs, error);
}

static gboolean
repair_pack(PupCheck *check, const PupPackVerdict *verdict, GError **error)
{
    g_autoptr(GArray) entries = whole_entries(verdict);
    if (any_damaged(verdict) || entries->len == 0)
        return replace_pack(check, verdict, entries, error);
    if (verdict->index_problem || !verdict->has_index)
        return write_index(check, verdict, entries, error);
    return TRUE;
}

static gboolean
check_pack(PupCheck *check, const PupPackId *id, PupProgress progress, gpointer data,
           GError **error)
{
    PupPackVerdict *verdict =
        pup_pack_verify(check->store->packs, id, progress, data, error);
    if (!verdict)
        return FALSE;
    g_ptr_array_add(check->verdicts, verdict);
    check->report->n_packs++;
    check->report->bytes += verdict->bytes;
    take_problems(check, verdict);
    take_chunks(check, verdict);
    return !check->repair || repair_pack(check, verdict, error);
}

static gboolean
check_packs(PupCheck *check, PupProgress progress, gpointer data, GError **error)
{
    g_auto(GStrv) files = pup_file_list(check->store->packs, error);
    if (!files)
        return FALSE;
    g_autoptr(GHashTable) seen =
        g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    for (char **file = files; *file; file++) {
        PupPackId id;
        if (!pup_pack_id_from_file(*file, ".pack", &id) &&
            !pup_pack_id_from_file(*file, ".idx", &id))
            continue;
        if (g_hash_table_add(seen, g_strdup(id.text)) &&
            !check_pack(check, &id, progress, data, error))
            return FALSE;
    }
    return TRUE;
}

static gboolean
check_leftovers(PupCheck *check, GError **error)
{
    g_autoptr(GPtrArray) paths = pup_dir_leftovers(check->store, FALSE, error);
    if (!paths)
        return FALSE;
    for (guint i = 0; i < paths->len; i++) {
        const char *path = g_ptr_array_index(paths, i);
        const char *inner = path + strlen(check->store->path) + 1;
        pup_fsck_add(check->report, TRUE, g_strdup_printf("leftover %s", inner),
                     g_strdup(check->repair
                                  ? "left behind by a crash; removed"
                                  : "left behind by a crash, or somebody publishes"));
        if (check->repair && !pup_dir_remove_tree(path, error))
            return FALSE;
    }
    return TRUE;
}

gboolean
pup_dir_check_run(PupCheck *check, PupProgress progress, gpointer data,
                  PupFsckReport *report, GError **error)
{
    check->report = report;
    return check_leftovers(check, error) && check_packs(check, progress, data, error) &&
           pup_dir_refresh(check->store, TRUE, error);
}

PupChunkState
pup_dir_check_state(PupCheck *check, const PupName *name, const char **where)
{
    *where = g_hash_table_lookup(check->damaged, name);
    if (g_hash_table_contains(check->good, name) && (check->repair || !*where))
        return PUP_CHUNK_GOOD;
    if (*where)
        return PUP_CHUNK_DAMAGED;
    *where = g_hash_table_lookup(check->unlisted, name);
    if (*where)
        return PUP_CHUNK_UNLISTED;
    *where = g_hash_table_lookup(check->lost, name);
    return *where ? PUP_CHUNK_LOST : PUP_CHUNK_MISSING;
}
