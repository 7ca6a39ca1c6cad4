/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "tests/unit/unit.h"

#include "lib/file.h"
#include "server/catalog/boot_profiles.h"

#define N_CHUNKS 1000u

typedef struct {
    char *dir;
    PupBootProfiles *profiles;
} Fixture;

static int
setup(void **state)
{
    Fixture *f = g_new0(Fixture, 1);
    f->dir = unit_make_dir();
    f->profiles = pup_boot_profiles_new(f->dir);
    *state = f;
    return 0;
}

static int
teardown(void **state)
{
    Fixture *f = *state;
    g_auto(GStrv) rooms = pup_boot_profiles_rooms(f->profiles);
    for (char **room = rooms; *room; room++)
        assert_true(
            pup_boot_profiles_keep(f->profiles, *room, NULL, FALSE, NULL, NULL, NULL));
    pup_boot_profiles_free(f->profiles);
    unit_remove_dir(f->dir);
    g_free(f);
    return 0;
}

/* Seat @seat saw the @n positions from @first on. */
static void
put(Fixture *f, const char *room, unsigned version, unsigned seat, guint32 first, guint n)
{
    GError *error = NULL;
    g_autofree char *mac = g_strdup_printf("52:54:00:00:00:%02x", seat);
    g_autoptr(GArray) positions = g_array_new(FALSE, FALSE, sizeof(guint32));
    for (guint32 at = first; at < first + n; at++)
        g_array_append_val(positions, at);
    pup_boot_profiles_put(f->profiles, room, version, mac, positions, &error);
    unit_assert_no_error(error);
}

/* The merged profile of lab@1 has the @n positions from @first on, of @n_seats. */
static void
assert_merged(Fixture *f, guint32 first, guint n, unsigned n_seats)
{
    GError *error = NULL;
    unsigned n_merged = 0;
    g_autoptr(GBytes) bytes =
        pup_boot_profiles_merged(f->profiles, "lab", 1, N_CHUNKS, NULL, &n_merged);
    assert_non_null(bytes);
    g_autoptr(GArray) positions = pup_boot_profile_parse(
        g_bytes_get_data(bytes, NULL), g_bytes_get_size(bytes), N_CHUNKS, &error);
    assert_non_null(positions);
    assert_int_equal(n_merged, n_seats);
    assert_int_equal(positions->len, n);
    for (guint i = 0; i < n; i++)
        assert_int_equal(g_array_index(positions, guint32, i), first + i);
}

static void
assert_none(Fixture *f, unsigned version)
{
    unsigned n_seats;
    assert_null(
        pup_boot_profiles_merged(f->profiles, "lab", version, N_CHUNKS, NULL, &n_seats));
}

static void
test_uploads_count_at_once(void **state)
{
    Fixture *f = *state;
    assert_none(f, 1);
    put(f, "lab", 1, 1, 10, 5);
    assert_merged(f, 10, 5, 1);
    assert_none(f, 2);
    /* The same seat again: in place of the first. */
    put(f, "lab", 1, 1, 20, 5);
    assert_merged(f, 20, 5, 1);
    put(f, "lab", 1, 2, 20, 5);
    put(f, "lab", 1, 3, 500, 9);
    assert_merged(f, 20, 5, 3);
    /* Another version of the room in between. */
    put(f, "lab", 2, 1, 30, 5);
    unsigned n_seats;
    g_autoptr(GBytes) other =
        pup_boot_profiles_merged(f->profiles, "lab", 2, N_CHUNKS, NULL, &n_seats);
    assert_non_null(other);
    assert_merged(f, 20, 5, 3);
}

/* The merged profile of lab@1, which inherited the @n positions from @first on, has so
 * many of so many seats. */
static void
assert_with_inherited(Fixture *f, guint32 first, guint n, guint n_wanted,
                      unsigned n_seats)
{
    g_autofree guint32 *positions = g_new(guint32, n);
    unsigned n_merged = 0;
    for (guint i = 0; i < n; i++)
        positions[i] = first + i;
    g_autoptr(GBytes) inherited = pup_boot_profile_format(positions, n);
    g_autoptr(GBytes) bytes =
        pup_boot_profiles_merged(f->profiles, "lab", 1, N_CHUNKS, inherited, &n_merged);
    assert_int_equal(bytes != NULL, n_wanted > 0);
    if (bytes)
        assert_int_equal(g_bytes_get_size(bytes),
                         PUP_BOOT_PROFILE_HEAD_BYTES + 4 * n_wanted);
    assert_int_equal(n_merged, n_seats);
}

