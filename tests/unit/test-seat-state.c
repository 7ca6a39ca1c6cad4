/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "tests/unit/unit.h"

#include "server/catalog/seat_state.h"

#define POLL_S 10
#define NOW G_GINT64_CONSTANT(100000000)

/* All times are seconds before now. */
static void
states(void **state)
{
    static const struct {
        const char *said;
        gboolean registered;
        gint64 heard, up, down, alive;
        const char *state;
    } rows[] = {
        /* the server listens */
        {"running", TRUE, 30, 5000, 5050, 3, "running"},
        {"running", TRUE, 31, 5000, 5050, 3, "silent"},
        {"running", TRUE, 600, 5000, 5050, 3, "silent"},
        {"running", TRUE, 601, 5000, 5050, 3, "off"},
        {"idle", TRUE, 31, 5000, 5050, 3, "silent"},
        {"failed", TRUE, 30, 5000, 5050, 3, "failed"},
        {"booting", TRUE, 31, 5000, 5050, 3, "silent"},
        {"booting", FALSE, 300, 5000, 5050, 3, "booting"},
        {"booting", FALSE, 301, 5000, 5050, 3, "silent"},
        {"waiting", FALSE, 90, 5000, 5050, 3, "waiting"},
        {"waiting", FALSE, 91, 5000, 5050, 3, "silent"},
        {"off", TRUE, 1, 5000, 5050, 3, "off"},
        /* a clock that was ahead */
        {"running", TRUE, -500, 5000, 5050, 3, "running"},
        /* it does not: killed, hung, its machine asleep */
        {"running", TRUE, 40, 5000, 5050, 40, "unknown"},
        {"running", TRUE, 90000, 5000, 5050, 89999, "unknown"},
        {"running", TRUE, 641, 5000, 5050, 40, "off"},
        {"off", TRUE, 41, 5000, 5050, 40, "off"},
        {"running", TRUE, 40, 5000, 5050, -3600, "unknown"}, /* its clock was set back */
        /* it is back */
        {"running", TRUE, 700, 10, 690, 3, "unknown"},
        {"running", TRUE, 700, 30, 690, 3, "unknown"},
        {"running", TRUE, 700, 31, 690, 3, "silent"},
        {"running", TRUE, 700, 601, 690, 3, "off"},
        {"running", TRUE, 1300, 10, 690, 3, "off"}, /* off before the server was */
        {"running", TRUE, 5, 10, 690, 3, "running"},
        {"waiting", FALSE, 700, 10, 690, 3, "unknown"},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        const PupServerLife life = {NOW - rows[i].up * 1000, NOW - rows[i].down * 1000,
                                    NOW - rows[i].alive * 1000};
        const PupSeatWord word = {rows[i].said, rows[i].registered,
                                  NOW - rows[i].heard * 1000};
        const char *is = pup_seat_state(&word, &life, POLL_S, NOW);
        if (!g_str_equal(is, rows[i].state))
            fail_msg("row %zu: '%s', not '%s'", i, is, rows[i].state);
    }
}

static void
never_seen(void **state)
{
    const PupServerLife life = {0};
    const PupSeatWord never = {"off", FALSE, 0}, seen = {"running", TRUE, NOW - 1000};
    assert_string_equal(pup_seat_state(&never, &life, POLL_S, NOW), "off");
    assert_string_equal(pup_seat_state(&seen, &life, POLL_S, NOW), "running");
}

static void
words(void **state)
{
    static const struct {
        const char *state;
        gint64 silent_s;
        gboolean has_room;
        const char *words;
    } rows[] = {
        {"running", 3, TRUE, "running"},
        {"silent", 40, TRUE, "not heard of for 40 s"},
        {"silent", 119, TRUE, "not heard of for 119 s"},
        {"silent", 120, TRUE, "not heard of for 2 min"},
        {"unknown", 40, TRUE, "unknown since the server was away"},
        {"waiting", 40, FALSE, "waits to be added"},
        {"waiting", 40, TRUE, "waits for its room"},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autofree char *text = pup_seat_state_words(
            rows[i].state, rows[i].silent_s * 1000, rows[i].has_room);
        assert_string_equal(text, rows[i].words);
    }
}

static void
clocks(void **state)
{
    static const struct {
        gint64 off_s;
        const char *words;
    } rows[] = {
        {0, "right"},          {-29, "right"},
        {30, "30 s ahead"},    {3600, "60 min ahead"},
        {-7200, "2 h behind"}, {-25 * 365 * 86400LL - 86400, "25 years behind"},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autofree char *text = pup_clock_words(rows[i].off_s * 1000);
        assert_string_equal(text, rows[i].words);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(states),
        cmocka_unit_test(never_seen),
        cmocka_unit_test(words),
        cmocka_unit_test(clocks),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
