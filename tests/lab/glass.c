/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * glass - is what a PC's screen shows one of our pages, or text that nobody meant it to?
 *
 *     glass FILE.ppm     "calm", and exit 0; "text at the left edge, row N", and exit 1
 *
 * Pages leave the screen's edge free: those of iPXE's scripts, of the initramfs and of
 * pupitre-screen alike. What the kernel, a shell or a program prints begins at the left
 * edge. So a picture is calm when its leftmost fiftieth has one colour. FILE is what
 * QEMU's screendump writes: PPM (P6) of 8 bits. Exit 2: it is not.
 */
#include <glib.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define EDGE_PART 50

/* The number after blanks at *@at, which moves behind it; 0 when there is none. */
static gsize
take_number(const char **at)
{
    char *end;
    guint64 number = g_ascii_strtoull(*at, &end, 10);

    *at = end;
    return number < 65536 ? (gsize) number : 0;
}

/* The first row whose edge is not all of the colour of the first pixel; -1: none. */
static int
find_text(const char *pixels, gsize width, gsize height)
{
    gsize edge = MAX(width / EDGE_PART, 1);

    for (gsize y = 0; y < height; y++)
        for (gsize x = 0; x < edge; x++)
            if (memcmp(pixels + (y * width + x) * 3, pixels, 3) != 0)
                return (int) y;
    return -1;
}

int
main(int argc, char **argv)
{
    g_autofree char *data = NULL;
    g_autoptr(GError) error = NULL;
    gsize len;

    if (argc != 2) {
        fputs("usage: glass FILE.ppm\n", stderr);
        return 2;
    }
    if (!g_file_get_contents(argv[1], &data, &len, &error)) {
        fprintf(stderr, "glass: %s\n", error->message);
        return 2;
    }
    const char *at = data + 2;
    gboolean is_ppm = len > 2 && memcmp(data, "P6", 2) == 0;
    gsize width = is_ppm ? take_number(&at) : 0, height = is_ppm ? take_number(&at) : 0;
    gsize depth = is_ppm ? take_number(&at) : 0;
    at++;
    if (width == 0 || height == 0 || depth != 255 ||
        len - (gsize) (at - data) < width * height * 3) {
        fprintf(stderr, "glass: '%s' is no whole PPM picture of 8 bits\n", argv[1]);
        return 2;
    }
    int row = find_text(at, width, height);
    if (row < 0)
        puts("calm");
    else
        printf("text at the left edge, row %d\n", row);
    return row < 0 ? 0 : 1;
}
