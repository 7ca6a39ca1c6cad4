/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Whatever happens, the screen speaks to people: all situations, with the worst reasons.
 */
#include "config.h"

#include "tests/unit/unit.h"

#include "client-image/seat/words.h"

#define HEX "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define URL "http://10.77.0.2:8080"

static const char *const reasons[] = {
    URL "/v1/chunks/" HEX ": no answer for 4000 ms",
    "chunk 7: " URL "/v1/chunks/" HEX ": status 404: no such chunk",
    URL "/v1/seats/52%3A54%3A00%3A00%3A00%3A01/register: not complete after 900 ms",
    "the name is " HEX ", not " HEX,
    "see https://[fd77::1]:80/x?y=%20z",
    "odd | bytes \xff and\ta tab\x7f",
    "waited 1000 ms",
    "",
};

/* No pattern of this is on the screen, nor in its second line. */
static const char *const machine_words[] = {
    "https?://",
    "[0-9a-fA-F]{16}",
    "\\b[0-9]+ ?ms\\b",
    "%[0-9A-F]{2}",
    "\\b1 seconds",
    "\\b1 minutes",
    "/v1/",
    "[{}]",
    "\\|",
    "[\\x{0}-\\x{1f}\\x{7f}]",
    "\\(null\\)",
};

/* Nor this, which helpdesk may read, on the first. */
static const char *const helpdesk_words[] = {
    "/[a-z]+/",
    "\\.(sock|qcow2|fd|pub|so)\\b",
    "[0-9]+\\.[0-9]+\\.[0-9]+",
    "\\b[A-Z]+-[A-Z]+\\b",
    "\\bguest\\b",
    "\\bchunk\\b",
    "\\boverlay\\b",
};

static void
check_line(const char *line, const char *const *patterns, size_t n)
{
    assert_true(g_utf8_validate(line, -1, NULL));
    for (size_t i = 0; i < n; i++)
        if (g_regex_match_simple(patterns[i], line, 0, 0))
            fail_msg("'%s' has /%s/", line, patterns[i]);
}

static void
check(PupSituation situation, const PupFacts *facts)
{
    g_autoptr(PupWords) words = pup_words_new(situation, facts);

    check_line(words->text, machine_words, G_N_ELEMENTS(machine_words));
    check_line(words->text, helpdesk_words, G_N_ELEMENTS(helpdesk_words));
    check_line(words->more, machine_words, G_N_ELEMENTS(machine_words));
    if (*words->text == '\0')
        fail_msg("situation %u has no words", situation);
    if (g_utf8_strlen(words->text, -1) > 150)
        fail_msg("'%s' is too long to be read", words->text);
    if (g_utf8_strlen(words->more, -1) > 190)
        fail_msg("'%s' is too long for a second line", words->more);
}

static void
test_all_situations(void **state)
{
    static const int times_s[] = {0, 1, 2, 59, 60, 61, 90, 91, 119, 120, 600, 3600};

    for (unsigned situation = 0; situation < PUP_N_SAY; situation++) {
        check(situation, NULL);
        for (size_t i = 0; i < G_N_ELEMENTS(reasons); i++)
            for (size_t t = 0; t < G_N_ELEMENTS(times_s); t++)
                check(situation, &(PupFacts){.room = "lab-101",
                                             .server = URL,
                                             .left_s = times_s[t],
                                             .granted_s = times_s[t],
                                             .space_mib = (guint64) times_s[t],
                                             .why = reasons[i]});
    }
}

/* What was cut out of the lines is in the server's list, as it was. */
static void
test_second_line(void **state)
{
    static const struct {
        const char *why, *more;
    } rows[] = {
        {URL "/v1/chunks/" HEX ": no answer for 4000 ms",
         "10.77.0.2:8080: no answer for 4 seconds"},
        {"chunk 7: " URL "/v1/chunks/" HEX ": status 404: no such chunk",
         "10.77.0.2:8080: chunk 7: status 404: no such chunk"},
        {"waited 1000 ms", "10.77.0.2:8080: waited 1 second"},
        {"see " URL "/x", "10.77.0.2:8080: see 10.77.0.2:8080"},
        {"the name is " HEX, "10.77.0.2:8080: the name is 01234567"},
        {"52%3A54", "10.77.0.2:8080: 52:54"},
        {NULL, "10.77.0.2:8080"},
    };

    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        const PupFacts facts = {.server = URL, .why = rows[i].why};
        g_autoptr(PupWords) words = pup_words_new(PUP_SAY_SERVER_WAIT, &facts);

        assert_string_equal(words->more, rows[i].more);
        assert_non_null(strstr(words->detail, rows[i].why ? rows[i].why : "server"));
    }
}

static void
test_line(void **state)
{
    const PupFacts facts = {.server = URL};
    g_autoptr(PupWords) both = pup_words_new(PUP_SAY_SERVER_AWAITED, &facts);
    g_autoptr(PupWords) one = pup_words_new(PUP_SAY_STARTING, NULL);
    g_autofree char *both_line = pup_words_line(both);
    g_autofree char *one_line = pup_words_line(one);
    g_autofree char *no_line = pup_words_line(NULL);
    g_autofree char *hushed_line = pup_words_line(pup_words_hush(both));

    assert_string_equal(both_line, "Waiting for the server | 10.77.0.2:8080");
    assert_string_equal(one_line, "Starting");
    assert_string_equal(no_line, "");
    assert_string_equal(hushed_line, "");
    assert_string_equal(both->detail, "Waiting for the server");
}

static void
test_times(void **state)
{
    static const struct {
        int s;
        const char *words;
    } rows[] = {
        {-1, "0 seconds"}, {0, "0 seconds"},   {1, "1 second"},
        {2, "2 seconds"},  {90, "90 seconds"}, {91, "1 minute"},
        {119, "1 minute"}, {120, "2 minutes"}, {600, "10 minutes"},
    };

    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autofree char *words = pup_time_words(rows[i].s);

        assert_string_equal(words, rows[i].words);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_all_situations),
        cmocka_unit_test(test_second_line),
        cmocka_unit_test(test_line),
        cmocka_unit_test(test_times),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
