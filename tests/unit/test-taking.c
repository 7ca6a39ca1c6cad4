/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "tests/unit/unit.h"

#include "client-image/seat/taking.h"

#define S 1000

static void
not_without_news(void **state)
{
    PupTaking taking;

    pup_taking_begin(&taking, TRUE, 0);
    assert_int_equal(pup_taking_left_s(&taking, 100000 * S), -1);
    pup_taking_told(&taking, PUP_TAKE_NOW, 60, FALSE, 5 * S);
    assert_int_equal(pup_taking_left_s(&taking, 100000 * S), -1);
    pup_taking_told(&taking, PUP_TAKE_NEXT_BOOT, 60, TRUE, 5 * S);
    assert_int_equal(pup_taking_left_s(&taking, 100000 * S), -1);
}

/* The countdown begins with the first word, and is not begun again by the next ones; it
 * ends when another word comes. Whether somebody works does not count. */
static void
now(void **state)
{
    PupTaking taking;

    pup_taking_begin(&taking, FALSE, 0);
    pup_taking_told(&taking, PUP_TAKE_NEXT_BOOT, 60, TRUE, 5 * S);
    pup_taking_told(&taking, PUP_TAKE_NOW, 60, TRUE, 10 * S);
    assert_int_equal(pup_taking_left_s(&taking, 10 * S), 60);
    pup_taking_told(&taking, PUP_TAKE_NOW, 60, TRUE, 20 * S);
    pup_taking_used(&taking, 25 * S);
    assert_int_equal(pup_taking_left_s(&taking, 69 * S + 1), 1);
    assert_int_equal(pup_taking_left_s(&taking, 70 * S), 0);
    assert_int_equal(pup_taking_left_s(&taking, 99 * S), 0);
    pup_taking_told(&taking, PUP_TAKE_NEXT_BOOT, 60, TRUE, 30 * S);
    assert_int_equal(pup_taking_left_s(&taking, 99 * S), -1);
    pup_taking_told(&taking, PUP_TAKE_NOW, 60, TRUE, 100 * S);
    assert_int_equal(pup_taking_left_s(&taking, 100 * S), 60);
    pup_taking_told(&taking, PUP_TAKE_NOW, 60, FALSE, 110 * S);
    assert_int_equal(pup_taking_left_s(&taking, 500 * S), -1);
}

static void
idle(void **state)
{
    PupTaking taking;

    pup_taking_begin(&taking, TRUE, 0);
    pup_taking_told(&taking, PUP_TAKE_IDLE, 900, TRUE, 10 * S);
    assert_int_equal(pup_taking_left_s(&taking, 900 * S - 1), -1);
    assert_int_equal(pup_taking_left_s(&taking, 900 * S), 60);
    assert_int_equal(pup_taking_left_s(&taking, 959 * S), 1);
    pup_taking_used(&taking, 959 * S);
    assert_int_equal(pup_taking_left_s(&taking, 959 * S), -1);
    assert_int_equal(pup_taking_left_s(&taking, (959 + 960) * S - 1), 1);
    assert_int_equal(pup_taking_left_s(&taking, (959 + 960) * S), 0);
    /* a long pause before the news came counts, the countdown is given all the same */
    pup_taking_begin(&taking, TRUE, 0);
    pup_taking_told(&taking, PUP_TAKE_IDLE, 60, TRUE, 5000 * S);
    assert_int_equal(pup_taking_left_s(&taking, 5000 * S), 60);
}

/* Keyboard and mouse are the guest's own: nobody can tell, so nobody is disturbed. */
static void
idle_that_cannot_be_seen(void **state)
{
    PupTaking taking;

    pup_taking_begin(&taking, FALSE, 0);
    pup_taking_told(&taking, PUP_TAKE_IDLE, 60, TRUE, 0);
    assert_int_equal(pup_taking_left_s(&taking, 100000 * S), -1);
}

static void
words(void **state)
{
    static const struct {
        PupTake take;
        int left_s;
        const char *part; /* NULL: no words */
    } rows[] = {
        {PUP_TAKE_NOW, -1, NULL},
        {PUP_TAKE_NOW, 60, "restarts in 60 seconds. Save"},
        {PUP_TAKE_NOW, 51, "in 60 seconds"},
        {PUP_TAKE_NOW, 50, "in 50 seconds"},
        {PUP_TAKE_NOW, 10, "in 10 seconds"},
        {PUP_TAKE_NOW, 9, "in 9 seconds"},
        {PUP_TAKE_IDLE, 60, "Nobody uses this PC"},
        {PUP_TAKE_IDLE, 60, "Press a key"},
    };

    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        const PupTaking taking = {.take = rows[i].take};
        g_autofree char *text = pup_taking_words(&taking, rows[i].left_s);

        assert_int_equal(text != NULL, rows[i].part != NULL);
        if (text && !strstr(text, rows[i].part))
            fail_msg("'%s' does not say '%s'", text, rows[i].part);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(not_without_news),
        cmocka_unit_test(now),
        cmocka_unit_test(idle),
        cmocka_unit_test(idle_that_cannot_be_seen),
        cmocka_unit_test(words),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
