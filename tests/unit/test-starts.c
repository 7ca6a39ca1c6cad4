/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "tests/unit/unit.h"

#include <stdlib.h>

#include "client-image/seat/starts.h"

static char *
text_of(const PupStarts *starts)
{
    json_t *json = pup_starts_json(starts);
    char *text = json_dumps(json, JSON_COMPACT);
    char *copy = g_strdup(text);

    free(text);
    json_decref(json);
    return copy;
}

/* Loaded, started, reset twice, crashed; then one of which nothing is known yet. */
static void
one_and_the_next(void **state)
{
    PupStarts starts = {0};

    assert_false(pup_starts_reset(&starts, 500)); /* of nothing */
    pup_starts_end(&starts, "failed");
    pup_starts_begin(&starts, 7, 1000);
    pup_starts_begin(&starts, 7, 1500); /* its disk, after its loading */
    pup_starts_stage(&starts, PUP_STAGE_DISK, 1700);
    pup_starts_stage(&starts, PUP_STAGE_GUEST_STARTED, 2000);
    pup_starts_stage(&starts, PUP_STAGE_GUEST_ALIVE, 5000);
    pup_starts_stage(&starts, PUP_STAGE_GUEST_ALIVE, 9000);
    assert_true(pup_starts_reset(&starts, 9000));
    assert_false(pup_starts_reset(&starts, 10200)); /* the firmware's own */
    assert_false(pup_starts_reset(&starts, 10300));
    assert_true(pup_starts_reset(&starts, 16000));
    pup_starts_end(&starts, "crashed");
    pup_starts_end(&starts, "failed");
    pup_starts_begin(&starts, 8, 20000);
    g_autofree char *text = text_of(&starts);
    assert_string_equal(text, "[{\"t_ms\":1000,\"version\":7,\"resets\":2,\"started_ms\":"
                              "1000,\"alive_ms\":4000,\"end\":\"crashed\"},"
                              "{\"t_ms\":20000,\"version\":8,\"resets\":0}]");
}

/* A PC that tries for an hour has not started forty guests. */
static void
tried_again(void **state)
{
    PupStarts starts = {0};

    for (unsigned i = 0; i < 40; i++) {
        pup_starts_begin(&starts, 7, 1000 + i * 15000);
        pup_starts_end(&starts, "failed");
    }
    pup_starts_stage(&starts, PUP_STAGE_GUEST_STARTED, 601000);
    assert_int_equal(starts.n, 1);
    pup_starts_end(&starts, "failed");
    pup_starts_begin(&starts, 7, 700000);
    assert_int_equal(starts.n, 2);
    g_autofree char *text = text_of(&starts);
    assert_string_equal(text, "[{\"t_ms\":1000,\"version\":7,\"resets\":0,\"started_ms\":"
                              "600000,\"end\":\"failed\"},"
                              "{\"t_ms\":700000,\"version\":7,\"resets\":0}]");
}

static void
many(void **state)
{
    PupStarts starts = {0};

    for (unsigned i = 0; i < 3 * PUP_STARTS_MAX; i++) {
        pup_starts_begin(&starts, i, i);
        pup_starts_end(&starts, "off");
    }
    json_t *json = pup_starts_json(&starts);
    assert_int_equal(json_array_size(json), PUP_STARTS_MAX);
    assert_int_equal(
        json_integer_value(json_object_get(json_array_get(json, 0), "version")),
        2 * PUP_STARTS_MAX);
    json_decref(json);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_and_the_next),
        cmocka_unit_test(tried_again),
        cmocka_unit_test(many),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
