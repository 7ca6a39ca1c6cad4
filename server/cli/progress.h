/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * progress - a bar on standard error for what takes more than a second
 *
 *     g_autoptr(PupBar) bar = pup_bar_new(cli->quiet);
 *     shop.progress = pup_bar_update; shop.progress_data = bar;
 *
 * Nothing is drawn when standard error is not a terminal, when quiet, or within the first
 * second; freeing it wipes the line. One thread.
 */
#pragma once

#include "server/cli/cli.h"

typedef struct PupBar PupBar;

PupBar *pup_bar_new(gboolean quiet);

/* Begin long work: from now on signals cancel it, and @shop is filled and reports to the
 * new bar, to be freed before the result is told. NULL on error: those of
 * pup_cli_workshop(). */
PupBar *pup_bar_begin(PupCli *cli, PupWorkshop *shop, GError **error);
/* Take it off the screen until it is next updated: something else is printed. */
void pup_bar_hide(PupBar *bar);
void pup_bar_free(PupBar *bar);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(PupBar, pup_bar_free)

/* A PupProgress; @data is the bar. A @total of 0 draws no percentage. */
void pup_bar_update(gpointer data, const char *what, guint64 done, guint64 total);

/* The line that is drawn for @done of @total in @columns columns; new string. */
char *pup_bar_line(const char *what, guint64 done, guint64 total, gint64 elapsed_us,
                   unsigned columns);
