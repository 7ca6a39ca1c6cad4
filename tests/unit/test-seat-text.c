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
        {"screen key F9", PUP_NOTE_KEY, "F9"},
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
expect_notice(const PupNotices *notices, const char *shown, const char *detail)
{
    const PupWords *words = pup_notices_shown(notices);

    assert_int_equal(words != NULL, shown != NULL);
    if (words && !strstr(words->text, shown))
        fail_msg("'%s' is shown, not '%s'", words->text, shown);
    if (!strstr(pup_notices_detail(notices), detail))
        fail_msg("'%s' is told, not '%s'", pup_notices_detail(notices), detail);
}

static void
test_most_pressing_notice(void **state)
{
    PupNotices notices = {0};

    expect_notice(&notices, NULL, "");
    pup_notices_set(&notices, PUP_NOTICE_FILLING, pup_words_new(PUP_SAY_FILLING, NULL));
    expect_notice(&notices, "left for what changes", "left for what changes");
    pup_notices_set(&notices, PUP_NOTICE_STREAM,
                    pup_words_new(PUP_SAY_SERVER_WAIT, &(PupFacts){.why = "10 ms"}));
    expect_notice(&notices, "server does not answer", "10 ms");
    pup_notices_set(&notices, PUP_NOTICE_FULL, pup_words_new(PUP_SAY_FULL, NULL));
    pup_notices_set(&notices, PUP_NOTICE_STREAM, NULL);
    expect_notice(&notices, "has stopped", "has stopped");
    pup_notices_set(&notices, PUP_NOTICE_FULL,
                    pup_words_hush(pup_words_new(PUP_SAY_FULL, NULL)));
    expect_notice(&notices, "left for what changes", "has stopped");
    pup_notices_clear(&notices);
    expect_notice(&notices, NULL, "");
}

static void
test_failures(void **state)
{
    static const struct {
        PupSeatOrder order;
        PupErrorCode error;
        const char *code;
        PupSituation situation;
    } cases[] = {
        {PUP_ORDER_REGISTER, PUP_ERROR_NET, "SERVER-AWAY", PUP_SAY_SERVER_AWAY},
        {PUP_ORDER_LOAD, PUP_ERROR_BUSY, "SERVER-AWAY", PUP_SAY_SERVER_AWAY},
        {PUP_ORDER_REGISTER, PUP_ERROR_INVALID, "REGISTER", PUP_SAY_BAD_ANSWER},
        {PUP_ORDER_LOAD, PUP_ERROR_DENIED, "NOT-SIGNED", PUP_SAY_NOT_GENUINE},
        {PUP_ORDER_LOAD, PUP_ERROR_NO_SPACE, "NO-MEMORY", PUP_SAY_NO_MEMORY},
        {PUP_ORDER_DISK, PUP_ERROR_NO_SPACE, "NO-SPACE", PUP_SAY_NO_SPACE},
        {PUP_ORDER_LOAD, PUP_ERROR_UNSUPPORTED, "NOT-SUPPORTED", PUP_SAY_NOT_ABLE},
        {PUP_ORDER_LOAD, PUP_ERROR_INVALID, "VERSION", PUP_SAY_BAD_VERSION},
        {PUP_ORDER_DISK, PUP_ERROR_IO, "DISK", PUP_SAY_NO_DISK},
        {PUP_ORDER_GUEST, PUP_ERROR_IO, "GUEST", PUP_SAY_NO_GUEST},
        {PUP_ORDER_NONE, PUP_ERROR_IO, "GUEST-CRASHED", PUP_SAY_CRASHED},
    };

    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(GError) error =
            g_error_new(PUP_ERROR, (int) cases[i].error, "%s", "why");
        const PupFailure *failure = pup_failure_find(cases[i].order, error);

        assert_string_equal(failure->code, cases[i].code);
        assert_int_equal(failure->situation, cases[i].situation);
    }
}

static void
test_unknown_why(void **state)
{
    g_autoptr(GError) error = g_error_new(PUP_ERROR, PUP_ERROR_NOT_FOUND,
                                          "http://s/x: status 404: no room has this PC");
    g_autoptr(GError) bare = g_error_new(PUP_ERROR, PUP_ERROR_NOT_FOUND, "http://s/x");

    assert_string_equal(pup_failure_unknown_why(error), "no room has this PC");
    assert_null(pup_failure_unknown_why(bare));
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

/* Full is a zram device when its memory is, or when its size is, as with what compresses
 * well. */
static void
test_mm_stat(void **state)
{
    const PupZram zram = {.limit_mib = 100, .disk_mib = 200};
    PupSpace space = {0};

    assert_true(
        pup_zram_parse_space(&zram, "  4096  74  12288  0  12288 0 0 0 0\n", &space));
    assert_int_equal(space.used_bytes, 12288);
    assert_int_equal(space.size_bytes, 100 << 20);
    assert_true(
        pup_zram_parse_space(&zram, "188743680 100 20971520 0 0 0 0 0 0\n", &space));
    assert_int_equal(pup_space_percent(&space), 90);
    assert_int_equal(pup_space_left_bytes(&space), 20 << 20);
    assert_false(pup_zram_parse_space(&zram, "4096 74", &space));
    assert_false(pup_zram_parse_space(&zram, "4096 74 x", &space));
    assert_false(pup_zram_parse_space(&zram, "", &space));
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
        cmocka_unit_test(test_unknown_why),
        cmocka_unit_test(test_meminfo),
        cmocka_unit_test(test_mm_stat),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
