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

/* The key gives ten minutes from when it is pressed, each time that it counts down. */
static void
more_time(void **state)
{
    PupTaking taking;

    pup_taking_begin(&taking, TRUE, 0);
    assert_false(pup_taking_more(&taking, 0));
    pup_taking_told(&taking, PUP_TAKE_NOW, 60, TRUE, 0);
    assert_true(pup_taking_has_key(&taking, 20 * S));
    assert_true(pup_taking_more(&taking, 20 * S));
    assert_int_equal(pup_taking_left_s(&taking, 20 * S), 600);
    /* held down, or pressed once too often */
    assert_false(pup_taking_more(&taking, 21 * S));
    assert_int_equal(pup_taking_left_s(&taking, 21 * S), 599);
    pup_taking_told(&taking, PUP_TAKE_NOW, 60, TRUE, 100 * S);
    assert_int_equal(pup_taking_left_s(&taking, 560 * S), 60);
    assert_true(pup_taking_more(&taking, 570 * S));
    assert_int_equal(pup_taking_left_s(&taking, 1169 * S), 1);
    assert_int_equal(pup_taking_left_s(&taking, 1170 * S), 0);
    assert_false(pup_taking_more(&taking, 1170 * S));
    /* another word begins anew */
    pup_taking_told(&taking, PUP_TAKE_NEXT_BOOT, 60, TRUE, 1100 * S);
    pup_taking_told(&taking, PUP_TAKE_NOW, 60, TRUE, 1110 * S);
    assert_int_equal(pup_taking_left_s(&taking, 1110 * S), 60);
}

/* Of no use where nobody sees it pressed, and not needed where any key will do. */
static void
no_more_time(void **state)
{
    PupTaking taking;

    pup_taking_begin(&taking, FALSE, 0);
    pup_taking_told(&taking, PUP_TAKE_NOW, 60, TRUE, 0);
    assert_false(pup_taking_has_key(&taking, 1 * S));
    assert_false(pup_taking_more(&taking, 1 * S));
    pup_taking_begin(&taking, TRUE, 0);
    pup_taking_told(&taking, PUP_TAKE_IDLE, 60, TRUE, 0);
    assert_false(pup_taking_more(&taking, 70 * S));
}

static void
words(void **state)
{
    static const struct {
        PupTake take;
        gboolean sees_input;
        unsigned n_more;
        int at_s;
        const char *part, *more; /* part NULL: no words; "": hushed */
    } rows[] = {
        {PUP_TAKE_NEXT_BOOT, TRUE, 0, 0, NULL, NULL},
        {PUP_TAKE_NOW, TRUE, 0, 0, "in 60 seconds. Save", "F9 gives you ten more"},
        {PUP_TAKE_NOW, FALSE, 0, 0, "in 60 seconds. Save", ""},
        {PUP_TAKE_NOW, TRUE, 0, 9, "in 60 seconds", "F9"},
        {PUP_TAKE_NOW, TRUE, 0, 10, "in 50 seconds", "F9"},
        {PUP_TAKE_NOW, TRUE, 0, 51, "in 9 seconds", "F9"},
        {PUP_TAKE_NOW, TRUE, 0, 59, "in 1 second.", "F9"},
        {PUP_TAKE_NOW, TRUE, 1, 5, "You have 10 minutes more", ""},
        {PUP_TAKE_NOW, TRUE, 1, 15, "", ""},
        {PUP_TAKE_NOW, TRUE, 1, 305, "You have 5 minutes more", ""},
        {PUP_TAKE_NOW, TRUE, 1, 315, "", ""},
        {PUP_TAKE_NOW, TRUE, 1, 540, "in 60 seconds", "F9"},
        {PUP_TAKE_IDLE, TRUE, 0, 60, "Nobody uses this PC", ""},
        {PUP_TAKE_IDLE, TRUE, 0, 60, "Press a key", ""},
    };

    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        const PupTaking taking = {.take = rows[i].take,
                                  .sees_input = rows[i].sees_input,
                                  .news = TRUE,
                                  .idle_s = 60,
                                  .n_more = rows[i].n_more};
        g_autoptr(PupWords) said = pup_taking_words(&taking, (gint64) rows[i].at_s * S);

        assert_int_equal(said != NULL, rows[i].part != NULL);
        if (!said)
            continue;
        if (!strstr(said->text, rows[i].part) || (!*rows[i].part && *said->text))
            fail_msg("'%s' does not say '%s'", said->text, rows[i].part);
        if (!strstr(said->more, rows[i].more))
            fail_msg("'%s' does not say '%s'", said->more, rows[i].more);
        assert_true(*said->detail != '\0');
    }
}

/* The server's list says how much time was asked for, once each time. */
static void
detail(void **state)
{
    const PupTaking twice = {
        .take = PUP_TAKE_NOW, .sees_input = TRUE, .news = TRUE, .n_more = 2};
    g_autoptr(PupWords) early = pup_taking_words(&twice, 5 * S);
    g_autoptr(PupWords) late = pup_taking_words(&twice, 400 * S);

    assert_non_null(strstr(early->detail, "asked for 20 minutes"));
    assert_string_equal(early->detail, late->detail);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(not_without_news),
        cmocka_unit_test(now),
        cmocka_unit_test(idle),
        cmocka_unit_test(idle_that_cannot_be_seen),
        cmocka_unit_test(more_time),
        cmocka_unit_test(no_more_time),
        cmocka_unit_test(words),
        cmocka_unit_test(detail),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
