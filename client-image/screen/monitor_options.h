/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * monitor_options - which display to use, as --display says it. Pure.
 */
#pragma once

#include <glib.h>

typedef enum {
    PUP_MONITOR_AUTO,
    PUP_MONITOR_DRM,
    PUP_MONITOR_FBDEV,
    PUP_MONITOR_MEMORY
} PupMonitorKind;

typedef struct {
    PupMonitorKind kind;
    char *path;        /* DRM, FBDEV: this device only; NULL: any */
    int width, height; /* MEMORY */
    char *output;      /* MEMORY: the picture file, or NULL */
} PupMonitorOptions;

/* Read "auto", "drm[:PATH]", "fbdev[:PATH]" or "memory:WIDTHxHEIGHT" into @options
 * (output untouched). Errors: INVALID. */
gboolean pup_monitor_options_parse(const char *text, PupMonitorOptions *options,
                                   GError **error);
void pup_monitor_options_clear(PupMonitorOptions *options);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(PupMonitorOptions, pup_monitor_options_clear)
