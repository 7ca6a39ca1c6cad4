/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "tests/unit/unit.h"

#include <errno.h>
#include <gio/gio.h>

static void
test_codes(void **state)
{
    static const struct {
        PupErrorCode code;
        const char *name;
        int exit_status;
        unsigned http_status;
    } rows[] = {
        {PUP_ERROR_INVALID, "INVALID", 2, 400},
        {PUP_ERROR_NOT_FOUND, "NOT_FOUND", 3, 404},
        {PUP_ERROR_EXISTS, "EXISTS", 4, 409},
        {PUP_ERROR_CORRUPT, "CORRUPT", 5, 500},
        {PUP_ERROR_BUSY, "BUSY", 6, 503},
        {PUP_ERROR_DENIED, "DENIED", 7, 403},
        {PUP_ERROR_NET, "NET", 8, 502},
        {PUP_ERROR_IO, "IO", 9, 500},
        {PUP_ERROR_NO_SPACE, "NO_SPACE", 10, 507},
        {PUP_ERROR_UNSUPPORTED, "UNSUPPORTED", 11, 501},
        {PUP_ERROR_TIMEOUT, "TIMEOUT", 12, 504},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(GError) error = g_error_new(PUP_ERROR, rows[i].code, "x");
        assert_string_equal(pup_error_name(rows[i].code), rows[i].name);
        assert_int_equal(pup_error_exit_status(error), rows[i].exit_status);
        assert_int_equal(pup_error_http_status(error), rows[i].http_status);
    }
}

static void
test_other_domain(void **state)
{
    g_autoptr(GError) error = g_error_new(G_IO_ERROR, G_IO_ERROR_NOT_FOUND, "x");
    assert_int_equal(pup_error_exit_status(error), 1);
    assert_int_equal(pup_error_http_status(error), 500);
}

static void
test_errno(void **state)
{
    static const struct {
        int errnum;
        PupErrorCode code;
    } rows[] = {
        {ENOSPC, PUP_ERROR_NO_SPACE},  {EDQUOT, PUP_ERROR_NO_SPACE},
        {ENOENT, PUP_ERROR_NOT_FOUND}, {EEXIST, PUP_ERROR_EXISTS},
        {EACCES, PUP_ERROR_DENIED},    {EPERM, PUP_ERROR_DENIED},
        {EIO, PUP_ERROR_IO},           {EBADF, PUP_ERROR_IO},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(GError) error = NULL;
        g_autofree char *message =
            g_strdup_printf("cannot open '%s': %s", "x y", g_strerror(rows[i].errnum));
        pup_error_set_errno(&error, rows[i].errnum, "cannot open '%s'", "x y");
        assert_string_equal(error->message, message);
        unit_assert_error(&error, rows[i].code, NULL);
    }
    pup_error_set_errno(NULL, EIO, "nobody listens");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_codes),
        cmocka_unit_test(test_other_domain),
        cmocka_unit_test(test_errno),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
