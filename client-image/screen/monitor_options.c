/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "client-image/screen/monitor_options.h"

#include <stdio.h>

#include "client-image/screen/canvas.h"
#include "lib/error.h"

gboolean
pup_monitor_options_parse(const char *text, PupMonitorOptions *options, GError **error)
{
    g_auto(GStrv) parts = g_strsplit(text, ":", 2);
    const char *word = parts[0] != NULL ? parts[0] : "";
    const char *detail = word[0] != '\0' ? parts[1] : NULL;
    int width = 0, height = 0, end = 0;

    if (g_str_equal(word, "memory") && detail != NULL &&
        sscanf(detail, "%5dx%5d%n", &width, &height, &end) == 2 && detail[end] == '\0' &&
        width > 0 && width <= PUP_CANVAS_MAX && height > 0 && height <= PUP_CANVAS_MAX) {
        options->kind = PUP_MONITOR_MEMORY;
        options->width = width;
        options->height = height;
        return TRUE;
    }
    gboolean is_drm = g_str_equal(word, "drm"), is_fbdev = g_str_equal(word, "fbdev");
    gboolean is_known = (is_drm || is_fbdev) && (detail == NULL || *detail != '\0');
    if (!is_known && !g_str_equal(text, "auto")) {
        pup_error_set(error, PUP_ERROR_INVALID,
                      "display '%s': expected auto, drm[:PATH], fbdev[:PATH] or "
                      "memory:WIDTHxHEIGHT (at most %d each)",
                      text, PUP_CANVAS_MAX);
        return FALSE;
    }
    options->kind = is_drm     ? PUP_MONITOR_DRM
                    : is_fbdev ? PUP_MONITOR_FBDEV
                               : PUP_MONITOR_AUTO;
    g_free(options->path);
    options->path = g_strdup(detail);
    return TRUE;
}

void
pup_monitor_options_clear(PupMonitorOptions *options)
{
    g_clear_pointer(&options->path, g_free);
    g_clear_pointer(&options->output, g_free);
}
