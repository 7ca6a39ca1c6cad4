/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Only the damaged part is drawn, by one processor core, without a graphics card's help:
 * the screen of a PC whose card has no driver must work like any other. The guest is
 * asked for the screen's own size, so that scaling is what happens before its agent
 * runs, and need not be more than decent.
 */
#include "client-image/screen/view.h"

#include <string.h>

/* Positions in the source are counted in 1/256 pixel. */
#define FRACTION 256

/* Where a row or column of the screen comes from. */
typedef struct {
    int first, second; /* source positions, clamped */
    int weight;        /* of the second, 0 to FRACTION - 1 */
} Tap;

PupView
pup_view_fit(PupRect source, int width, int height)
{
    PupView view = {.source = source};
    int times = MIN(width / source.width, height / source.height);
    int fit_width = width, fit_height = height;

    if ((gint64) width * source.height > (gint64) height * source.width)
        fit_width = (int) ((gint64) source.width * height / source.height);
    else
        fit_height = (int) ((gint64) source.height * width / source.width);
    if (times > 0 && times * source.width * 10 >= fit_width * 9) {
        fit_width = times * source.width;
        fit_height = times * source.height;
    }
    fit_width = MAX(fit_width, 1);
    fit_height = MAX(fit_height, 1);
    view.target = (PupRect){(width - fit_width) / 2, (height - fit_height) / 2, fit_width,
                            fit_height};
    return view;
}

/* TRUE when each pixel of the guest is a square of whole pixels of the screen. */
static gboolean
is_whole(const PupView *view)
{
    return view->target.width % view->source.width == 0 &&
           view->target.height % view->source.height == 0;
}

static int
scale_down(gint64 value, int to, int from)
{
    gint64 product = value * to;

    return (int) (product >= 0 ? product / from : -((-product + from - 1) / from));
}

PupRect
pup_view_to_screen(const PupView *view, const PupRect *damage)
{
    const PupRect *s = &view->source, *t = &view->target;
    PupRect part = pup_rect_intersect(damage, s);

    if (pup_rect_is_empty(&part))
        return (PupRect){0};
    int more = is_whole(view) ? 0 : 1;
    int x0 = scale_down(part.x - s->x - more, t->width, s->width);
    int y0 = scale_down(part.y - s->y - more, t->height, s->height);
    int x1 = scale_down(part.x - s->x + part.width + more, t->width, s->width) + more;
    int y1 = scale_down(part.y - s->y + part.height + more, t->height, s->height) + more;
    PupRect screen = {t->x + x0, t->y + y0, x1 - x0, y1 - y0};
    return pup_rect_intersect(&screen, t);
}

void
pup_view_to_guest(const PupView *view, int x, int y, int *guest_x, int *guest_y)
{
    const PupRect *s = &view->source, *t = &view->target;
    int along_x = CLAMP(x - t->x, 0, t->width - 1);
    int along_y = CLAMP(y - t->y, 0, t->height - 1);

    *guest_x = s->x + scale_down(along_x, s->width, t->width);
    *guest_y = s->y + scale_down(along_y, s->height, t->height);
}

/* Pixels @from to @from + @n of the surface's row @y as XRGB8888. */
static const guint32 *
fetch(const PupSurface *surface, int y, int from, int n, guint32 *buf)
{
    const guint8 *row = surface->data + (size_t) y * (size_t) surface->stride_bytes;

    if (surface->pixels == PUP_PIXELS_XRGB8888)
        return (const guint32 *) (const void *) row + from;
    const guint16 *in = (const guint16 *) (const void *) row + from;
    gboolean six_green = surface->pixels == PUP_PIXELS_RGB565;
    for (int i = 0; i < n; i++) {
        guint32 r = six_green ? in[i] >> 11 : (in[i] >> 10) & 31;
        guint32 g = six_green ? (in[i] >> 5) & 63 : ((in[i] >> 5) & 31) << 1;
        guint32 b = in[i] & 31;
        buf[i] = (r << 3 | r >> 2) << 16 | (g << 2 | g >> 4) << 8 | (b << 3 | b >> 2);
    }
    return buf;
}

/* Where pixel @at (0 to @target - 1) of a side of @target pixels comes from on a side of
 * @source pixels: the pixel that covers it when @nearest, else the two around it. */
static Tap
tap_for(int at, int source, int target, gboolean nearest)
{
    gint64 position = ((gint64) (2 * at + 1) * source * FRACTION / target - FRACTION) / 2;

    if (nearest)
        return (Tap){at * source / target, at * source / target, 0};
    position = MAX(position, 0);
    int first = MIN((int) (position / FRACTION), source - 1);
    return (Tap){first, MIN(first + 1, source - 1), (int) (position % FRACTION)};
}

