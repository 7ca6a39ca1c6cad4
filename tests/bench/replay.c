/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * replay - read what a trace says from an NBD server, so many reads at a time
 *
 *     replay [--depth N] [--check DISK] URI TRACE
 *
 * Reads start in the order of the trace (tests/bench/trace.h), each as soon as fewer than
 * N are under way. Prints one line: seconds, number of reads, bytes read, the longest
 * read in ms. With --check every byte is compared with the file DISK; the time then says
 * nothing.
 */
#include "config.h"

#include <fcntl.h>
#include <libnbd.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/error.h"
#include "lib/file.h"
#include "tests/bench/trace.h"

#define DEPTH_MAX 64

typedef struct {
    guint8 *buf;
    const TraceRead *read; /* NULL: free */
    gint64 cookie;
    gint64 begun_us;
} Slot;

typedef struct {
    struct nbd_handle *nbd;
    int check_fd; /* -1: do not check */
    int depth;
    int n_busy;
    guint64 bytes;
    gint64 longest_us;
    Slot slots[DEPTH_MAX];
} Replay;

static gboolean
nbd_failed(GError **error)
{
    pup_error_set(error, PUP_ERROR_NET, "%s", nbd_get_error());
    return FALSE;
}

static gboolean
begin(Replay *replay, const TraceRead *read, GError **error)
{
    Slot *slot = replay->slots;

    while (slot->read)
        slot++;
    slot->read = read;
    slot->begun_us = g_get_monotonic_time();
    slot->cookie = nbd_aio_pread(replay->nbd, slot->buf, read->count, read->offset,
                                 NBD_NULL_COMPLETION, 0);
    replay->n_busy++;
    return slot->cookie >= 0 || nbd_failed(error);
}

static gboolean
check(const Replay *replay, const Slot *slot, GError **error)
{
    g_autofree guint8 *want = NULL;

    if (replay->check_fd < 0)
        return TRUE;
    want = g_malloc(slot->read->count);
    if (!pup_file_pread(replay->check_fd, want, slot->read->count,
                        (off_t) slot->read->offset, "the disk to check with", error))
        return FALSE;
    if (memcmp(want, slot->buf, slot->read->count) == 0)
        return TRUE;
    pup_error_set(error, PUP_ERROR_CORRUPT,
                  "wrong bytes in the read at %" G_GUINT64_FORMAT, slot->read->offset);
    return FALSE;
}

/* Wait until something happens, and take in what is done. */
static gboolean
step(Replay *replay, GError **error)
{
    if (nbd_poll(replay->nbd, -1) < 0)
        return nbd_failed(error);
    for (int i = 0; i < replay->depth; i++) {
        Slot *slot = &replay->slots[i];
        int done = 0;
        if (slot->read)
            done = nbd_aio_command_completed(replay->nbd, (guint64) slot->cookie);
        if (done < 0)
            return nbd_failed(error);
        if (done == 0)
            continue;
        replay->longest_us =
            MAX(replay->longest_us, g_get_monotonic_time() - slot->begun_us);
        replay->bytes += slot->read->count;
        if (!check(replay, slot, error))
            return FALSE;
        slot->read = NULL;
        replay->n_busy--;
    }
    return TRUE;
}

static gboolean
run(Replay *replay, const GArray *reads, GError **error)
{
    for (guint i = 0; i < reads->len; i++) {
        while (replay->n_busy == replay->depth) {
            if (!step(replay, error))
                return FALSE;
        }
        if (!begin(replay, &g_array_index(reads, TraceRead, i), error))
            return FALSE;
    }
    while (replay->n_busy > 0) {
        if (!step(replay, error))
            return FALSE;
    }
    return TRUE;
}

/* Buffers large enough for every read: their making is not what is measured. */
static void
make_buffers(Replay *replay, const GArray *reads)
{
    guint32 largest = 0;

    for (guint i = 0; i < reads->len; i++)
        largest = MAX(largest, g_array_index(reads, TraceRead, i).count);
    for (int i = 0; i < replay->depth; i++)
        replay->slots[i].buf = g_malloc0(largest);
    nbd_set_pread_initialize(replay->nbd, false);
}

static gboolean
replay_trace(Replay *replay, const char *uri, const char *trace, GError **error)
{
    g_autoptr(GArray) reads = trace_load(trace, error);
    gint64 begun_us;

    if (!reads)
        return FALSE;
    if (nbd_connect_uri(replay->nbd, uri) < 0)
        return nbd_failed(error);
    make_buffers(replay, reads);
    begun_us = g_get_monotonic_time();
    if (!run(replay, reads, error))
        return FALSE;
    printf("%.3f s %u reads %" G_GUINT64_FORMAT " bytes longest %.1f ms\n",
           (double) (g_get_monotonic_time() - begun_us) / G_USEC_PER_SEC, reads->len,
           replay->bytes, (double) replay->longest_us / 1000);
    return TRUE;
}

int
main(int argc, char **argv)
{
    g_autoptr(GOptionContext) context = g_option_context_new("URI TRACE");
    g_autoptr(GError) error = NULL;
    g_autofree char *check_path = NULL;
    Replay replay = {.check_fd = -1, .depth = 1};
    gboolean done = FALSE;
    const GOptionEntry options[] = {
        {"depth", 0, 0, G_OPTION_ARG_INT, &replay.depth, "Reads at a time", "N"},
        {"check", 0, 0, G_OPTION_ARG_FILENAME, &check_path, "Compare with", "DISK"},
        {NULL},
    };

    g_option_context_add_main_entries(context, options, NULL);
    if (!g_option_context_parse(context, &argc, &argv, &error) || argc != 3 ||
        replay.depth < 1 || replay.depth > DEPTH_MAX) {
        g_printerr("replay: %s\n", error ? error->message : "give URI and TRACE");
        return 2;
    }
    if (check_path && (replay.check_fd = open(check_path, O_RDONLY | O_CLOEXEC)) < 0)
        pup_error_set_errno(&error, errno, "cannot open '%s'", check_path);
    replay.nbd = nbd_create();
    if (!error)
        done = replay_trace(&replay, argv[1], argv[2], &error);
    if (!done)
        g_printerr("replay: %s\n", error->message);
    nbd_close(replay.nbd);
    for (int i = 0; i < DEPTH_MAX; i++)
        g_free(replay.slots[i].buf);
    return done ? 0 : 1;
}
