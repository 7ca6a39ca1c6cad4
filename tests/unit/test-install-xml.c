/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The templates of an installation, filled in for each system, against kept files. */
#include "config.h"

#include "tests/unit/unit.h"

#include "server/image/install_xml.h"

static char *
top_path(const char *path)
{
    return g_build_filename(g_getenv("PUP_TOP_SRCDIR"), path, NULL);
}

/* To keep a new text: PUP_KEEP=1 make check, and look at the difference. */
static void
check_golden(const char *text, const char *name)
{
    g_autofree char *sub = g_strdup_printf("tests/golden/install/%s.xml", name);
    g_autofree char *path = top_path(sub);
    g_autofree char *kept = NULL;

    assert_non_null(text);
    if (g_getenv("PUP_KEEP"))
        assert_true(g_file_set_contents(path, text, -1, NULL));
    assert_true(g_file_get_contents(path, &kept, NULL, NULL));
    assert_string_equal(text, kept);
}

static char *
render_answers(const PupInstallAnswers *answers, GError **error)
{
    g_autofree char *template = top_path("templates/autounattend.xml");

    return pup_install_answers_xml(template, answers, error);
}

static void
test_answers(void **state)
{
    const PupInstallAnswers win10 = {
        .os = PUP_OS_WIN10, .firmware = PUP_FIRMWARE_BIOS, .password = "secret"};
    const PupInstallAnswers win11 = {.os = PUP_OS_WIN11,
                                     .firmware = PUP_FIRMWARE_UEFI_SECURE,
                                     .drivers = TRUE,
                                     .language = "fr-FR",
                                     .product_key = "AAAAA-BBBBB-CCCCC-DDDDD-EEEEE",
                                     .user = "prof",
                                     .password = "a<b>&\"c'"};
    const PupInstallAnswers server = {.os = PUP_OS_WINSERVER,
                                      .firmware = PUP_FIRMWARE_UEFI,
                                      .drivers = TRUE,
                                      .password = "secret"};
    g_autofree char *text10 = render_answers(&win10, NULL);
    g_autofree char *text11 = render_answers(&win11, NULL);
    g_autofree char *text_server = render_answers(&server, NULL);

    check_golden(text10, "answers-win10-bios");
    check_golden(text11, "answers-win11");
    check_golden(text_server, "answers-winserver");
}

static void
test_refused(void **state)
{
    const PupInstallAnswers bad = {.os = PUP_OS_WIN10, .password = "a\nb"};
    g_autoptr(GError) error = NULL;
    PupInstallOs os = PUP_OS_LINUX;

    assert_null(render_answers(&bad, &error));
    unit_assert_error(&error, PUP_ERROR_INVALID, "password");
    assert_false(pup_install_os_parse("win7", &os));
    assert_int_equal(os, PUP_OS_LINUX);
    assert_true(pup_install_os_parse("winserver", &os));
    assert_int_equal(os, PUP_OS_WINSERVER);
    assert_int_equal(pup_install_os_firmware(PUP_OS_WIN11), PUP_FIRMWARE_UEFI_SECURE);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_answers),
        cmocka_unit_test(test_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
