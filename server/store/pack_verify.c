/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What readers find is what a good index lists; with a damaged index it is what the heads
 * of the records say (pack_file.c). A chunk that is listed where no record is to be seen
 * is looked at all the same: the head may be damaged and the bytes whole.
 */
#include "config.h"
#include "server/store/pack_verify.h"

#include "lib/error.h"
#include "lib/file.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#define MAX_THREADS 64
/* Fewer are not worth a thread. */
#define CHUNKS_A_THREAD 16

static void
clear_verified(gpointer verified)
{
    g_free(((PupVerified *) verified)->why);
}

static PupPackVerdict *
verdict_new(const PupPackId *id)
{
    PupPackVerdict *verdict = g_new0(PupPackVerdict, 1);
    verdict->id = *id;
    verdict->what = g_strdup_printf("pack %s", id->text);
    verdict->problems = g_ptr_array_new_with_free_func(g_free);
    verdict->chunks = g_array_new(FALSE, TRUE, sizeof(PupVerified));
    g_array_set_clear_func(verdict->chunks, clear_verified);
    return verdict;
}

void
pup_pack_verdict_free(PupPackVerdict *verdict)
{
    if (!verdict)
        return;
    g_array_unref(verdict->chunks);
    g_ptr_array_unref(verdict->problems);
    g_free(verdict->index_problem);
    g_free(verdict->what);
    g_free(verdict);
}

/* What says that the bytes on disk are wrong is a finding; all else is an error of ours.
 * TRUE: @why was a finding, its message is *@message. */
static gboolean
take_damage(GError **why, char **message)
{
    if (!g_error_matches(*why, PUP_ERROR, PUP_ERROR_CORRUPT))
        return FALSE;
    g_free(*message);
    *message = g_strdup((*why)->message);
    g_clear_error(why);
    return TRUE;
}

static void
add_gap(PupPackVerdict *verdict, const PupPackCursor *cursor)
{
    char *problem =
        cursor->gap_from == cursor->gap_to
            ? g_strdup_printf("ends at byte %" G_GUINT64_FORMAT " without its end record",
                              cursor->gap_to)
            : g_strdup_printf("bytes %" G_GUINT64_FORMAT " to %" G_GUINT64_FORMAT
                              " are not a record",
                              cursor->gap_from, cursor->gap_to - 1);
    g_ptr_array_add(verdict->problems, problem);
}

static gboolean
walk(PupPackVerdict *verdict, int fd, GError **error)
{
    PupPackCursor cursor;
    PupVerified found = {.walked = TRUE};
    PupPackStep step;
    g_autoptr(GError) why = NULL;
    char *message = NULL;
    if (!pup_pack_check_header(fd, &verdict->id, verdict->what, &why)) {
        if (!take_damage(&why, &message)) {
            g_propagate_error(error, g_steal_pointer(&why));
            return FALSE;
        }
        g_ptr_array_add(verdict->problems, message);
    }
    pup_pack_cursor_init(&cursor, fd, verdict->bytes, verdict->what);
    while ((step = pup_pack_cursor_next(&cursor, &found.entry, error)) != PUP_PACK_END) {
        if (step == PUP_PACK_FAILED)
            return FALSE;
        if (step == PUP_PACK_DAMAGE)
            add_gap(verdict, &cursor);
        else
            g_array_append_val(verdict->chunks, found);
    }
    return TRUE;
}

static gboolean
open_index(PupPackVerdict *verdict, const char *dir, PupPackIndex **index, GError **error)
{
    g_autofree char *path = pup_pack_path(dir, &verdict->id, ".idx");
    g_autoptr(GError) why = NULL;
    *index = pup_pack_index_open(path, &verdict->id, &why);
    verdict->has_index = !g_error_matches(why, PUP_ERROR, PUP_ERROR_NOT_FOUND);
    if (!*index && verdict->has_index && !take_damage(&why, &verdict->index_problem)) {
        g_propagate_error(error, g_steal_pointer(&why));
        return FALSE;
    }
    return TRUE;
}

static void
list_all(PupPackVerdict *verdict)
{
    for (guint i = 0; i < verdict->chunks->len; i++)
        g_array_index(verdict->chunks, PupVerified, i).listed = TRUE;
}

/* Mark the record that entry @listed speaks of, or add the entry. */
static void
list_entry(PupPackVerdict *verdict, GHashTable *by_name, const PupPackEntry *listed)
{
    gpointer place = g_hash_table_lookup(by_name, &listed->name);
    if (place) {
        PupVerified *chunk =
            &g_array_index(verdict->chunks, PupVerified, GPOINTER_TO_UINT(place) - 1);
        if (chunk->entry.offset == listed->offset &&
            chunk->entry.length == listed->length) {
            chunk->listed = TRUE;
            return;
        }
    }
    PupVerified added = {.entry = *listed, .listed = TRUE};
    g_array_append_val(verdict->chunks, added);
}

static void
list_entries(PupPackVerdict *verdict, const PupPackIndex *index)
{
    g_autoptr(GHashTable) by_name =
        g_hash_table_new_full(pup_name_hash, pup_name_hash_equal, g_free, NULL);
    for (guint i = 0; i < verdict->chunks->len; i++) {
        PupName *name = &g_array_index(verdict->chunks, PupVerified, i).entry.name;
        g_hash_table_insert(by_name, g_memdup2(name, sizeof *name),
                            GUINT_TO_POINTER(i + 1));
    }
    for (guint32 i = 0; i < pup_pack_index_n_entries(index); i++) {
        PupPackEntry listed;
        pup_pack_index_get(index, i, &listed);
        list_entry(verdict, by_name, &listed);
    }
}

