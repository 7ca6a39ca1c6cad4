/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * gc's work on packs. Marks are one bit a chunk, at the place where the set of packs
 * finds it; a second copy of a chunk in another pack is never marked and so goes away by
 * itself.
 *
 * A pack without marks is removed. One whose marked bytes are less than half is copied,
 * marked chunks only, to a new pack and then removed; so are the small ones, several into
 * one, when there are many of them, which keeps the number of packs in proportion to the
 * bytes. A copy needs free space, and a full disk is when gc is wanted most: so those
 * come first that need least, each gives back more than the next may need, packs that
 * cannot be joined are rewritten one by one, and what does not fit stays and is told. The
 * new pack is durable and visible before an old one goes, and an index goes before its
 * pack: a crash leaves bytes twice or without an index, never a chunk missing. Bytes are
 * checked against their name before they are copied.
 */
#include "config.h"
#include "server/store/dir.h"

#include "lib/error.h"
#include "lib/failpoint.h"
#include "lib/file.h"

#include <errno.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

/* Packs with fewer live bytes are small; this many are joined. */
#define SMALL_BYTES (32u * 1024u * 1024u)
#define MANY_SMALL 16u
/* Live bytes of small packs that are joined into one: what that needs at once. */
#define JOINED_BYTES (256u * 1024u * 1024u)
/* An entry of a pack's index; and what a file system may round up. */
#define INDEX_ENTRY_BYTES 48u
#define ROUNDING_BYTES (64u * 1024u)
/* What is around the chunks of a pack. */
#define FRAME_BYTES (PUP_PACK_HEADER_BYTES + PUP_PACK_RECORD_BYTES)

typedef struct {
    PupPack *pack; /* NULL once it is removed: an open file takes its space still */
    guint8 *marks; /* one bit an entry */
    guint32 n_live;
    guint64 live_bytes; /* what the live chunks take in a pack, heads included */
} Swept;

/* Packs that become one. */
typedef struct {
    GPtrArray *packs;  /* of Swept */
    guint64 bytes;     /* of the new pack */
    guint64 needed;    /* of free space: that, and its index */
    guint64 old_bytes; /* of the packs */
} Group;

struct PupSweep {
    PupDirStore *store;
    gboolean dry_run;
    int lock;
    PupPackSet *packs; /* NULL once all is marked */
    guint32 n_packs;
    Swept *swept; /* one a pack */
    PupProgress progress;
    gpointer progress_data;
    PupGcReport *report;
    PupChunkCodec *codec;
    guint64 gained; /* by what a dry run would have done by now */
};

PupSweep *
pup_dir_sweep_begin(PupStore *base, gboolean dry_run, GError **error)
{
    PupDirStore *store = (PupDirStore *) base;
    int lock = pup_dir_lock_store(store, dry_run ? LOCK_SH : LOCK_EX, 0, NULL, error);
    if (lock < 0)
        return NULL;
    if (!pup_failpoint("gc-locked", error) || !pup_dir_refresh(store, TRUE, error)) {
        close(lock);
        return NULL;
    }
    PupSweep *sweep = g_new0(PupSweep, 1);
    sweep->store = store;
    sweep->dry_run = dry_run;
    sweep->lock = lock;
    sweep->packs = pup_dir_packs(store);
    sweep->codec = pup_chunk_codec_new(PUP_CHUNK_LEVEL);
    sweep->n_packs = pup_pack_set_n_packs(sweep->packs);
    sweep->swept = g_new0(Swept, sweep->n_packs);
    for (guint32 i = 0; i < sweep->n_packs; i++) {
        PupPack *pack = pup_pack_set_pack(sweep->packs, i);
        sweep->swept[i].pack = pup_pack_ref(pack);
        sweep->swept[i].marks =
            g_malloc0(pup_pack_index_n_entries(pack->index) / 8u + 1u);
    }
    return sweep;
}

static gboolean
is_marked(const Swept *swept, guint32 entry)
{
    return (swept->marks[entry / 8] & (1u << (entry % 8))) != 0;
}

