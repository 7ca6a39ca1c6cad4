/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Every fail point of the store, at each time that it is passed: a child is killed there,
 * or the disk fails there. What is left must be a whole store with the old version or the
 * new one, on which the same work then succeeds.
 */
#include "config.h"
#include "server/store/fsck.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/error.h"
#include "lib/failpoint.h"
#include "tests/unit/store_fixture.h"

/* More passes of one point than any piece of work here makes. */
#define MAX_PASSES 60

static const unsigned old_disk[] = {1, 2, 0, 3};
static const unsigned new_disk[] = {1, 4, 0, 0, 5};
static const unsigned large[] = {1, 21, 22, 23, 24, 25, 26, 27};
static const unsigned dead[] = {31, 32};

/* A piece of work that can be cut short. */
typedef struct {
    const char *name;
    void (*prepare)(Fixture *f);
    gboolean (*work)(Fixture *f, PupStore *store, GError **error);
    /* Fails the test when the store is neither as before nor as after. */
    void (*check)(Fixture *f, PupStore *store);
} Work;

static void
assert_disk(Fixture *f, PupStore *store, unsigned version, const unsigned *seeds,
            size_t n)
{
    g_autoptr(GError) error = NULL;
    if (!fixture_matches(f, store, "a", version, seeds, n, &error))
        fail_msg("a@%u: %s", version, error->message);
}

static void
prepare_room(Fixture *f)
{
    fixture_publish(f, "a", 1, old_disk, 4);
}

static gboolean
work_publish(Fixture *f, PupStore *store, GError **error)
{
    return fixture_publish_to(f, store, PUP_KIND_ROOM, "a", 2, new_disk, 5, error);
}

static void
check_publish(Fixture *f, PupStore *store)
{
    unsigned current = pup_store_current(store, PUP_KIND_ROOM, "a", NULL);
    assert_in_range(current, 1, 2);
    assert_disk(f, store, 1, old_disk, 4);
    if (current == 2)
        assert_disk(f, store, 2, new_disk, 5);
}

static void
prepare_nothing(Fixture *f)
{
}

static gboolean
work_first_publish(Fixture *f, PupStore *store, GError **error)
{
    return fixture_publish_to(f, store, PUP_KIND_ROOM, "a", 1, new_disk, 5, error);
}

static void
check_first_publish(Fixture *f, PupStore *store)
{
    unsigned current = pup_store_current(store, PUP_KIND_ROOM, "a", NULL);
    assert_in_range(current, 0, 1);
    if (current == 1)
        assert_disk(f, store, 1, new_disk, 5);
}

/* For gc: a pack to rewrite, one to remove, and a file that a crash left. */
static void
prepare_garbage(Fixture *f)
{
    g_autofree char *leftover = fixture_path(f, "packs/.leftover");
    fixture_publish(f, "large", 1, large, 8);
    fixture_publish(f, "a", 1, old_disk, 4);
    fixture_publish(f, "dead", 1, dead, 2);
    assert_true(pup_store_remove(f->store, PUP_KIND_ROOM, "large", NULL));
    assert_true(pup_store_remove(f->store, PUP_KIND_ROOM, "dead", NULL));
    fixture_write(leftover, "x", 1);
}

static gboolean
work_gc(Fixture *f, PupStore *store, GError **error)
{
    PupGcReport report;
    return pup_gc(store, FALSE, NULL, NULL, &report, error);
}

static void
check_gc(Fixture *f, PupStore *store)
{
    assert_int_equal(pup_store_current(store, PUP_KIND_ROOM, "a", NULL), 1);
    assert_disk(f, store, 1, old_disk, 4);
}

static void
prepare_two_rooms(Fixture *f)
{
    prepare_room(f);
    fixture_publish(f, "b", 1, dead, 2);
    fixture_publish(f, "b", 2, large, 8);
}

static gboolean
work_remove(Fixture *f, PupStore *store, GError **error)
{
    return pup_store_remove(store, PUP_KIND_ROOM, "b", error);
}

/* Gone, or there with all its versions. */
static void
check_remove(Fixture *f, PupStore *store)
{
    g_autoptr(GArray) versions = pup_store_versions(store, PUP_KIND_ROOM, "b", NULL);
    unsigned current = pup_store_current(store, PUP_KIND_ROOM, "b", NULL);
    check_gc(f, store);
    assert_true(versions->len == 0 || versions->len == 2);
    if (current > 0)
        assert_int_equal(versions->len, 2);
}

