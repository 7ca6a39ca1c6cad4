/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * names_lanes - the names of LANES chunks side by side; for names.c alone, which includes
 * it once for each width of a vector, with LANES, TARGET (an attribute) and NAME_ALL (the
 * function's name) defined
 *
 * SHA-256 as in FIPS 180-4, section 6.2, with a vector where the standard has a word:
 * lane i of it belongs to chunk i.
 */
#define CONCAT_(a, b) a##b
#define CONCAT(a, b) CONCAT_(a, b)
#define Words CONCAT(Words, LANES)
#define add_block CONCAT(add_block, LANES)
#define schedule CONCAT(schedule, LANES)
#define load CONCAT(load, LANES)

typedef guint32 Words __attribute__((vector_size(4 * LANES)));

/* Words 0 to 15 of the block that begins at byte @at of each chunk. */
static inline TARGET void
load(const guint8 *const *plains, size_t at, Words w[16])
{
    for (unsigned t = 0; t < 16; t++) {
        for (unsigned lane = 0; lane < LANES; lane++) {
            guint32 word;
            memcpy(&word, plains[lane] + at + 4 * t, sizeof word);
            w[t][lane] = GUINT32_FROM_BE(word);
        }
    }
}

/* Words 16 to 31 out of 0 to 15, and so on, in place. */
static inline TARGET void
schedule(Words w[16])
{
#pragma GCC unroll 16
    for (unsigned t = 0; t < 16; t++) {
        Words a = w[(t + 1) % 16], b = w[(t + 14) % 16];
        w[t] += (ROTATE(a, 7) ^ ROTATE(a, 18) ^ (a >> 3)) + w[(t + 9) % 16] +
                (ROTATE(b, 17) ^ ROTATE(b, 19) ^ (b >> 10));
    }
}

static inline TARGET void
add_block(Words state[8], Words w[16])
{
    Words a = state[0], b = state[1], c = state[2], d = state[3];
    Words e = state[4], f = state[5], g = state[6], h = state[7];

    for (unsigned t = 0; t < 64; t += 16) {
        if (t > 0)
            schedule(w);
#pragma GCC unroll 16
        for (unsigned i = 0; i < 16; i++) {
            Words t1 = h + (ROTATE(e, 6) ^ ROTATE(e, 11) ^ ROTATE(e, 25)) +
                       (g ^ (e & (f ^ g))) + round_constants[t + i] + w[i];
            Words t2 = (ROTATE(a, 2) ^ ROTATE(a, 13) ^ ROTATE(a, 22)) +
                       (b ^ ((a ^ b) & (b ^ c)));
            h = g;
            g = f;
            f = e;
            e = d + t1;
            d = c;
            c = b;
            b = a;
            a = t1 + t2;
        }
    }
    state[0] += a;
    state[1] += b;
    state[2] += c;
    state[3] += d;
    state[4] += e;
    state[5] += f;
    state[6] += g;
    state[7] += h;
}

/* Of the @n chunks at @plains, 1 to LANES. */
static TARGET void
NAME_ALL(const guint8 *const *plains, unsigned n, PupName *names)
{
    const guint8 *lanes[LANES];
    Words state[8], w[16];

    for (unsigned lane = 0; lane < LANES; lane++)
        lanes[lane] = plains[lane < n ? lane : 0];
    for (unsigned i = 0; i < 8; i++)
        state[i] = (Words){0} + initial_state[i];
    for (size_t at = 0; at < PUP_CHUNK_BYTES; at += 64) {
        load(lanes, at, w);
        add_block(state, w);
    }
    memset(w, 0, sizeof w);
    w[0] += 0x80000000u;
    w[15] += PUP_CHUNK_BYTES * 8;
    add_block(state, w);
    for (unsigned lane = 0; lane < n; lane++) {
        for (unsigned i = 0; i < 8; i++) {
            guint32 word = GUINT32_TO_BE(state[i][lane]);
            memcpy(names[lane].bytes + 4 * i, &word, sizeof word);
        }
    }
}

#undef CONCAT_
#undef CONCAT
#undef Words
#undef add_block
#undef schedule
#undef load
#undef LANES
#undef TARGET
#undef NAME_ALL
