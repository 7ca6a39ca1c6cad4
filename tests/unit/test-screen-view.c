/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "client-image/screen/picture.h"

#define FOREIGN 0x123456

static void
test_rects(void **state)
{
    PupRect a = {0, 0, 10, 10}, b = {5, 5, 10, 10}, far = {20, 0, 5, 5},
            empty = {3, 3, 0, 9};
    PupRect both = pup_rect_intersect(&a, &b), around = pup_rect_union(&a, &b);
    PupRect nothing = pup_rect_intersect(&a, &far), same = pup_rect_union(&a, &empty);

    assert_memory_equal(&both, (&(PupRect){5, 5, 5, 5}), sizeof both);
    assert_memory_equal(&around, (&(PupRect){0, 0, 15, 15}), sizeof around);
    assert_true(pup_rect_is_empty(&nothing));
    assert_memory_equal(&same, &a, sizeof a);
}

static void
test_canvas_clip(void **state)
{
    g_autoptr(PupCanvas) canvas = pup_canvas_new(20, 20);
    PupRect clip = {5, 5, 10, 100}, all = {-5, -5, 100, 100};
    int n = 0;

    pup_canvas_set_clip(canvas, &clip);
    pup_canvas_fill(canvas, all, FOREIGN, 255);
    pup_canvas_fill_round(canvas, all, 3, FOREIGN);
    pup_canvas_line(canvas, -10, -10, 30, 30, 9, FOREIGN);
    pup_canvas_blend(canvas, 4, 10, FOREIGN, 255);
    pup_canvas_blend(canvas, 19, 19, FOREIGN, 255);
    for (int i = 0; i < 400; i++)
        n += canvas->pixels[i] == FOREIGN;
    assert_int_equal(n, 10 * 15);
}

static void
test_mix(void **state)
{
    assert_int_equal(pup_colour_mix(0x102030, 0xffffff, 0), 0x102030);
    assert_int_equal(pup_colour_mix(0x102030, 0xaabbcc, 255), 0xaabbcc);
    assert_int_equal(pup_colour_mix(0x000000, 0xff00ff, 128), 0x800080);
}

static void
test_fit(void **state)
{
    static const struct {
        PupRect source;
        int width, height;
        PupRect target;
    } rows[] = {
        {{0, 0, 1920, 1080}, 1920, 1080, {0, 0, 1920, 1080}},
        {{0, 0, 1920, 1080}, 3840, 2160, {0, 0, 3840, 2160}},
        {{0, 0, 640, 480}, 1920, 1080, {240, 0, 1440, 1080}},
        {{0, 0, 1024, 768}, 1920, 1080, {240, 0, 1440, 1080}},
        {{0, 0, 1900, 1000}, 1920, 1080, {10, 40, 1900, 1000}}, /* crisp before full */
        {{0, 0, 1920, 1080}, 1024, 768, {0, 96, 1024, 576}},
        {{100, 50, 800, 600}, 800, 600, {0, 0, 800, 600}},
        {{0, 0, 1, 1000}, 100, 100, {49, 0, 1, 100}},
    };

    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        PupView view = pup_view_fit(rows[i].source, rows[i].width, rows[i].height);
        if (memcmp(&view.target, &rows[i].target, sizeof view.target) != 0)
            fail_msg("row %zu: %d,%d %dx%d", i, view.target.x, view.target.y,
                     view.target.width, view.target.height);
    }
}

/* A guest's picture of noise in any of the pixel forms; free with g_free(data). */
static PupSurface
make_surface(int width, int height, PupPixels pixels)
{
    g_autoptr(GRand) rand = g_rand_new_with_seed(3);
    int bytes = pixels == PUP_PIXELS_XRGB8888 ? 4 : 2;
    PupSurface surface = {NULL, width, height, width * bytes + 8, pixels};
    size_t len = (size_t) surface.stride_bytes * (size_t) height;
    guint8 *data = g_malloc(len);

    for (size_t i = 0; i < len; i++)
        data[i] = (guint8) g_rand_int_range(rand, 0, 256);
    surface.data = data;
    return surface;
}

static const struct {
    PupRect source; /* on a surface of 37 x 23 */
    int width, height;
} shapes[] = {
    {{0, 0, 37, 23}, 37, 23}, {{0, 0, 37, 23}, 74, 46}, {{0, 0, 37, 23}, 100, 40},
    {{0, 0, 37, 23}, 20, 31}, {{5, 3, 16, 12}, 48, 36}, {{5, 3, 16, 12}, 50, 50},
    {{36, 22, 1, 1}, 7, 9},   {{0, 0, 37, 23}, 1, 1},
};

