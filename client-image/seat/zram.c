/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Twice the memory is shown because a guest's writes compress at least that well; what
 * does not is stopped by the limit, as a full device.
 */
#include "config.h"
#include "client-image/seat/zram.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>
#include <errno.h>

#include "client-image/seat/hardware.h"
#include "lib/error.h"
#include "lib/file.h"

#define CONTROL "/sys/class/zram-control/"
#define SHOWN_TIMES 2
#define MIB (G_GUINT64_CONSTANT(1024) * 1024)
#define DEVICE_WAIT_MS 2000

static gboolean
write_sysfs(const char *path, const char *value, GError **error)
{
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    gboolean fine;

    if (fd < 0) {
        pup_error_set_errno(error, errno, "cannot open '%s'", path);
        return FALSE;
    }
    fine = pup_file_write(fd, value, strlen(value), path, error);
    close(fd);
    return fine;
}

static gboolean
set_attribute(const PupZram *zram, const char *name, const char *value, GError **error)
{
    g_autofree char *path = g_strdup_printf("/sys/block/zram%u/%s", zram->number, name);

    return write_sysfs(path, value, error);
}

static gboolean
set_bytes(const PupZram *zram, const char *name, guint64 mib, GError **error)
{
    g_autofree char *value = g_strdup_printf("%" G_GUINT64_FORMAT, mib * MIB);

    return set_attribute(zram, name, value, error);
}

/* Reading hot_add makes a device and gives its number. */
static gboolean
hot_add(unsigned *number, GError **error)
{
    g_autofree char *text = NULL;
    g_autoptr(GError) problem = NULL;
    guint64 value;

    if (access(CONTROL, F_OK) != 0)
        pup_module_load("zram");
    if (!g_file_get_contents(CONTROL "hot_add", &text, NULL, &problem) ||
        !g_ascii_string_to_unsigned(g_strchomp(text), 10, 0, G_MAXUINT16, &value, NULL)) {
        pup_error_set(error, PUP_ERROR_UNSUPPORTED, "cannot make a zram device: %s",
                      problem ? problem->message : "no number");
        return FALSE;
    }
    *number = (unsigned) value;
    return TRUE;
}

static gboolean
await_device(const PupZram *zram, GError **error)
{
    g_autofree char *path = g_strdup_printf("/dev/zram%u", zram->number);

    for (unsigned waited_ms = 0; waited_ms < DEVICE_WAIT_MS; waited_ms += 10) {
        if (access(path, R_OK | W_OK) == 0)
            return TRUE;
        g_usleep(10 * 1000);
    }
    pup_error_set(error, PUP_ERROR_UNSUPPORTED, "'%s' does not appear", path);
    return FALSE;
}

static gboolean
set_size(const PupZram *zram, GError **error)
{
    return set_bytes(zram, "disksize", zram->disk_mib, error) &&
           set_bytes(zram, "mem_limit", zram->limit_mib, error);
}

gboolean
pup_zram_new(PupZram *zram, guint64 limit_mib, GError **error)
{
    PupZram made = {.limit_mib = limit_mib, .disk_mib = limit_mib * SHOWN_TIMES};

    if (!hot_add(&made.number, error))
        return FALSE;
    /* Best effort: Debian's kernel has both, and lzo-rle is its default. */
    set_attribute(&made, "comp_algorithm", "lz4", NULL);
    if (!await_device(&made, error) || !set_size(&made, error)) {
        pup_zram_remove(&made);
        return FALSE;
    }
    *zram = made;
    return TRUE;
}

gboolean
pup_zram_reset(const PupZram *zram, GError **error)
{
    return set_attribute(zram, "reset", "1", error) && set_size(zram, error);
}

/* The first three numbers of mm_stat: bytes that were written to it, what they take, what
 * all of it takes. */
static gboolean
parse_numbers(const char *mm_stat, guint64 numbers[3])
{
    g_auto(GStrv) words = g_strsplit_set(mm_stat, " \t\n", -1);
    unsigned n = 0;

    for (char **word = words; *word && n < 3; word++) {
        if (**word != '\0' &&
            !g_ascii_string_to_unsigned(*word, 10, 0, G_MAXUINT64, &numbers[n++], NULL))
            return FALSE;
    }
    return n == 3;
}

gboolean
pup_zram_parse_space(const PupZram *zram, const char *mm_stat, PupSpace *space)
{
    guint64 numbers[3];
    PupSpace memory = {.size_bytes = zram->limit_mib * MIB};
    PupSpace disk = {.size_bytes = zram->disk_mib * MIB};

    if (!parse_numbers(mm_stat, numbers))
        return FALSE;
    disk.used_bytes = numbers[0];
    memory.used_bytes = numbers[2];
    *space = pup_space_percent(&disk) > pup_space_percent(&memory) ? disk : memory;
    return TRUE;
}

gboolean
pup_zram_space(const PupZram *zram, PupSpace *space)
{
    g_autofree char *path = g_strdup_printf("/sys/block/zram%u/mm_stat", zram->number);
    g_autofree char *text = NULL;

    return g_file_get_contents(path, &text, NULL, NULL) &&
           pup_zram_parse_space(zram, text, space);
}

void
pup_zram_remove(const PupZram *zram)
{
    g_autofree char *number = g_strdup_printf("%u", zram->number);

    set_attribute(zram, "reset", "1", NULL);
    write_sysfs(CONTROL "hot_remove", number, NULL);
}
