/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "tests/unit/unit.h"

#include "client-image/stream/recorder.h"
#include "lib/boot_profile.h"

static void
check_positions(PupRecorder *recorder, const guint32 *want, guint n)
{
    g_autoptr(GArray) positions = pup_recorder_positions(recorder);

    assert_int_equal(positions->len, n);
    assert_memory_equal(positions->data, want, n * sizeof *want);
}

static void
test_first_touch_counts(void **state)
{
    g_autoptr(PupRecorder) recorder = pup_recorder_new(100);
    const guint32 want[] = {40, 41, 7, 42, 99};

    pup_recorder_touch(recorder, 40, 41, 0);
    pup_recorder_touch(recorder, 7, 7, 1);
    pup_recorder_touch(recorder, 41, 42, 2);
    pup_recorder_touch(recorder, 99, 120, 3);
    check_positions(recorder, want, G_N_ELEMENTS(want));
}

static void
test_quiet_ends_it(void **state)
{
    g_autoptr(PupRecorder) recorder = pup_recorder_new(100);
    const guint32 want[] = {5, 6, 7, 8, 9, 10, 11, 12, 13};

    assert_false(pup_recorder_is_over(recorder, G_MAXINT64 / 2));
    pup_recorder_touch(recorder, 5, 5 + PUP_RECORDER_FEW - 1, 1000);
    pup_recorder_touch(recorder, 13, 13, 1000 + PUP_RECORDER_QUIET_US - 1);
    /* Reading the same again is quiet. */
    pup_recorder_touch(recorder, 5, 13, 1000 + 2 * PUP_RECORDER_QUIET_US - 3);
    assert_false(pup_recorder_is_over(recorder, 1000 + 2 * PUP_RECORDER_QUIET_US - 2));
    assert_true(pup_recorder_is_over(recorder, 1000 + 2 * PUP_RECORDER_QUIET_US));
    pup_recorder_touch(recorder, 14, 14, 1001 + 2 * PUP_RECORDER_QUIET_US);
    check_positions(recorder, want, G_N_ELEMENTS(want));
}

/* On a slow PC the guest's first read may come long after QEMU's own look at its disk. */
static void
test_quiet_before_it_began(void **state)
{
    g_autoptr(PupRecorder) recorder = pup_recorder_new(100);

    pup_recorder_touch(recorder, 1, PUP_RECORDER_FEW, 0);
    assert_false(pup_recorder_is_over(recorder, 5 * PUP_RECORDER_QUIET_US));
    pup_recorder_touch(recorder, PUP_RECORDER_FEW + 1, PUP_RECORDER_FEW + 1,
                       5 * PUP_RECORDER_QUIET_US);
    assert_false(pup_recorder_is_over(recorder, 6 * PUP_RECORDER_QUIET_US - 1));
    assert_true(pup_recorder_is_over(recorder, 6 * PUP_RECORDER_QUIET_US));
}

static void
test_time_ends_it(void **state)
{
    g_autoptr(PupRecorder) recorder = pup_recorder_new(100000);
    gint64 now_us = 0;

    for (guint64 i = 0; !pup_recorder_is_over(recorder, now_us); i++) {
        assert_true(now_us < PUP_RECORDER_MAX_US);
        pup_recorder_touch(recorder, i, i, now_us);
        now_us += G_USEC_PER_SEC;
    }
    assert_int_equal(now_us, PUP_RECORDER_MAX_US);
}

static void
test_ready_ends_it(void **state)
{
    g_autoptr(PupRecorder) recorder = pup_recorder_new(100);

    pup_recorder_touch(recorder, 1, 1, 0);
    pup_recorder_end(recorder);
    assert_true(pup_recorder_is_over(recorder, 1));
    pup_recorder_touch(recorder, 2, 2, 2);
    check_positions(recorder, &(guint32){1}, 1);
}

static void
test_full_profile_ends_it(void **state)
{
    g_autoptr(PupRecorder) recorder = pup_recorder_new(PUP_BOOT_PROFILE_MAX + 10u);
    g_autoptr(GArray) positions = NULL;

    pup_recorder_touch(recorder, 0, PUP_BOOT_PROFILE_MAX - 2u, 0);
    assert_false(pup_recorder_is_over(recorder, 1));
    pup_recorder_touch(recorder, PUP_BOOT_PROFILE_MAX - 2u, PUP_BOOT_PROFILE_MAX + 5u, 1);
    assert_true(pup_recorder_is_over(recorder, 2));
    positions = pup_recorder_positions(recorder);
    assert_int_equal(positions->len, PUP_BOOT_PROFILE_MAX);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_first_touch_counts),
        cmocka_unit_test(test_quiet_ends_it),
        cmocka_unit_test(test_time_ends_it),
        cmocka_unit_test(test_ready_ends_it),
        cmocka_unit_test(test_full_profile_ends_it),
        cmocka_unit_test(test_quiet_before_it_began),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
