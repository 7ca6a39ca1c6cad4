/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A version that one seat of a room tries out; what a crash leaves is test-crash's. */
#include "config.h"
#include "server/store/store.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <unistd.h>

#include "lib/error.h"
#include "lib/file.h"
#include "tests/unit/store_fixture.h"

#define PC1 "52:54:00:00:00:01"
#define PC2 "52:54:00:00:00:02"

static const unsigned disk1[] = {1, 2, 0, 3};
static const unsigned disk2[] = {1, 4, 0, 0, 5};

static void
try_out(Fixture *f, unsigned version, const char *mac)
{
    f->seat = mac;
    fixture_publish(f, "a", version, disk2, 5);
    f->seat = NULL;
}

static unsigned
current(Fixture *f)
{
    return pup_store_current(f->store, PUP_KIND_ROOM, "a", NULL);
}

static unsigned
for_seat(Fixture *f, const char *mac)
{
    return pup_store_version_for(f->store, "a", mac, NULL);
}

static void
assert_canary(Fixture *f, unsigned version, const char *mac)
{
    PupCanary canary = {.version = 77};
    assert_true(pup_store_canary(f->store, "a", &canary, NULL));
    assert_int_equal(canary.version, version);
    assert_string_equal(canary.seat, mac);
}

static void
test_one_seat_has_it(void **state)
{
    Fixture *f = *state;
    fixture_publish(f, "a", 1, disk1, 4);
    assert_canary(f, 0, "");
    try_out(f, 2, PC1);
    assert_canary(f, 2, PC1);
    assert_int_equal(current(f), 1);
    assert_int_equal(for_seat(f, PC1), 2);
    assert_int_equal(for_seat(f, PC2), 1);
    assert_true(fixture_matches(f, f->store, "a", 2, disk2, 5, NULL));
    g_autoptr(PupFsckReport) report = fixture_fsck(f, FALSE);
    assert_int_equal(report->findings->len, 0);
}

static void
test_the_next_takes_its_place(void **state)
{
    Fixture *f = *state;
    fixture_publish(f, "a", 1, disk1, 4);
    try_out(f, 2, PC1);
    try_out(f, 3, PC2);
    assert_canary(f, 3, PC2);
    assert_int_equal(for_seat(f, PC1), 1);
    assert_int_equal(for_seat(f, PC2), 3);
    PupCanary back = {.version = 2, .seat = PC1};
    assert_true(pup_store_set_canary(f->store, "a", &back, NULL));
    assert_canary(f, 2, PC1);
}

static void
test_promoted_or_not(void **state)
{
    Fixture *f = *state;
    fixture_publish(f, "a", 1, disk1, 4);
    try_out(f, 2, PC1);
    assert_true(pup_store_set_current(f->store, PUP_KIND_ROOM, "a", 2, NULL));
    assert_canary(f, 0, "");
    assert_int_equal(for_seat(f, PC2), 2);
    try_out(f, 3, PC1);
    assert_true(pup_store_set_current(f->store, PUP_KIND_ROOM, "a", 1, NULL));
    assert_canary(f, 3, PC1); /* the room moved elsewhere: still undecided */
    assert_true(pup_store_set_canary(f->store, "a", &(PupCanary){0}, NULL));
    assert_true(pup_store_set_canary(f->store, "a", &(PupCanary){0}, NULL));
    assert_canary(f, 0, "");
    assert_int_equal(for_seat(f, PC1), 1);
    g_auto(GStrv) files = fixture_list(f, "canaries", "");
    assert_int_equal(g_strv_length(files), 0);
}

/* A promotion that was cut short has moved the name, and left the canary. */
static void
test_half_promoted(void **state)
{
    Fixture *f = *state;
    g_autofree char *path = fixture_path(f, "names/rooms/a");
    fixture_publish(f, "a", 1, disk1, 4);
    try_out(f, 2, PC1);
    fixture_write(path, "2\n", 2);
    assert_canary(f, 0, "");
    fixture_publish(f, "a", 3, disk1, 4);
    assert_canary(f, 0, "");
    assert_int_equal(for_seat(f, PC1), 3);
    try_out(f, 4, PC1);
    fixture_write(path, "4\n", 2);
    assert_true(pup_store_set_current(f->store, PUP_KIND_ROOM, "a", 1, NULL));
    assert_canary(f, 0, "");
    assert_int_equal(for_seat(f, PC1), 1);
}

