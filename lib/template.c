/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * One pass over the text. Every tag is checked whether its section is on or off, so a
 * template that renders once has no mistake hidden in a branch that was not taken.
 * Deliberately absent: loops, includes, nested values. What needs them is two templates.
 */
#include "config.h"
#include "lib/template.h"

#include "lib/error.h"
#include "lib/file.h"
#include "lib/text.h"

#include <string.h>

#define TEMPLATE_MAX_BYTES (1024u * 1024u)
#define KEY_CHARS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-."

struct PupVars {
    GHashTable *texts; /* key -> text */
    GHashTable *flags; /* key -> TRUE or FALSE */
};

typedef struct {
    char *key;
    gboolean outer_on; /* what surrounds the section is written */
    gboolean left;     /* its tags are */
} Section;

typedef struct {
    const char *name;
    PupEscape escape;
    const PupVars *vars;
    GString *out;
    GArray *sections;
    GHashTable *seen; /* keys of texts that the template holds */
    unsigned line;
    gboolean on;     /* write, or skip a section that is off */
    gboolean settle; /* leave tags that @vars does not know as they stand */
} Render;

/* A "{{...}}" found in the template. */
typedef struct {
    char kind; /* 0: value, else one of # ^ / ! */
    char *key;
    const char *end; /* behind the tag */
} Tag;

PupVars *
pup_vars_new(void)
{
    PupVars *vars = g_new0(PupVars, 1);
    vars->texts = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    vars->flags = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    return vars;
}

void
pup_vars_free(PupVars *vars)
{
    if (!vars)
        return;
    g_hash_table_unref(vars->texts);
    g_hash_table_unref(vars->flags);
    g_free(vars);
}

void
pup_vars_set(PupVars *vars, const char *key, const char *text)
{
    g_return_if_fail(text);
    g_hash_table_insert(vars->texts, g_strdup(key), g_strdup(text));
}

void
pup_vars_setf(PupVars *vars, const char *key, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    g_hash_table_insert(vars->texts, g_strdup(key), g_strdup_vprintf(format, args));
    va_end(args);
}

void
pup_vars_flag(PupVars *vars, const char *key, gboolean on)
{
    g_hash_table_insert(vars->flags, g_strdup(key), GINT_TO_POINTER(on ? 1 : 0));
}

static const char *
refused_chars(PupEscape escape)
{
    switch (escape) {
    case PUP_ESCAPE_SCRIPT:
        return "$`'\"\\{};#|&<>";
    case PUP_ESCAPE_CONF:
        return "#$%'\"\\";
    case PUP_ESCAPE_XML:
    case PUP_ESCAPE_NONE:
        break;
    }
    return "";
}

gboolean
pup_escape_accepts(PupEscape escape, const char *text)
{
    if (!g_utf8_validate(text, -1, NULL) || strpbrk(text, refused_chars(escape)))
        return FALSE;
    for (const char *p = text; *p; p = g_utf8_next_char(p)) {
        gunichar c = g_utf8_get_char(p);
        if (g_unichar_iscntrl(c) || c == 0xfffe || c == 0xffff)
            return FALSE;
    }
    return TRUE;
}

static void
append_escaped(GString *out, PupEscape escape, const char *text)
{
    if (escape != PUP_ESCAPE_XML) {
        g_string_append(out, text);
        return;
    }
    g_autofree char *escaped = g_markup_escape_text(text, -1);
    g_string_append(out, escaped);
}

static void G_GNUC_PRINTF(3, 4)
    render_error(const Render *r, GError **error, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    g_autofree char *reason = g_strdup_vprintf(format, args);
    va_end(args);
    pup_error_set(error, PUP_ERROR_INVALID, "%s:%u: %s", r->name, r->line, reason);
}

static unsigned
count_lines(const char *from, const char *to)
{
    unsigned n = 0;
    for (; from < to; from++)
        n += *from == '\n';
    return n;
}

