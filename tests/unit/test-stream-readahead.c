/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "client-image/stream/readahead.h"

#define MAX_AHEAD 8u

typedef struct {
    guint64 first;
    guint64 last;
    unsigned n_ahead;
    guint64 from;
} Step;

static void
run(const Step *steps, size_t n_steps)
{
    g_autoptr(PupReadahead) readahead = pup_readahead_new(MAX_AHEAD);

    for (size_t i = 0; i < n_steps; i++) {
        guint64 from = 0;
        unsigned n = pup_readahead_note(readahead, steps[i].first, steps[i].last, &from);
        assert_int_equal(n, steps[i].n_ahead);
        if (n > 0)
            assert_int_equal(from, steps[i].from);
    }
}
#define RUN(...)                                                                         \
    do {                                                                                 \
        const Step steps[] = {__VA_ARGS__};                                              \
        run(steps, G_N_ELEMENTS(steps));                                                 \
    } while (0)

static void
test_single_reads_guess_nothing(void **state)
{
    RUN({10, 10, 0, 0}, {500, 500, 0, 0}, {30, 30, 0, 0}, {8, 8, 0, 0});
}

static void
test_same_chunk_again_is_no_run(void **state)
{
    RUN({10, 10, 0, 0}, {10, 10, 0, 0}, {10, 10, 0, 0});
}

/* Each chunk is named once, and the window grows to its bound. */
static void
test_run_looks_further_and_further(void **state)
{
    RUN({10, 10, 0, 0}, {11, 11, 1, 12}, {12, 12, 2, 13}, {13, 13, 3, 15},
        {14, 14, 5, 18}, {15, 15, 1, 23}, {16, 16, 1, 24});
}

static void
test_large_read_is_a_run(void **state)
{
    RUN({10, 13, 1, 14}, {14, 17, 2, 18}, {18, 21, 4, 22});
}

static void
test_two_streams_at_once(void **state)
{
    RUN({10, 10, 0, 0}, {900, 900, 0, 0}, {11, 11, 1, 12}, {901, 901, 1, 902},
        {12, 12, 2, 13}, {902, 902, 2, 903});
}

static void
test_out_of_order_by_one(void **state)
{
    RUN({10, 10, 0, 0}, {12, 12, 0, 0}, {11, 11, 1, 12}, {11, 11, 0, 0});
}

static void
test_ends_of_the_range(void **state)
{
    RUN({0, 0, 0, 0}, {1u << 29, 1u << 29, 0, 0}, {1, 1, 1, 2});
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_single_reads_guess_nothing),
        cmocka_unit_test(test_same_chunk_again_is_no_run),
        cmocka_unit_test(test_run_looks_further_and_further),
        cmocka_unit_test(test_large_read_is_a_run),
        cmocka_unit_test(test_two_streams_at_once),
        cmocka_unit_test(test_out_of_order_by_one),
        cmocka_unit_test(test_ends_of_the_range),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
