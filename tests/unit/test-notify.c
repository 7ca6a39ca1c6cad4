/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "tests/unit/unit.h"

#include <unistd.h>

#include "client-image/common/notify.h"

typedef struct {
    char *dir;
    char *path;
    int fd;
} Fixture;

static int
setup(void **state)
{
    Fixture *f = g_new0(Fixture, 1);

    f->dir = g_dir_make_tmp("pup-notify-XXXXXX", NULL);
    f->path = g_build_filename(f->dir, "seat.sock", NULL);
    f->fd = pup_notify_listen(f->path, NULL);
    *state = f;
    return f->fd < 0;
}

static int
teardown(void **state)
{
    Fixture *f = *state;

    close(f->fd);
    g_unlink(f->path);
    g_rmdir(f->dir);
    g_free(f->path);
    g_free(f->dir);
    g_free(f);
    return 0;
}

static void
expect(int fd, const char *text)
{
    char line[PUP_NOTIFY_MAX + 1];

    assert_true(pup_notify_receive(fd, line));
    assert_string_equal(line, text);
}

static void
test_lines_in_order(void **state)
{
    Fixture *f = *state;
    char line[PUP_NOTIFY_MAX + 1];

    pup_notify_send(f->path, "progress %d", 42);
    pup_notify_send(f->path, "info ");
    expect(f->fd, "progress 42");
    expect(f->fd, "info ");
    assert_false(pup_notify_receive(f->fd, line));
}

static void
test_line_breaks_become_blanks(void **state)
{
    Fixture *f = *state;

    pup_notify_send(f->path, "stage %s", "one\nerror X forged\t\x1b[0m");
    expect(f->fd, "stage one error X forged  [0m");
}

/* Cut where it is too long, but not in the middle of a character. */
static void
test_long_line_is_cut(void **state)
{
    Fixture *f = *state;
    g_autofree char *text = g_strnfill(PUP_NOTIFY_MAX - 1, 'x');
    g_autofree char *longer = g_strconcat(text, "\xc3\xa9\xc3\xa9", NULL);

    pup_notify_send(f->path, "%s", longer);
    expect(f->fd, text);
}

static void
test_nobody_listens(void **state)
{
    Fixture *f = *state;
    g_autofree char *deep = g_strnfill(300, 'd');

    pup_notify_send("/nonexistent/seat.sock", "stage x");
    pup_notify_send(deep, "stage x");
    /* A full queue loses lines and does not block. */
    for (unsigned i = 0; i < 5000; i++)
        pup_notify_send(f->path, "stage %u", i);
    expect(f->fd, "stage 0");
}

static void
test_listen_replaces_an_old_socket(void **state)
{
    Fixture *f = *state;
    int fd = pup_notify_listen(f->path, NULL);

    assert_true(fd >= 0);
    pup_notify_send(f->path, "stage new");
    expect(fd, "stage new");
    close(fd);
}

static void
test_listen_errors(void **state)
{
    g_autofree char *deep = g_strnfill(300, 'd');
    GError *error = NULL;

    assert_int_equal(pup_notify_listen(deep, &error), -1);
    unit_assert_error(&error, PUP_ERROR_INVALID, "too long");
    assert_int_equal(pup_notify_listen("/nonexistent/seat.sock", &error), -1);
    unit_assert_error(&error, PUP_ERROR_NOT_FOUND, "/nonexistent/seat.sock");
}

int
main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(test_lines_in_order),
        TEST(test_line_breaks_become_blanks),
        TEST(test_long_line_is_cut),
        TEST(test_nobody_listens),
        TEST(test_listen_replaces_an_old_socket),
        TEST(test_listen_errors),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
