/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * display - the monitor: one ops table, three backends
 *
 *     display = pup_display_drm_open(path, &error)      or fbdev, or memory
 *     draw on pup_display_canvas(display), then pup_display_flush(display, &rect)
 *     every second or so: pup_display_check(display); FALSE: close it, open another
 *     pup_display_free(display)
 *
 * Drawing is on a canvas in memory; flush brings a part of it to the glass. Reading back
 * from a graphics card's memory is slow, so nobody does. One thread.
 */
#pragma once

#include "client-image/screen/canvas.h"

typedef struct PupDisplay PupDisplay;

typedef struct {
    const char *name; /* "drm", "fbdev", "memory" */
    /* Bring @rect, inside the canvas and not empty, to the glass. */
    void (*flush)(PupDisplay *display, const PupRect *rect);
    /* FALSE when the display is gone or wants another size. */
    gboolean (*check)(PupDisplay *display);
    /* Release everything, the struct too, but not the canvas. */
    void (*close)(PupDisplay *display);
} PupDisplayOps;

/* A backend's own struct begins with this. */
struct PupDisplay {
    const PupDisplayOps *ops;
    PupCanvas *canvas;
};

/* DRM/KMS on the card @path (/dev/dri/card0): a dumb buffer on the first connected
 * connector, in its preferred mode. Errors: NOT_FOUND (no such card, nothing connected),
 * UNSUPPORTED (no KMS), BUSY (somebody else is master), IO. */
PupDisplay *pup_display_drm_open(const char *path, GError **error);

/* The frame buffer @path (/dev/fb0), 16, 24 or 32 bits a pixel. Errors: NOT_FOUND,
 * UNSUPPORTED (a palette or planes), IO. */
PupDisplay *pup_display_fbdev_open(const char *path, GError **error);

/* A picture in memory; with @output, written there (PNG, or PPM when the name ends in
 * .ppm) shortly after each flush. */
PupDisplay *pup_display_memory_open(int width, int height, const char *output);

static inline PupCanvas *
pup_display_canvas(PupDisplay *display)
{
    return display->canvas;
}
void pup_display_flush(PupDisplay *display, const PupRect *rect);
gboolean pup_display_check(PupDisplay *display);
void pup_display_free(PupDisplay *display);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(PupDisplay, pup_display_free)
