/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "server/cli/progress.h"

#include <stdio.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define FIRST_DRAWN_US G_USEC_PER_SEC
#define REDRAWN_US (G_USEC_PER_SEC / 10)
#define BAR_WIDTH 24u

struct PupBar {
    gboolean enabled;
    gboolean drawn;
    char *what; /* of the step that runs */
    gint64 started_us, step_started_us, last_drawn_us;
};

PupBar *
pup_bar_new(gboolean quiet)
{
    PupBar *bar = g_new0(PupBar, 1);

    bar->enabled = !quiet && isatty(STDERR_FILENO);
    bar->started_us = g_get_monotonic_time();
    return bar;
}

PupBar *
pup_bar_begin(PupCli *cli, PupWorkshop *shop, GError **error)
{
    pup_cli_catch_signals(cli);
    if (!pup_cli_workshop(cli, shop, error))
        return NULL;
    shop->progress = pup_bar_update;
    shop->progress_data = pup_bar_new(cli->quiet);
    return shop->progress_data;
}

void
pup_bar_hide(PupBar *bar)
{
    if (bar->drawn)
        fputs("\r\033[K", stderr);
    bar->drawn = FALSE;
}

void
pup_bar_free(PupBar *bar)
{
    if (!bar)
        return;
    pup_bar_hide(bar);
    g_free(bar->what);
    g_free(bar);
}

static unsigned
terminal_columns(void)
{
    struct winsize size;

    if (ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0)
        return size.ws_col;
    return 80;
}

static void
append_bar(GString *line, double share)
{
    unsigned full = (unsigned) (share * BAR_WIDTH);

    g_string_append(line, " [");
    for (unsigned i = 0; i < BAR_WIDTH; i++)
        g_string_append_c(line, i < full ? '#' : '.');
    g_string_append_printf(line, "] %3.0f %%", share * 100.0);
}

char *
pup_bar_line(const char *what, guint64 done, guint64 total, gint64 elapsed_us,
             unsigned columns)
{
    g_autoptr(GString) line = g_string_new(what);

    if (total > 0) {
        double share = done < total ? (double) done / (double) total : 1.0;
        append_bar(line, share);
        if (share > 0.02 && share < 1.0)
            g_string_append_printf(line, ", %.0f s left",
                                   (double) elapsed_us / 1e6 * (1.0 - share) / share);
    }
    if (columns > 0 && g_utf8_strlen(line->str, -1) >= (glong) columns)
        return g_utf8_substring(line->str, 0, columns - 1);
    return g_string_free(g_steal_pointer(&line), FALSE);
}

void
pup_bar_update(gpointer data, const char *what, guint64 done, guint64 total)
{
    PupBar *bar = data;
    gint64 now = g_get_monotonic_time();
    g_autofree char *line = NULL;

    if (!bar->enabled)
        return;
    if (g_strcmp0(bar->what, what) != 0) {
        g_free(bar->what);
        bar->what = g_strdup(what);
        bar->step_started_us = now;
    }
    if (now - bar->started_us < FIRST_DRAWN_US || now - bar->last_drawn_us < REDRAWN_US)
        return;
    bar->last_drawn_us = now;
    bar->drawn = TRUE;
    line =
        pup_bar_line(what, done, total, now - bar->step_started_us, terminal_columns());
    fprintf(stderr, "\r%s\033[K", line);
    fflush(stderr);
}