/* @a and @b mixed, @weight (0 to 255) of 256 from @b; two channels at a time. */
static inline guint32
mix2(guint32 a, guint32 b, guint32 weight)
{
    guint32 rb = a & 0xff00ff, g = a & 0x00ff00;

    rb += (((b & 0xff00ff) - rb) * weight) >> 8;
    g += (((b & 0x00ff00) - g) * weight) >> 8;
    return (rb & 0xff00ff) | (g & 0x00ff00);
}

static void
draw_row(guint32 *out, const Tap *taps, int n, const guint32 *upper, const guint32 *lower,
         guint32 weight)
{
    if (weight == 0) {
        for (int i = 0; i < n; i++)
            out[i] = mix2(upper[taps[i].first], upper[taps[i].second],
                          (guint32) taps[i].weight);
        return;
    }
    for (int i = 0; i < n; i++) {
        guint32 w = (guint32) taps[i].weight;
        guint32 top = mix2(upper[taps[i].first], upper[taps[i].second], w);
        guint32 low = mix2(lower[taps[i].first], lower[taps[i].second], w);
        out[i] = mix2(top, low, weight);
    }
}

/* Draw @part of the screen, which lies inside the view's target. */
static void
draw_picture(const PupView *view, PupCanvas *canvas, const PupSurface *surface,
             PupRect part)
{
    const PupRect *s = &view->source, *t = &view->target;
    gboolean nearest = is_whole(view);
    gboolean same = nearest && s->width == t->width && s->height == t->height;
    g_autofree Tap *taps = g_new(Tap, part.width);
    g_autofree guint32 *upper = g_new(guint32, s->width);
    g_autofree guint32 *lower = g_new(guint32, s->width);

    for (int i = 0; i < part.width; i++)
        taps[i] = tap_for(part.x + i - t->x, s->width, t->width, nearest);
    for (int y = part.y; y < part.y + part.height; y++) {
        Tap tap = tap_for(y - t->y, s->height, t->height, nearest);
        guint32 *out = pup_canvas_row(canvas, y) + part.x;
        const guint32 *a = fetch(surface, s->y + tap.first, s->x, s->width, upper);
        if (same) {
            memcpy(out, a + taps[0].first, (size_t) part.width * sizeof *out);
            continue;
        }
        const guint32 *b = tap.weight != 0
                               ? fetch(surface, s->y + tap.second, s->x, s->width, lower)
                               : a;
        draw_row(out, taps, part.width, a, b, (guint32) tap.weight);
    }
}

/* Black everywhere but in the target. */
static void
draw_border(const PupView *view, PupCanvas *canvas)
{
    const PupRect *t = &view->target;
    int right = t->x + t->width, bottom = t->y + t->height;
    PupRect sides[] = {{0, 0, canvas->width, t->y},
                       {0, bottom, canvas->width, canvas->height - bottom},
                       {0, t->y, t->x, t->height},
                       {right, t->y, canvas->width - right, t->height}};

    for (size_t i = 0; i < G_N_ELEMENTS(sides); i++)
        pup_canvas_fill(canvas, sides[i], 0, 255);
}

void
pup_view_draw(const PupView *view, PupCanvas *canvas, const PupSurface *surface)
{
    PupRect shown = {0, 0, surface->width, surface->height};
    PupRect source = pup_rect_intersect(&view->source, &shown);
    PupRect part = pup_rect_intersect(&view->target, &canvas->clip);

    draw_border(view, canvas);
    if (surface->data == NULL || memcmp(&source, &view->source, sizeof source) != 0)
        pup_canvas_fill(canvas, part, 0, 255);
    else if (!pup_rect_is_empty(&part))
        draw_picture(view, canvas, surface, part);
}

PupRect
pup_view_cursor_rect(const PupView *view, const PupCursor *cursor, int x, int y)
{
    const PupRect *s = &view->source, *t = &view->target;

    if (cursor->rgba == NULL)
        return (PupRect){0};
    return (PupRect){t->x + scale_down(x - cursor->hot_x - s->x, t->width, s->width),
                     t->y + scale_down(y - cursor->hot_y - s->y, t->height, s->height),
                     MAX(1, scale_down(cursor->width, t->width, s->width)),
                     MAX(1, scale_down(cursor->height, t->height, s->height))};
}

void
pup_view_draw_cursor(const PupView *view, PupCanvas *canvas, const PupCursor *cursor,
                     int x, int y)
{
    PupRect at = pup_view_cursor_rect(view, cursor, x, y);
    PupRect inside = pup_rect_intersect(&at, &view->target);
    PupRect part = pup_rect_intersect(&inside, &canvas->clip);

    for (int j = part.y; j < part.y + part.height; j++)
        for (int i = part.x; i < part.x + part.width; i++) {
            int cx = (i - at.x) * cursor->width / at.width;
            int cy = (j - at.y) * cursor->height / at.height;
            const guint8 *p =
                cursor->rgba + 4 * ((size_t) cy * (size_t) cursor->width + (size_t) cx);
            guint32 colour = (guint32) p[0] << 16 | (guint32) p[1] << 8 | p[2];
            pup_canvas_blend(canvas, i, j, colour, p[3]);
        }
}
