/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "client-image/stream/readahead.h"

#define N_CHUNKS 1000u
#define MAX_AHEAD 4u
#define KEEP 500u
#define SMALL 4096u
#define LARGE 65536u

typedef struct {
    guint64 first;
    guint64 last;
    guint32 n_bytes;
    unsigned n_ahead;
    guint64 from;
} Step;

static void
check(PupReadahead *readahead, const Step *step)
{
    guint64 from = 0;
    unsigned n =
        pup_readahead_note(readahead, step->first, step->last, step->n_bytes, &from);

    assert_int_equal(n, step->n_ahead);
    if (n > 0)
        assert_int_equal(from, step->from);
}

static void
run(const Step *steps, size_t n_steps)
{
    g_autoptr(PupReadahead) readahead = pup_readahead_new(N_CHUNKS, MAX_AHEAD, KEEP);

    for (size_t i = 0; i < n_steps; i++)
        check(readahead, &steps[i]);
}
#define RUN(...)                                                                         \
    do {                                                                                 \
        const Step steps[] = {__VA_ARGS__};                                              \
        run(steps, G_N_ELEMENTS(steps));                                                 \
    } while (0)

static void
test_small_single_reads_guess_nothing(void **state)
{
    RUN({10, 10, SMALL, 0, 0}, {500, 500, SMALL, 0, 0}, {30, 30, SMALL, 0, 0},
        {10, 10, SMALL, 0, 0});
}

static void
test_large_read_looks_one_ahead_once(void **state)
{
    RUN({10, 10, LARGE, 1, 11}, {10, 10, LARGE, 0, 0}, {11, 11, LARGE, 1, 12});
}

static void
test_does_not_guess_where_the_profile_knows(void **state)
{
    g_autoptr(PupReadahead) readahead = pup_readahead_new(N_CHUNKS, MAX_AHEAD, KEEP);
    g_autoptr(GArray) positions = g_array_new(FALSE, FALSE, sizeof(guint32));
    const guint32 listed[] = {10, 11, N_CHUNKS - 2};
    const Step steps[] = {{10, 10, LARGE, 0, 0},
                          {11, 11, LARGE, 0, 0},
                          {N_CHUNKS - 2, N_CHUNKS - 2, LARGE, 0, 0},
                          {12, 12, LARGE, 1, 13}};

    g_array_append_vals(positions, listed, G_N_ELEMENTS(listed));
    pup_readahead_list(readahead, positions);
    for (size_t i = 0; i < G_N_ELEMENTS(steps); i++)
        check(readahead, &steps[i]);
}

static void
test_neighbours_make_a_run(void **state)
{
    RUN({10, 10, SMALL, 0, 0}, {11, 11, SMALL, 1, 12}, {900, 900, SMALL, 0, 0},
        {899, 899, SMALL, 0, 0}, {900, 900, SMALL, 1, 901});
}

/* One further for each four chunks of the run, up to the bound. */
static void
test_longer_runs_look_further(void **state)
{
    RUN({10, 16, LARGE, 1, 17}, {17, 17, SMALL, 2, 18}, {18, 18, SMALL, 1, 20},
        {19, 25, SMALL, 4, 26}, {26, 33, SMALL, 4, 34});
}

static void
test_run_may_come_out_of_order(void **state)
{
    RUN({12, 12, SMALL, 0, 0}, {10, 10, SMALL, 0, 0}, {11, 11, SMALL, 0, 0},
        {12, 12, SMALL, 1, 13});
}

static void
test_stays_on_the_disk(void **state)
{
    RUN({0, 0, LARGE, 1, 1}, {N_CHUNKS - 1, N_CHUNKS - 1, LARGE, 0, 0},
        {N_CHUNKS - 9, N_CHUNKS - 2, LARGE, 0, 0});
}

static void
test_forgets(void **state)
{
    g_autoptr(PupReadahead) readahead = pup_readahead_new(N_CHUNKS, MAX_AHEAD, KEEP);

    check(readahead, &(Step){10, 10, LARGE, 1, 11});
    check(readahead, &(Step){10, 10, LARGE, 0, 0});
    check(readahead, &(Step){100, 100 + KEEP, LARGE, 4, 101 + KEEP});
    check(readahead, &(Step){10, 10, LARGE, 1, 11});
}

static void
test_can_be_off(void **state)
{
    g_autoptr(PupReadahead) readahead = pup_readahead_new(N_CHUNKS, 0, KEEP);

    check(readahead, &(Step){10, 20, LARGE, 0, 0});
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_small_single_reads_guess_nothing),
        cmocka_unit_test(test_large_read_looks_one_ahead_once),
        cmocka_unit_test(test_does_not_guess_where_the_profile_knows),
        cmocka_unit_test(test_neighbours_make_a_run),
        cmocka_unit_test(test_longer_runs_look_further),
        cmocka_unit_test(test_run_may_come_out_of_order),
        cmocka_unit_test(test_stays_on_the_disk),
        cmocka_unit_test(test_forgets),
        cmocka_unit_test(test_can_be_off),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
