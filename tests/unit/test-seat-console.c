/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "tests/unit/unit.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <signal.h>
#include <sys/un.h>
#include <unistd.h>

#include "client-image/seat/console.h"
#include "client-image/seat/console_text.h"

#define DEADLINE_S 120

/* ---- console_text */

static void
join_line(gpointer user, const char *line)
{
    g_string_append_printf(user, "%s|", line);
}

/* What @data, taken @step bytes at a time and flushed, gives: lines ended by '|'. */
static char *
take(const char *data, gsize len, gsize step)
{
    GString *joined = g_string_new(NULL);
    PupConsoleText text = {0};

    for (gsize at = 0; at < len; at += step)
        pup_console_text_take(&text, data + at, MIN(step, len - at), join_line, joined);
    pup_console_text_flush(&text, join_line, joined);
    return g_string_free(joined, FALSE);
}

static void
test_lines(void **state)
{
    static const struct {
        const char *data, *lines;
    } cases[] = {
        {"", ""},
        {"hello\n", "hello|"},
        {"hello", "hello|"},
        {"a\r\nb\rc\n\n\r\nd", "a|b|c|d|"},
        {"a\tb", "a b|"},
        {"bell\a back\b nul", "bell back nul|"},
        {"\033[31mred\033[0m", "red|"},
        {"\033[2J\033[1;1Hclear\n", "clear|"},
        {"\033Mup\033", "up|"},
        {"\033[31\nnext", "next|"},
        {"caf\xc3\xa9", "caf\xc3\xa9|"},
        {"bad\xff\xfe", "bad\xef\xbf\xbd\xef\xbf\xbd|"},
        {"c1\xc2\x9b"
         "31m",
         "c1??31m|"},
        {"\x7f", ""},
    };

    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        for (gsize step = 1; step < 8; step += 3) {
            g_autofree char *lines = take(cases[i].data, strlen(cases[i].data), step);

            assert_string_equal(lines, cases[i].lines);
        }
    }
}

static void
test_endless_sequence_ends(void **state)
{
    g_autofree char *digits = g_strnfill(200, '1');
    g_autofree char *data = g_strconcat("\033[", digits, "end", NULL);
    g_autofree char *lines = take(data, strlen(data), 7);

    assert_true(g_str_has_suffix(lines, "1end|"));
}

/* A line without an end is cut, between characters, and nothing of it is lost. */
static void
test_long_lines(void **state)
{
    for (unsigned shift = 0; shift < 3; shift++) {
        g_autoptr(GString) data = g_string_new(NULL);
        g_autofree char *lines = NULL;
        unsigned n_euros = 0;

        for (unsigned i = 0; i < shift; i++)
            g_string_append_c(data, 'x');
        for (int i = 0; i < 1000; i++)
            g_string_append(data, "\xe2\x82\xac");
        lines = take(data->str, data->len, 1000);
        assert_true(g_utf8_validate(lines, -1, NULL));
        assert_null(strstr(lines, "\xef\xbf\xbd"));
        for (const char *at = lines; (at = strstr(at, "\xe2\x82\xac")); at += 3)
            n_euros++;
        assert_int_equal(n_euros, 1000);
        g_auto(GStrv) cut = g_strsplit(lines, "|", -1);
        for (char **line = cut; *line; line++)
            assert_true(strlen(*line) <= PUP_CONSOLE_LINE_MAX);
    }
}

static void
check_line(gpointer user, const char *line)
{
    assert_true(g_utf8_validate(line, -1, NULL));
    for (; *line; line++)
        assert_false(g_ascii_iscntrl(*line));
}

static void
test_noise(void **state)
{
    g_autoptr(GRand) rand = g_rand_new_with_seed(1);
    PupConsoleText text = {0};

    for (int i = 0; i < 2000; i++) {
        char noise[97];

        for (size_t j = 0; j < sizeof noise; j++)
            noise[j] = (char) g_rand_int_range(rand, 0, 256);
        pup_console_text_take(&text, noise, sizeof noise, check_line, NULL);
    }
}

/* ---- console */

typedef struct {
    char *dir, *path;
    int out[2]; /* pipe */
    PupConsole *console;
    unsigned n_signs;
} Fixture;

static gboolean
on_sign(gpointer user)
{
    ((Fixture *) user)->n_signs++;
    return G_SOURCE_REMOVE;
}

static int
setup(void **state)
{
    Fixture *f = g_new0(Fixture, 1);
    g_autoptr(GError) error = NULL;

    f->dir = unit_make_dir();
    f->path = g_build_filename(f->dir, "serial.sock", NULL);
    assert_int_equal(pipe2(f->out, O_CLOEXEC), 0);
    assert_int_equal(fcntl(f->out[0], F_SETFL, O_NONBLOCK), 0);
    f->console = pup_console_new(f->path, f->out[1], on_sign, f, &error);
    unit_assert_no_error(error);
    *state = f;
    return 0;
}