static void
prepare_four_versions(Fixture *f)
{
    prepare_room(f);
    fixture_publish(f, "a", 2, new_disk, 5);
    fixture_publish(f, "a", 3, dead, 2);
    fixture_publish(f, "a", 4, large, 8);
    assert_true(pup_store_pin(f->store, PUP_KIND_ROOM, "a", 1, TRUE, NULL));
}

static gboolean
work_retire(Fixture *f, PupStore *store, GError **error)
{
    static const unsigned all[] = {1, 2, 3, 4};
    g_autoptr(GArray) versions = g_array_new(FALSE, FALSE, sizeof(unsigned));
    unsigned n_gone;
    g_array_append_vals(versions, all, 4);
    return pup_store_remove_versions(store, PUP_KIND_ROOM, "a", versions, &n_gone, error);
}

/* What is kept is whole; what goes is whole or gone. */
static void
check_retire(Fixture *f, PupStore *store)
{
    g_autoptr(GArray) versions = pup_store_versions(store, PUP_KIND_ROOM, "a", NULL);
    assert_int_equal(pup_store_current(store, PUP_KIND_ROOM, "a", NULL), 4);
    assert_disk(f, store, 1, old_disk, 4);
    assert_disk(f, store, 4, large, 8);
    for (guint i = 0; i < versions->len; i++) {
        unsigned version = g_array_index(versions, unsigned, i);
        if (version == 2)
            assert_disk(f, store, 2, new_disk, 5);
        if (version == 3)
            assert_disk(f, store, 3, dead, 2);
    }
}

#define SEAT "52:54:00:00:00:01"

static gboolean
work_try_out(Fixture *f, PupStore *store, GError **error)
{
    f->seat = SEAT;
    gboolean done = work_publish(f, store, error);
    f->seat = NULL;
    return done;
}

/* The room stays where it stands; what the seat is given is whole. */
static void
check_try_out(Fixture *f, PupStore *store)
{
    unsigned version = pup_store_version_for(store, "a", SEAT, NULL);
    assert_int_equal(pup_store_current(store, PUP_KIND_ROOM, "a", NULL), 1);
    assert_in_range(version, 1, 2);
    assert_disk(f, store, 1, old_disk, 4);
    if (version == 2)
        assert_disk(f, store, 2, new_disk, 5);
}

static void
prepare_canary(Fixture *f)
{
    prepare_room(f);
    assert_true(work_try_out(f, f->store, NULL));
}

static gboolean
work_promote(Fixture *f, PupStore *store, GError **error)
{
    return pup_store_set_current(store, PUP_KIND_ROOM, "a", 2, error);
}

/* The seat has it, whether the room has it or not; nothing is on trial once it has. */
static void
check_promote(Fixture *f, PupStore *store)
{
    unsigned current = pup_store_current(store, PUP_KIND_ROOM, "a", NULL);
    PupCanary canary;
    check_publish(f, store);
    assert_int_equal(pup_store_version_for(store, "a", SEAT, NULL), 2);
    assert_true(pup_store_canary(store, "a", &canary, NULL));
    assert_int_equal(canary.version, current == 2 ? 0 : 2);
}

static gboolean
work_end_trial(Fixture *f, PupStore *store, GError **error)
{
    return pup_store_set_canary(store, "a", &(PupCanary){0}, error);
}

static gboolean
work_remove_with_canary(Fixture *f, PupStore *store, GError **error)
{
    return pup_store_remove(store, PUP_KIND_ROOM, "a", error);
}

/* No canary without its room. */
static void
check_remove_with_canary(Fixture *f, PupStore *store)
{
    PupCanary canary;
    assert_true(pup_store_canary(store, "a", &canary, NULL));
    if (canary.version > 0) {
        check_try_out(f, store);
        assert_int_equal(canary.version, 2);
    }
}

static const Work works[] = {
    {"publish", prepare_room, work_publish, check_publish},
    {"first publish", prepare_nothing, work_first_publish, check_first_publish},
    {"gc", prepare_garbage, work_gc, check_gc},
    {"remove", prepare_two_rooms, work_remove, check_remove},
    {"retire", prepare_four_versions, work_retire, check_retire},
    {"publish to a canary", prepare_room, work_try_out, check_try_out},
    {"promote", prepare_canary, work_promote, check_promote},
    {"end a trial", prepare_canary, work_end_trial, check_try_out},
    {"remove with a canary", prepare_canary, work_remove_with_canary,
     check_remove_with_canary},
};

