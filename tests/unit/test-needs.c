/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "tests/unit/unit.h"

#include "lib/needs.h"
#include "lib/room_profile.h"

static void
test_set(void **state)
{
    static const struct {
        const char *key, *word, *text;
    } rows[] = {
        {"firmware", "uefi-secure", "firmware = uefi-secure"},
        {"disk", "sata", "disk = sata"},
        {"clock", "localtime", "clock = localtime"},
        {"tpm", "yes", "tpm = yes"},
        {"hyperv", "no", "hyperv = no"},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        GError *error = NULL;
        PupNeedsChange change = {0};
        PupNeeds needs, before;
        pup_needs_defaults(&needs);
        before = needs;
        assert_true(pup_needs_change_set(&change, rows[i].key, rows[i].word, &error));
        pup_needs_change_apply(&change, &needs);
        g_autofree char *text = pup_needs_text(&needs);
        assert_non_null(strstr(text, rows[i].text));
        assert_false(pup_needs_equal(&needs, &before));
        assert_false(pup_needs_change_set(&change, rows[i].key, "word", &error));
        unit_assert_error(&error, PUP_ERROR_INVALID, "'word' is not ");
        pup_needs_change_apply(&change, &before);
        assert_true(pup_needs_equal(&needs, &before));
    }
}

/* What an installer says counts unless the admin says otherwise. */
static void
test_merge(void **state)
{
    const PupNeeds told = {PUP_FIRMWARE_UEFI_SECURE, PUP_DISK_VIRTIO, PUP_CLOCK_LOCALTIME,
                           TRUE, TRUE};
    PupNeedsChange change = {0}, over = {0};
    PupNeeds needs;

    pup_needs_change_all(&change, &told);
    assert_true(pup_needs_change_set(&over, "tpm", "no", NULL));
    pup_needs_change_merge(&change, &over);
    pup_needs_defaults(&needs);
    pup_needs_change_apply(&change, &needs);
    assert_int_equal(needs.firmware, PUP_FIRMWARE_UEFI_SECURE);
    assert_int_equal(needs.clock, PUP_CLOCK_LOCALTIME);
    assert_false(needs.tpm);
}

/* The defaults are those of a profile without a word about them. */
static void
test_defaults(void **state)
{
    GError *error = NULL;
    static const char text[] = "[room]\nmaster = win\n";
    g_autoptr(PupRoomProfile) profile =
        pup_room_profile_parse("lab.conf", text, strlen(text), &error);
    PupNeeds needs, of_profile;

    unit_assert_no_error(error);
    pup_needs_defaults(&needs);
    pup_room_profile_needs(profile, &of_profile);
    assert_true(pup_needs_equal(&needs, &of_profile));
    needs = (PupNeeds){PUP_FIRMWARE_BIOS, PUP_DISK_IDE, PUP_CLOCK_UTC, TRUE, FALSE};
    pup_room_profile_set_needs(profile, &needs);
    pup_room_profile_needs(profile, &of_profile);
    assert_true(pup_needs_equal(&needs, &of_profile));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_set),
        cmocka_unit_test(test_merge),
        cmocka_unit_test(test_defaults),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
