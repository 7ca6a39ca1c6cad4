/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "tests/unit/unit.h"

#include "lib/names.h"

#define N_CHUNKS 37u

typedef struct {
    guint8 *bytes;
    const guint8 *plains[N_CHUNKS];
    PupName names[N_CHUNKS]; /* one by one */
} Fixture;

static int
set_up(void **state)
{
    Fixture *f = g_new0(Fixture, 1);
    GRand *random = g_rand_new_with_seed(1);

    f->bytes = g_malloc(N_CHUNKS * PUP_CHUNK_BYTES);
    for (size_t i = 0; i < N_CHUNKS * PUP_CHUNK_BYTES; i++)
        f->bytes[i] = (guint8) g_rand_int(random);
    for (unsigned i = 0; i < N_CHUNKS; i++) {
        f->plains[i] = f->bytes + i * PUP_CHUNK_BYTES;
        pup_name_of(f->plains[i], PUP_CHUNK_BYTES, &f->names[i]);
    }
    g_rand_free(random);
    *state = f;
    return 0;
}

static int
tear_down(void **state)
{
    Fixture *f = *state;

    g_free(f->bytes);
    g_free(f);
    return 0;
}

/* Each number of chunks, and not one name more than that. */
static void
check_lanes(const Fixture *f, unsigned lanes)
{
    static const PupName untouched = {{0x5a}};
    PupName names[N_CHUNKS + 1];

    for (unsigned n = 0; n <= N_CHUNKS; n++) {
        for (unsigned i = 0; i <= N_CHUNKS; i++)
            names[i] = untouched;
        if (!pup_names_of_lanes(lanes, f->plains, n, names)) {
            print_message("this CPU cannot do %u lanes\n", lanes);
            return;
        }
        for (unsigned i = 0; i < n; i++)
            assert_true(pup_name_equal(&names[i], &f->names[i]));
        for (unsigned i = n; i <= N_CHUNKS; i++)
            assert_true(pup_name_equal(&names[i], &untouched));
    }
}

static void
test_as_one_by_one(void **state)
{
    static const unsigned widths[] = {1, 8, 16};
    const Fixture *f = *state;

    for (unsigned i = 0; i < G_N_ELEMENTS(widths); i++)
        check_lanes(f, widths[i]);
}

static void
test_the_way_of_this_cpu(void **state)
{
    const Fixture *f = *state;
    PupName names[N_CHUNKS];

    pup_names_of(f->plains, N_CHUNKS, names);
    assert_memory_equal(names, f->names, sizeof names);
    assert_true(pup_names_of_lanes(1, f->plains, 1, names));
    assert_true(pup_names_of_lanes(pup_names_lanes(), f->plains, 1, names));
    assert_false(pup_names_of_lanes(7, f->plains, 1, names));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_as_one_by_one),
        cmocka_unit_test(test_the_way_of_this_cpu),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
