/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "client-image/screen/picture.h"

void
pup_picture_clear(PupPicture *picture)
{
    g_clear_pointer(&picture->cursor.rgba, g_free);
    picture->surface = (PupSurface){0};
}

static void
fit(PupPicture *picture)
{
    if (picture->surface.data != NULL && picture->screen_width > 0)
        picture->view =
            pup_view_fit(picture->shown, picture->screen_width, picture->screen_height);
}

/* TRUE when there is something to draw and something to draw it on. */
static gboolean
is_ready(const PupPicture *picture)
{
    return picture->surface.data != NULL && picture->screen_width > 0;
}

void
pup_picture_set_screen(PupPicture *picture, int width, int height)
{
    picture->screen_width = width;
    picture->screen_height = height;
    pup_pointer_reset(&picture->pointer, width, height);
    fit(picture);
}

void
pup_picture_set_surface(PupPicture *picture, const PupSurface *surface, PupRect shown)
{
    picture->surface = *surface;
    picture->shown = shown;
    fit(picture);
}

static PupRect
cursor_rect(const PupPicture *picture)
{
    if (!is_ready(picture))
        return (PupRect){0};
    return pup_view_cursor_rect(&picture->view, &picture->cursor, picture->cursor_x,
                                picture->cursor_y);
}

PupRect
pup_picture_set_cursor(PupPicture *picture, const PupCursor *cursor)
{
    PupRect before = cursor_rect(picture);
    size_t bytes = 4 * (size_t) cursor->width * (size_t) cursor->height;

    g_free(picture->cursor.rgba);
    picture->cursor = *cursor;
    picture->cursor.rgba = cursor->rgba != NULL ? g_memdup2(cursor->rgba, bytes) : NULL;
    PupRect after = cursor_rect(picture);
    return pup_rect_union(&before, &after);
}

PupRect
pup_picture_move_cursor(PupPicture *picture, int x, int y)
{
    PupRect before = cursor_rect(picture);

    picture->cursor_x = x;
    picture->cursor_y = y;
    PupRect after = cursor_rect(picture);
    return pup_rect_union(&before, &after);
}

PupRect
pup_picture_damage(const PupPicture *picture, const PupRect *damage)
{
    if (!is_ready(picture))
        return (PupRect){0};
    return pup_view_to_screen(&picture->view, damage);
}

gboolean
pup_picture_has_content(const PupPicture *picture, const PupRect *rect)
{
    const PupSurface *surface = &picture->surface;
    PupRect all = {0, 0, surface->width, surface->height};
    PupRect part = pup_rect_intersect(rect, &all);

    for (int y = part.y; surface->data != NULL && y < part.y + part.height; y++) {
        const guint8 *row = surface->data + (size_t) y * (size_t) surface->stride_bytes;
        for (int x = part.x; x < part.x + part.width; x++) {
            guint32 pixel = surface->pixels == PUP_PIXELS_XRGB8888
                                ? ((const guint32 *) (const void *) row)[x] & 0xffffff
                                : ((const guint16 *) (const void *) row)[x] & 0x7fffu;
            if (pixel != 0)
                return TRUE;
        }
    }
    return FALSE;
}

void
pup_picture_draw(const PupPicture *picture, PupCanvas *canvas)
{
    PupRect all = {0, 0, canvas->width, canvas->height};

    if (!is_ready(picture)) {
        pup_canvas_fill(canvas, all, 0, 255);
        return;
    }
    pup_view_draw(&picture->view, canvas, &picture->surface);
    if (picture->cursor.rgba != NULL)
        pup_view_draw_cursor(&picture->view, canvas, &picture->cursor, picture->cursor_x,
                             picture->cursor_y);
}
