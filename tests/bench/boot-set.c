/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * boot-set - what a trace touches of a disk
 *
 *     boot-set TRACE DISK PROFILE
 *
 * Writes to the file PROFILE the boot profile (lib/boot_profile.h) that a seat records
 * when it reads what TRACE says (tests/bench/trace.h). Prints one line: distinct chunks,
 * those of zeros aside, and their bytes as encoded: what one seat needs at least, and so
 * a room.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/boot_profile.h"
#include "lib/error.h"
#include "lib/file.h"
#include "tests/bench/trace.h"

typedef struct {
    int fd;
    guint64 size_bytes;
    PupChunkCodec *codec;
    GHashTable *names; /* of PupName: chunks that were counted */
    guint64 encoded_bytes;
} BootSet;

/* The positions that @reads touch, in order of first touch. */
static GArray *
list_positions(const GArray *reads)
{
    GArray *positions = g_array_new(FALSE, FALSE, sizeof(guint32));
    g_autoptr(GHashTable) touched = g_hash_table_new(NULL, NULL);

    for (guint i = 0; i < reads->len; i++) {
        const TraceRead *read = &g_array_index(reads, TraceRead, i);
        guint32 last = (guint32) ((read->offset + read->count - 1) / PUP_CHUNK_BYTES);
        for (guint32 at = (guint32) (read->offset / PUP_CHUNK_BYTES); at <= last; at++) {
            if (g_hash_table_add(touched, GUINT_TO_POINTER(at)))
                g_array_append_val(positions, at);
        }
    }
    if (positions->len > PUP_BOOT_PROFILE_MAX)
        g_array_set_size(positions, PUP_BOOT_PROFILE_MAX);
    return positions;
}

static gboolean
count_chunk(BootSet *set, guint32 position, GError **error)
{
    guint8 plain[PUP_CHUNK_BYTES] = {0};
    guint8 encoded[PUP_CHUNK_ENCODED_MAX];
    guint64 offset = (guint64) position * PUP_CHUNK_BYTES;
    PupName name;

    if (offset >= set->size_bytes) {
        pup_error_set(error, PUP_ERROR_INVALID, "the trace goes beyond the disk's end");
        return FALSE;
    }
    if (!pup_file_pread(set->fd, plain, MIN(PUP_CHUNK_BYTES, set->size_bytes - offset),
                        (off_t) offset, "the disk", error))
        return FALSE;
    if (pup_chunk_is_zero(plain, sizeof plain))
        return TRUE;
    pup_name_of(plain, sizeof plain, &name);
    if (g_hash_table_add(set->names, g_memdup2(&name, sizeof name)))
        set->encoded_bytes += pup_chunk_encode(set->codec, plain, encoded);
    return TRUE;
}

static gboolean
open_disk(BootSet *set, const char *disk, GError **error)
{
    struct stat st;

    set->fd = open(disk, O_RDONLY | O_CLOEXEC);
    if (set->fd < 0 || fstat(set->fd, &st) != 0) {
        pup_error_set_errno(error, errno, "cannot open '%s'", disk);
        return FALSE;
    }
    set->size_bytes = (guint64) st.st_size;
    return TRUE;
}

static gboolean
run(BootSet *set, char **argv, GError **error)
{
    g_autoptr(GArray) reads = trace_load(argv[1], error);
    g_autoptr(GArray) positions = reads ? list_positions(reads) : NULL;
    g_autoptr(GBytes) profile = NULL;

    if (!positions || !open_disk(set, argv[2], error))
        return FALSE;
    for (guint i = 0; i < positions->len; i++) {
        if (!count_chunk(set, g_array_index(positions, guint32, i), error))
            return FALSE;
    }
    profile = pup_boot_profile_format((const guint32 *) (gpointer) positions->data,
                                      positions->len);
    if (!pup_file_replace(argv[3], g_bytes_get_data(profile, NULL),
                          g_bytes_get_size(profile), 0644, error))
        return FALSE;
    printf("%u %" G_GUINT64_FORMAT "\n", g_hash_table_size(set->names),
           set->encoded_bytes);
    return TRUE;
}

int
main(int argc, char **argv)
{
    g_autoptr(GError) error = NULL;
    BootSet set = {.fd = -1};
    gboolean done;

    if (argc != 4) {
        g_printerr("boot-set: give TRACE, DISK and PROFILE\n");
        return 2;
    }
    set.codec = pup_chunk_codec_new(PUP_CHUNK_LEVEL);
    set.names = g_hash_table_new_full(pup_name_hash, pup_name_hash_equal, g_free, NULL);
    done = run(&set, argv, &error);
    if (!done)
        g_printerr("boot-set: %s\n", error->message);
    if (set.fd >= 0)
        close(set.fd);
    g_hash_table_destroy(set.names);
    pup_chunk_codec_free(set.codec);
    return done ? 0 : 1;
}
