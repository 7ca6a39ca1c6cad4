/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What the pages look like. All lengths derive from one, the height of body text, which
 * is the size that can be read from two metres off (about 3 % of the screen's height)
 * taken down to one at which console fonts are crisp. The stage page's bar has a fixed
 * place, titles grow upwards from it and the list downwards, so that nothing jumps about
 * while a PC starts. Drawing is in one pass for the stage page; error and MAC pages are
 * run through twice, first to measure how tall they are and then, centred, to draw.
 */
#include "client-image/screen/page.h"

#include "client-image/screen/text.h"

#define COLOUR_GROUND 0x0f1b2d
#define COLOUR_PANEL 0x1c2e47
#define COLOUR_TEXT 0xf4f7fb
#define COLOUR_MUTED 0xa3b6cc
#define COLOUR_ACCENT 0x5cc8a8
#define COLOUR_WARN 0xffb74d
#define COLOUR_NOTICE_TEXT 0x2a1c00

#define NOTICE_LINES 3
/* Of a second line, for helpdesk. */
#define MORE_LINES 2
/* Of the words on a full page, if there is room. */
#define TEXT_LINES 6

typedef struct {
    const PupPage *page;
    PupCanvas *canvas; /* NULL while measuring */
    const PupFonts *fonts;
    int width, height;
    int body;         /* height of body text */
    int margin;       /* at the screen's edges */
    int left, column; /* the column everything stands in: x and width */
    unsigned text_lines;
} Layout;

/* The largest size up to @wanted px that console fonts have, or a whole multiple. */
static int
crisp_height(int wanted)
{
    static const int crisp[] = {192, 160, 128, 96, 80, 64, 56, 48, 40, 32, 28, 24, 20};

    for (size_t i = 0; i < G_N_ELEMENTS(crisp); i++)
        if (crisp[i] <= wanted)
            return crisp[i];
    return 16;
}

static int
body_height(int width, int height)
{
    return crisp_height(MIN(height, width * 3 / 4) * 334 / 10000);
}

static Layout
lay_out(const PupPage *page, PupCanvas *canvas, const PupFonts *fonts, int width,
        int height)
{
    Layout layout = {.page = page,
                     .canvas = canvas,
                     .fonts = fonts,
                     .width = width,
                     .height = height,
                     .body = body_height(width, height)};

    layout.margin = MIN(layout.body * 3 / 2, width / 16);
    layout.column = MIN(width - 2 * layout.margin, layout.body * 36);
    layout.left = (width - layout.column) / 2;
    return layout;
}

static PupTextStyle
style_of(const Layout *layout, int height_px, gboolean bold, guint32 colour)
{
    /* Small letters of the regular face are one pixel thin. */
    return (PupTextStyle){layout->fonts, height_px, bold || height_px < 32, colour};
}

/* One line at @x, @y; nothing while measuring or without a font. */
static void
put(const Layout *layout, int x, int y, const PupTextStyle *style, const char *text)
{
    if (layout->canvas != NULL && layout->fonts != NULL)
        pup_text_draw(layout->canvas, x, y, style, text);
}

/* A paragraph in the column from @y down. Returns the height it takes. */
static int
put_paragraph(const Layout *layout, int y, const PupTextStyle *style, const char *text,
              unsigned max_lines)
{
    int line_height = style->height_px * 5 / 4;

    if (layout->fonts == NULL)
        return line_height;
    g_auto(GStrv) lines = pup_text_wrap(style, text, layout->column, max_lines);
    int at = y;
    for (char **line = lines; *line != NULL; line++, at += line_height)
        put(layout, layout->left, at, style, *line);
    return at - y;
}

/* The name at the top and the info line at the bottom: on every page. */
static void
draw_frame(const Layout *layout)
{
    PupTextStyle name = style_of(layout, layout->body, TRUE, COLOUR_ACCENT);
    PupTextStyle info = style_of(layout, layout->body, FALSE, COLOUR_MUTED);
    int foot = layout->height - layout->margin - layout->body;

    if (*layout->page->notice == '\0') /* else the banner is there */
        put(layout, layout->left, layout->margin, &name, "Pupitre");
    if (layout->fonts == NULL || *layout->page->info == '\0')
        return;
    g_auto(GStrv) line = pup_text_wrap(&info, layout->page->info, layout->column, 1);
    put(layout, layout->left, foot, &info, line[0]);
}

PupRect
pup_page_bar(int width, int height)
{
    Layout layout = lay_out(NULL, NULL, NULL, width, height);

    return (PupRect){layout.left, height * 42 / 100, layout.column,
                     MAX(8, layout.body * 5 / 8)};
}

/* The part of the bar that is filled: so far, or the piece that runs to and fro. */
static PupRect
filled_part(PupRect bar, int progress, unsigned tick)
{
    const int steps = 2 * PUP_PAGE_TICKS_PER_S;

    if (progress >= 0) {
        bar.width = bar.width * progress / 100;
        return bar;
    }
    int phase = (int) (tick % (2 * (unsigned) steps));
    int step = phase < steps ? phase : 2 * steps - phase;
    int piece = bar.width / 5;
    bar.x += (bar.width - piece) * step / steps;
    bar.width = piece;
    return bar;
}

static void
draw_bar(const Layout *layout, PupRect bar, unsigned tick)
{
    PupRect filled = filled_part(bar, layout->page->progress, tick);

    pup_canvas_fill_round(layout->canvas, bar, bar.height / 2, COLOUR_PANEL);
    if (filled.width > 0) {
        filled.width = MAX(filled.width, bar.height);
        pup_canvas_fill_round(layout->canvas, filled, bar.height / 2, COLOUR_ACCENT);
    }
}

static void
draw_tick_mark(const Layout *layout, int x, int y)
{
    int unit = layout->body / 8, thickness = MAX(2, layout->body / 8);

    pup_canvas_line(layout->canvas, x + unit, y + 4 * unit, x + 3 * unit, y + 6 * unit,
                    thickness, COLOUR_ACCENT);
    pup_canvas_line(layout->canvas, x + 3 * unit, y + 6 * unit, x + 7 * unit,
                    y + 2 * unit, thickness, COLOUR_ACCENT);
}

/* The stages done, below @y: the last ones when not all fit. */
static void
draw_done(const Layout *layout, int y)
{
    PupTextStyle style = style_of(layout, layout->body, FALSE, COLOUR_MUTED);
    int line_height = layout->body * 3 / 2, indent = layout->body * 3 / 2;
    int room = layout->height - layout->margin - 2 * layout->body - y;
    guint fits = room > 0 ? (guint) (room / line_height) : 0;
    GPtrArray *done = layout->page->done;

    for (guint i = done->len - MIN(done->len, fits); i < done->len; i++) {
        draw_tick_mark(layout, layout->left, y);
        if (layout->fonts != NULL) {
            g_auto(GStrv) line = pup_text_wrap(&style, g_ptr_array_index(done, i),
                                               layout->column - indent, 1);
            put(layout, layout->left + indent, y, &style, line[0]);
        }
        y += line_height;
    }
}

static void
draw_stage(const Layout *layout, unsigned tick)
{
    PupTextStyle title = style_of(layout, layout->body * 2, TRUE, COLOUR_TEXT);
    PupTextStyle percent = style_of(layout, layout->body, TRUE, COLOUR_MUTED);
    PupTextStyle more = style_of(layout, layout->body, FALSE, COLOUR_MUTED);
    PupRect bar = pup_page_bar(layout->width, layout->height);
    Layout measure = *layout;
    measure.canvas = NULL;
    int tall = put_paragraph(&measure, 0, &title, layout->page->stage, 2);
    int below = bar.y + bar.height + layout->body;

    put_paragraph(layout, bar.y - layout->body / 2 - tall, &title, layout->page->stage,
                  2);
    draw_bar(layout, bar, tick);
    if (layout->page->progress >= 0) {
        g_autofree char *text = g_strdup_printf("%d %%", layout->page->progress);
        int width = layout->fonts != NULL ? pup_text_width(&percent, text) : 0;
        put(layout, bar.x + bar.width - width, below - layout->body / 2, &percent, text);
    }
    if (*layout->page->stage_more != '\0') {
        Layout beside = *layout;
        beside.column -= layout->body * 4;
        put_paragraph(&beside, below - layout->body / 2, &more, layout->page->stage_more,
                      1);
    }
    draw_done(layout, below + layout->body);
}

/* A disc with an exclamation mark, @size pixels across. */
static void
draw_warning(const Layout *layout, int y, int size)
{
    int x = layout->left + size / 2, thickness = MAX(3, size / 8);

    if (layout->canvas == NULL)
        return;
    pup_canvas_line(layout->canvas, x, y + size / 2, x, y + size / 2, size, COLOUR_WARN);
    pup_canvas_line(layout->canvas, x, y + size / 4, x, y + size * 9 / 16, thickness,
                    COLOUR_GROUND);
    pup_canvas_line(layout->canvas, x, y + size * 3 / 4, x, y + size * 3 / 4, thickness,
                    COLOUR_GROUND);
}

/* @text in a panel as wide as the column, in the tallest type up to @height_px that
 * fits, with @label before it. Returns the panel's height. */
static int
draw_panel(const Layout *layout, int y, int height_px, const char *label,
           const char *text, guint32 colour)
{
    PupTextStyle small = style_of(layout, layout->body, FALSE, COLOUR_MUTED);
    PupTextStyle large = style_of(layout, height_px, TRUE, colour);
    int pad = layout->body, gap = *label != '\0' ? layout->body : 0, label_width = 0;
    int inner = layout->column - 2 * pad;

    if (layout->fonts != NULL) {
        label_width = *label != '\0' ? pup_text_width(&small, label) : 0;
        while (large.height_px > layout->body &&
               pup_text_width(&large, text) + label_width + gap > inner)
            large.height_px -= MAX(1, layout->body / 8);
    }
    PupRect panel = {layout->left, y, layout->column, large.height_px + 2 * pad};
    if (layout->canvas != NULL)
        pup_canvas_fill_round(layout->canvas, panel, pad / 2, COLOUR_PANEL);
    put(layout, panel.x + pad, y + pad + (large.height_px - layout->body) / 2, &small,
        label);
    if (layout->fonts != NULL) {
        g_auto(GStrv) line = pup_text_wrap(&large, text, inner - label_width - gap, 1);
        if (line[0] != NULL)
            put(layout, panel.x + pad + label_width + gap, y + pad, &large, line[0]);
    }
    return panel.height;
}

/* The words of a full page and, small, the line for helpdesk. Returns their height. */
static int
put_words(const Layout *layout, int y, const PupTextStyle *words, const char *text)
{
    PupTextStyle small = style_of(layout, layout->body, FALSE, COLOUR_MUTED);
    int tall = put_paragraph(layout, y, words, text, layout->text_lines);

    if (*layout->page->text_more != '\0')
        tall += layout->body / 2 + put_paragraph(layout, y + tall + layout->body / 2,
                                                 &small, layout->page->text_more,
                                                 MIN(MORE_LINES, layout->text_lines));
    return tall;
}

static int
draw_error(const Layout *layout, int y)
{
    PupTextStyle heading = style_of(layout, layout->body * 2, TRUE, COLOUR_WARN);
    PupTextStyle words =
        style_of(layout, crisp_height(layout->body * 5 / 4), FALSE, COLOUR_TEXT);
    PupTextStyle hint = style_of(layout, layout->body, FALSE, COLOUR_MUTED);
    int top = y, mark = layout->body * 3;
    Layout beside = *layout;

    draw_warning(layout, y - layout->body / 2, mark);
    beside.left += mark + layout->body;
    beside.column -= mark + layout->body;
    y += put_paragraph(&beside, y, &heading, "Something went wrong", 2) + layout->body;
    y += put_words(layout, y, &words, layout->page->text) + layout->body;
    y += draw_panel(layout, y, layout->body * 2, "Code", layout->page->word, COLOUR_TEXT);
    y += layout->body;
    y += put_paragraph(layout, y, &hint,
                       "Please tell your administrator this code, or switch the PC off "
                       "and on to try again.",
                       3);
    return y - top;
}

static int
draw_mac(const Layout *layout, int y)
{
    PupTextStyle heading = style_of(layout, layout->body * 2, TRUE, COLOUR_TEXT);
    PupTextStyle words =
        style_of(layout, crisp_height(layout->body * 5 / 4), FALSE, COLOUR_MUTED);
    int top = y;
    const char *text = layout->page->text;

    if (*text == '\0')
        text = "The administrator must add this address to a room. Then switch the PC "
               "off and on.";
    y += put_paragraph(layout, y, &heading, "This PC belongs to no room yet", 2);
    y += layout->body;
    y += draw_panel(layout, y, layout->body * 6, "", layout->page->word, COLOUR_ACCENT);
    y += layout->body;
    y += put_words(layout, y, &words, text);
    return y - top;
}

/* Draw a full page in the middle, a little above it, with as many lines of its words as
 * there is room for. */
static void
draw_centred(Layout layout, int (*draw)(const Layout *, int))
{
    PupCanvas *canvas = layout.canvas;
    int edge = layout.margin + 2 * layout.body, room = layout.height - 2 * edge, tall;

    layout.canvas = NULL;
    layout.text_lines = TEXT_LINES;
    while ((tall = draw(&layout, 0)) > room && layout.text_lines > 1)
        layout.text_lines--;
    layout.canvas = canvas;
    draw(&layout, MAX(edge, (layout.height - tall) * 45 / 100));
}

/* The banner: its lines, and below them, smaller, those for helpdesk. */
typedef struct {
    PupTextStyle style, small;
    char **lines, **more; /* NULL without a notice or a font */
    PupRect rect;
} Banner;

static void
banner_clear(Banner *banner)
{
    g_strfreev(banner->lines);
    g_strfreev(banner->more);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Banner, banner_clear)

static int
lines_height(const PupTextStyle *style, char **lines)
{
    return (int) g_strv_length(lines) * style->height_px * 5 / 4;
}

static Banner
lay_out_notice(const Layout *layout)
{
    int small_px = crisp_height(layout->body * 3 / 4);
    Banner banner = {
        .style = style_of(layout, layout->body, TRUE, COLOUR_NOTICE_TEXT),
        .small = style_of(layout, small_px, FALSE, COLOUR_NOTICE_TEXT),
    };
    int inner = layout->width - 2 * layout->margin;

    if (*layout->page->notice == '\0' || layout->fonts == NULL)
        return banner;
    banner.lines =
        pup_text_wrap(&banner.style, layout->page->notice, inner, NOTICE_LINES);
    banner.more =
        pup_text_wrap(&banner.small, layout->page->notice_more, inner, MORE_LINES);
    banner.rect =
        (PupRect){0, 0, layout->width,
                  lines_height(&banner.style, banner.lines) +
                      lines_height(&banner.small, banner.more) + layout->body * 3 / 4};
    return banner;
}

PupRect
pup_page_notice_rect(const PupPage *page, int width, int height, const PupFonts *fonts)
{
    Layout layout = lay_out(page, NULL, fonts, width, height);
    g_auto(Banner) banner = lay_out_notice(&layout);

    return banner.rect;
}

/* @lines, each in the middle, from @y down. Returns the height they take. */
static int
put_centred(const Layout *layout, int y, const PupTextStyle *style, char **lines)
{
    int at = y;

    for (; *lines != NULL; lines++, at += style->height_px * 5 / 4)
        put(layout, (layout->width - pup_text_width(style, *lines)) / 2, at, style,
            *lines);
    return at - y;
}

void
pup_page_draw_notice(const PupPage *page, PupCanvas *canvas, const PupFonts *fonts)
{
    Layout layout = lay_out(page, canvas, fonts, canvas->width, canvas->height);
    g_auto(Banner) banner = lay_out_notice(&layout);
    int y = banner.rect.y + layout.body / 2;

    pup_canvas_fill(canvas, banner.rect, COLOUR_WARN, 235);
    if (banner.lines == NULL)
        return;
    y += put_centred(&layout, y, &banner.style, banner.lines);
    put_centred(&layout, y, &banner.small, banner.more);
}

void
pup_page_draw(const PupPage *page, PupCanvas *canvas, const PupFonts *fonts,
              unsigned tick)
{
    Layout layout = lay_out(page, canvas, fonts, canvas->width, canvas->height);
    PupRect all = {0, 0, canvas->width, canvas->height};

    pup_canvas_fill(canvas, all, COLOUR_GROUND, 255);
    draw_frame(&layout);
    if (page->kind == PUP_PAGE_STAGE)
        draw_stage(&layout, tick);
    else
        draw_centred(layout, page->kind == PUP_PAGE_ERROR ? draw_error : draw_mac);
    pup_page_draw_notice(page, canvas, fonts);
}
