/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "server/log.h"

#include "lib/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>
#include <systemd/sd-journal.h>

#define MAX_PAIRS 16

static int level = LOG_INFO;

void
pup_log_set_level(int priority)
{
    level = priority;
}

const char *
pup_log_number(char buf[24], gint64 number)
{
    g_snprintf(buf, 24, "%" G_GINT64_FORMAT, number);
    return buf;
}

static const char *
level_name(int priority)
{
    if (priority <= LOG_ERR)
        return "error";
    if (priority == LOG_WARNING)
        return "warning";
    return priority <= LOG_INFO ? "info" : "debug";
}

/* What a program can read back; letters of any language as they are. */
static char *
escape(const char *value)
{
    char beyond_ascii[129];
    if (!g_utf8_validate(value, -1, NULL))
        return g_strescape(value, NULL);
    for (unsigned i = 0; i < 128; i++)
        beyond_ascii[i] = (char) (128 + i);
    beyond_ascii[128] = '\0';
    g_autofree char *quoted = g_strescape(value, beyond_ascii);
    return pup_text_escape(quoted);
}

static void
append_value(GString *line, const char *value)
{
    if (*value && !strpbrk(value, " \t\r\n\"\\=") && g_str_is_ascii(value)) {
        gboolean plain = TRUE;
        for (const char *c = value; *c; c++)
            plain = plain && g_ascii_isgraph(*c);
        if (plain) {
            g_string_append(line, value);
            return;
        }
    }
    g_autofree char *escaped = escape(value);
    g_string_append_printf(line, "\"%s\"", escaped);
}

char *
pup_log_format(int priority, const char *event, const char *const *pairs)
{
    GString *line = g_string_new(level_name(priority));
    g_string_append_printf(line, " %s", event);
    for (; pairs[0]; pairs += 2) {
        g_string_append_printf(line, " %s=", pairs[0]);
        append_value(line, pairs[1]);
    }
    return g_string_free(line, FALSE);
}

/* Is standard error the stream that systemd connected to the journal? It says so by
 * device and inode. */
static gboolean
stderr_is_journal(void)
{
    const char *stream = getenv("JOURNAL_STREAM");
    struct stat st;
    if (!stream || fstat(STDERR_FILENO, &st) < 0)
        return FALSE;
    g_autofree char *ours =
        g_strdup_printf("%ju:%ju", (uintmax_t) st.st_dev, (uintmax_t) st.st_ino);
    return g_str_equal(stream, ours);
}

static struct iovec
field(GPtrArray *texts, const char *key, const char *value)
{
    g_autofree char *upper = g_ascii_strup(key, -1);
    char *text = g_strdup_printf("%s=%s", upper, value);
    g_strdelimit(upper, "-", '_');
    memcpy(text, upper, strlen(upper));
    g_ptr_array_add(texts, text);
    return (struct iovec){text, strlen(text)};
}

static void
to_journal(int priority, const char *event, const char *const *pairs)
{
    g_autoptr(GPtrArray) texts = g_ptr_array_new_with_free_func(g_free);
    g_autofree char *line = pup_log_format(priority, event, pairs);
    struct iovec iov[MAX_PAIRS + 4];
    int n = 0;
    iov[n++] = field(texts, "MESSAGE", strchr(line, ' ') + 1);
    iov[n++] = field(texts, "PRIORITY", PUP_LOG_NUM(priority));
    iov[n++] = field(texts, "SYSLOG_IDENTIFIER", "pupitred");
    iov[n++] = field(texts, "EVENT", event);
    for (; pairs[0]; pairs += 2) {
        g_autofree char *key = g_strconcat("pupitre_", pairs[0], NULL);
        iov[n++] = field(texts, key, pairs[1]);
    }
    sd_journal_sendv(iov, n);
}

static void
to_stderr(int priority, const char *event, const char *const *pairs)
{
    g_autoptr(GDateTime) now = g_date_time_new_now_utc();
    g_autofree char *seconds = g_date_time_format(now, "%Y-%m-%dT%H:%M:%S");
    g_autofree char *line = pup_log_format(priority, event, pairs);
    fprintf(stderr, "%s.%03dZ %s\n", seconds, g_date_time_get_microsecond(now) / 1000,
            line);
}

void
pup_log(int priority, const char *event, ...)
{
    if (priority > level)
        return;
    const char *pairs[2 * MAX_PAIRS + 1];
    unsigned n = 0;
    va_list ap;
    va_start(ap, event);
    for (const char *key; (key = va_arg(ap, const char *)) && n < 2 * MAX_PAIRS;) {
        const char *value = va_arg(ap, const char *);
        if (!value)
            continue;
        pairs[n++] = key;
        pairs[n++] = value;
    }
    va_end(ap);
    pairs[n] = NULL;
    if (stderr_is_journal())
        to_journal(priority, event, pairs);
    else
        to_stderr(priority, event, pairs);
}
