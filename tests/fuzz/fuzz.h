/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * fuzz - what a fuzz target is
 *
 * One file a parser, fuzz-NAME.c, defines LLVMFuzzerTestOneInput(); its seeds are the
 * files of corpus/NAME/. Configured with --enable-fuzzing (clang), it is a libFuzzer
 * program:
 *
 *     tests/fuzz/fuzz-manifest -max_total_time=60 tests/fuzz/corpus/manifest
 *
 * Otherwise replay.c is its main, and `make check` runs it over its corpus. A new target
 * is its file, its corpus and a line in Makemodule.am. A target fails by crashing, by a
 * sanitizer's word, or by g_assert(): a parser that says no must say why, and one that
 * says yes must hold to what its header promises.
 */
#pragma once

#include <glib.h>
#include <stddef.h>
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A parser's answer and its error agree; clears @error. */
static inline void
fuzz_check(gboolean ok, GError **error)
{
    g_assert(ok == (*error == NULL));
    if (*error != NULL)
        g_assert((*error)->message[0] != '\0');
    g_clear_error(error);
}