/* The index must list the good records and nothing else. */
static void
judge_index(PupPackVerdict *verdict)
{
    guint unlisted = 0, invented = 0;
    for (guint i = 0; i < verdict->chunks->len; i++) {
        const PupVerified *chunk = &g_array_index(verdict->chunks, PupVerified, i);
        unlisted += !chunk->listed && !chunk->why;
        invented += !chunk->walked;
    }
    if (verdict->index_problem || !verdict->has_index)
        return;
    if (unlisted > 0)
        verdict->index_problem =
            g_strdup_printf("does not list %u chunks of its pack", unlisted);
    else if (invented > 0 && verdict->problems->len == 0)
        verdict->index_problem =
            g_strdup_printf("lists %u chunks that its pack has not", invented);
}

/* The rehashing threads take the next chunk each, until there are none. */
typedef struct {
    PupPackVerdict *verdict;
    int fd;
    guint next; /* atomic */
    PupProgress progress;
    gpointer progress_data;
    GThread *teller; /* the one thread that tells of progress */
} Rehash;

static void
rehash_one(const Rehash *work, PupVerified *chunk, PupChunkCodec *codec, guint8 *encoded,
           guint8 *plain)
{
    g_autoptr(GError) why = NULL;
    const PupPackEntry *entry = &chunk->entry;
    if (!pup_file_pread(work->fd, encoded, entry->length, (off_t) entry->offset,
                        work->verdict->what, &why) ||
        !pup_chunk_decode(codec, encoded, entry->length, &entry->name, plain, &why))
        chunk->why = g_strdup(why->message);
}

static gpointer
rehash_thread(gpointer data)
{
    Rehash *work = data;
    GArray *chunks = work->verdict->chunks;
    g_autoptr(PupChunkCodec) codec = pup_chunk_codec_new(PUP_CHUNK_LEVEL);
    g_autofree guint8 *encoded = g_malloc(PUP_CHUNK_ENCODED_MAX);
    g_autofree guint8 *plain = g_malloc(PUP_CHUNK_BYTES);
    for (;;) {
        guint i = (guint) g_atomic_int_add((int *) &work->next, 1);
        if (i >= chunks->len)
            return NULL;
        rehash_one(work, &g_array_index(chunks, PupVerified, i), codec, encoded, plain);
        if (work->progress && g_thread_self() == work->teller)
            work->progress(work->progress_data, work->verdict->what, i + 1, chunks->len);
    }
}

static void
rehash(Rehash *work)
{
    GThread *threads[MAX_THREADS];
    guint n_threads = MIN(g_get_num_processors(), MAX_THREADS);
    n_threads = MIN(n_threads, work->verdict->chunks->len / CHUNKS_A_THREAD + 1);
    work->teller = g_thread_self();
    for (guint i = 1; i < n_threads; i++)
        threads[i] = g_thread_new("rehash", rehash_thread, work);
    rehash_thread(work);
    for (guint i = 1; i < n_threads; i++)
        g_thread_join(threads[i]);
}

/* @fd is the pack's, -1 when it is gone. */
static gboolean
verify_open(PupPackVerdict *verdict, int fd, const char *dir, Rehash *work,
            GError **error)
{
    g_autoptr(PupPackIndex) index = NULL;
    if (fd >= 0 && !walk(verdict, fd, error))
        return FALSE;
    if (!open_index(verdict, dir, &index, error))
        return FALSE;
    if (index && fd >= 0 && pup_pack_index_pack_bytes(index) != verdict->bytes)
        g_ptr_array_add(verdict->problems,
                        g_strdup_printf("has %" G_GUINT64_FORMAT
                                        " bytes, its index says %" G_GUINT64_FORMAT,
                                        verdict->bytes,
                                        pup_pack_index_pack_bytes(index)));
    if (index)
        list_entries(verdict, index);
    else if (verdict->has_index)
        list_all(verdict);
    work->fd = fd;
    rehash(work);
    judge_index(verdict);
    return TRUE;
}

PupPackVerdict *
pup_pack_verify(const char *dir, const PupPackId *id, PupProgress progress, gpointer data,
                GError **error)
{
    g_autofree char *path = pup_pack_path(dir, id, ".pack");
    g_autoptr(PupPackVerdict) verdict = verdict_new(id);
    Rehash work = {.verdict = verdict, .progress = progress, .progress_data = data};
    struct stat st;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    verdict->has_pack = fd >= 0;
    if (fd < 0 && errno == ENOENT) {
        g_ptr_array_add(verdict->problems, g_strdup("is gone, only its index is left"));
    } else if (fd < 0 || fstat(fd, &st) < 0) {
        pup_error_set_errno(error, errno, "cannot open '%s'", path);
        if (fd >= 0)
            close(fd);
        return NULL;
    } else {
        verdict->bytes = (guint64) st.st_size;
    }
    gboolean ok = verify_open(verdict, fd, dir, &work, error);
    if (fd >= 0)
        close(fd);
    return ok ? g_steal_pointer(&verdict) : NULL;
}