gboolean
pup_dir_sweep_mark(PupSweep *sweep, const PupName *name)
{
    PupPlace place;
    PupPackEntry entry;
    if (!pup_pack_set_find(sweep->packs, name, &place))
        return FALSE;
    Swept *swept = &sweep->swept[place.pack];
    if (is_marked(swept, place.entry))
        return TRUE;
    swept->marks[place.entry / 8] |= (guint8) (1u << (place.entry % 8));
    pup_pack_index_get(swept->pack->index, place.entry, &entry);
    swept->n_live++;
    swept->live_bytes += PUP_PACK_RECORD_BYTES + entry.length;
    return TRUE;
}

static void
tell(PupSweep *sweep, const char *what, guint64 done, guint64 total)
{
    if (sweep->progress)
        sweep->progress(sweep->progress_data, what, done, total);
}

static gboolean
unlink_file(const char *path, GError **error)
{
    if (unlink(path) == 0 || errno == ENOENT)
        return TRUE;
    pup_error_set_errno(error, errno, "cannot remove '%s'", path);
    return FALSE;
}

static gboolean
remove_pack(PupSweep *sweep, Swept *swept, GError **error)
{
    const PupPackId *id = &swept->pack->id;
    g_autofree char *index_path = pup_pack_path(sweep->store->packs, id, ".idx");
    g_autofree char *pack_path = pup_pack_path(sweep->store->packs, id, ".pack");
    if (!unlink_file(index_path, error) || !pup_failpoint("gc-index-removed", error) ||
        !unlink_file(pack_path, error) || !pup_failpoint("gc-pack-removed", error))
        return FALSE;
    g_clear_pointer(&swept->pack, pup_pack_unref);
    return TRUE;
}

/* Packs were removed: durably, and so that the store keeps none of them open. */
static gboolean
end_removals(PupSweep *sweep, GError **error)
{
    return pup_file_sync_dir(sweep->store->packs, error) &&
           pup_dir_refresh(sweep->store, TRUE, error);
}

static gboolean
copy_live(PupSweep *sweep, const Swept *swept, PupPackWriter *writer, GError **error)
{
    g_autofree guint8 *encoded = g_malloc(PUP_CHUNK_ENCODED_MAX);
    g_autofree guint8 *plain = g_malloc(PUP_CHUNK_BYTES);
    guint32 n = pup_pack_index_n_entries(swept->pack->index), done = 0;
    for (guint32 i = 0; i < n; i++) {
        PupPackEntry entry;
        if (!is_marked(swept, i))
            continue;
        pup_pack_index_get(swept->pack->index, i, &entry);
        if (!pup_pack_read(swept->pack, &entry, encoded, error) ||
            !pup_chunk_decode(sweep->codec, encoded, entry.length, &entry.name, plain,
                              error)) {
            g_prefix_error(error, "%s at byte %" G_GUINT64_FORMAT ", run fsck: ",
                           swept->pack->hold.where, entry.offset);
            return FALSE;
        }
        if (!pup_pack_writer_put(writer, &entry.name, encoded, entry.length, error) ||
            !pup_failpoint("gc-copied", error))
            return FALSE;
        tell(sweep, "rewriting packs", ++done, swept->n_live);
    }
    return TRUE;
}

/* Copy what is live in @group to one new pack, then remove its packs. */
static gboolean
rewrite(PupSweep *sweep, const Group *group, GError **error)
{
    g_autoptr(PupPackWriter) writer = pup_pack_writer_new(sweep->store->packs);
    sweep->report->n_packs_rewritten += group->packs->len;
    sweep->report->bytes_after += group->bytes;
    sweep->gained += group->old_bytes - group->bytes;
    if (sweep->dry_run)
        return TRUE;
    for (guint i = 0; i < group->packs->len; i++)
        if (!copy_live(sweep, g_ptr_array_index(group->packs, i), writer, error))
            return FALSE;
    if (!pup_pack_writer_finish(writer, error) || !pup_failpoint("gc-rewritten", error))
        return FALSE;
    for (guint i = 0; i < group->packs->len; i++)
        if (!remove_pack(sweep, g_ptr_array_index(group->packs, i), error))
            return FALSE;
    return end_removals(sweep, error);
}

static gboolean
remove_dead(PupSweep *sweep, GError **error)
{
    for (guint32 i = 0; i < sweep->n_packs; i++) {
        Swept *swept = &sweep->swept[i];
        if (swept->n_live > 0)
            continue;
        sweep->report->n_packs_removed++;
        sweep->gained += swept->pack->bytes;
        if (!sweep->dry_run && !remove_pack(sweep, swept, error))
            return FALSE;
    }
    if (sweep->dry_run)
        return TRUE;
    return end_removals(sweep, error) && pup_failpoint("gc-removals-synced", error);
}

