/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "client-image/screen/display.h"

void
pup_display_flush(PupDisplay *display, const PupRect *rect)
{
    PupRect all = {0, 0, display->canvas->width, display->canvas->height};
    PupRect part = pup_rect_intersect(rect, &all);

    if (!pup_rect_is_empty(&part))
        display->ops->flush(display, &part);
}

gboolean
pup_display_check(PupDisplay *display)
{
    return display->ops->check(display);
}

void
pup_display_free(PupDisplay *display)
{
    if (display == NULL)
        return;
    PupCanvas *canvas = display->canvas;
    display->ops->close(display);
    pup_canvas_free(canvas);
}
