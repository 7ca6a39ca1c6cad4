/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "tests/lab/faulty-fault.h"

#include <string.h>

static const struct {
    const char *word;
    FaultMode mode;
} modes[] = {
    {"none", FAULT_NONE},   {"flip", FAULT_FLIP},     {"truncate", FAULT_TRUNCATE},
    {"short", FAULT_SHORT}, {"status", FAULT_STATUS}, {"reset", FAULT_RESET},
    {"drip", FAULT_DRIP},   {"stop", FAULT_STOP},
};

static GMutex lock;
static Fault current;
static guint64 left; /* requests that it is for; 0: all */
static guint64 each = 1;
static guint64 n_matching;
static char *prefix;
static guint64 n_requests;
static guint64 n_faults;
static guint64 n_bytes;

static gboolean
parse_mode(const char *text, Fault *fault)
{
    g_auto(GStrv) parts = g_strsplit(text, ":", 2);

    fault->argument = 0;
    if (!parts[0] ||
        (parts[1] && !g_ascii_string_to_unsigned(parts[1], 10, 0, G_MAXUINT32,
                                                 &fault->argument, NULL)))
        return FALSE;
    for (size_t i = 0; i < G_N_ELEMENTS(modes); i++) {
        if (strcmp(parts[0], modes[i].word) == 0) {
            fault->mode = modes[i].mode;
            return TRUE;
        }
    }
    return FALSE;
}

/* "COUNT" or "COUNT/EACH". */
static gboolean
parse_count(const char *text, guint64 *count, guint64 *every)
{
    g_auto(GStrv) parts = g_strsplit(text, "/", 2);

    *every = 1;
    return g_ascii_string_to_unsigned(parts[0] ? parts[0] : "", 10, 0, G_MAXUINT32, count,
                                      NULL) &&
           (!parts[1] ||
            g_ascii_string_to_unsigned(parts[1], 10, 1, G_MAXUINT32, every, NULL));
}

gboolean
fault_set(const char *line)
{
    g_auto(GStrv) words = g_strsplit(line, " ", 3);
    guint n_words = g_strv_length(words);
    guint64 count = 0, every = 1;
    Fault fault;

    if (n_words == 0 || !parse_mode(words[0], &fault))
        return FALSE;
    if (n_words > 1 && !parse_count(words[1], &count, &every))
        return FALSE;
    g_mutex_lock(&lock);
    current = fault;
    left = count;
    each = every;
    n_matching = 0;
    g_free(prefix);
    prefix = g_strdup(n_words > 2 ? words[2] : "/");
    g_mutex_unlock(&lock);
    return TRUE;
}

Fault
fault_next(const char *path)
{
    Fault fault = {FAULT_NONE, 0};

    g_mutex_lock(&lock);
    n_requests++;
    if (current.mode != FAULT_NONE && g_str_has_prefix(path, prefix) &&
        n_matching++ % each == 0) {
        fault = current;
        n_faults++;
        if (left > 0 && --left == 0)
            current.mode = FAULT_NONE;
    }
    g_mutex_unlock(&lock);
    return fault;
}

void
fault_count_bytes(guint64 bytes)
{
    g_mutex_lock(&lock);
    n_bytes += bytes;
    g_mutex_unlock(&lock);
}

char *
fault_counts(void)
{
    char *text;

    g_mutex_lock(&lock);
    text = g_strdup_printf("bytes %" G_GUINT64_FORMAT " requests %" G_GUINT64_FORMAT
                           " faults %" G_GUINT64_FORMAT "\n",
                           n_bytes, n_requests, n_faults);
    g_mutex_unlock(&lock);
    return text;
}
