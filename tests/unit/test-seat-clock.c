/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "tests/unit/unit.h"

#include "client-image/seat/log.h"
#include "client-image/seat/seat_clock.h"

#define S G_GINT64_CONSTANT(1000)
#define YEAR (365 * 86400 * S)
#define MADE (50 * YEAR)
#define NOW (51 * YEAR)

static void
verdicts(void **state)
{
    static const struct {
        gint64 pc, server, doubt, made;
        PupClockVerdict verdict;
        gint64 set;
    } rows[] = {
        /* the server knows */
        {NOW, NOW, 0, MADE, PUP_CLOCK_KEEP, -1},
        {NOW - 2 * S, NOW, 0, MADE, PUP_CLOCK_KEEP, -1},
        {NOW - 2 * S - 1, NOW, 0, MADE, PUP_CLOCK_SERVER, NOW},
        {NOW + 3600 * S, NOW, 0, MADE, PUP_CLOCK_SERVER, NOW},
        {31 * YEAR, NOW, 0, MADE, PUP_CLOCK_SERVER, NOW},
        {90 * YEAR, NOW, 0, MADE, PUP_CLOCK_SERVER, NOW},
        /* its answer was long under way */
        {NOW - 6 * S, NOW, 5 * S, MADE, PUP_CLOCK_KEEP, -1},
        {NOW - 8 * S, NOW, 5 * S, MADE, PUP_CLOCK_SERVER, NOW},
        /* it has not said, as one of before */
        {NOW, -1, 0, MADE, PUP_CLOCK_KEEP, -1},
        {31 * YEAR, -1, 0, MADE, PUP_CLOCK_MADE, MADE},
        {31 * YEAR, -1, 0, 0, PUP_CLOCK_KEEP, -1},
        /* it cannot be right */
        {NOW, 31 * YEAR, 0, MADE, PUP_CLOCK_NOT_SERVER, -1},
        {31 * YEAR, 20 * YEAR, 0, MADE, PUP_CLOCK_MADE, MADE},
        /* unless what was made by a clock that was ahead says so */
        {NOW + 60 * S, NOW, 0, 70 * YEAR, PUP_CLOCK_BOTH_DOUBTED, NOW},
        {NOW, NOW, 0, 70 * YEAR, PUP_CLOCK_BOTH_DOUBTED, -1},
    };

    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        gint64 set;
        PupClockVerdict verdict = pup_clock_judge(rows[i].pc, rows[i].server,
                                                  rows[i].doubt, rows[i].made, &set);
        if (verdict != rows[i].verdict || set != rows[i].set)
            fail_msg("row %zu: %d, set to %" G_GINT64_FORMAT, i, (int) verdict, set);
    }
}

/* An answer that took four seconds was said in the middle of them, more or less. */
static void
round_trip(void **state)
{
    PupSeatClock clock;

    pup_seat_clock_init(&clock);
    assert_true(ABS(pup_seat_clock_own_ms(&clock) - g_get_real_time() / 1000) < 1000);
    pup_seat_clock_told(&clock, NOW, 10000, 14000);
    assert_true(clock.told);
    assert_int_equal(clock.doubt_ms, 2000);
    assert_int_equal(clock.server_base_ms, NOW - 12000);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(verdicts),
        cmocka_unit_test(round_trip),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