/* As the pack would be, or it would be copied again and again. */
static gboolean
half_dead(const Swept *swept)
{
    return FRAME_BYTES + swept->live_bytes < swept->pack->bytes / 2;
}

static void
group_free(gpointer data)
{
    Group *group = data;
    g_ptr_array_unref(group->packs);
    g_free(group);
}

static Group *
group_new(GPtrArray *groups)
{
    Group *group = g_new0(Group, 1);
    group->packs = g_ptr_array_new();
    group->bytes = FRAME_BYTES;
    group->needed = group->bytes + ROUNDING_BYTES;
    g_ptr_array_add(groups, group);
    return group;
}

static void
group_add(Group *group, Swept *swept)
{
    g_ptr_array_add(group->packs, swept);
    group->bytes += swept->live_bytes;
    group->needed += swept->live_bytes + (guint64) swept->n_live * INDEX_ENTRY_BYTES;
    group->old_bytes += swept->pack->bytes;
}

static int
compare_live(gconstpointer a, gconstpointer b)
{
    const Swept *left = *(Swept *const *) a, *right = *(Swept *const *) b;
    return left->live_bytes < right->live_bytes ? -1
                                                : left->live_bytes > right->live_bytes;
}

static int
compare_groups(gconstpointer a, gconstpointer b)
{
    const Group *left = *(Group *const *) a, *right = *(Group *const *) b;
    return left->needed < right->needed ? -1 : left->needed > right->needed;
}

/* Small packs, if there are enough of them to be joined; the smallest first. */
static GPtrArray *
find_small(const PupSweep *sweep)
{
    GPtrArray *small = g_ptr_array_new();
    for (guint32 i = 0; i < sweep->n_packs; i++) {
        Swept *swept = &sweep->swept[i];
        if (swept->n_live > 0 && swept->live_bytes < SMALL_BYTES)
            g_ptr_array_add(small, swept);
    }
    if (small->len < MANY_SMALL)
        g_ptr_array_set_size(small, 0);
    g_ptr_array_sort(small, compare_live);
    return small;
}

/* A group that joins nothing, and whose pack is good as it is. */
static gboolean
is_idle(const Group *group)
{
    return group->packs->len == 1 && !half_dead(g_ptr_array_index(group->packs, 0));
}

/* What is to be rewritten, what needs least first; the rest is counted as staying. */
static GPtrArray *
plan(PupSweep *sweep)
{
    GPtrArray *groups = g_ptr_array_new_with_free_func(group_free);
    g_autoptr(GPtrArray) small = find_small(sweep);
    Group *joined = NULL;
    for (guint i = 0; i < small->len; i++) {
        if (!joined || joined->bytes >= JOINED_BYTES)
            joined = group_new(groups);
        group_add(joined, g_ptr_array_index(small, i));
    }
    if (joined && is_idle(joined)) {
        sweep->report->bytes_after += joined->old_bytes;
        g_ptr_array_remove(groups, joined);
    }
    for (guint32 i = 0; i < sweep->n_packs; i++) {
        Swept *swept = &sweep->swept[i];
        if (swept->n_live == 0 || g_ptr_array_find(small, swept, NULL))
            continue;
        if (half_dead(swept))
            group_add(group_new(groups), swept);
        else
            sweep->report->bytes_after += swept->pack->bytes;
    }
    g_ptr_array_sort(groups, compare_groups);
    return groups;
}

/* Space that is free now; in a dry run, that would be by now. */
static gboolean
read_free(const PupSweep *sweep, guint64 *bytes, GError **error)
{
    struct statvfs fs;
    if (statvfs(sweep->store->packs, &fs) < 0) {
        pup_error_set_errno(error, errno, "cannot look at '%s'", sweep->store->packs);
        return FALSE;
    }
    *bytes = (guint64) fs.f_bavail * fs.f_frsize + (sweep->dry_run ? sweep->gained : 0);
    return TRUE;
}

static void
leave(PupSweep *sweep, const Group *group, guint64 free_bytes)
{
    PupGcReport *report = sweep->report;
    if (report->n_packs_left == 0) {
        report->bytes_needed = group->needed;
        report->bytes_free = free_bytes;
    }
    report->n_packs_left += group->packs->len;
    report->bytes_left += group->old_bytes - group->bytes;
    report->bytes_after += group->old_bytes;
}