/* Do it in a child with @spec armed. TRUE when it was killed. */
static gboolean
killed(Fixture *f, const Work *work, const char *spec)
{
    int status;
    pid_t child = fork();
    assert_return_code(child, 0);
    if (child == 0) {
        g_autoptr(PupStore) store = pup_store_open(f->uri, NULL);
        pup_failpoint_arm(spec, NULL);
        _exit(work->work(f, store, NULL) ? 0 : 1);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    if (WIFSIGNALED(status)) {
        assert_int_equal(WTERMSIG(status), SIGKILL);
        return TRUE;
    }
    assert_int_equal(WEXITSTATUS(status), 0);
    return FALSE;
}

/* Whole now; the same work succeeds or was done; gc and repair leave nothing to say. */
static void
assert_recovers(Fixture *f, const Work *work)
{
    g_autoptr(GError) error = NULL;
    PupGcReport gc;
    g_autoptr(PupStore) fresh = pup_store_open(f->uri, NULL);
    work->check(f, f->store); /* a server that ran all the time */
    work->check(f, fresh);
    g_autoptr(PupFsckReport) report = fixture_fsck(f, FALSE);
    fixture_assert_clean(report);
    if (!work->work(f, fresh, &error) &&
        !g_error_matches(error, PUP_ERROR, PUP_ERROR_EXISTS) &&
        !g_error_matches(error, PUP_ERROR, PUP_ERROR_NOT_FOUND))
        fail_msg("%s again: %s", work->name, error->message);
    assert_true(pup_gc(f->store, FALSE, NULL, NULL, &gc, NULL));
    work->check(f, f->store);
    g_autoptr(PupFsckReport) after = fixture_fsck(f, TRUE);
    for (guint i = 0; i < after->findings->len; i++) {
        const PupFsckFinding *finding = g_ptr_array_index(after->findings, i);
        if (!g_str_has_prefix(finding->object, "name a"))
            fail_msg("%s: %s", finding->object, finding->problem);
    }
    work->check(f, f->store);
}

/* Kill at @point as often as it is passed; number of kills. */
static unsigned
kill_at(const Work *work, const char *point)
{
    for (unsigned pass = 1; pass < MAX_PASSES; pass++) {
        g_autofree char *spec = g_strdup_printf("%s:%u:kill", point, pass);
        Fixture *f = fixture_new();
        work->prepare(f);
        gboolean died = killed(f, work, spec);
        if (died)
            assert_recovers(f, work);
        fixture_free(f);
        if (!died)
            return pass - 1;
    }
    fail_msg("%s is passed without end", point);
    return 0;
}

static void
test_killed(void **state)
{
    unsigned n_points = 0, n_kills = 0;
    for (const char *const *point = pup_failpoint_names(); *point; point++) {
        unsigned n = 0;
        for (size_t i = 0; i < G_N_ELEMENTS(works); i++)
            n += kill_at(&works[i], *point);
        n_points += n > 0;
        n_kills += n;
    }
    print_message("killed at %u points, %u times\n", n_points, n_kills);
    assert_in_range(n_points, 30, 1000);
}

/* The disk is full, or fails, at @point's @pass. FALSE when it was not passed. */
static gboolean
fail_at(const Work *work, const char *spec)
{
    Fixture *f = fixture_new();
    g_autoptr(GError) error = NULL;
    work->prepare(f);
    assert_true(pup_failpoint_arm(spec, NULL));
    gboolean done = work->work(f, f->store, &error);
    assert_true(pup_failpoint_arm(NULL, NULL));
    if (!done) {
        gboolean full = g_str_has_suffix(spec, "enospc");
        assert_true(
            g_error_matches(error, PUP_ERROR, full ? PUP_ERROR_NO_SPACE : PUP_ERROR_IO));
        assert_recovers(f, work);
    }
    fixture_free(f);
    return !done;
}

static void
test_disk_fails(void **state)
{
    static const char *const actions[] = {"enospc", "eio"};
    for (const char *const *point = pup_failpoint_names(); *point; point++)
        for (size_t i = 0; i < G_N_ELEMENTS(works) * 2; i++)
            for (unsigned pass = 1; pass < MAX_PASSES; pass++) {
                g_autofree char *spec =
                    g_strdup_printf("%s:%u:%s", *point, pass, actions[i % 2]);
                if (!fail_at(&works[i / 2], spec))
                    break;
            }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_killed),
        cmocka_unit_test(test_disk_fails),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
