/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "tests/unit/unit.h"

#include "client-image/seat/memory_measure.h"

static void
test_plans(void **state)
{
    static const struct {
        guint64 total, available;
        unsigned percent, mib;
        guint64 cache;
        guint64 guest; /* expected; 0: error */
        guint64 cache_is;
    } cases[] = {
        /* a usual PC: three quarters for the guest */
        {16000, 15400, 75, 0, 0, 12000, 1620},
        {16000, 15400, 0, 8192, 0, 8192, 2048},
        {16000, 15400, 0, 8192, 512, 8192, 512},
        /* a cache that would leave too little for the overlay */
        {16000, 15400, 75, 0, 8000, 12000, 1620},
        /* a lab PC: the share is cut to what is there */
        {1500, 1200, 75, 0, 0, 912, 32},
        {1500, 1200, 95, 0, 64, 912, 32},
        {1500, 1200, 0, 912, 0, 912, 32},
        /* too much */
        {1500, 1200, 0, 913, 0, 0, 0},
        {1500, 1200, 0, 4194304, 0, 0, 0},
        {400, 300, 75, 0, 0, 0, 0},
        {400, 100, 75, 0, 0, 0, 0},
        {0, 0, 75, 0, 0, 0, 0},
    };

    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(GError) error = NULL;
        PupGuest guest;
        PupMemoryPlan plan = {0};
        gboolean fits;

        pup_guest_defaults(&guest);
        guest.memory_percent = cases[i].percent;
        guest.memory_mib = cases[i].mib;
        fits = pup_memory_plan(cases[i].total, cases[i].available, &guest, cases[i].cache,
                               &plan, &error);
        if (fits != (cases[i].guest != 0) || plan.guest_mib != cases[i].guest ||
            plan.cache_mib != cases[i].cache_is)
            fail_msg("case %zu: guest %d, cache %d, overlay %d", i, (int) plan.guest_mib,
                     (int) plan.cache_mib, (int) plan.overlay_mib);
        if (!fits) {
            unit_assert_error(&error, PUP_ERROR_NO_SPACE, "MiB");
            continue;
        }
        assert_true(plan.overlay_mib >= 96);
        assert_true(plan.guest_mib + plan.cache_mib + plan.overlay_mib <
                    cases[i].available);
    }
}

/* A PC whose available memory changes from one look to the next; the last figure stays.
 */
typedef struct {
    guint64 total;
    const guint64 *available;
    unsigned n, at, n_settled, slept_ms;
    PupMemory memory;
} Pc;

static gboolean
read_pc(gpointer user, guint64 *total_mib, guint64 *available_mib, GError **error)
{
    Pc *pc = user;

    *total_mib = pc->total;
    *available_mib = pc->available[MIN(pc->at, pc->n - 1)];
    pc->at++;
    return TRUE;
}

static void
settle_pc(gpointer user)
{
    ((Pc *) user)->n_settled++;
}

static void
sleep_pc(gpointer user, unsigned ms)
{
    ((Pc *) user)->slept_ms += ms;
}

static gboolean
measure(Pc *pc, guint64 guest_mib, PupMemoryPlan *plan, GError **error)
{
    const PupMemorySource source = {read_pc, settle_pc, sleep_pc, pc};
    PupGuest guest;

    pup_guest_defaults(&guest);
    guest.memory_percent = 0;
    guest.memory_mib = guest_mib;
    return pup_memory_measure(&source, &guest, 0, &pc->memory, plan, error);
}

/* A PC of 512 MiB whose memory is taken for a while as it starts. */
static void
test_small_pc_waits(void **state)
{
    static const guint64 rising[] = {220, 250, 290, 340, 370, 372, 372};
    Pc pc = {.total = 480, .available = rising, .n = G_N_ELEMENTS(rising)};
    g_autoptr(GError) error = NULL;
    PupMemoryPlan plan;

    assert_true(measure(&pc, 64, &plan, &error));
    unit_assert_no_error(error);
    assert_int_equal(plan.guest_mib, 64);
    assert_int_equal(pc.n_settled, 1);
    assert_in_range(pc.slept_ms, 1000, 3000);
}

/* It has too little for good: said once, with how much there is when all is quiet. */
static void
test_too_small_pc(void **state)
{
    static const guint64 rising[] = {220, 300, 320};
    Pc pc = {.total = 480, .available = rising, .n = G_N_ELEMENTS(rising)};
    g_autoptr(GError) error = NULL;
    PupMemoryPlan plan;

    assert_false(measure(&pc, 64, &plan, &error));
    unit_assert_error(
        &error, PUP_ERROR_NO_SPACE,
        "has 480 MiB of memory and can give its guest 32 MiB, but the room's "
        "guest needs 64 MiB");
}

/* What was too little stays too little, until there is clearly more; and what was enough
 * stays enough. */
static void
test_tried_again(void **state)
{
    static const struct {
        guint64 first, later;
        gboolean fits, fits_later;
    } rows[] = {{350, 352, FALSE, FALSE},
                {350, 365, FALSE, FALSE},
                {350, 366, FALSE, TRUE},
                {352, 350, TRUE, TRUE},
                {352, 336, TRUE, FALSE}};

    for (unsigned i = 0; i < G_N_ELEMENTS(rows); i++) {
        Pc pc = {.total = 457, .available = &rows[i].first, .n = 1};
        PupMemoryPlan plan;

        assert_int_equal(measure(&pc, 64, &plan, NULL), rows[i].fits);
        pc.available = &rows[i].later;
        assert_int_equal(measure(&pc, 64, &plan, NULL), rows[i].fits_later);
        assert_int_equal(measure(&pc, 64, &plan, NULL), rows[i].fits_later);
    }
}

static void
test_never_quiet(void **state)
{
    guint64 rising[200];
    Pc pc = {.total = 4000, .available = rising, .n = G_N_ELEMENTS(rising)};
    g_autoptr(GError) error = NULL;
    PupMemoryPlan plan;

    for (unsigned i = 0; i < G_N_ELEMENTS(rising); i++)
        rising[i] = 400 + 10 * i;
    assert_true(measure(&pc, 64, &plan, &error));
    assert_in_range(pc.slept_ms, 5000, 10000);
}

/* Nobody waits where it would change nothing. */
static void
test_roomy_pc(void **state)
{
    static const guint64 plenty[] = {15000};
    Pc pc = {.total = 16000, .available = plenty, .n = 1};
    g_autoptr(GError) error = NULL;
    PupMemoryPlan plan;

    assert_true(measure(&pc, 8192, &plan, &error));
    assert_int_equal(pc.at, 1);
    assert_int_equal(pc.n_settled, 0);
    assert_int_equal(pc.slept_ms, 0);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_plans),        cmocka_unit_test(test_small_pc_waits),
        cmocka_unit_test(test_too_small_pc), cmocka_unit_test(test_never_quiet),
        cmocka_unit_test(test_roomy_pc),     cmocka_unit_test(test_tried_again),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
