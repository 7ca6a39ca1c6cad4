/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The pages against kept pictures (tests/golden/screen), in the fonts of Debian's
 * console-setup-linux; without that package these tests are skipped. When a page is
 * changed on purpose: PUP_GOLDEN_WRITE=1 makes new pictures. Look at them.
 */
#include "config.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <gio/gio.h>
#include <string.h>

#include "client-image/screen/page.h"
#include "client-image/screen/png.h"
#include "lib/file.h"

#define FONT_DIR "/usr/share/consolefonts"
#define FONT_PREFIX "Uni2-Terminus"
#define LONG_WORD                                                                        \
    "Donaudampfschifffahrtsgesellschaftskapitaenswitwenrentenauszahlungsstelle"
#define LONG_TEXT                                                                        \
    "A text that is far too long for any screen, " LONG_WORD                             \
    ", goes on and on, and says the same again: a text that is far too long for any "    \
    "screen, as an error message that was made of another one that was made of another " \
    "one that somebody thought to be helpful, goes on and on, and has no end in sight."

static PupFonts *fonts;

static gboolean
say(PupPage *page, const char *line)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(PupMessage) message = pup_message_parse(line, &error);

    if (message == NULL)
        fail_msg("'%s': %s", line, error->message);
    return pup_page_apply(page, message);
}

static PupPage *
page_after(const char *const *lines)
{
    PupPage *page = pup_page_new();

    for (; *lines != NULL; lines++)
        say(page, *lines);
    return page;
}

#define LINES(...) ((const char *const[]){__VA_ARGS__, NULL})

static char *
done_list(const PupPage *page)
{
    GString *list = g_string_new(NULL);

    for (guint i = 0; i < page->done->len; i++)
        g_string_append_printf(list, "%s|", (char *) g_ptr_array_index(page->done, i));
    return g_string_free(list, FALSE);
}

static void
assert_done(const PupPage *page, const char *wanted)
{
    g_autofree char *list = done_list(page);

    assert_string_equal(list, wanted);
}

static void
test_stages(void **state)
{
    g_autoptr(PupPage) page = pup_page_new();

    assert_true(pup_page_moves(page));
    assert_true(say(page, "stage one"));
    assert_false(say(page, "stage one"));
    assert_done(page, "");
    assert_true(say(page, "progress 30"));
    assert_false(say(page, "progress 30"));
    assert_false(pup_page_moves(page));
    say(page, "stage two");
    assert_int_equal(page->progress, -1);
    say(page, "stage three");
    assert_done(page, "one|two|");
    assert_true(say(page, "error E1 no"));
    assert_false(pup_page_moves(page));
    assert_false(say(page, "progress 40")); /* nobody sees it */
    assert_true(say(page, "stage four"));   /* three did not end well */
    assert_done(page, "one|two|");
    say(page, "stage two"); /* back to it */
    assert_done(page, "one|");
    assert_true(say(page, "spice-off"));
    assert_done(page, "");
    say(page, "stage five");
    assert_done(page, "");
    for (int i = 0; i < 1000; i++) {
        g_autofree char *line = g_strdup_printf("stage number %d", i);
        say(page, line);
    }
    assert_true(page->done->len < 100);
}

static void
test_pages(void **state)
{
    g_autoptr(PupPage) page = pup_page_new();

    assert_true(say(page, "mac 00:11:22:33:44:55 hello"));
    assert_int_equal(page->kind, PUP_PAGE_MAC);
    assert_true(say(page, "error E2 words"));
    assert_int_equal(page->kind, PUP_PAGE_ERROR);
    assert_string_equal(page->word, "E2");
    assert_string_equal(page->text, "words");
    assert_true(say(page, "spice /x"));
    assert_int_equal(page->kind, PUP_PAGE_STAGE);
    assert_false(say(page, "spice /x"));
    assert_true(say(page, "notice n"));
    assert_true(say(page, "info i"));
    assert_false(say(page, "info i"));
    assert_true(say(page, "notice n | for helpdesk"));
    assert_string_equal(page->notice_more, "for helpdesk");
    assert_true(say(page, "notice"));
    assert_string_equal(page->notice, "");
    assert_string_equal(page->notice_more, "");
    assert_true(say(page, "stage s | a"));
    assert_true(say(page, "stage s | b"));
    assert_string_equal(page->stage_more, "b");
    assert_true(say(page, "stage t"));
    assert_string_equal(page->stage_more, "");
    assert_done(page, "s|");
    assert_false(say(page, "catch F9"));
}