/* What a version inherited counts as one seat more, once there is a seat. */
static void
test_inherited_is_a_vote(void **state)
{
    Fixture *f = *state;
    assert_with_inherited(f, 40, 3, 0, 0);
    put(f, "lab", 1, 1, 10, 5);
    assert_merged(f, 10, 5, 1);
    assert_with_inherited(f, 40, 3, 8, 1);
    assert_with_inherited(f, 12, 9, 11, 1);
    put(f, "lab", 1, 2, 10, 5);
    assert_with_inherited(f, 40, 3, 5, 2);
    /* An odd seat is outvoted by the other and what they inherited. */
    put(f, "lab", 1, 2, 500, 9);
    assert_with_inherited(f, 10, 5, 5, 2);
}

static void
test_merged_once(void **state)
{
    Fixture *f = *state;
    unsigned n_seats;
    put(f, "lab", 1, 1, 10, 5);
    g_autoptr(GBytes) first =
        pup_boot_profiles_merged(f->profiles, "lab", 1, N_CHUNKS, NULL, &n_seats);
    g_autoptr(GBytes) second =
        pup_boot_profiles_merged(f->profiles, "lab", 1, N_CHUNKS, NULL, &n_seats);
    assert_ptr_equal(first, second);
}

static void
test_newest_are_kept(void **state)
{
    Fixture *f = *state;
    /* Those that go first would win if they stayed. */
    for (unsigned seat = 0; seat < 20; seat++)
        put(f, "lab", 1, seat, 10, 5);
    for (unsigned seat = 20; seat < 20 + PUP_BOOT_PROFILE_UPLOADS; seat++)
        put(f, "lab", 1, seat, 700, 5);
    assert_merged(f, 700, 5, PUP_BOOT_PROFILE_UPLOADS);
    g_autofree char *folder = g_build_filename(f->dir, "lab", "1", NULL);
    g_autoptr(GDir) dir = g_dir_open(folder, 0, NULL);
    unsigned n_files = 0;
    while (g_dir_read_name(dir))
        n_files++;
    assert_int_equal(n_files, PUP_BOOT_PROFILE_UPLOADS);
}

/* What somebody damaged, left half-done or put there counts as nothing. */
static void
test_bad_files_are_passed_over(void **state)
{
    static const char *const files[] = {"52:54:00:00:00:09", ".52:54:00:00:00:08.a1b2c3",
                                        "52-54-00-00-00-07", "notes"};
    Fixture *f = *state;
    GError *error = NULL;
    put(f, "lab", 1, 1, 10, 5);
    for (size_t i = 0; i < G_N_ELEMENTS(files); i++) {
        g_autofree char *path = g_build_filename(f->dir, "lab", "1", files[i], NULL);
        pup_file_replace(path, "PUP-BOOM", 8, 0644, &error);
        unit_assert_no_error(error);
    }
    assert_merged(f, 10, 5, 1);
    /* A position behind the end of the disk that the version has. */
    put(f, "lab", 1, 2, N_CHUNKS, 1);
    assert_merged(f, 10, 5, 1);
    put(f, "lab", 3, 1, N_CHUNKS, 1);
    assert_none(f, 3);
}

static void
assert_kept(Fixture *f, const GArray *versions, gboolean dry_run, unsigned n_wanted)
{
    GError *error = NULL;
    unsigned n_files = 0;
    guint64 bytes = 0;
    pup_boot_profiles_keep(f->profiles, "lab", versions, dry_run, &n_files, &bytes,
                           &error);
    unit_assert_no_error(error);
    assert_int_equal(n_files, n_wanted);
    assert_true((bytes > 0) == (n_wanted > 0));
}

static void
test_forgotten(void **state)
{
    Fixture *f = *state;
    const unsigned one = 1;
    g_autoptr(GArray) versions = g_array_new(FALSE, FALSE, sizeof(unsigned));
    g_array_append_val(versions, one);
    put(f, "lab", 1, 1, 10, 5);
    put(f, "lab", 2, 1, 10, 5);
    put(f, "lab", 2, 2, 10, 5);
    put(f, "labor", 1, 1, 10, 5);
    assert_kept(f, versions, TRUE, 2);
    assert_kept(f, versions, FALSE, 2);
    assert_kept(f, versions, FALSE, 0);
    assert_none(f, 2);
    assert_merged(f, 10, 5, 1);
    assert_kept(f, NULL, FALSE, 1);
    assert_none(f, 1);
    g_auto(GStrv) rooms = pup_boot_profiles_rooms(f->profiles);
    assert_int_equal(g_strv_length(rooms), 1);
    assert_string_equal(rooms[0], "labor");
}

int
main(void)
{
#define PROFILES_TEST(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
    const struct CMUnitTest tests[] = {
        PROFILES_TEST(test_uploads_count_at_once),
        PROFILES_TEST(test_inherited_is_a_vote),
        PROFILES_TEST(test_merged_once),
        PROFILES_TEST(test_newest_are_kept),
        PROFILES_TEST(test_bad_files_are_passed_over),
        PROFILES_TEST(test_forgotten),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
