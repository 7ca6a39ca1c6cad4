/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * One SHA-256 is a chain of steps that wait for each other, and leaves most of a core
 * idle. Eight or sixteen of them in the lanes of vectors cost as much as two or three do
 * one by one: on a Xeon of 2.5 GHz eight with AVX2 went 2.5 times as fast as OpenSSL,
 * sixteen with AVX-512 4.5 times (tests/bench/names). A CPU with SHA instructions needs
 * none of this.
 *
 * Not Intel's multi-buffer library (libipsec-mb): it hashes at most 64 KiB a job.
 */
#include "config.h"

#include "lib/names.h"

#include <string.h>

/* Fewer are named one by one. */
#define WORTH_LANES 3u

typedef struct {
    unsigned lanes;
    gboolean (*can)(void); /* this CPU; NULL: any */
    void (*name)(const guint8 *const *plains, unsigned n, PupName *names); /* or NULL */
} Way;

#if defined __x86_64__ && defined __GNUC__

#include <cpuid.h>

static const guint32 initial_state[8] = {
    0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
    0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19,
};

static const guint32 round_constants[64] = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4,
    0xab1c5ed5, 0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe,
    0x9bdc06a7, 0xc19bf174, 0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f,
    0x4a7484aa, 0x5cb0a9dc, 0x76f988da, 0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7,
    0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967, 0x27b70a85, 0x2e1b2138, 0x4d2c6dfc,
    0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85, 0xa2bfe8a1, 0xa81a664b,
    0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070, 0x19a4c116,
    0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
    0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7,
    0xc67178f2,
};

#define ROTATE(words, n) (((words) >> (n)) | ((words) << (32 - (n))))

#define LANES 8
#define TARGET __attribute__((target("avx2")))
#define NAME_ALL name_avx2
#include "lib/names_lanes.h"

#define LANES 16
#define TARGET __attribute__((target("avx512f,avx512vl,avx512bw")))
#define NAME_ALL name_avx512
#include "lib/names_lanes.h"

static gboolean
can_avx2(void)
{
    return __builtin_cpu_supports("avx2") != 0;
}

static gboolean
can_avx512(void)
{
    return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vl") &&
           __builtin_cpu_supports("avx512bw");
}

static gboolean
has_sha_instructions(void)
{
    unsigned a, b, c, d;

    return __get_cpuid_count(7, 0, &a, &b, &c, &d) && (b & bit_SHA);
}

/* The fastest first. */
static const Way ways[] = {
    {16, can_avx512, name_avx512},
    {8, can_avx2, name_avx2},
    {1, NULL, NULL},
};

#else

static gboolean
has_sha_instructions(void)
{
    return FALSE;
}

static const Way ways[] = {{1, NULL, NULL}};

#endif

static gpointer
choose_way(gpointer unused)
{
    const Way *way = ways;

    while (way->can && (has_sha_instructions() || !way->can()))
        way++;
    return (gpointer) way;
}

static const Way *
best_way(void)
{
    static GOnce once = G_ONCE_INIT;

    return g_once(&once, choose_way, NULL);
}

static void
name_all(const Way *way, const guint8 *const *plains, unsigned n, PupName *names)
{
    for (unsigned i = 0, some; i < n; i += some) {
        some = MIN(n - i, way->lanes);
        if (way->name && some >= WORTH_LANES) {
            way->name(plains + i, some, names + i);
        } else {
            some = 1;
            pup_name_of(plains[i], PUP_CHUNK_BYTES, &names[i]);
        }
    }
}

unsigned
pup_names_lanes(void)
{
    return best_way()->lanes;
}

void
pup_names_of(const guint8 *const *plains, unsigned n, PupName *names)
{
    name_all(best_way(), plains, n, names);
}

gboolean
pup_names_of_lanes(unsigned lanes, const guint8 *const *plains, unsigned n,
                   PupName *names)
{
    const Way *way = ways;

    while (way->can && way->lanes != lanes)
        way++;
    if (way->lanes != lanes || (way->can && !way->can()))
        return FALSE;
    name_all(way, plains, n, names);
    return TRUE;
}
