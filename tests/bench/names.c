/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * names - chunks named at a time against OpenSSL's SHA-256, one thread, CPU time, turn by
 * turn; prints medians and their ratio for each width that this CPU has
 */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "lib/names.h"

#define N_CHUNKS 64u
#define N_RUNS 15

static const unsigned widths[] = {1, 8, 16};

static double
cpu_s(void)
{
    return (double) clock() / CLOCKS_PER_SEC;
}

static int
compare(const void *a, const void *b)
{
    double x = *(const double *) a, y = *(const double *) b;

    return (x > y) - (x < y);
}

static double
median(double *values)
{
    qsort(values, N_RUNS, sizeof *values, compare);
    return values[N_RUNS / 2];
}

int
main(void)
{
    g_autofree guint8 *bytes = g_malloc(N_CHUNKS * PUP_CHUNK_BYTES);
    double took_s[G_N_ELEMENTS(widths)][N_RUNS];
    const guint8 *plains[N_CHUNKS];
    PupName names[N_CHUNKS];

    for (size_t i = 0; i < N_CHUNKS * PUP_CHUNK_BYTES; i++)
        bytes[i] = (guint8) (i * i >> 7);
    for (unsigned i = 0; i < N_CHUNKS; i++)
        plains[i] = bytes + i * PUP_CHUNK_BYTES;
    for (unsigned run = 0; run < N_RUNS; run++) {
        for (unsigned i = 0; i < G_N_ELEMENTS(widths); i++) {
            double begun_s = cpu_s();
            gboolean can = pup_names_of_lanes(widths[i], plains, N_CHUNKS, names);
            took_s[i][run] = can ? cpu_s() - begun_s : 0;
        }
    }
    for (unsigned i = 0; i < G_N_ELEMENTS(widths); i++) {
        double took = median(took_s[i]);
        if (took > 0)
            printf("%2u at a time: %.2f GB/s, %.2f times OpenSSL's\n", widths[i],
                   N_CHUNKS * (double) PUP_CHUNK_BYTES / 1e9 / took,
                   median(took_s[0]) / took);
    }
    printf("this CPU: %u at a time\n", pup_names_lanes());
    return 0;
}