static int
teardown(void **state)
{
    Fixture *f = *state;

    pup_console_free(f->console);
    close(f->out[0]);
    close(f->out[1]);
    g_free(f->path);
    unit_remove_dir(f->dir);
    g_free(f);
    return 0;
}

/* A guest that connects as QEMU does; it never waits. */
static int
connect_guest(const Fixture *f)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    g_strlcpy(address.sun_path, f->path, sizeof address.sun_path);
    assert_int_equal(connect(fd, (struct sockaddr *) &address, sizeof address), 0);
    assert_int_equal(fcntl(fd, F_SETFL, O_NONBLOCK), 0);
    return fd;
}

static void
say(int fd, const char *text)
{
    assert_int_equal(write(fd, text, strlen(text)), strlen(text));
}

/* Append what comes out to @text until @end is in it. */
static void
read_until(const Fixture *f, GString *text, const char *end)
{
    gint64 deadline_us = g_get_monotonic_time() + DEADLINE_S * G_USEC_PER_SEC;

    while (!strstr(text->str, end)) {
        char bytes[4096];
        ssize_t len;

        if (g_get_monotonic_time() > deadline_us)
            fail_msg("no '%s' in '%s'", end, text->str);
        g_main_context_iteration(NULL, FALSE);
        len = read(f->out[0], bytes, sizeof bytes);
        if (len > 0)
            g_string_append_len(text, bytes, len);
        else
            g_usleep(1000);
    }
}

static void
test_forwards_lines(void **state)
{
    Fixture *f = *state;
    g_autoptr(GString) text = g_string_new(NULL);
    int guest = connect_guest(f);

    say(guest, "one\r\ntwo\033[0m\nno end");
    read_until(f, text, "guest: one\nguest: two\nguest: no end\n");
    assert_int_equal(f->n_signs, 1);
    say(guest, "x\n");
    read_until(f, text, "guest: x\n");
    assert_int_equal(f->n_signs, 1);
    close(guest);
}

static void
test_each_guest_gives_a_sign(void **state)
{
    Fixture *f = *state;
    g_autoptr(GString) text = g_string_new(NULL);
    int first = connect_guest(f);

    say(first, "first\nleft over");
    read_until(f, text, "first\n");
    close(first);
    int second = connect_guest(f);
    say(second, "second\n");
    read_until(f, text, "guest: left over\nguest: second\n");
    assert_int_equal(f->n_signs, 2);
    close(second);
}

/* Nobody reads the output: the guest is never held up, and the loss is said. */
static void
test_chatty_guest_does_not_wait(void **state)
{
    Fixture *f = *state;
    g_autoptr(GString) text = g_string_new(NULL);
    g_autofree char *line = g_strnfill(100, 'x');
    gint64 deadline_us = g_get_monotonic_time() + DEADLINE_S * G_USEC_PER_SEC;
    int guest = connect_guest(f);
    int n_written = 0;

    line[99] = '\n';
    while (n_written < 20000) {
        if (write(guest, line, 100) == 100)
            n_written++;
        else
            g_main_context_iteration(NULL, FALSE);
        assert_true(g_get_monotonic_time() < deadline_us);
    }
    read_until(f, text, "lines lost)\n");
    say(guest, "still here\n");
    read_until(f, text, "guest: still here\n");
    close(guest);
}

/* The reader of the output is gone: the guest is not held up either. */
static void
test_output_breaks(void **state)
{
    Fixture *f = *state;
    gint64 deadline_us = g_get_monotonic_time() + DEADLINE_S * G_USEC_PER_SEC;
    int guest = connect_guest(f);
    int n_written = 0;

    close(f->out[0]);
    f->out[0] = open("/dev/null", O_RDONLY | O_CLOEXEC);
    while (n_written < 20000) {
        if (write(guest, "line of text\n", 13) == 13)
            n_written++;
        else
            g_main_context_iteration(NULL, FALSE);
        assert_true(g_get_monotonic_time() < deadline_us);
    }
    close(guest);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_lines),
        cmocka_unit_test(test_endless_sequence_ends),
        cmocka_unit_test(test_long_lines),
        cmocka_unit_test(test_noise),
        cmocka_unit_test_setup_teardown(test_forwards_lines, setup, teardown),
        cmocka_unit_test_setup_teardown(test_each_guest_gives_a_sign, setup, teardown),
        cmocka_unit_test_setup_teardown(test_chatty_guest_does_not_wait, setup, teardown),
        cmocka_unit_test_setup_teardown(test_output_breaks, setup, teardown),
    };

    signal(SIGPIPE, SIG_IGN);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