/* Read the tag that begins at @start ("{{"). */
static gboolean
read_tag(const Render *r, const char *start, Tag *tag, GError **error)
{
    const char *inside = start + 2;
    const char *close = strstr(inside, "}}");
    if (!close) {
        render_error(r, error, "'{{' without '}}'");
        return FALSE;
    }
    tag->end = close + 2;
    tag->kind = strchr("#^/!", *inside) ? *inside : '\0';
    if (tag->kind)
        inside++;
    tag->key = g_strndup(inside, (size_t) (close - inside));
    if (tag->kind == '!' ||
        (tag->key[0] && strspn(tag->key, KEY_CHARS) == strlen(tag->key)))
        return TRUE;
    render_error(r, error, "'{{%.*s}}' is no tag", (int) (close - start - 2), start + 2);
    g_free(tag->key);
    return FALSE;
}

/* When only blanks stand around a section or comment tag, its whole line goes: cut what
 * was written of it and step over what follows. */
static const char *
swallow_line(Render *r, const char *text, const char *start, const char *end)
{
    const char *line_start = start;
    while (line_start > text && (line_start[-1] == ' ' || line_start[-1] == '\t'))
        line_start--;
    const char *line_end = end + strspn(end, " \t\r");
    if ((line_start > text && line_start[-1] != '\n') ||
        (*line_end != '\n' && *line_end != '\0'))
        return end;
    if (r->on)
        g_string_truncate(r->out, r->out->len - (size_t) (start - line_start));
    return *line_end == '\n' ? line_end + 1 : line_end;
}

static gboolean
open_section(Render *r, const Tag *tag, GError **error)
{
    gpointer flag;
    if (!g_hash_table_lookup_extended(r->vars->flags, tag->key, NULL, &flag)) {
        render_error(r, error, "unknown flag '%s'", tag->key);
        return FALSE;
    }
    Section section = {g_strdup(tag->key), r->on, FALSE};
    g_array_append_val(r->sections, section);
    r->on = r->on && (GPOINTER_TO_INT(flag) != 0) == (tag->kind == '#');
    return TRUE;
}

static gboolean
close_section(Render *r, const Tag *tag, GError **error)
{
    Section *open = r->sections->len
                        ? &g_array_index(r->sections, Section, r->sections->len - 1)
                        : NULL;
    if (!open || strcmp(open->key, tag->key) != 0) {
        render_error(r, error, "'{{/%s}}' closes no section", tag->key);
        return FALSE;
    }
    r->on = open->outer_on;
    g_array_set_size(r->sections, r->sections->len - 1);
    return TRUE;
}

/* TRUE when whoever renders what we settled could take @text for a tag. */
static gboolean
makes_tag(const char *text)
{
    return strstr(text, "{{") || g_str_has_suffix(text, "{");
}

static gboolean
write_value(Render *r, const Tag *tag, GError **error)
{
    const char *text = g_hash_table_lookup(r->vars->texts, tag->key);
    if (!text) {
        render_error(r, error, "unknown key '%s'", tag->key);
        return FALSE;
    }
    g_hash_table_add(r->seen, g_strdup(tag->key));
    if (!r->on)
        return TRUE;
    if (!pup_escape_accepts(r->escape, text) || (r->settle && makes_tag(text))) {
        g_autofree char *shown = pup_text_escape(text);
        render_error(r, error,
                     "'%s' cannot be '%s': it holds a character that is not "
                     "safe here",
                     tag->key, shown);
        return FALSE;
    }
    append_escaped(r->out, r->escape, text);
    return TRUE;
}

static gboolean
render_tag(Render *r, const Tag *tag, GError **error)
{
    switch (tag->kind) {
    case '#':
    case '^':
        return open_section(r, tag, error);
    case '/':
        return close_section(r, tag, error);
    case '!':
        return TRUE;
    default:
        return write_value(r, tag, error);
    }
}

/* TRUE when @tag is for whoever renders the text after us. */
static gboolean
is_left(const Render *r, const Tag *tag)
{
    if (!r->settle)
        return FALSE;
    switch (tag->kind) {
    case '#':
    case '^':
        return !g_hash_table_contains(r->vars->flags, tag->key);
    case '/':
        return r->sections->len &&
               g_array_index(r->sections, Section, r->sections->len - 1).left;
    case '!':
        return TRUE;
    default:
        return !g_hash_table_contains(r->vars->texts, tag->key);
    }
}

