/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "tests/unit/unit.h"

#include "client-image/seat/memory_plan.h"

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

int
main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_plans)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
