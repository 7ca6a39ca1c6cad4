/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "tests/unit/unit.h"

#include "client-image/stream/owner.h"

#define SEATS 30u
#define CHUNKS 100000u

static void
make_keys(guint64 keys[SEATS])
{
    for (guint i = 0; i < SEATS; i++) {
        g_autofree char *mac = g_strdup_printf("52:54:00:12:34:%02x", i);
        keys[i] = pup_owner_key(mac);
    }
}

/* The name of chunk @i, as the store makes it. */
static PupName
name_of(guint i)
{
    PupName name;

    pup_name_of(&i, sizeof i, &name);
    return name;
}

static guint
owner(const guint64 *keys, guint n, guint chunk)
{
    PupName name = name_of(chunk);

    return pup_owner_next(keys, n, &name, PUP_OWNER_NONE);
}

static void
assert_even(const guint *counts, guint n, guint total, double tolerance)
{
    double mean = (double) total / n;

    for (guint i = 0; i < n; i++) {
        if (counts[i] < mean * (1 - tolerance) || counts[i] > mean * (1 + tolerance))
            fail_msg("seat %u has %u, the mean is %.0f", i, counts[i], mean);
    }
}

static void
test_chunks_spread_evenly(void **state)
{
    guint64 keys[SEATS];
    guint counts[SEATS] = {0};

    make_keys(keys);
    for (guint i = 0; i < CHUNKS; i++)
        counts[owner(keys, SEATS, i)]++;
    assert_even(counts, SEATS, CHUNKS, 0.1);
}

/* When the last seat leaves, its chunks move, evenly, and no others. */
static void
test_who_leaves_moves_its_own(void **state)
{
    guint64 keys[SEATS];
    guint counts[SEATS - 1] = {0};
    guint moved = 0;

    make_keys(keys);
    for (guint i = 0; i < CHUNKS; i++) {
        guint before = owner(keys, SEATS, i);
        guint after = owner(keys, SEATS - 1, i);
        if (before == SEATS - 1) {
            counts[after]++;
            moved++;
        } else {
            assert_int_equal(after, before);
        }
    }
    assert_in_range(moved, CHUNKS / SEATS * 9 / 10, CHUNKS / SEATS * 11 / 10);
    assert_even(counts, SEATS - 1, moved, 0.4); /* 115 each: four deviations */
}

/* The order of the list does not matter, and the ranking names each seat once. */
static void
test_ranking(void **state)
{
    guint64 keys[SEATS], turned[SEATS];
    PupName name = name_of(7);
    guint at = PUP_OWNER_NONE, turned_at = PUP_OWNER_NONE;
    gboolean seen[SEATS] = {FALSE};

    make_keys(keys);
    for (guint i = 0; i < SEATS; i++)
        turned[SEATS - 1 - i] = keys[i];
    for (guint i = 0; i < SEATS; i++) {
        at = pup_owner_next(keys, SEATS, &name, at);
        turned_at = pup_owner_next(turned, SEATS, &name, turned_at);
        assert_in_range(at, 0, SEATS - 1);
        assert_int_equal(turned_at, SEATS - 1 - at);
        assert_false(seen[at]);
        seen[at] = TRUE;
    }
    assert_int_equal(pup_owner_next(keys, SEATS, &name, at), PUP_OWNER_NONE);
    assert_int_equal(pup_owner_next(keys, 0, &name, PUP_OWNER_NONE), PUP_OWNER_NONE);
}

/* Seats of different builds must agree: these values may never change. */
static void
test_golden(void **state)
{
    guint64 key = pup_owner_key("52:54:00:12:34:56");
    guint64 keys[] = {key, pup_owner_key("52:54:00:12:34:57"),
                      pup_owner_key("52:54:00:12:34:58")};
    static const guint owners[] = {2, 1, 1, 2, 0, 1, 1, 2};

    assert_true(key == 0xd3cdb7748f0143fdu);
    for (guint i = 0; i < G_N_ELEMENTS(owners); i++)
        assert_int_equal(owner(keys, 3, i), owners[i]);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_chunks_spread_evenly),
        cmocka_unit_test(test_who_leaves_moves_its_own),
        cmocka_unit_test(test_ranking),
        cmocka_unit_test(test_golden),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
