/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * replay - the main of a fuzz target that is built without libFuzzer
 *
 * Runs the target over each file of its corpus, and over each of those with every byte
 * flipped (of the first 512) and cut at each of those places: cheap, and it is how damage
 * really looks. An empty or missing corpus is a failure, so that the test cannot pass for
 * want of input.
 */
#include "config.h"

#include <stdio.h>
#include <string.h>

#include "lib/file.h"
#include "tests/fuzz/fuzz.h"

#define DAMAGED_MAX 512u
#define SEED_MAX_BYTES (1024u * 1024u)

static void
replay(const guint8 *seed, gsize size)
{
    LLVMFuzzerTestOneInput(seed, size);
    for (gsize at = 0; at < MIN(size, DAMAGED_MAX); at++) {
        /* Copies of their exact size: a read past the end is seen. */
        g_autofree guint8 *flipped = g_memdup2(seed, size);
        flipped[at] ^= 0xff;
        LLVMFuzzerTestOneInput(flipped, size);
        g_autofree guint8 *cut = g_malloc(at + 1);
        memcpy(cut, seed, at);
        LLVMFuzzerTestOneInput(cut, at);
    }
}

static gboolean
replay_folder(const char *path, unsigned *n_seeds, GError **error)
{
    g_autoptr(GDir) dir = g_dir_open(path, 0, error);
    const char *name;

    while (dir != NULL && (name = g_dir_read_name(dir)) != NULL) {
        g_autofree char *file = g_build_filename(path, name, NULL);
        g_autoptr(GBytes) seed = pup_file_read(file, SEED_MAX_BYTES, error);
        if (seed == NULL)
            return FALSE;
        gsize size;
        const guint8 *bytes = g_bytes_get_data(seed, &size);
        replay(bytes, size);
        (*n_seeds)++;
    }
    return dir != NULL;
}

int
main(int argc, char **argv)
{
    g_autofree char *program = g_path_get_basename(argv[0]);
    const char *name = strstr(program, "fuzz-");
    const char *top = g_getenv("PUP_TOP_SRCDIR");
    g_autofree char *path =
        g_build_filename(top != NULL ? top : ".", "tests/fuzz/corpus",
                         name != NULL ? name + strlen("fuzz-") : program, NULL);
    g_autoptr(GError) error = NULL;
    unsigned n_seeds = 0;

    if (!replay_folder(path, &n_seeds, &error))
        fprintf(stderr, "%s: %s\n", program, error->message);
    printf("%s: %u seeds, whole and damaged\n", program, n_seeds);
    return error != NULL || n_seeds == 0;
}
