/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "tests/unit/prometheus.h"

#include <math.h>
#include <string.h>

#define NAME "[a-zA-Z_:][a-zA-Z0-9_:]*"
#define LABEL "[a-zA-Z_][a-zA-Z0-9_]*=\"(?:[^\"\\\\\n]|\\\\\\\\|\\\\\"|\\\\n)*\""

typedef struct {
    char *family; /* whose samples come now; NULL: between families */
    gboolean typed, counts;
    GHashTable *families, *samples;
} Reader;

/* The first group of @pattern in @line, and the second if there is one; NULL: no match.
 */
static char *
match(const char *pattern, const char *line, char **second)
{
    g_autoptr(GRegex) regex = g_regex_new(pattern, 0, 0, NULL);
    g_autoptr(GMatchInfo) info = NULL;
    if (!g_regex_match(regex, line, 0, &info))
        return NULL;
    if (second)
        *second = g_match_info_fetch(info, 2);
    return g_match_info_fetch(info, 1);
}

static const char *
read_help(Reader *reader, const char *line)
{
    g_autofree char *name = match("^# HELP (" NAME ") [^\\\\]+$", line, NULL);
    if (!name)
        return "malformed HELP";
    if (!g_hash_table_add(reader->families, g_strdup(name)))
        return "a family twice";
    g_free(reader->family);
    reader->family = g_steal_pointer(&name);
    reader->typed = FALSE;
    return NULL;
}

static const char *
read_type(Reader *reader, const char *line)
{
    g_autofree char *type = NULL;
    g_autofree char *name = match("^# TYPE (" NAME ") (counter|gauge)$", line, &type);
    if (!name)
        return "malformed TYPE";
    if (reader->typed || g_strcmp0(name, reader->family) != 0)
        return "TYPE does not follow its HELP";
    reader->typed = TRUE;
    reader->counts = g_str_equal(type, "counter");
    if (reader->counts != g_str_has_suffix(name, "_total"))
        return "a counter, and nothing else, ends in _total";
    return NULL;
}

static const char *
read_sample(Reader *reader, const char *line)
{
    g_autofree char *value = NULL;
    g_autofree char *sample = match("^(" NAME "(?:\\{" LABEL "(?:," LABEL ")*\\})?) "
                                    "(-?[0-9]+(?:\\.[0-9]+)?(?:e[+-]?[0-9]+)?)$",
                                    line, &value);
    if (!sample)
        return "malformed sample";
    g_autofree char *name = g_strndup(sample, strcspn(sample, "{"));
    if (!reader->typed || g_strcmp0(name, reader->family) != 0)
        return "a sample outside its family";
    if (reader->counts && value[0] == '-')
        return "a counter below zero";
    if (!g_hash_table_add(reader->samples, g_steal_pointer(&sample)))
        return "a sample twice";
    return NULL;
}

static const char *
read_line(Reader *reader, const char *line)
{
    if (g_str_has_prefix(line, "# HELP "))
        return read_help(reader, line);
    if (g_str_has_prefix(line, "# TYPE "))
        return read_type(reader, line);
    return read_sample(reader, line);
}

char *
prometheus_check(const char *text)
{
    Reader reader = {
        .families = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL),
        .samples = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL)};
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
    unsigned n_lines = g_strv_length(lines);
    const char *wrong = g_str_has_suffix(text, "\n") ? NULL : "no newline at the end";
    const char *line = "";
    for (unsigned i = 0; !wrong && i + 1 < n_lines; i++)
        wrong = read_line(&reader, line = lines[i]);
    g_free(reader.family);
    g_hash_table_unref(reader.families);
    g_hash_table_unref(reader.samples);
    return wrong ? g_strdup_printf("%s: %s", wrong, line) : NULL;
}

double
prometheus_value(const char *text, const char *sample)
{
    g_autofree char *begin = g_strconcat("\n", sample, " ", NULL);
    const char *at = strstr(text, begin);
    return at ? g_ascii_strtod(at + strlen(begin), NULL) : NAN;
}
