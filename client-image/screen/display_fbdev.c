/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The frame buffer that firmware left behind (vesafb, efifb): the way for a graphics card
 * that has no KMS driver. Its mode is what it is; we only look up how pixels are packed.
 * When a KMS driver takes the card over, the kernel removes this frame buffer: check()
 * says so. Palettes and planes are not handled: no firmware of this century sets one.
 */
#include "client-image/screen/display.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/fb.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "lib/error.h"

typedef struct {
    PupDisplay display;
    int fd;
    guint8 *memory;
    size_t memory_bytes;
    size_t stride_bytes;
    size_t start_bytes; /* of the visible part */
    struct fb_var_screeninfo mode;
} Fbdev;

/* The 8-bit channel @value as @field wants it. */
static guint32
pack(guint32 value, const struct fb_bitfield *field)
{
    guint32 cut =
        field->length >= 8 ? value << (field->length - 8) : value >> (8 - field->length);

    return cut << field->offset;
}

static void
convert_row(const Fbdev *fbdev, const guint32 *in, int n, guint8 *out)
{
    const struct fb_var_screeninfo *mode = &fbdev->mode;
    unsigned bytes = mode->bits_per_pixel / 8;

    for (int i = 0; i < n; i++, out += bytes) {
        guint32 pixel = pack((in[i] >> 16) & 0xff, &mode->red) |
                        pack((in[i] >> 8) & 0xff, &mode->green) |
                        pack(in[i] & 0xff, &mode->blue);
        pixel = GUINT32_TO_LE(pixel);
        memcpy(out, &pixel, bytes);
    }
}

static gboolean
is_xrgb(const struct fb_var_screeninfo *mode)
{
    return mode->bits_per_pixel == 32 && mode->red.offset == 16 &&
           mode->green.offset == 8 && mode->blue.offset == 0 && mode->red.length == 8;
}

static void
fbdev_flush(PupDisplay *display, const PupRect *rect)
{
    Fbdev *fbdev = (Fbdev *) display;
    size_t bytes = fbdev->mode.bits_per_pixel / 8;
    gboolean same = is_xrgb(&fbdev->mode);

    for (int y = rect->y; y < rect->y + rect->height; y++) {
        const guint32 *in = pup_canvas_row(display->canvas, y) + rect->x;
        guint8 *out = fbdev->memory + fbdev->start_bytes +
                      (size_t) y * fbdev->stride_bytes + (size_t) rect->x * bytes;
        if (same)
            memcpy(out, in, (size_t) rect->width * sizeof *in);
        else
            convert_row(fbdev, in, rect->width, out);
    }
}

static gboolean
fbdev_check(PupDisplay *display)
{
    Fbdev *fbdev = (Fbdev *) display;
    struct fb_var_screeninfo now;

    return ioctl(fbdev->fd, FBIOGET_VSCREENINFO, &now) == 0 &&
           now.xres == fbdev->mode.xres && now.yres == fbdev->mode.yres &&
           now.bits_per_pixel == fbdev->mode.bits_per_pixel;
}

static void
fbdev_close(PupDisplay *display)
{
    Fbdev *fbdev = (Fbdev *) display;

    if (fbdev->memory != NULL)
        munmap(fbdev->memory, fbdev->memory_bytes);
    close(fbdev->fd);
    g_free(fbdev);
}

/* TRUE when the mode is one that convert_row() can write. */
static gboolean
mode_is_ours(const struct fb_var_screeninfo *mode, const struct fb_fix_screeninfo *fix)
{
    unsigned bits = mode->bits_per_pixel;

    return (bits == 16 || bits == 24 || bits == 32) &&
           fix->type == FB_TYPE_PACKED_PIXELS &&
           (fix->visual == FB_VISUAL_TRUECOLOR || fix->visual == FB_VISUAL_DIRECTCOLOR) &&
           mode->red.length > 0 && mode->red.length <= 16 && mode->green.length > 0 &&
           mode->green.length <= 16 && mode->blue.length > 0 && mode->blue.length <= 16 &&
           mode->xres > 0 && mode->xres <= PUP_CANVAS_MAX && mode->yres > 0 &&
           mode->yres <= PUP_CANVAS_MAX;
}

/* Find out the mode and map the memory. */
static gboolean
set_up(Fbdev *fbdev, const char *path, GError **error)
{
    struct fb_fix_screeninfo fix;
    struct fb_var_screeninfo *mode = &fbdev->mode;

    if (ioctl(fbdev->fd, FBIOGET_FSCREENINFO, &fix) != 0 ||
        ioctl(fbdev->fd, FBIOGET_VSCREENINFO, mode) != 0) {
        pup_error_set_errno(error, errno, "cannot ask '%s' for its mode", path);
        return FALSE;
    }
    fbdev->stride_bytes = fix.line_length;
    fbdev->start_bytes = (size_t) mode->yoffset * fix.line_length +
                         (size_t) mode->xoffset * (mode->bits_per_pixel / 8);
    size_t end = fbdev->start_bytes + (size_t) mode->yres * fix.line_length;
    if (!mode_is_ours(mode, &fix) || end > fix.smem_len ||
        fix.line_length < mode->xres * (mode->bits_per_pixel / 8)) {
        pup_error_set(error, PUP_ERROR_UNSUPPORTED,
                      "frame buffer '%s' (%s, %ux%u, %u bits) is of a kind that we "
                      "cannot draw on",
                      path, fix.id, mode->xres, mode->yres, mode->bits_per_pixel);
        return FALSE;
    }
    void *memory =
        mmap(NULL, fix.smem_len, PROT_READ | PROT_WRITE, MAP_SHARED, fbdev->fd, 0);
    if (memory == MAP_FAILED) {
        pup_error_set_errno(error, errno, "cannot map '%s'", path);
        return FALSE;
    }
    fbdev->memory = memory;
    fbdev->memory_bytes = fix.smem_len;
    fbdev->display.canvas = pup_canvas_new((int) mode->xres, (int) mode->yres);
    g_message("display: %s is %s, %ux%u, %u bits a pixel", path, fix.id, mode->xres,
              mode->yres, mode->bits_per_pixel);
    return TRUE;
}

PupDisplay *
pup_display_fbdev_open(const char *path, GError **error)
{
    static const PupDisplayOps ops = {"fbdev", fbdev_flush, fbdev_check, fbdev_close};
    int fd = open(path, O_RDWR | O_CLOEXEC);

    if (fd < 0) {
        pup_error_set_errno(error, errno, "cannot open '%s'", path);
        return NULL;
    }
    Fbdev *fbdev = g_new0(Fbdev, 1);
    fbdev->display.ops = &ops;
    fbdev->fd = fd;
    if (!set_up(fbdev, path, error)) {
        fbdev_close(&fbdev->display);
        return NULL;
    }
    return &fbdev->display;
}
