/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "client-image/screen/canvas.h"

/* Distances are measured in 1/16 pixel. */
#define SUB 16

PupRect
pup_rect_intersect(const PupRect *a, const PupRect *b)
{
    int x0 = MAX(a->x, b->x), x1 = MIN(a->x + a->width, b->x + b->width);
    int y0 = MAX(a->y, b->y), y1 = MIN(a->y + a->height, b->y + b->height);

    if (x1 <= x0 || y1 <= y0)
        return (PupRect){x0, y0, 0, 0};
    return (PupRect){x0, y0, x1 - x0, y1 - y0};
}

PupRect
pup_rect_union(const PupRect *a, const PupRect *b)
{
    if (pup_rect_is_empty(a))
        return *b;
    if (pup_rect_is_empty(b))
        return *a;
    int x0 = MIN(a->x, b->x), x1 = MAX(a->x + a->width, b->x + b->width);
    int y0 = MIN(a->y, b->y), y1 = MAX(a->y + a->height, b->y + b->height);
    return (PupRect){x0, y0, x1 - x0, y1 - y0};
}

PupCanvas *
pup_canvas_new(int width, int height)
{
    PupCanvas *canvas = g_new0(PupCanvas, 1);

    g_assert(width > 0 && width <= PUP_CANVAS_MAX);
    g_assert(height > 0 && height <= PUP_CANVAS_MAX);
    canvas->width = width;
    canvas->height = height;
    canvas->stride = width;
    canvas->pixels = g_new0(guint32, (size_t) width * (size_t) height);
    pup_canvas_set_clip(canvas, NULL);
    return canvas;
}

void
pup_canvas_free(PupCanvas *canvas)
{
    if (canvas == NULL)
        return;
    g_free(canvas->pixels);
    g_free(canvas);
}

void
pup_canvas_set_clip(PupCanvas *canvas, const PupRect *clip)
{
    PupRect all = {0, 0, canvas->width, canvas->height};

    canvas->clip = clip != NULL ? pup_rect_intersect(clip, &all) : all;
}

guint32
pup_colour_mix(guint32 under, guint32 colour, unsigned alpha)
{
    guint32 mixed = 0;

    for (unsigned shift = 0; shift < 24; shift += 8) {
        guint32 u = (under >> shift) & 0xff, c = (colour >> shift) & 0xff;
        mixed |= ((u * (255 - alpha) + c * alpha + 127) / 255) << shift;
    }
    return mixed;
}

void
pup_canvas_blend(PupCanvas *canvas, int x, int y, guint32 colour, unsigned alpha)
{
    const PupRect *clip = &canvas->clip;

    if (alpha == 0 || x < clip->x || y < clip->y || x >= clip->x + clip->width ||
        y >= clip->y + clip->height)
        return;
    guint32 *pixel = pup_canvas_row(canvas, y) + x;
    *pixel = alpha >= 255 ? colour : pup_colour_mix(*pixel, colour, alpha);
}

void
pup_canvas_fill(PupCanvas *canvas, PupRect rect, guint32 colour, unsigned alpha)
{
    PupRect part = pup_rect_intersect(&rect, &canvas->clip);

    for (int y = part.y; y < part.y + part.height; y++) {
        guint32 *row = pup_canvas_row(canvas, y) + part.x;
        for (int x = 0; x < part.width; x++)
            row[x] = alpha >= 255 ? colour : pup_colour_mix(row[x], colour, alpha);
    }
}

/* Integer square root, rounded down. */
static int
root(gint64 square)
{
    gint64 low = 0, high = G_GINT64_CONSTANT(1) << 31;

    while (low < high) {
        gint64 middle = (low + high + 1) / 2;
        if (middle * middle <= square)
            low = middle;
        else
            high = middle - 1;
    }
    return (int) low;
}

/* How much of a pixel is covered, whose centre is @distance (in 1/SUB pixel) from the
 * middle of something round of @radius (in the same unit). */
static unsigned
coverage(int distance, int radius)
{
    return (unsigned) (CLAMP(radius - distance + SUB / 2, 0, SUB) * 255 / SUB);
}

void
pup_canvas_line(PupCanvas *canvas, int x0, int y0, int x1, int y1, int thickness,
                guint32 colour)
{
    int reach = thickness / 2 + 2;
    PupRect around = {MIN(x0, x1) - reach, MIN(y0, y1) - reach,
                      ABS(x1 - x0) + 2 * reach + 1, ABS(y1 - y0) + 2 * reach + 1};
    PupRect part = pup_rect_intersect(&around, &canvas->clip);
    gint64 dx = x1 - x0, dy = y1 - y0, length2 = dx * dx + dy * dy;

    for (int y = part.y; y < part.y + part.height; y++)
        for (int x = part.x; x < part.x + part.width; x++) {
            gint64 px = x - x0, py = y - y0;
            gint64 along = length2 ? CLAMP(px * dx + py * dy, 0, length2) : 0;
            gint64 ex = px * SUB - (length2 ? along * dx * SUB / length2 : 0);
            gint64 ey = py * SUB - (length2 ? along * dy * SUB / length2 : 0);
            unsigned alpha = coverage(root(ex * ex + ey * ey), thickness * SUB / 2);
            pup_canvas_blend(canvas, x, y, colour, alpha);
        }
}

/* The distance of pixel @at from the straight stretch of a side that runs from @low to
 * @high (in 1/SUB pixel, positions of pixel centres): 0 beside it, more in a corner. */
static int
corner_distance(int at, int low, int high)
{
    int centre = at * SUB + SUB / 2;

    return centre < low ? low - centre : centre > high ? centre - high : 0;
}

void
pup_canvas_fill_round(PupCanvas *canvas, PupRect rect, int radius, guint32 colour)
{
    PupRect part = pup_rect_intersect(&rect, &canvas->clip);
    int r = MIN(radius, MIN(rect.width, rect.height) / 2) * SUB;

    for (int y = part.y; y < part.y + part.height; y++) {
        int dy = corner_distance(y, rect.y * SUB + r, (rect.y + rect.height) * SUB - r);
        for (int x = part.x; x < part.x + part.width; x++) {
            int dx =
                corner_distance(x, rect.x * SUB + r, (rect.x + rect.width) * SUB - r);
            unsigned alpha = dx > 0 && dy > 0
                                 ? coverage(root((gint64) dx * dx + (gint64) dy * dy), r)
                                 : 255;
            pup_canvas_blend(canvas, x, y, colour, alpha);
        }
    }
}