/* Write @tag, which begins at @start, as it stands. */
static gboolean
leave_tag(Render *r, const Tag *tag, const char *start, GError **error)
{
    if (tag->kind == '#' || tag->kind == '^') {
        Section section = {g_strdup(tag->key), r->on, TRUE};
        g_array_append_val(r->sections, section);
    }
    if (tag->kind == '/' && !close_section(r, tag, error))
        return FALSE;
    if (r->on)
        g_string_append_len(r->out, start, tag->end - start);
    return TRUE;
}

static gboolean
render_text(Render *r, const char *text, GError **error)
{
    const char *p = text;
    for (;;) {
        const char *start = strstr(p, "{{");
        size_t len = start ? (size_t) (start - p) : strlen(p);
        if (r->on)
            g_string_append_len(r->out, p, (gssize) len);
        r->line += count_lines(p, p + len);
        if (!start)
            return TRUE;
        Tag tag = {0};
        if (!read_tag(r, start, &tag, error))
            return FALSE;
        gboolean left = is_left(r, &tag);
        p = tag.kind && !left ? swallow_line(r, text, start, tag.end) : tag.end;
        gboolean ok =
            left ? leave_tag(r, &tag, start, error) : render_tag(r, &tag, error);
        g_free(tag.key);
        if (!ok)
            return FALSE;
        r->line += count_lines(start, p);
    }
}

static gboolean
check_all_closed(const Render *r, GError **error)
{
    if (!r->sections->len)
        return TRUE;
    render_error(r, error, "section '%s' is not closed",
                 g_array_index(r->sections, Section, r->sections->len - 1).key);
    return FALSE;
}

static gboolean
check_all_used(const Render *r, GError **error)
{
    GHashTableIter iter;
    gpointer key;
    g_hash_table_iter_init(&iter, r->vars->texts);
    while (g_hash_table_iter_next(&iter, &key, NULL)) {
        if (!g_hash_table_contains(r->seen, key)) {
            render_error(r, error, "key '%s' was given, but stands nowhere",
                         (const char *) key);
            return FALSE;
        }
    }
    return TRUE;
}

static void
section_clear(gpointer section)
{
    g_free(((Section *) section)->key);
}

static char *
render(const char *name, const char *text, PupEscape escape, const PupVars *vars,
       gboolean settle, GError **error)
{
    g_autoptr(GArray) sections = g_array_new(FALSE, FALSE, sizeof(Section));
    g_array_set_clear_func(sections, section_clear);
    g_autoptr(GHashTable) seen =
        g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    Render r = {
        .name = name,
        .escape = escape,
        .vars = vars,
        .out = g_string_new(NULL),
        .sections = sections,
        .seen = seen,
        .line = 1,
        .on = TRUE,
        .settle = settle,
    };
    gboolean ok = render_text(&r, text, error) && check_all_closed(&r, error) &&
                  (settle || check_all_used(&r, error));
    return g_string_free(r.out, !ok);
}

char *
pup_template_render(const char *name, const char *text, PupEscape escape,
                    const PupVars *vars, GError **error)
{
    return render(name, text, escape, vars, FALSE, error);
}

char *
pup_template_settle(const char *name, const char *text, PupEscape escape,
                    const PupVars *vars, GError **error)
{
    return render(name, text, escape, vars, TRUE, error);
}

char *
pup_template_render_file(const char *path, PupEscape escape, const PupVars *vars,
                         GError **error)
{
    g_autoptr(GBytes) bytes = pup_file_read(path, TEMPLATE_MAX_BYTES, error);
    if (!bytes)
        return NULL;
    g_autofree char *name = g_path_get_basename(path);
    const char *data = g_bytes_get_data(bytes, NULL); /* NULL when empty */
    g_autofree char *text = g_strndup(data ? data : "", g_bytes_get_size(bytes));
    if (strlen(text) != g_bytes_get_size(bytes)) {
        pup_error_set(error, PUP_ERROR_INVALID, "%s: holds a zero byte", name);
        return NULL;
    }
    return pup_template_render(name, text, escape, vars, error);
}
