/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "server/http/metrics.h"

#include <string.h>

void
pup_metrics_family(GString *text, const char *name, PupMetricType type, const char *help)
{
    g_string_append_printf(text, "# HELP %s %s\n# TYPE %s %s\n", name, help, name,
                           type == PUP_COUNTER ? "counter" : "gauge");
}

static void
append_value(GString *text, const char *value)
{
    g_autofree char *valid = g_utf8_make_valid(value, -1);
    for (const char *p = valid; *p; p++) {
        if (*p == '\n')
            g_string_append(text, "\\n");
        else if (*p == '\\' || *p == '"')
            g_string_append_printf(text, "\\%c", *p);
        else
            g_string_append_c(text, *p);
    }
}

static void
append_labels(GString *text, va_list args)
{
    const char *label;
    char before = '{';
    while ((label = va_arg(args, const char *))) {
        g_string_append_printf(text, "%c%s=\"", before, label);
        append_value(text, va_arg(args, const char *));
        g_string_append_c(text, '"');
        before = ',';
    }
    if (before == ',')
        g_string_append_c(text, '}');
}

void
pup_metrics_sample(GString *text, const char *name, double value, ...)
{
    char number[G_ASCII_DTOSTR_BUF_SIZE];
    va_list args;
    g_string_append(text, name);
    va_start(args, value);
    append_labels(text, args);
    va_end(args);
    g_ascii_formatd(number, sizeof number, "%.15g", value);
    g_string_append_printf(text, " %s\n", number);
}
