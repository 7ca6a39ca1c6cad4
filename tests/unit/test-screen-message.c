/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "client-image/common/notify.h"
#include "client-image/screen/message.h"
#include "client-image/screen/monitor_options.h"
#include "lib/error.h"

static void
test_good_lines(void **state)
{
    static const struct {
        const char *line;
        PupMessageKind kind;
        int progress;
        const char *word, *text;
    } rows[] = {
        {"stage Loading the disk", PUP_MESSAGE_STAGE, 0, NULL, "Loading the disk"},
        {"stage  two   blanks ", PUP_MESSAGE_STAGE, 0, NULL, "two blanks"},
        {"progress 0", PUP_MESSAGE_PROGRESS, 0, NULL, ""},
        {"progress 100", PUP_MESSAGE_PROGRESS, 100, NULL, ""},
        {"progress -1", PUP_MESSAGE_PROGRESS, -1, NULL, ""},
        {"info", PUP_MESSAGE_INFO, 0, NULL, ""},
        {"info Room 7", PUP_MESSAGE_INFO, 0, NULL, "Room 7"},
        {"notice ", PUP_MESSAGE_NOTICE, 0, NULL, ""},
        {"notice a | b", PUP_MESSAGE_NOTICE, 0, NULL, "a"},
        {"info a | b", PUP_MESSAGE_INFO, 0, NULL, "a | b"},
        {"error E a | b | c", PUP_MESSAGE_ERROR, 0, "E", "a"},
        {"catch F9", PUP_MESSAGE_CATCH, 0, NULL, "F9"},
        {"catch", PUP_MESSAGE_CATCH, 0, NULL, ""},
        {"error NET-7 No answer.", PUP_MESSAGE_ERROR, 0, "NET-7", "No answer."},
        {"error NET-7", PUP_MESSAGE_ERROR, 0, "NET-7", ""},
        {"mac 52:54:00:12:34:56 Tell her", PUP_MESSAGE_MAC, 0, "52:54:00:12:34:56",
         "Tell her"},
        {"mac 52:54:00:12:34:56", PUP_MESSAGE_MAC, 0, "52:54:00:12:34:56", ""},
        {"spice /run/pupitre/spice.sock", PUP_MESSAGE_SPICE, 0, "/run/pupitre/spice.sock",
         ""},
        {"spice /s storage,video", PUP_MESSAGE_SPICE, 0, "/s", "storage,video"},
        {"spice-off", PUP_MESSAGE_SPICE_OFF, 0, NULL, ""},
        {"spice-off\n", PUP_MESSAGE_SPICE_OFF, 0, NULL, ""},
        {"stage a\tb\x1b[2Jc\x7f", PUP_MESSAGE_STAGE, 0, NULL, "a b [2Jc"},
        {"stage caf\xc3\xa9", PUP_MESSAGE_STAGE, 0, NULL, "caf\xc3\xa9"},
        {"stage caf\xe9!", PUP_MESSAGE_STAGE, 0, NULL, "caf\xef\xbf\xbd!"},
    };

    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(GError) error = NULL;
        g_autoptr(PupMessage) message = pup_message_parse(rows[i].line, &error);
        if (message == NULL)
            fail_msg("'%s': %s", rows[i].line, error->message);
        assert_int_equal(message->kind, rows[i].kind);
        assert_int_equal(message->progress, rows[i].progress);
        assert_string_equal(message->text, rows[i].text);
        if (rows[i].word == NULL)
            assert_null(message->word);
        else
            assert_string_equal(message->word, rows[i].word);
    }
}

static void
test_bad_lines(void **state)
{
    static const char *const lines[] = {
        "",           " ",           "stag x",       "stages x",     "Stage x",
        "stage",      "stage  ",     "progress",     "progress 101", "progress -2",
        "progress x", "progress 5x", "progress 5 6", "error",        "mac",
        "spice",      "spice-off x", "\xff\xfe",     "\x01",
    };

    for (size_t i = 0; i < G_N_ELEMENTS(lines); i++) {
        g_autoptr(GError) error = NULL;
        if (pup_message_parse(lines[i], &error) != NULL)
            fail_msg("'%s' was taken", lines[i]);
        assert_true(g_error_matches(error, PUP_ERROR, PUP_ERROR_INVALID));
        assert_true(g_utf8_validate(error->message, -1, NULL));
    }
}

/* The longest line, cut anywhere, of any bytes: taken or refused, never more. */
static void
test_any_bytes(void **state)
{
    g_autoptr(GRand) rand = g_rand_new_with_seed(7);
    char line[PUP_NOTIFY_MAX + 1];

    for (int round = 0; round < 2000; round++) {
        size_t len = (size_t) g_rand_int_range(rand, 0, PUP_NOTIFY_MAX);
        for (size_t i = 0; i < len; i++)
            line[i] = (char) g_rand_int_range(rand, 1, 256);
        line[len] = '\0';
        if (round % 2)
            memcpy(line, "error ", MIN(len, 6));
        g_autoptr(PupMessage) message = pup_message_parse(line, NULL);
        if (message == NULL)
            continue;
        assert_true(g_utf8_validate(message->text, -1, NULL));
        for (const char *at = message->text; *at != '\0'; at = g_utf8_next_char(at))
            assert_false(g_unichar_iscntrl(g_utf8_get_char(at)));
    }
}

static void
test_display_options(void **state)
{
    static const struct {
        const char *text;
        gboolean good;
        PupMonitorKind kind;
        const char *path;
        int width, height;
    } rows[] = {
        {"auto", TRUE, PUP_MONITOR_AUTO},
        {"drm", TRUE, PUP_MONITOR_DRM},
        {"drm:/dev/dri/card1", TRUE, PUP_MONITOR_DRM, "/dev/dri/card1"},
        {"fbdev:/dev/fb0", TRUE, PUP_MONITOR_FBDEV, "/dev/fb0"},
        {"memory:1x16384", TRUE, PUP_MONITOR_MEMORY, NULL, 1, 16384},
        {"memory:0x600", FALSE},
        {"memory:800x16385", FALSE},
        {"memory:800x600x", FALSE},
        {"memory:800", FALSE},
        {"memory", FALSE},
        {"", FALSE},
        {"drm:", FALSE},
        {"auto:x", FALSE},
        {"x11", FALSE},
    };

    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_auto(PupMonitorOptions) options = {0};
        g_autoptr(GError) error = NULL;
        gboolean good = pup_monitor_options_parse(rows[i].text, &options, &error);
        if (good != rows[i].good)
            fail_msg("'%s': %d", rows[i].text, good);
        if (!good) {
            assert_true(g_error_matches(error, PUP_ERROR, PUP_ERROR_INVALID));
            continue;
        }
        assert_int_equal(options.kind, rows[i].kind);
        assert_int_equal(options.width, rows[i].width);
        assert_int_equal(options.height, rows[i].height);
        assert_int_equal(g_strcmp0(options.path, rows[i].path), 0);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_good_lines),
        cmocka_unit_test(test_bad_lines),
        cmocka_unit_test(test_any_bytes),
        cmocka_unit_test(test_display_options),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
