/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * child - the programs that the workshop runs: qemu-img and qemu-nbd
 *
 * Children run from an argv array, in a process group of their own (a Ctrl-C at the
 * terminal is ours to handle), with untranslated messages, and die with the thread that
 * started them, even when that is killed. What they print may hold names of files, and is
 * bytes in no encoding.
 */
#pragma once

#include <gio/gio.h>

/* Start @argv with GSubprocess @flags. Errors: UNSUPPORTED when the program is not
 * installed, IO. */
GSubprocess *pup_child_spawn(const char *const *argv, GSubprocessFlags flags,
                             GError **error);

/* Run @argv to its end. *@output (may be NULL) takes its standard output, a new string.
 * When it fails: pup_child_set_error() with @what and its own words. */
gboolean pup_child_run(const char *const *argv, const char *what, char **output,
                       GCancellable *cancellable, GError **error);

/* Run @argv to its end, whatever that is. *@status: what it exited with, -1 when a signal
 * ended it; *@words: what it said on standard error, a new string. */
gboolean pup_child_run_status(const char *const *argv, int *status, char **words,
                              GCancellable *cancellable, GError **error);

/* What @child, which was spawned with a pipe for it, says on standard error until it
 * ends, a new string; NULL where that cannot be read. */
char *pup_child_words(GSubprocess *child);

/* Called with each line that a child prints. FALSE: not expected, so it may be what it
 * says of its failure. */
typedef gboolean (*PupChildLine)(gpointer data, const char *line);

/* Run @argv to its end and hand over what it prints, line by line. */
gboolean pup_child_run_lines(const char *const *argv, const char *what, PupChildLine take,
                             gpointer data, GCancellable *cancellable, GError **error);

/* Called with a percentage while a child runs. */
typedef void (*PupChildPercent)(gpointer data, double percent);

/* Run a qemu-img that was given -p, and pass on the percentages it prints. */
gboolean pup_child_run_percent(const char *const *argv, const char *what,
                               PupChildPercent percent, gpointer data,
                               GCancellable *cancellable, GError **error);

/* Set @error from the @words of a program that failed at @what: BUSY when an image is
 * locked, CORRUPT when it is cut short, NO_SPACE, DENIED, NOT_FOUND where the words say
 * so, else INVALID. */
void pup_child_set_error(GError **error, const char *what, const char *words);