/* Drawing what a damaged part changes gives what drawing it all again gives. */
static void
test_parts_are_the_whole(void **state)
{
    g_autoptr(GRand) rand = g_rand_new_with_seed(5);

    for (size_t i = 0; i < G_N_ELEMENTS(shapes) * 20; i++) {
        size_t s = i % G_N_ELEMENTS(shapes);
        PupSurface surface = make_surface(37, 23, (PupPixels) (i % 3));
        g_autofree guint8 *data = (guint8 *) surface.data;
        PupView view = pup_view_fit(shapes[s].source, shapes[s].width, shapes[s].height);
        g_autoptr(PupCanvas) part = pup_canvas_new(shapes[s].width, shapes[s].height);
        g_autoptr(PupCanvas) whole = pup_canvas_new(shapes[s].width, shapes[s].height);
        PupRect damage = {g_rand_int_range(rand, 0, 37), g_rand_int_range(rand, 0, 23),
                          g_rand_int_range(rand, 1, 20), g_rand_int_range(rand, 1, 20)};
        PupRect all = {0, 0, 37, 23}, inside = pup_rect_intersect(&damage, &all);

        pup_view_draw(&view, part, &surface);
        for (int y = inside.y; y < inside.y + inside.height; y++)
            memset(data + y * surface.stride_bytes +
                       inside.x * (surface.pixels == PUP_PIXELS_XRGB8888 ? 4 : 2),
                   0x5a,
                   (size_t) inside.width *
                       (surface.pixels == PUP_PIXELS_XRGB8888 ? 4 : 2));
        PupRect screen = pup_view_to_screen(&view, &damage);
        pup_canvas_set_clip(part, &screen);
        pup_view_draw(&view, part, &surface);
        pup_view_draw(&view, whole, &surface);
        assert_memory_equal(part->pixels, whole->pixels,
                            sizeof(guint32) * (size_t) whole->width *
                                (size_t) whole->height);
    }
}

static void
test_pixels(void **state)
{
    const guint16 rgb565[2] = {0xf800, 0x07e0}, rgb555[2] = {0x7c00, 0x001f};
    const guint32 rgb888[2] = {0xff112233, 0xff445566};
    const struct {
        PupSurface surface;
        guint32 left, right;
    } rows[] = {
        {{(const guint8 *) rgb565, 2, 1, 4, PUP_PIXELS_RGB565}, 0xff0000, 0x00ff00},
        {{(const guint8 *) rgb555, 2, 1, 4, PUP_PIXELS_RGB555}, 0xff0000, 0x0000ff},
        {{(const guint8 *) rgb888, 2, 1, 8, PUP_PIXELS_XRGB8888}, 0x112233, 0x445566},
    };

    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(PupCanvas) canvas = pup_canvas_new(4, 4);
        PupView view = pup_view_fit((PupRect){0, 0, 2, 1}, 4, 4);
        pup_canvas_fill(canvas, (PupRect){0, 0, 4, 4}, FOREIGN, 255);
        pup_view_draw(&view, canvas, &rows[i].surface);
        assert_int_equal(pup_canvas_row(canvas, 0)[0], 0); /* the border */
        assert_int_equal(pup_canvas_row(canvas, 1)[0] & 0xffffff, rows[i].left);
        assert_int_equal(pup_canvas_row(canvas, 2)[1] & 0xffffff, rows[i].left);
        assert_int_equal(pup_canvas_row(canvas, 2)[2] & 0xffffff, rows[i].right);
        assert_int_equal(pup_canvas_row(canvas, 3)[3], 0);
    }
}

/* Halfway between two pixels there is their mean. */
static void
test_bilinear(void **state)
{
    const guint32 pixels[2] = {0x000000, 0xff80fe};
    PupSurface surface = {(const guint8 *) pixels, 2, 1, 8, PUP_PIXELS_XRGB8888};
    g_autoptr(PupCanvas) canvas = pup_canvas_new(3, 1);
    PupView view = {{0, 0, 2, 1}, {0, 0, 3, 1}};

    pup_view_draw(&view, canvas, &surface);
    assert_int_equal(canvas->pixels[0], 0);
    assert_int_equal(canvas->pixels[1], 0x7f407f);
    assert_int_equal(canvas->pixels[2] & 0xffffff, 0xff80fe);
}

