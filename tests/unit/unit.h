/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * unit - what the unit tests share: cmocka in its right order, and checks of errors
 */
#pragma once

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <glib.h>
#include <glib/gstdio.h>
#include <stdlib.h>
#include <string.h>
#include "lib/error.h"

/* @error is of our domain, has @code, and its message holds @part (NULL: any). Clears. */
static inline void
unit_assert_error(GError **error, PupErrorCode code, const char *part)
{
    assert_non_null(*error);
    if ((*error)->domain != PUP_ERROR || (*error)->code != (int) code ||
        (part && !strstr((*error)->message, part)))
        fail_msg("expected %s with '%s', got %s", pup_error_name(code), part ? part : "",
                 (*error)->message);
    g_clear_error(error);
}

/* Nothing went wrong; shows the message otherwise. */
static inline void
unit_assert_no_error(const GError *error)
{
    if (error)
        fail_msg("unexpected error: %s", error->message);
}

/* Gives @text of @len bytes, which ends where its memory ends, to a parser. */
typedef void (*UnitParse)(const char *text, size_t len, gpointer data);

/* Call @parse with each proper beginning of @text. */
static inline void
unit_each_cut(const char *text, size_t len, UnitParse parse, gpointer data)
{
    for (size_t cut = 0; cut < len; cut++) {
        char *copy = calloc(cut, 1); /* g_malloc(0) would be NULL */
        if (cut)
            memcpy(copy, text, cut);
        parse(copy, cut, data);
        free(copy);
    }
}

/* Call @parse with each bit of @text flipped. */
static inline void
unit_each_flip(const char *text, size_t len, UnitParse parse, gpointer data)
{
    g_autofree char *copy = g_memdup2(text, len);
    for (size_t bit = 0; bit < len * 8; bit++) {
        copy[bit / 8] ^= (char) (1u << bit % 8);
        parse(copy, len, data);
        copy[bit / 8] ^= (char) (1u << bit % 8);
    }
}

/* A new empty folder; unit_remove_dir() takes it away with the files in it. */
static inline char *
unit_make_dir(void)
{
    char *dir = g_dir_make_tmp("pupitre-unit-XXXXXX", NULL);
    assert_non_null(dir);
    return dir;
}

static inline void
unit_remove_dir(char *dir)
{
    g_autoptr(GDir) open = g_dir_open(dir, 0, NULL);
    for (const char *name; open && (name = g_dir_read_name(open));) {
        g_autofree char *path = g_build_filename(dir, name, NULL);
        g_remove(path);
    }
    g_rmdir(dir);
    g_free(dir);
}
