/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"
#include "client-image/seat/hardware.h"

#include <errno.h>
#include <gio/gio.h>
#include <string.h>
#include <unistd.h>

#include "lib/error.h"
#include "lib/file.h"

#define MEMINFO "/proc/meminfo"
#define PROC_FILE_MAX_BYTES (1024u * 1024u)
#define BOOT_ID "/proc/sys/kernel/random/boot_id"
#define BOOT_ID_MAX_BYTES 64u
#define NET "/sys/class/net"
#define MODPROBE "/usr/sbin/modprobe"

/* The value in KiB of the line "KEY:   123 kB". */
static gboolean
find_kib(const char *meminfo, const char *key, guint64 *kib)
{
    g_autofree char *pattern = g_strdup_printf("%s:", key);
    const char *line = meminfo;

    while (line && !g_str_has_prefix(line, pattern)) {
        line = strchr(line, '\n');
        line = line ? line + 1 : NULL;
    }
    if (!line)
        return FALSE;
    line += strlen(pattern);
    line += strspn(line, " ");
    if (!g_ascii_isdigit(*line))
        return FALSE;
    *kib = g_ascii_strtoull(line, NULL, 10);
    return TRUE;
}

gboolean
pup_memory_parse(const char *meminfo, guint64 *total_mib, guint64 *available_mib,
                 GError **error)
{
    guint64 total_kib, available_kib;

    if (!find_kib(meminfo, "MemTotal", &total_kib) ||
        !find_kib(meminfo, "MemAvailable", &available_kib)) {
        pup_error_set(error, PUP_ERROR_INVALID,
                      MEMINFO ": no MemTotal and MemAvailable in it");
        return FALSE;
    }
    *total_mib = total_kib / 1024;
    *available_mib = available_kib / 1024;
    return TRUE;
}

/* /proc's files have no size, so they are not lib/file.h's. */
static char *
read_proc(const char *path, GError **error)
{
    char *text = NULL;
    g_autoptr(GError) problem = NULL;

    if (!g_file_get_contents(path, &text, NULL, &problem))
        pup_error_set(error, PUP_ERROR_IO, "%s", problem->message);
    return text;
}

gboolean
pup_memory_read(guint64 *total_mib, guint64 *available_mib, GError **error)
{
    g_autofree char *meminfo = read_proc(MEMINFO, error);

    return meminfo && pup_memory_parse(meminfo, total_mib, available_mib, error);
}

/* Whether @name is a card, and not made out of one, and has the address @mac. */
static gboolean
is_card(const char *name, const char *mac)
{
    g_autofree char *device = g_build_filename(NET, name, "device", NULL);
    g_autofree char *path = g_build_filename(NET, name, "address", NULL);
    g_autofree char *address = NULL;

    return access(device, F_OK) == 0 && g_file_get_contents(path, &address, NULL, NULL) &&
           strcmp(g_strchomp(address), mac) == 0;
}

char *
pup_network_card(const char *mac, GError **error)
{
    g_autoptr(GDir) dir = g_dir_open(NET, 0, NULL);
    const char *name;

    while (dir && (name = g_dir_read_name(dir)) != NULL)
        if (is_card(name, mac))
            return g_strdup(name);
    pup_error_set(error, PUP_ERROR_NOT_FOUND,
                  "this PC has no network card with the address %s", mac);
    return NULL;
}

void
pup_module_load(const char *name)
{
    const char *argv[] = {MODPROBE, "-q", name, NULL};
    g_autoptr(GSubprocess) child = NULL;

    if (access(MODPROBE, X_OK) != 0)
        return;
    child = g_subprocess_newv(
        argv, G_SUBPROCESS_FLAGS_STDOUT_SILENCE | G_SUBPROCESS_FLAGS_STDERR_SILENCE,
        NULL);
    if (child)
        g_subprocess_wait(child, NULL, NULL);
}

static void
load_kvm(void)
{
    g_autofree char *cpuinfo = NULL;

    if (access("/dev/kvm", F_OK) == 0)
        return;
    cpuinfo = read_proc("/proc/cpuinfo", NULL);
    if (cpuinfo && strstr(cpuinfo, "GenuineIntel"))
        pup_module_load("kvm_intel");
    else
        pup_module_load("kvm_amd");
}

gboolean
pup_hardware_probe(PupHardware *hardware, GError **error)
{
    guint64 available_mib;

    if (!pup_memory_read(&hardware->memory_mib, &available_mib, error))
        return FALSE;
    hardware->cpus = g_get_num_processors();
    hardware->uefi = access("/sys/firmware/efi", F_OK) == 0;
    load_kvm();
    hardware->kvm = pup_kvm_probe(&hardware->no_kvm_why);
    return TRUE;
}

char *
pup_boot_id(const char *fallback)
{
    g_autoptr(GBytes) text = pup_file_read(BOOT_ID, BOOT_ID_MAX_BYTES, NULL);
    g_autofree char *id =
        text ? g_strndup(g_bytes_get_data(text, NULL), g_bytes_get_size(text)) : NULL;

    return g_strdup(id && *g_strstrip(id) ? id : fallback);
}
