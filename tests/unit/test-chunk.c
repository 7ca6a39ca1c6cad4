/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "tests/unit/unit.h"

#include "lib/chunk.h"

typedef struct {
    PupChunkCodec *codec;
    guint8 plain[PUP_CHUNK_BYTES], out[PUP_CHUNK_BYTES];
    guint8 encoded[PUP_CHUNK_ENCODED_MAX];
    size_t len;
    PupName name;
} Fixture;

static void
encode(Fixture *f)
{
    pup_name_of(f->plain, PUP_CHUNK_BYTES, &f->name);
    f->len = pup_chunk_encode(f->codec, f->plain, f->encoded);
}

/* Compressible: one word over and over, each with its place. */
static void
fill_text(Fixture *f)
{
    for (size_t i = 0; i < PUP_CHUNK_BYTES; i++)
        f->plain[i] = (guint8) (i % 61 + i / 4096);
    encode(f);
}

static void
fill_noise(Fixture *f)
{
    g_autoptr(GRand) rand = g_rand_new_with_seed(1);
    for (size_t i = 0; i < PUP_CHUNK_BYTES; i++)
        f->plain[i] = (guint8) g_rand_int(rand);
    encode(f);
}

static int
setup(void **state)
{
    Fixture *f = g_new0(Fixture, 1);
    f->codec = pup_chunk_codec_new(PUP_CHUNK_LEVEL);
    *state = f;
    return 0;
}

static int
teardown(void **state)
{
    Fixture *f = *state;
    pup_chunk_codec_free(f->codec);
    g_free(f);
    return 0;
}

/* As it comes off the network, @step bytes at a time. */
static gboolean
decode_in_pieces(Fixture *f, const guint8 *encoded, size_t len, size_t step)
{
    pup_chunk_begin(f->codec);
    for (size_t there = step; there < len; there += step)
        pup_chunk_advance(f->codec, encoded, there, f->out);
    return pup_chunk_end(f->codec, encoded, len, &f->name, f->out, NULL);
}

/* All ways to decode must agree. */
static gboolean
decode(Fixture *f, const guint8 *encoded, size_t len, GError **error)
{
    static const size_t steps[] = {1 + PUP_CHUNK_BYTES / 7, 997};
    gboolean good = pup_chunk_decode(f->codec, encoded, len, &f->name, f->out, error);

    for (size_t i = 0; i < G_N_ELEMENTS(steps); i++) {
        if (good)
            memset(f->out, 0x55, sizeof f->out);
        assert_int_equal(decode_in_pieces(f, encoded, len, steps[i]), good);
    }
    return good;
}

static void
assert_corrupt(Fixture *f, const guint8 *encoded, size_t len)
{
    g_autoptr(GError) error = NULL;
    assert_false(decode(f, encoded, len, &error));
    assert_true(g_error_matches(error, PUP_ERROR, PUP_ERROR_CORRUPT));
}

static void
test_round_trip(void **state)
{
    Fixture *f = *state;
    GError *error = NULL;

    fill_text(f);
    assert_int_equal(f->encoded[0], PUP_CHUNK_TAG_ZSTD);
    assert_true(f->len < PUP_CHUNK_BYTES / 2);
    assert_true(decode(f, f->encoded, f->len, &error));
    assert_memory_equal(f->plain, f->out, PUP_CHUNK_BYTES);

    fill_noise(f);
    assert_int_equal(f->encoded[0], PUP_CHUNK_TAG_RAW);
    assert_int_equal(f->len, PUP_CHUNK_ENCODED_MAX);
    assert_true(decode(f, f->encoded, f->len, &error));
    assert_memory_equal(f->plain, f->out, PUP_CHUNK_BYTES);
}

static void
test_every_split(void **state)
{
    Fixture *f = *state;

    fill_text(f);
    for (size_t at = 1; at < f->len; at++) {
        memset(f->out, 0x55, sizeof f->out);
        assert_true(decode_in_pieces(f, f->encoded, f->len, at));
        assert_memory_equal(f->plain, f->out, PUP_CHUNK_BYTES);
    }
}

/* A transfer broke off, and another begins. */
static void
test_begin_anew(void **state)
{
    Fixture *f = *state;

    fill_text(f);
    pup_chunk_begin(f->codec);
    pup_chunk_advance(f->codec, f->encoded, f->len / 2, f->out);
    assert_true(decode_in_pieces(f, f->encoded, f->len, 100));
    assert_memory_equal(f->plain, f->out, PUP_CHUNK_BYTES);
}

static void
test_expand(void **state)
{
    Fixture *f = *state;

    fill_text(f);
    assert_true(pup_chunk_expand(f->codec, f->encoded, f->len, f->out));
    assert_memory_equal(f->plain, f->out, PUP_CHUNK_BYTES);
    assert_false(pup_chunk_expand(f->codec, f->encoded, f->len - 1, f->out));
}