static const struct {
    const char *name;
    const char *lines[8];
} kept[] = {
    {"stage",
     {"stage Connecting to the network", "stage Registering with the server",
      "stage Checking the disk of room lab-101", "stage Starting Windows", "progress 42",
      "info Room lab-101 \xc2\xb7 seat pc07 \xc2\xb7 version 12"}},
    {"busy",
     {"stage Waiting for the server", "notice The server does not answer. Please wait.",
      "info Room lab-101"}},
    {"error",
     {"stage Registering with the server",
      "error NET-7 The server at 10.77.0.1:8080 does not answer. The cable may be "
      "unplugged, or the server is switched off.",
      "info Room lab-101 \xc2\xb7 seat pc07"}},
    {"mac", {"mac 52:54:00:12:34:56"}},
    {"error-more",
     {"error NO-MEMORY This PC has too little memory for this room. | It has 480 MiB and "
      "can give its guest 120 MiB, but the room's guest needs 256 MiB",
      "info lab-101@12  pc07"}},
    {"notice-more",
     {"stage Waiting for the server | 10.77.0.1:8080",
      "notice The server does not answer. Please wait: this PC goes on by itself as soon "
      "as it does. | 10.77.0.1:8080: no answer for 4 seconds"}},
};

static guint32
be32(const guint8 *at)
{
    guint32 value;

    memcpy(&value, at, sizeof value);
    return GUINT32_FROM_BE(value);
}

/* The bytes of the rows (a filter byte 0, then RGB) of a PNG as png.c writes it. */
static GBytes *
read_png_rows(const char *path, int width, int height)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GBytes) file = pup_file_read(path, 1u << 24, &error);
    size_t raw_len = (size_t) height * (1 + 3 * (size_t) width);

    if (file == NULL)
        fail_msg("%s", error->message);
    const guint8 *png = g_bytes_get_data(file, NULL);
    assert_true(g_bytes_get_size(file) > 57 && memcmp(png + 37, "IDAT", 4) == 0);
    assert_int_equal(be32(png + 16), width);
    assert_int_equal(be32(png + 20), height);
    g_autoptr(GInputStream) packed = g_memory_input_stream_new_from_data(
        png + 41, (gssize) MIN(be32(png + 33), g_bytes_get_size(file) - 57), NULL);
    g_autoptr(GZlibDecompressor) zlib =
        g_zlib_decompressor_new(G_ZLIB_COMPRESSOR_FORMAT_ZLIB);
    g_autoptr(GInputStream) plain =
        g_converter_input_stream_new(packed, G_CONVERTER(zlib));
    guint8 *raw = g_malloc(raw_len);
    gsize len = 0;
    assert_true(g_input_stream_read_all(plain, raw, raw_len, &len, NULL, NULL));
    assert_int_equal(len, raw_len);
    return g_bytes_new_take(raw, raw_len);
}

static void
compare(const char *name, const char *path, const PupCanvas *canvas)
{
    g_autoptr(GBytes) rows = read_png_rows(path, canvas->width, canvas->height);
    const guint8 *at = g_bytes_get_data(rows, NULL);

    for (int y = 0; y < canvas->height; y++) {
        at++;
        for (int x = 0; x < canvas->width; x++, at += 3) {
            guint32 pixel = (guint32) at[0] << 16 | (guint32) at[1] << 8 | at[2];
            if (pup_canvas_row(canvas, y)[x] != pixel)
                fail_msg("page '%s' differs from %s at %d,%d: %06x, not %06x", name, path,
                         x, y, pup_canvas_row(canvas, y)[x], pixel);
        }
    }
}

static void
test_golden(void **state)
{
    if (fonts == NULL)
        skip();
    for (size_t i = 0; i < G_N_ELEMENTS(kept); i++) {
        g_autofree char *file = g_strconcat(kept[i].name, ".png", NULL);
        g_autofree char *path = g_build_filename(g_getenv("PUP_TOP_SRCDIR"), "tests",
                                                 "golden", "screen", file, NULL);
        g_autoptr(PupPage) page = page_after(kept[i].lines);
        g_autoptr(PupCanvas) canvas = pup_canvas_new(800, 600);
        pup_page_draw(page, canvas, fonts, 10);
        if (g_getenv("PUP_GOLDEN_WRITE") != NULL) {
            g_autoptr(GBytes) png = pup_png_encode(canvas);
            assert_true(pup_file_replace(path, g_bytes_get_data(png, NULL),
                                         g_bytes_get_size(png), 0644, NULL));
        }
        compare(kept[i].name, path, canvas);
    }
}

