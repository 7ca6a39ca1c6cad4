/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "client-image/screen/monitor.h"

/* How often to look. */
#define LOOK_MS 500
/* Every how many looks a card without a monitor, or a display that is fine, is asked:
 * asking a monitor may take a tenth of a second. */
#define ASK_EVERY 4
/* How long a KMS driver may take to appear before the frame buffer is taken. */
#define DRM_GRACE_US (2 * G_USEC_PER_SEC)
#define N_DEVICES 8

struct PupMonitor {
    const PupMonitorOptions *options;
    PupMonitorChanged changed;
    gpointer user;
    PupDisplay *display;
    gboolean is_final; /* no better one can come */
    gint64 started_us;
    unsigned n_looks;
    char *last_error;
    guint source;
};

typedef PupDisplay *(*OpenFunc)(const char *path, GError **error);

static void
replace(PupMonitor *monitor, PupDisplay *display, gboolean is_final)
{
    PupDisplay *before = monitor->display;

    monitor->display = display;
    monitor->is_final = is_final;
    monitor->changed(display, monitor->user);
    pup_display_free(before);
}

/* Say why there is no display, once for each reason. */
static void
complain(PupMonitor *monitor, const GError *error)
{
    if (g_strcmp0(monitor->last_error, error->message) == 0)
        return;
    g_free(monitor->last_error);
    monitor->last_error = g_strdup(error->message);
    g_message("display: %s", error->message);
}

/* Open the first device of @pattern (or the one that the options name) that @open takes;
 * NULL when none does. */
static PupDisplay *
open_any(PupMonitor *monitor, const char *pattern, OpenFunc open)
{
    const char *only = monitor->options->path;

    for (int i = 0; i < (only != NULL ? 1 : N_DEVICES); i++) {
        g_autofree char *path =
            only != NULL ? g_strdup(only) : g_strdup_printf("%s%d", pattern, i);
        g_autoptr(GError) error = NULL;
        if (!g_file_test(path, G_FILE_TEST_EXISTS))
            continue;
        PupDisplay *display = open(path, &error);
        if (display != NULL)
            return display;
        complain(monitor, error);
    }
    return NULL;
}

static void
look_for_drm(PupMonitor *monitor)
{
    PupDisplay *display = open_any(monitor, "/dev/dri/card", pup_display_drm_open);

    if (display != NULL)
        replace(monitor, display, TRUE);
}

static void
look_for_fbdev(PupMonitor *monitor)
{
    PupMonitorKind kind = monitor->options->kind;
    gint64 waited_us = g_get_monotonic_time() - monitor->started_us;

    if (kind == PUP_MONITOR_AUTO && waited_us < DRM_GRACE_US)
        return;
    PupDisplay *display = open_any(monitor, "/dev/fb", pup_display_fbdev_open);
    if (display != NULL)
        replace(monitor, display, kind == PUP_MONITOR_FBDEV);
}

static void
look(PupMonitor *monitor)
{
    PupMonitorKind kind = monitor->options->kind;
    gboolean ask = monitor->n_looks++ % ASK_EVERY == 0;

    if (monitor->display != NULL && (ask || !monitor->is_final) &&
        !pup_display_check(monitor->display))
        replace(monitor, NULL, FALSE);
    if (monitor->is_final)
        return;
    gboolean hurry = monitor->display == NULL && monitor->last_error == NULL;
    if (kind != PUP_MONITOR_FBDEV && (ask || hurry))
        look_for_drm(monitor);
    if (monitor->display == NULL && kind != PUP_MONITOR_DRM)
        look_for_fbdev(monitor);
}

static gboolean
on_look(gpointer user)
{
    look(user);
    return G_SOURCE_CONTINUE;
}

PupMonitor *
pup_monitor_new(const PupMonitorOptions *options, PupMonitorChanged changed,
                gpointer user)
{
    PupMonitor *monitor = g_new0(PupMonitor, 1);

    monitor->options = options;
    monitor->changed = changed;
    monitor->user = user;
    monitor->started_us = g_get_monotonic_time();
    if (options->kind == PUP_MONITOR_MEMORY)
        replace(monitor,
                pup_display_memory_open(options->width, options->height, options->output),
                TRUE);
    else
        look(monitor);
    monitor->source = g_timeout_add(LOOK_MS, on_look, monitor);
    return monitor;
}

void
pup_monitor_free(PupMonitor *monitor)
{
    if (monitor == NULL)
        return;
    g_clear_handle_id(&monitor->source, g_source_remove);
    pup_display_free(monitor->display);
    g_free(monitor->last_error);
    g_free(monitor);
}
