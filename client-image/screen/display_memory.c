/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "client-image/screen/display.h"

#include <string.h>

#include "client-image/screen/png.h"
#include "lib/file.h"

/* How long after a flush the file is written: many flushes, one file. */
#define WRITE_DELAY_MS 200

typedef struct {
    PupDisplay display;
    char *output;
    guint write_source;
} Memory;

/* The PPM (P6) of @canvas. */
static GBytes *
ppm_encode(const PupCanvas *canvas)
{
    g_autoptr(GByteArray) out = g_byte_array_new();
    g_autofree char *header =
        g_strdup_printf("P6\n%d %d\n255\n", canvas->width, canvas->height);

    g_byte_array_append(out, (const guint8 *) header, (guint) strlen(header));
    for (int y = 0; y < canvas->height; y++)
        for (int x = 0; x < canvas->width; x++) {
            guint32 pixel = pup_canvas_row(canvas, y)[x];
            guint8 rgb[3] = {(guint8) (pixel >> 16), (guint8) (pixel >> 8),
                             (guint8) pixel};
            g_byte_array_append(out, rgb, sizeof rgb);
        }
    return g_byte_array_free_to_bytes(g_steal_pointer(&out));
}

static void
write_output(Memory *memory)
{
    const PupCanvas *canvas = memory->display.canvas;
    g_autoptr(GBytes) bytes = g_str_has_suffix(memory->output, ".ppm")
                                  ? ppm_encode(canvas)
                                  : pup_png_encode(canvas);
    g_autoptr(GError) error = NULL;

    if (!pup_file_replace(memory->output, g_bytes_get_data(bytes, NULL),
                          g_bytes_get_size(bytes), 0644, &error))
        g_warning("%s", error->message);
}

static gboolean
on_write(gpointer user)
{
    Memory *memory = user;

    memory->write_source = 0;
    write_output(memory);
    return G_SOURCE_REMOVE;
}

static void
memory_flush(PupDisplay *display, const PupRect *rect)
{
    Memory *memory = (Memory *) display;

    if (memory->output != NULL && memory->write_source == 0)
        memory->write_source = g_timeout_add(WRITE_DELAY_MS, on_write, memory);
}

static gboolean
memory_check(PupDisplay *display)
{
    return TRUE;
}

static void
memory_close(PupDisplay *display)
{
    Memory *memory = (Memory *) display;

    if (memory->write_source != 0) {
        g_source_remove(memory->write_source);
        write_output(memory);
    }
    g_free(memory->output);
    g_free(memory);
}

PupDisplay *
pup_display_memory_open(int width, int height, const char *output)
{
    static const PupDisplayOps ops = {"memory", memory_flush, memory_check, memory_close};
    Memory *memory = g_new0(Memory, 1);

    memory->display.ops = &ops;
    memory->display.canvas = pup_canvas_new(width, height);
    memory->output = g_strdup(output);
    return &memory->display;
}
