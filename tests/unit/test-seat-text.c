/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the seat reads and says in words: kernel line, notes, notices, failures, /proc. */
#include "config.h"

#include "tests/unit/unit.h"

#include "client-image/seat/failure.h"
#include "client-image/seat/hardware.h"
#include "client-image/seat/kernel_line.h"
#include "client-image/seat/notes.h"
#include "client-image/seat/notices.h"
#include "client-image/seat/zram.h"

static void
test_kernel_line(void **state)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(PupKernelLine) line = pup_kernel_line_parse(
        "BOOT_IMAGE=vmlinuz quiet pupitre.server=http://10.77.0.2:8080/ "
        "pupitre.mac=52-54-00-AA-BB-CC pupitre.image=2026-11-21.1 "
        "pupitre.root_sha256=00 pupitre.serverx=1 xpupitre.mac=zz console=ttyS0\n",
        &error);

    unit_assert_no_error(error);
    assert_string_equal(line->server, "http://10.77.0.2:8080");
    assert_string_equal(line->mac, "52:54:00:aa:bb:cc");
    assert_string_equal(line->image, "2026-11-21.1");
}

static void
test_kernel_line_without_us(void **state)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(PupKernelLine) line = pup_kernel_line_parse("", &error);

    unit_assert_no_error(error);
    assert_null(line->server);
    assert_null(line->mac);
    assert_null(line->image);
}

static void
test_bad_kernel_lines(void **state)
{
    static const struct {
        const char *line, *part;
    } cases[] = {
        {"pupitre.server", "pupitre.server"},
        {"pupitre.server=", "pupitre.server"},
        {"pupitre.server=http://", "pupitre.server"},
        {"pupitre.server=https://a", "pupitre.server"},
        {"pupitre.server=http://a/b", "pupitre.server"},
        {"pupitre.server=http://a$(reboot)", "pupitre.server"},
        {"pupitre.server=http://a?x", "pupitre.server"},
        {"pupitre.server=http://a;b", "pupitre.server"},
        {"pupitre.server=\"http://a\"", "pupitre.server"},
        {"pupitre.server=http://a pupitre.server=http://b", "twice"},
        {"pupitre.mac=1", "pupitre.mac"},
        {"pupitre.mac=01:00:5e:00:00:01", "pupitre.mac"},
        {"pupitre.mac=52:54:00:00:00:01 pupitre.mac=52:54:00:00:00:01", "twice"},
        {"pupitre.image=../x", "pupitre.image"},
        {"pupitre.image=", "pupitre.image"},
    };

    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(GError) error = NULL;

        if (pup_kernel_line_parse(cases[i].line, &error))
            fail_msg("'%s' was taken", cases[i].line);
        unit_assert_error(&error, PUP_ERROR_INVALID, cases[i].part);
    }
}

static void
test_notes(void **state)
{
    static const struct {
        const char *line;
        PupNote note;
        const char *text; /* NULL: refused */
    } cases[] = {
        {"stream first-chunk", PUP_NOTE_FIRST_CHUNK, ""},
        {"stream waiting no answer", PUP_NOTE_WAITING, "no answer"},
        {"stream waiting", PUP_NOTE_WAITING, ""},
        {"stream resumed", PUP_NOTE_RESUMED, ""},
        {"stream corrupt chunk 12", PUP_NOTE_CORRUPT, "chunk 12"},
        {"stream disk-cache too small", PUP_NOTE_DISK_CACHE, "too small"},
        {"screen picture", PUP_NOTE_PICTURE, ""},
        {"screen input", PUP_NOTE_INPUT, ""},
        {"screen pictures", 0, NULL},
        {"stream", 0, NULL},
        {" stream resumed", 0, NULL},
        {"", 0, NULL},
    };

    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        const char *text = NULL;
        PupNote note = PUP_NOTE_PICTURE;

        assert_int_equal(pup_note_parse(cases[i].line, &note, &text),
                         cases[i].text != NULL);
        if (cases[i].text) {
            assert_int_equal(note, cases[i].note);
            assert_string_equal(text, cases[i].text);
        }
    }
}

static void
test_most_pressing_notice(void **state)
{
    PupNotices notices = {0};

    assert_string_equal(pup_notices_text(&notices), "");
    pup_notices_set(&notices, PUP_NOTICE_FILLING, "80 %");
    assert_string_equal(pup_notices_text(&notices), "80 %");
    pup_notices_set(&notices, PUP_NOTICE_STREAM, "waiting");
    assert_string_equal(pup_notices_text(&notices), "waiting");
    pup_notices_set(&notices, PUP_NOTICE_FULL, "full");
    pup_notices_set(&notices, PUP_NOTICE_STREAM, NULL);
    assert_string_equal(pup_notices_text(&notices), "full");
    pup_notices_set(&notices, PUP_NOTICE_FULL, NULL);
    assert_string_equal(pup_notices_text(&notices), "80 %");
    pup_notices_clear(&notices);
    assert_string_equal(pup_notices_text(&notices), "");
}