static void
test_undecided_stays(void **state)
{
    Fixture *f = *state;
    g_autoptr(GArray) all = g_array_new(FALSE, FALSE, sizeof(unsigned));
    unsigned n_gone = 0;
    fixture_publish(f, "a", 1, disk1, 4);
    try_out(f, 2, PC1);
    fixture_publish(f, "a", 3, disk1, 4);
    fixture_publish(f, "a", 4, disk1, 4);
    for (unsigned version = 1; version <= 4; version++)
        g_array_append_val(all, version);
    assert_true(
        pup_store_remove_versions(f->store, PUP_KIND_ROOM, "a", all, &n_gone, NULL));
    assert_int_equal(n_gone, 2);
    assert_canary(f, 2, PC1);
    assert_true(pup_store_set_canary(f->store, "a", &(PupCanary){0}, NULL));
    assert_true(
        pup_store_remove_versions(f->store, PUP_KIND_ROOM, "a", all, &n_gone, NULL));
    assert_int_equal(n_gone, 1);
}

static void
test_goes_with_its_room(void **state)
{
    Fixture *f = *state;
    g_autoptr(GError) error = NULL;
    PupCanary canary = {.version = 1, .seat = PC1};
    fixture_publish(f, "a", 1, disk1, 4);
    try_out(f, 2, PC1);
    assert_true(pup_store_remove(f->store, PUP_KIND_ROOM, "a", NULL));
    assert_canary(f, 0, "");
    assert_false(pup_store_set_canary(f->store, "a", &canary, &error));
    assert_true(g_error_matches(error, PUP_ERROR, PUP_ERROR_NOT_FOUND));
    g_clear_error(&error);
    fixture_publish(f, "a", 1, disk1, 4);
    assert_canary(f, 0, "");
    canary.version = 2;
    assert_false(pup_store_set_canary(f->store, "a", &canary, &error));
    assert_true(g_error_matches(error, PUP_ERROR, PUP_ERROR_NOT_FOUND));
}

/* Whatever is wrong with it: the seat gets what its room has, fsck tells, and it can be
 * rolled back. */
static void
test_damaged(void **state)
{
    static const char *const texts[] = {
        "",
        "2",
        "2\n",
        "2 " PC1,
        "02 " PC1 "\n",
        "2  " PC1 "\n",
        "x\n",
        "2 00:00\n",
        "2 " PC1 " \n",
        "0 " PC1 "\n",
        "2 " PC1 "\n\n",
        "9 " PC1 "\n", /* no such version */
    };
    Fixture *f = *state;
    fixture_publish(f, "a", 1, disk1, 4);
    try_out(f, 2, PC1);
    g_autofree char *path = fixture_path(f, "canaries/a");
    for (size_t i = 0; i < G_N_ELEMENTS(texts); i++) {
        g_autoptr(GError) error = NULL;
        PupCanary canary = {.version = 77};
        fixture_write(path, texts[i], strlen(texts[i]));
        assert_false(pup_store_canary(f->store, "a", &canary, &error));
        assert_true(g_error_matches(error, PUP_ERROR, PUP_ERROR_CORRUPT));
        assert_int_equal(canary.version, 77);
        assert_int_equal(for_seat(f, PC1), 1);
        g_autoptr(PupFsckReport) report = fixture_fsck(f, FALSE);
        assert_int_equal(fixture_n_harmful(report), 1);
        const PupFsckFinding *finding = g_ptr_array_index(report->findings, 0);
        assert_string_equal(finding->object, "canary of a");
    }
    assert_true(pup_store_set_canary(f->store, "a", &(PupCanary){0}, NULL));
    assert_canary(f, 0, "");
}

/* A store that was made before there were canaries. */
static void
test_older_store(void **state)
{
    Fixture *f = *state;
    g_autofree char *path = fixture_path(f, "canaries");
    fixture_publish(f, "a", 1, disk1, 4);
    assert_int_equal(rmdir(path), 0);
    assert_canary(f, 0, "");
    g_autoptr(PupFsckReport) report = fixture_fsck(f, FALSE);
    assert_int_equal(report->findings->len, 0);
    try_out(f, 2, PC1);
    assert_canary(f, 2, PC1);
}

int
main(void)
{
#define CANARY_TEST(test)                                                                \
    cmocka_unit_test_setup_teardown(test, fixture_setup, fixture_teardown)
    const struct CMUnitTest tests[] = {
        CANARY_TEST(test_one_seat_has_it), CANARY_TEST(test_the_next_takes_its_place),
        CANARY_TEST(test_promoted_or_not), CANARY_TEST(test_half_promoted),
        CANARY_TEST(test_undecided_stays), CANARY_TEST(test_goes_with_its_room),
        CANARY_TEST(test_damaged),         CANARY_TEST(test_older_store),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