static void
test_unnamed(void **state)
{
    static const PupName another = {{1}};
    Fixture *f = *state;

    fill_text(f);
    pup_chunk_begin_unnamed(f->codec);
    pup_chunk_advance(f->codec, f->encoded, f->len / 2, f->out);
    assert_true(pup_chunk_end(f->codec, f->encoded, f->len, NULL, f->out, NULL));
    assert_memory_equal(f->plain, f->out, PUP_CHUNK_BYTES);
    pup_chunk_begin_unnamed(f->codec);
    assert_false(pup_chunk_end(f->codec, f->encoded, f->len - 1, NULL, f->out, NULL));
    /* It is over with the next begin. */
    pup_chunk_begin(f->codec);
    assert_false(pup_chunk_end(f->codec, f->encoded, f->len, &another, f->out, NULL));
}

static void
test_truncated_zstd(void **state)
{
    Fixture *f = *state;
    fill_text(f);
    for (size_t len = 0; len < f->len; len++)
        assert_corrupt(f, f->encoded, len);
}

static void
test_truncated_raw(void **state)
{
    Fixture *f = *state;
    fill_noise(f);
    for (size_t len = 0; len < f->len; len++)
        assert_corrupt(f, f->encoded, len);
}

static void
test_trailing_bytes(void **state)
{
    Fixture *f = *state;
    g_autofree guint8 *longer = g_malloc0(PUP_CHUNK_ENCODED_MAX + 1);
    fill_text(f);
    memcpy(longer, f->encoded, f->len);
    assert_corrupt(f, longer, f->len + 1);
    /* A second, empty frame behind the first is not one frame. */
    memcpy(longer + f->len, "\x28\xb5\x2f\xfd\x20\x00\x01\x00\x00", 9);
    assert_corrupt(f, longer, f->len + 9);
    fill_noise(f);
    memcpy(longer, f->encoded, f->len);
    assert_corrupt(f, longer, f->len + 1);
}

/* A flipped byte either fails, or (zstd has bits that do not matter) changes nothing. */
static void
check_flips(Fixture *f, size_t step)
{
    for (size_t i = 0; i < f->len; i += step) {
        g_autoptr(GError) error = NULL;
        f->encoded[i] ^= (guint8) (1u << i % 8);
        if (decode(f, f->encoded, f->len, &error))
            assert_memory_equal(f->plain, f->out, PUP_CHUNK_BYTES);
        else
            assert_true(g_error_matches(error, PUP_ERROR, PUP_ERROR_CORRUPT));
        f->encoded[i] ^= (guint8) (1u << i % 8);
    }
}

static void
test_flipped(void **state)
{
    Fixture *f = *state;
    fill_text(f);
    check_flips(f, 1);
    fill_noise(f);
    check_flips(f, 97);
}

static void
test_wrong_name(void **state)
{
    Fixture *f = *state;
    fill_text(f);
    f->name.bytes[31] ^= 1;
    assert_corrupt(f, f->encoded, f->len);
    memset(&f->name, 0, sizeof f->name);
    memset(f->plain, 0, PUP_CHUNK_BYTES);
    f->len = pup_chunk_encode(f->codec, f->plain, f->encoded);
    assert_corrupt(f, f->encoded, f->len); /* the null name has no bytes */
}

static void
test_is_zero(void **state)
{
    Fixture *f = *state;
    static const size_t lens[] = {0, 1, 63, 64, 65, 127, 129, 4096, PUP_CHUNK_BYTES};
    memset(f->plain, 0, PUP_CHUNK_BYTES);
    for (size_t i = 0; i < G_N_ELEMENTS(lens); i++) {
        assert_true(pup_chunk_is_zero(f->plain, lens[i]));
        for (size_t at = 0; at < lens[i]; at += MAX(1, lens[i] / 64)) {
            f->plain[at] = 1;
            assert_false(pup_chunk_is_zero(f->plain, lens[i]));
            f->plain[at] = 0;
        }
        if (lens[i] > 0) {
            f->plain[lens[i] - 1] = 0x80;
            assert_false(pup_chunk_is_zero(f->plain, lens[i]));
            f->plain[lens[i] - 1] = 0;
        }
    }
}

static void
test_count(void **state)
{
    assert_int_equal(pup_chunk_count(1), 1);
    assert_int_equal(pup_chunk_count(PUP_CHUNK_BYTES), 1);
    assert_int_equal(pup_chunk_count(PUP_CHUNK_BYTES + 1), 2);
    assert_int_equal(pup_chunk_count(G_MAXUINT64), G_MAXUINT64 / PUP_CHUNK_BYTES + 1);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_round_trip),    cmocka_unit_test(test_every_split),
        cmocka_unit_test(test_begin_anew),    cmocka_unit_test(test_expand),
        cmocka_unit_test(test_unnamed),       cmocka_unit_test(test_truncated_zstd),
        cmocka_unit_test(test_truncated_raw), cmocka_unit_test(test_trailing_bytes),
        cmocka_unit_test(test_flipped),       cmocka_unit_test(test_wrong_name),
        cmocka_unit_test(test_is_zero),       cmocka_unit_test(test_count),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