static void
test_failures(void **state)
{
    static const struct {
        PupSeatOrder order;
        PupErrorCode error;
        const char *code, *part;
    } cases[] = {
        {PUP_ORDER_REGISTER, PUP_ERROR_NET, "SERVER-AWAY", "http://s does not answer"},
        {PUP_ORDER_LOAD, PUP_ERROR_BUSY, "SERVER-AWAY", "keeps trying"},
        {PUP_ORDER_REGISTER, PUP_ERROR_INVALID, "REGISTER", "makes no sense: why"},
        {PUP_ORDER_LOAD, PUP_ERROR_DENIED, "NOT-SIGNED", "right key"},
        {PUP_ORDER_LOAD, PUP_ERROR_NO_SPACE, "NO-MEMORY", "why"},
        {PUP_ORDER_LOAD, PUP_ERROR_UNSUPPORTED, "NOT-SUPPORTED", "why"},
        {PUP_ORDER_LOAD, PUP_ERROR_INVALID, "VERSION", "why"},
        {PUP_ORDER_DISK, PUP_ERROR_IO, "DISK", "why"},
        {PUP_ORDER_GUEST, PUP_ERROR_IO, "GUEST", "does not start: why"},
        {PUP_ORDER_NONE, PUP_ERROR_IO, "GUEST-CRASHED", "unexpectedly"},
    };

    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(GError) error =
            g_error_new(PUP_ERROR, (int) cases[i].error, "%s", "why");
        g_autofree char *words = pup_failure_words(cases[i].order, error, "http://s");

        assert_string_equal(pup_failure_code(cases[i].order, error), cases[i].code);
        if (!strstr(words, cases[i].part))
            fail_msg("'%s' lacks '%s'", words, cases[i].part);
    }
}

static void
test_unknown_words(void **state)
{
    g_autoptr(GError) error = g_error_new(PUP_ERROR, PUP_ERROR_NOT_FOUND,
                                          "http://s/x: status 404: no room has this PC");
    g_autofree char *words = pup_failure_unknown_words(error);
    g_autoptr(GError) bare = g_error_new(PUP_ERROR, PUP_ERROR_NOT_FOUND, "http://s/x");
    g_autofree char *bare_words = pup_failure_unknown_words(bare);

    assert_string_equal(words, "no room has this PC");
    assert_non_null(strstr(bare_words, "administrator"));
}

static void
test_meminfo(void **state)
{
    g_autoptr(GError) error = NULL;
    guint64 total = 0, available = 0;

    assert_true(pup_memory_parse("MemTotal:        2048000 kB\nMemFree:  1024 kB\n"
                                 "MemAvailable:    1024000 kB\n",
                                 &total, &available, &error));
    assert_int_equal(total, 2000);
    assert_int_equal(available, 1000);
    assert_false(pup_memory_parse("MemTotal: 2048000 kB\n", &total, &available, &error));
    unit_assert_error(&error, PUP_ERROR_INVALID, "MemAvailable");
    assert_false(pup_memory_parse("MemTotal: x kB\nMemAvailable: 1 kB", &total,
                                  &available, &error));
    unit_assert_error(&error, PUP_ERROR_INVALID, "meminfo");
    assert_false(pup_memory_parse("", &total, &available, &error));
    unit_assert_error(&error, PUP_ERROR_INVALID, "meminfo");
}

static void
test_mm_stat(void **state)
{
    guint64 used = 0;

    assert_true(pup_zram_parse_used("  4096  74  12288  0  12288 0 0 0 0\n", &used));
    assert_int_equal(used, 12288);
    assert_false(pup_zram_parse_used("4096 74", &used));
    assert_false(pup_zram_parse_used("4096 74 x", &used));
    assert_false(pup_zram_parse_used("", &used));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_kernel_line),
        cmocka_unit_test(test_kernel_line_without_us),
        cmocka_unit_test(test_bad_kernel_lines),
        cmocka_unit_test(test_notes),
        cmocka_unit_test(test_most_pressing_notice),
        cmocka_unit_test(test_failures),
        cmocka_unit_test(test_unknown_words),
        cmocka_unit_test(test_meminfo),
        cmocka_unit_test(test_mm_stat),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