static const struct {
    int width, height;
} sizes[] = {{640, 400},   {640, 480},   {800, 600},   {1024, 768},
             {1280, 1024}, {1920, 1080}, {1080, 1920}, {3840, 2160}};

static guint32
ground_colour(void)
{
    g_autoptr(PupCanvas) canvas = pup_canvas_new(320, 200);
    g_autoptr(PupPage) page = pup_page_new();

    pup_page_draw(page, canvas, NULL, 0);
    return canvas->pixels[0];
}

/* Fail when something other than ground is drawn in @rect. */
static void
assert_ground(const PupCanvas *canvas, PupRect rect, const char *where)
{
    guint32 ground = ground_colour();

    for (int y = rect.y; y < rect.y + rect.height; y++)
        for (int x = rect.x; x < rect.x + rect.width; x++)
            if (pup_canvas_row(canvas, y)[x] != ground)
                fail_msg("%dx%d: something at %d,%d, in the %s", canvas->width,
                         canvas->height, x, y, where);
}

/* With the longest texts, nothing reaches the edges, and nothing but the info line its
 * place at the bottom. */
static void
test_nothing_overflows(void **state)
{
    static const char *const pages[][6] = {
        {"stage a", "stage b", "stage " LONG_WORD, "stage " LONG_TEXT, "progress 100"},
        {"error " LONG_WORD " " LONG_TEXT},
        {"mac 52:54:00:12:34:56 " LONG_TEXT},
        {"mac " LONG_WORD " " LONG_TEXT},
        {"stage a | " LONG_TEXT, "progress 100"},
        {"error E " LONG_TEXT " | " LONG_TEXT},
        {"mac 52:54:00:12:34:56 " LONG_TEXT " | " LONG_TEXT},
    };

    if (fonts == NULL)
        skip();
    for (size_t s = 0; s < G_N_ELEMENTS(sizes); s++)
        for (size_t p = 0; p < G_N_ELEMENTS(pages); p++) {
            int width = sizes[s].width, height = sizes[s].height;
            g_autoptr(PupPage) page = page_after(pages[p]);
            g_autoptr(PupCanvas) canvas = pup_canvas_new(width, height);
            for (int i = 0; i < 30; i++) {
                g_autofree char *done = g_strdup_printf("done %d " LONG_TEXT, i);
                g_ptr_array_add(page->done, g_steal_pointer(&done));
            }
            pup_page_draw(page, canvas, fonts, 0);
            assert_ground(canvas, (PupRect){0, 0, width / 32, height}, "left margin");
            assert_ground(canvas, (PupRect){width - width / 32, 0, width / 32, height},
                          "right margin");
            assert_ground(canvas, (PupRect){0, height - height / 16, width, height / 16},
                          "place of the info line");
        }
}

/* A part drawn alone is the part of the whole: what the moving bar relies on. */
static void
test_parts(void **state)
{
    static const char *const lines[] = {"stage x", "info y",
                                        "notice " LONG_TEXT " | " LONG_TEXT, NULL};

    for (size_t s = 0; s < G_N_ELEMENTS(sizes); s++) {
        g_autoptr(PupPage) page = page_after(lines);
        g_autoptr(PupCanvas) part = pup_canvas_new(sizes[s].width, sizes[s].height);
        g_autoptr(PupCanvas) whole = pup_canvas_new(sizes[s].width, sizes[s].height);
        PupRect bar = pup_page_bar(sizes[s].width, sizes[s].height);
        pup_page_draw(page, part, fonts, 3);
        pup_canvas_set_clip(part, &bar);
        pup_page_draw(page, part, fonts, 8);
        pup_page_draw(page, whole, fonts, 8);
        assert_memory_equal(part->pixels, whole->pixels,
                            sizeof(guint32) * (size_t) part->width *
                                (size_t) part->height);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_stages), cmocka_unit_test(test_pages),
        cmocka_unit_test(test_golden), cmocka_unit_test(test_nothing_overflows),
        cmocka_unit_test(test_parts),
    };

    fonts = pup_fonts_load(FONT_DIR, FONT_PREFIX, NULL);
    if (fonts == NULL)
        print_message("no fonts " FONT_DIR "/" FONT_PREFIX "*: pages are not compared "
                      "(apt install console-setup-linux)\n");
    int status = cmocka_run_group_tests(tests, NULL, NULL);
    pup_fonts_free(fonts);
    return status;
}
