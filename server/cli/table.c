/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "server/cli/table.h"

#include <jansson.h>
#include <stdarg.h>
#include <string.h>

#include "lib/text.h"
#include "server/catalog/catalog.h"
#include "server/cli/out.h"

/* What is left of a last column at least, however wide the others are. */
#define MIN_LAST 8
/* What a reader that is no screen is taken for. */
#define USUAL_COLUMNS 80u

struct PupTable {
    const char *name;
    const PupColumn *columns;
    unsigned n_columns;
    GPtrArray *texts; /* the cells as people see them, row by row */
    json_t *rows;
};

PupTable *
pup_table_new(const char *name, const PupColumn *columns)
{
    PupTable *table = g_new0(PupTable, 1);

    table->name = name;
    table->columns = columns;
    while (columns[table->n_columns].title)
        table->n_columns++;
    table->texts = g_ptr_array_new_with_free_func(g_free);
    table->rows = json_array();
    return table;
}

void
pup_table_free(PupTable *table)
{
    if (!table)
        return;
    g_ptr_array_unref(table->texts);
    json_decref(table->rows);
    g_free(table);
}

char *
pup_bytes_format(guint64 bytes)
{
    static const char *const units[] = {"KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
    double value = (double) bytes / 1024.0;
    unsigned unit = 0;

    if (bytes < 1024)
        return g_strdup_printf("%u B", (unsigned) bytes);
    for (; value >= 1023.95 && unit + 1 < G_N_ELEMENTS(units); unit++)
        value /= 1024.0;
    return g_strdup_printf("%.1f %s", value, units[unit]);
}

static json_t *
json_of_texts(const char *const *texts)
{
    json_t *array = json_array();

    for (unsigned i = 0; texts && texts[i]; i++)
        json_array_append_new(array, pup_out_json_text(texts[i]));
    return array;
}

static char *
text_of_ms(gint64 ms)
{
    return ms < 0 ? g_strdup("-") : g_strdup_printf("%.1f s", (double) ms / 1000.0);
}

/* Take the next cell out of @args: its text, and its JSON value in *@json. */
static char *
take_cell(PupCellType type, va_list *args, json_t **json)
{
    switch (type) {
    case PUP_CELL_UINT: {
        guint64 value = va_arg(*args, guint64);
        *json = json_integer((json_int_t) value);
        return g_strdup_printf("%" G_GUINT64_FORMAT, value);
    }
    case PUP_CELL_VERSION: {
        guint64 value = va_arg(*args, guint64);
        *json = pup_version_json(value);
        return value ? g_strdup_printf("%" G_GUINT64_FORMAT, value) : g_strdup("-");
    }
    case PUP_CELL_BYTES: {
        guint64 value = va_arg(*args, guint64);
        *json = value == PUP_NO_BYTES ? json_null() : json_integer((json_int_t) value);
        return value == PUP_NO_BYTES ? g_strdup("-") : pup_bytes_format(value);
    }
    case PUP_CELL_MS: {
        gint64 value = va_arg(*args, gint64);
        *json = value < 0 ? json_null() : json_integer(value);
        return text_of_ms(value);
    }
    case PUP_CELL_BOOL: {
        int value = va_arg(*args, int);
        *json = json_boolean(value);
        return g_strdup(value ? "*" : "");
    }
    case PUP_CELL_TEXTS: {
        const char *const *value = va_arg(*args, const char *const *);
        g_autofree char *joined = value ? g_strjoinv(", ", (char **) value) : NULL;
        *json = json_of_texts(value);
        return pup_text_escape(joined);
    }
    case PUP_CELL_RATIO: {
        double value = va_arg(*args, double);
        *json = value < 0 ? json_null() : json_real(value);
        return value < 0 ? g_strdup("-") : g_strdup_printf("%.0f%%", value * 100);
    }
    case PUP_CELL_JSON:
        *json = va_arg(*args, json_t *);
        return g_strdup("");
    case PUP_CELL_TEXT:
    default: {
        const char *value = va_arg(*args, const char *);
        *json = pup_out_json_text(value);
        return pup_text_escape(value && *value ? value : "-");
    }
    }
}

void
pup_table_add(PupTable *table, ...)
{
    json_t *row = json_object();
    va_list args;

    va_start(args, table);
    for (unsigned i = 0; i < table->n_columns; i++) {
        json_t *value = NULL;
        g_ptr_array_add(table->texts, take_cell(table->columns[i].type, &args, &value));
        if (table->columns[i].key)
            json_object_set_new(row, table->columns[i].key, value);
        else
            json_decref(value);
    }
    va_end(args);
    json_array_append_new(table->rows, row);
}

json_t *
pup_table_rows(const PupTable *table)
{
    return table->rows;
}

static gboolean
is_in(const PupColumn *column, PupTableForm form)
{
    PupColumnFlags not_in = form == PUP_TABLE_WIDE ? PUP_COLUMN_NARROW : PUP_COLUMN_WIDE;

    return column->type != PUP_CELL_JSON && !(column->flags & not_in);
}

static unsigned
width_of(const PupTable *table, unsigned column)
{
    unsigned width = pup_text_columns(table->columns[column].title);

    for (unsigned i = column; i < table->texts->len; i += table->n_columns)
        width = MAX(width, pup_text_columns(g_ptr_array_index(table->texts, i)));
    return width;
}

/* What is too much goes from the columns that may be cut; what of it stays is returned.
 */
static unsigned
cut_columns(const PupTable *table, unsigned too_much, unsigned *widths)
{
    for (unsigned i = 0; i < table->n_columns; i++) {
        unsigned least = MIN(MIN_LAST, widths[i]);
        unsigned cut = MIN(too_much, widths[i] - least);
        if (!(table->columns[i].flags & PUP_COLUMN_CUT))
            continue;
        widths[i] -= cut;
        too_much -= cut;
    }
    return too_much;
}

/* A column's width; 0 for one that is not in @form. The last one takes what @columns
 * leaves to it. */
static void
set_widths(const PupTable *table, PupTableForm form, unsigned columns, unsigned *widths)
{
    unsigned last = 0, used = 0;

    for (unsigned i = 0; i < table->n_columns; i++) {
        widths[i] = is_in(&table->columns[i], form) ? width_of(table, i) : 0;
        if (!widths[i])
            continue;
        used += widths[i] + (used ? 2 : 0);
        last = i;
    }
    if (form == PUP_TABLE_TEXT && used > (columns ? columns : USUAL_COLUMNS)) {
        unsigned too_much = used - (columns ? columns : USUAL_COLUMNS);
        used -= too_much - cut_columns(table, too_much, widths);
    }
    if (form == PUP_TABLE_TEXT && columns && used > columns &&
        table->columns[last].type == PUP_CELL_TEXT) {
        unsigned rest = used - widths[last];
        unsigned left = columns > rest ? columns - rest : 0;
        widths[last] = MAX(left, MIN(MIN_LAST, widths[last]));
    }
}

static gboolean
right_aligned(PupCellType type)
{
    return type == PUP_CELL_UINT || type == PUP_CELL_VERSION || type == PUP_CELL_BYTES ||
           type == PUP_CELL_MS || type == PUP_CELL_RATIO;
}

static void
append_cell(GString *out, const char *text, unsigned width, PupCellType type)
{
    g_autofree char *shown = pup_text_cut(text, width);
    unsigned pad = width - pup_text_columns(shown);

    if (right_aligned(type))
        g_string_append_printf(out, "%*s%s", (int) pad, "", shown);
    else
        g_string_append_printf(out, "%s%*s", shown, (int) pad, "");
}

/* Drop the padding of a line's last cell. */
static void
end_line(GString *out)
{
    while (out->len && out->str[out->len - 1] == ' ')
        g_string_truncate(out, out->len - 1);
    g_string_append_c(out, '\n');
}

static void
append_line(const PupTable *table, GString *out, const unsigned *widths,
            const char *const *cells)
{
    const char *gap = "";

    for (unsigned i = 0; i < table->n_columns; i++) {
        if (!widths[i])
            continue;
        g_string_append(out, gap);
        append_cell(out, cells[i], widths[i], table->columns[i].type);
        gap = "  ";
    }
    end_line(out);
}

static char *
format_text(const PupTable *table, PupTableForm form, unsigned columns)
{
    GString *out = g_string_new(NULL);
    g_autofree unsigned *widths = g_new(unsigned, table->n_columns);
    g_autofree const char **titles = g_new(const char *, table->n_columns);

    set_widths(table, form, columns, widths);
    for (unsigned i = 0; i < table->n_columns; i++)
        titles[i] = table->columns[i].title;
    append_line(table, out, widths, titles);
    for (unsigned i = 0; i < table->texts->len; i += table->n_columns)
        append_line(table, out, widths, (const char *const *) &table->texts->pdata[i]);
    return g_string_free(out, FALSE);
}

static unsigned
name_column(const PupTable *table)
{
    for (unsigned i = 0; i < table->n_columns; i++)
        if (table->columns[i].flags & PUP_COLUMN_NAME)
            return i;
    return 0;
}

static char *
format_names(const PupTable *table)
{
    GString *out = g_string_new(NULL);

    for (unsigned i = name_column(table); i < table->texts->len; i += table->n_columns) {
        const char *name = g_ptr_array_index(table->texts, i);
        if (strcmp(name, "-") != 0)
            g_string_append_printf(out, "%s\n", name);
    }
    return g_string_free(out, FALSE);
}

static char *
format_json(const PupTable *table)
{
    json_t *object = json_pack("{s:O}", table->name, table->rows);
    char *dumped = json_dumps(object, JSON_INDENT(2));
    char *text = g_strconcat(dumped, "\n", NULL);

    free(dumped);
    json_decref(object);
    return text;
}

char *
pup_table_format(const PupTable *table, PupTableForm form, unsigned columns)
{
    switch (form) {
    case PUP_TABLE_NAMES:
        return format_names(table);
    case PUP_TABLE_JSON:
        return format_json(table);
    case PUP_TABLE_WIDE:
    case PUP_TABLE_TEXT:
    default:
        return format_text(table, form, columns);
    }
}
