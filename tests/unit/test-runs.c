/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "server/image/runs.h"

#define C ((guint64) PUP_CHUNK_BYTES)

typedef struct {
    guint64 offset, len;
} Extent;

/* "0+3 7+1" or, with zeros marked, "0+2z 2+1". */
static char *
text_of(const GArray *runs)
{
    g_autoptr(GString) text = g_string_new(NULL);

    for (unsigned i = 0; i < runs->len; i++) {
        const PupRun *run = &g_array_index(runs, PupRun, i);
        g_string_append_printf(text, "%s%d+%d%s", i ? " " : "", (int) run->first,
                               (int) run->n, run->zero ? "z" : "");
    }
    return g_strdup(text->str);
}

static GArray *
runs_of(const Extent *extents, unsigned n)
{
    GArray *runs = g_array_new(FALSE, FALSE, sizeof(PupRun));

    for (unsigned i = 0; i < n; i++)
        pup_runs_add(runs, extents[i].offset, extents[i].len);
    return runs;
}

static void
extents_become_whole_chunks(void **state)
{
    static const struct {
        Extent extents[4];
        unsigned n;
        const char *runs;
    } rows[] = {
        {{{0, 0}}, 1, ""},
        {{{0, 1}}, 1, "0+1"},
        {{{0, C}}, 1, "0+1"},
        {{{0, C + 1}}, 1, "0+2"},
        {{{C - 1, 2}}, 1, "0+2"},
        {{{C - 512, 512}, {C, 512}}, 2, "0+2"},
        {{{3 * C + 5, 10}, {3 * C + 100, 10}}, 2, "3+1"},
        {{{0, 1}, {2 * C, 1}}, 2, "0+1 2+1"},
        {{{0, 2 * C}, {C + 1, 1}, {5 * C, C}}, 3, "0+2 5+1"},
        {{{0, 65536}, {131072 + 65536, 65536}, {262144, 65536}}, 3, "0+3"},
        {{{(G_GUINT64_CONSTANT(1) << 36) * 1, 1}}, 1, "524288+1"},
    };

    for (unsigned i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(GArray) runs = runs_of(rows[i].extents, rows[i].n);
        g_autofree char *text = text_of(runs);
        assert_string_equal(text, rows[i].runs);
    }
}

static void
zeros_are_told_apart(void **state)
{
    static const struct {
        Extent whole[3];
        unsigned n_whole;
        Extent data[4];
        unsigned n_data;
        const char *runs;
        guint64 n_all, n_data_chunks;
    } rows[] = {
        {{{0, 4 * C}}, 1, {{0, 0}}, 0, "0+4z", 4, 0},
        {{{0, 4 * C}}, 1, {{0, 4 * C}}, 1, "0+4", 4, 4},
        {{{0, 4 * C}}, 1, {{C, C}}, 1, "0+1z 1+1 2+2z", 4, 1},
        {{{0, 4 * C}}, 1, {{0, 1}, {3 * C, 1}}, 2, "0+1 1+2z 3+1", 4, 2},
        {{{0, 2 * C}, {5 * C, 2 * C}},
         2,
         {{C, C}, {6 * C, 9}},
         2,
         "0+1z 1+1 5+1z 6+1",
         4,
         2},
        {{{0, C}, {5 * C, C}, {9 * C, C}}, 3, {{5 * C, C}}, 1, "0+1z 5+1 9+1z", 3, 1},
        {{{0, 0}}, 0, {{0, 0}}, 0, "", 0, 0},
    };

    for (unsigned i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(GArray) whole = runs_of(rows[i].whole, rows[i].n_whole);
        g_autoptr(GArray) data = runs_of(rows[i].data, rows[i].n_data);
        g_autoptr(GArray) marked = pup_runs_mark_zero(whole, data);
        g_autofree char *text = text_of(marked);
        assert_string_equal(text, rows[i].runs);
        assert_int_equal(pup_runs_count(marked, FALSE), rows[i].n_all);
        assert_int_equal(pup_runs_count(marked, TRUE), rows[i].n_data_chunks);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(extents_become_whole_chunks),
        cmocka_unit_test(zeros_are_told_apart),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
