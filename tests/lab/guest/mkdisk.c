/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * mkdisk - write the demo guest's disk (layout: guest.S) as a raw image
 *
 *     mkdisk --boot guest.bin --banner TEXT [--script LETTERS] [--size MIB] [--pattern
 * MIB] OUT
 *
 * The pattern area starts at 1 MiB and is filled with pseudo-random bytes behind each
 * sector's mark, so that it neither compresses nor repeats: reading it crosses the
 * network.
 */
#include "config.h"

#include <fcntl.h>
#include <glib.h>
#include <string.h>
#include <unistd.h>

#include "lib/error.h"
#include "lib/file.h"

#define SECTOR 512u
#define BANNER_LBA 16u
#define COUNTER_LBA 17u
#define SCRIPT_LBA 18u
#define PATTERN_LBA 19u
#define PATTERN_FIRST (1024u * 1024u / SECTOR)
#define TEXT_MAX 60u

typedef struct {
    char *boot;
    char *banner;
    char *script;
    int size_mib;
    int pattern_mib;
} Options;

static void
put_u32(guint8 *at, guint32 value)
{
    value = GUINT32_TO_LE(value);
    memcpy(at, &value, sizeof value);
}

/* xorshift32: fast, and good enough that zstd finds nothing. */
static guint32
next_random(guint32 *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 17;
    *state ^= *state << 5;
    return *state;
}

static void
fill_pattern(guint8 *area, guint32 n_sectors)
{
    guint32 state = 0x50757069;

    for (guint32 i = 0; i < n_sectors; i++) {
        guint8 *sector = area + (gsize) i * SECTOR;
        for (unsigned at = 8; at < SECTOR; at += 4)
            put_u32(sector + at, next_random(&state));
        memcpy(sector, "PUPS", 4);
        put_u32(sector + 4, PATTERN_FIRST + i);
    }
}

static guint8 *
make_disk(const Options *options, gsize *len, GError **error)
{
    g_autoptr(GBytes) boot = pup_file_read(options->boot, BANNER_LBA * SECTOR, error);
    if (boot == NULL)
        return NULL;

    *len = (gsize) options->size_mib * 1024 * 1024;
    guint8 *disk = g_malloc0(*len);
    guint32 n_sectors = (guint32) options->pattern_mib * 1024 * 1024 / SECTOR;

    memcpy(disk, g_bytes_get_data(boot, NULL), g_bytes_get_size(boot));
    memcpy(disk + BANNER_LBA * SECTOR, options->banner, strlen(options->banner));
    memcpy(disk + COUNTER_LBA * SECTOR, "PUPC", 4);
    memcpy(disk + SCRIPT_LBA * SECTOR, options->script, strlen(options->script));
    guint8 *pattern = disk + PATTERN_LBA * SECTOR;
    memcpy(pattern, "PUPP", 4);
    put_u32(pattern + 4, PATTERN_FIRST);
    put_u32(pattern + 8, n_sectors);
    fill_pattern(disk + (gsize) PATTERN_FIRST * SECTOR, n_sectors);
    return disk;
}

static gboolean
check_options(const Options *options, GError **error)
{
    if (options->boot == NULL || options->banner == NULL)
        pup_error_set(error, PUP_ERROR_INVALID, "--boot and --banner are needed");
    else if (strlen(options->banner) > TEXT_MAX || strlen(options->script) > TEXT_MAX)
        pup_error_set(error, PUP_ERROR_INVALID,
                      "banner and script: at most %u characters", TEXT_MAX);
    else if (options->size_mib < 2 || options->size_mib > 4096 ||
             options->pattern_mib < 0 || options->pattern_mib > options->size_mib - 2)
        pup_error_set(error, PUP_ERROR_INVALID,
                      "--size is 2 to 4096 MiB, --pattern at least 2 MiB less");
    else
        return TRUE;
    return FALSE;
}

int
main(int argc, char **argv)
{
    Options options = {.script = g_strdup(""), .size_mib = 64, .pattern_mib = 16};
    const GOptionEntry entries[] = {
        {"boot", 0, 0, G_OPTION_ARG_FILENAME, &options.boot, "The boot code", "FILE"},
        {"banner", 0, 0, G_OPTION_ARG_STRING, &options.banner, "What the guest shows",
         "TEXT"},
        {"script", 0, 0, G_OPTION_ARG_STRING, &options.script, "Commands it runs",
         "LETTERS"},
        {"size", 0, 0, G_OPTION_ARG_INT, &options.size_mib, "Size of the disk", "MIB"},
        {"pattern", 0, 0, G_OPTION_ARG_INT, &options.pattern_mib, "Pattern area", "MIB"},
        {NULL},
    };
    g_autoptr(GOptionContext) context = g_option_context_new("OUT - write a demo disk");
    g_autoptr(GError) error = NULL;

    g_option_context_add_main_entries(context, entries, NULL);
    if (g_option_context_parse(context, &argc, &argv, &error) && argc != 2)
        pup_error_set(&error, PUP_ERROR_INVALID, "one output file is needed");
    if (error == NULL)
        check_options(&options, &error);

    gsize len = 0;
    g_autofree guint8 *disk = error == NULL ? make_disk(&options, &len, &error) : NULL;
    if (disk != NULL)
        pup_file_replace(argv[1], disk, len, 0644, &error);
    g_free(options.boot);
    g_free(options.banner);
    g_free(options.script);
    if (error == NULL)
        return 0;
    g_printerr("mkdisk: %s\n", error->message);
    return pup_error_exit_status(error);
}