/* A source that the surface does not have (it shrank) is black, not read. */
static void
test_source_outside(void **state)
{
    PupSurface surface = make_surface(8, 8, PUP_PIXELS_XRGB8888);
    g_autofree guint8 *data G_GNUC_UNUSED = (guint8 *) surface.data;
    g_autoptr(PupCanvas) canvas = pup_canvas_new(16, 16);
    PupView view = pup_view_fit((PupRect){0, 0, 9, 8}, 16, 16);

    pup_canvas_fill(canvas, (PupRect){0, 0, 16, 16}, FOREIGN, 255);
    pup_view_draw(&view, canvas, &surface);
    for (int i = 0; i < 256; i++)
        assert_int_equal(canvas->pixels[i], 0);
}

static void
test_to_guest(void **state)
{
    PupView view = pup_view_fit((PupRect){100, 50, 640, 480}, 1920, 1080);
    int x, y;

    pup_view_to_guest(&view, 240, 0, &x, &y);
    assert_int_equal(x, 100);
    assert_int_equal(y, 50);
    pup_view_to_guest(&view, 0, 5000, &x, &y);
    assert_int_equal(x, 100);
    assert_int_equal(y, 529);
    pup_view_to_guest(&view, 1919, 540, &x, &y);
    assert_int_equal(x, 739);
    assert_int_equal(y, 290);
}

static void
test_cursor(void **state)
{
    guint32 black[16] = {0};
    PupSurface surface = {(const guint8 *) black, 4, 4, 16, PUP_PIXELS_XRGB8888};
    guint8 rgba[2 * 2 * 4] = {255, 0, 0, 255, 0, 255, 0, 255, 0, 0, 255, 128, 9, 9, 9, 0};
    PupCursor cursor = {2, 2, 1, 0, rgba}, none = {0};
    g_autoptr(PupCanvas) canvas = pup_canvas_new(8, 8);
    PupPicture picture = {0};

    pup_picture_set_screen(&picture, 8, 8);
    pup_picture_set_surface(&picture, &surface, (PupRect){0, 0, 4, 4});
    pup_picture_set_cursor(&picture, &cursor);
    PupRect moved = pup_picture_move_cursor(&picture, 2, 1);
    assert_memory_equal(&moved, (&(PupRect){-2, 0, 8, 6}), sizeof moved);
    pup_picture_draw(&picture, canvas);
    assert_int_equal(pup_canvas_row(canvas, 2)[2], 0xff0000);
    assert_int_equal(pup_canvas_row(canvas, 3)[5], 0x00ff00);
    assert_int_equal(pup_canvas_row(canvas, 4)[3], 0x000080);
    assert_int_equal(pup_canvas_row(canvas, 4)[4], 0);
    assert_int_equal(pup_canvas_row(canvas, 2)[1], 0);

    /* At the corner, outside, and gone: nothing is written elsewhere. */
    pup_picture_move_cursor(&picture, 0, 3);
    pup_picture_draw(&picture, canvas);
    assert_int_equal(pup_canvas_row(canvas, 6)[0], 0x00ff00);
    pup_picture_move_cursor(&picture, -100000, 100000);
    pup_picture_draw(&picture, canvas);
    PupRect gone = pup_picture_set_cursor(&picture, &none);
    assert_int_equal(gone.width, 4);
    pup_picture_draw(&picture, canvas);
    for (int i = 0; i < 64; i++)
        assert_int_equal(canvas->pixels[i], 0);
    pup_picture_clear(&picture);
}

static void
test_content(void **state)
{
    guint32 pixels[16] = {0xff000000};
    PupSurface surface = {(const guint8 *) pixels, 4, 4, 16, PUP_PIXELS_XRGB8888};
    PupRect all = {-3, -3, 100, 100}, corner = {0, 0, 3, 3};
    PupPicture picture = {0};

    assert_false(pup_picture_has_content(&picture, &all));
    pup_picture_set_surface(&picture, &surface, (PupRect){0, 0, 4, 4});
    assert_false(pup_picture_has_content(&picture, &all));
    pixels[15] = 0x000001;
    assert_true(pup_picture_has_content(&picture, &all));
    assert_false(pup_picture_has_content(&picture, &corner));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rects),
        cmocka_unit_test(test_canvas_clip),
        cmocka_unit_test(test_mix),
        cmocka_unit_test(test_fit),
        cmocka_unit_test(test_parts_are_the_whole),
        cmocka_unit_test(test_pixels),
        cmocka_unit_test(test_bilinear),
        cmocka_unit_test(test_source_outside),
        cmocka_unit_test(test_to_guest),
        cmocka_unit_test(test_cursor),
        cmocka_unit_test(test_content),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