/* Rewrite @group if it fits; a single pack that does not is left. */
static gboolean
rewrite_if_it_fits(PupSweep *sweep, const Group *group, gboolean *fits, GError **error)
{
    guint64 free_bytes;
    if (!read_free(sweep, &free_bytes, error))
        return FALSE;
    *fits = group->needed <= free_bytes;
    if (*fits)
        return rewrite(sweep, group, error);
    if (group->packs->len == 1)
        leave(sweep, group, free_bytes);
    return TRUE;
}

/* The packs of @joined, each by itself as if there were no others: those that are half
 * dead, the smallest first, as they are in it. */
static gboolean
rewrite_members(PupSweep *sweep, const Group *joined, GError **error)
{
    g_autoptr(GPtrArray) groups = g_ptr_array_new_with_free_func(group_free);
    for (guint i = 0; i < joined->packs->len; i++) {
        Swept *swept = g_ptr_array_index(joined->packs, i);
        if (half_dead(swept))
            group_add(group_new(groups), swept);
        else
            sweep->report->bytes_after += swept->pack->bytes;
    }
    for (guint i = 0; i < groups->len; i++) {
        gboolean fits;
        if (!rewrite_if_it_fits(sweep, g_ptr_array_index(groups, i), &fits, error))
            return FALSE;
    }
    return TRUE;
}

static gboolean
rewrite_sparse(PupSweep *sweep, GError **error)
{
    g_autoptr(GPtrArray) groups = plan(sweep);
    for (guint i = 0; i < groups->len; i++) {
        const Group *group = g_ptr_array_index(groups, i);
        gboolean fits;
        if (!rewrite_if_it_fits(sweep, group, &fits, error) ||
            (!fits && group->packs->len > 1 && !rewrite_members(sweep, group, error)))
            return FALSE;
    }
    return TRUE;
}

/* Every needed chunk is in a pack with an index by now, so what a crash left behind,
 * packs without one included, can go. */
static gboolean
remove_leftovers(PupSweep *sweep, GError **error)
{
    g_autoptr(GPtrArray) paths = pup_dir_leftovers(sweep->store, TRUE, error);
    if (!paths)
        return FALSE;
    for (guint i = 0; i < paths->len; i++) {
        const char *path = g_ptr_array_index(paths, i);
        struct stat st;
        if (g_str_has_suffix(path, ".pack") && lstat(path, &st) == 0) {
            sweep->report->bytes_before += (guint64) st.st_size;
            sweep->report->n_packs_removed++;
        }
        if (!sweep->dry_run && (!pup_dir_remove_tree(path, error) ||
                                !pup_failpoint("gc-leftover-removed", error)))
            return FALSE;
    }
    return TRUE;
}

static void
count(PupSweep *sweep)
{
    for (guint32 i = 0; i < sweep->n_packs; i++) {
        const Swept *swept = &sweep->swept[i];
        sweep->report->n_chunks += pup_pack_index_n_entries(swept->pack->index);
        sweep->report->n_live += swept->n_live;
        sweep->report->bytes_before += swept->pack->bytes;
    }
}

gboolean
pup_dir_sweep_run(PupSweep *sweep, PupProgress progress, gpointer data,
                  PupGcReport *report, GError **error)
{
    sweep->progress = progress;
    sweep->progress_data = data;
    sweep->report = report;
    count(sweep);
    g_clear_pointer(&sweep->packs, pup_pack_set_unref);
    if (!pup_failpoint("gc-marked", error) || !remove_leftovers(sweep, error) ||
        !remove_dead(sweep, error) || !rewrite_sparse(sweep, error))
        return FALSE;
    return sweep->dry_run || (pup_dir_refresh(sweep->store, TRUE, error) &&
                              pup_failpoint("gc-done", error));
}

void
pup_dir_sweep_free(PupSweep *sweep)
{
    for (guint32 i = 0; i < sweep->n_packs; i++) {
        g_free(sweep->swept[i].marks);
        pup_pack_unref(sweep->swept[i].pack);
    }
    g_free(sweep->swept);
    pup_chunk_codec_free(sweep->codec);
    pup_pack_set_unref(sweep->packs);
    close(sweep->lock);
    g_free(sweep);
}
