/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "server/cli/commands.h"
#include "server/cli/needs.h"
#include "server/cli/out.h"
#include "server/cli/progress.h"

#include <stdio.h>
#include <string.h>
#include <sys/random.h>

#include "lib/chunk_map.h"
#include "lib/error.h"
#include "lib/file.h"
#include "lib/text.h"
#include "server/image/install.h"

#define PASSWORD_CHARS 12
#define PASSWORD_FILE_MAX 1024u
#define MIN_DISK_BYTES (1u << 20)

/* The options as they were given; GOption's own. */
typedef struct {
    char *iso, *os, *drivers, *size, *unattended, *firmware;
    char *language, *key, *user, *password_file;
    int memory_mib, cpus;
} Options;

static void
options_clear(Options *options)
{
    g_free(options->iso);
    g_free(options->os);
    g_free(options->drivers);
    g_free(options->size);
    g_free(options->unattended);
    g_free(options->firmware);
    g_free(options->language);
    g_free(options->key);
    g_free(options->user);
    g_free(options->password_file);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Options, options_clear)

static gboolean
refuse(GError **error, const char *option, const char *word, const char *known)
{
    pup_error_set(error, PUP_ERROR_INVALID, "--%s: '%s' is not %s", option, word, known);
    return FALSE;
}

/* "60G", "512M", "1T". */
static gboolean
parse_size(const char *word, guint64 *bytes, GError **error)
{
    static const char units[] = "MGT";
    char *end = NULL;
    guint64 number = g_ascii_strtoull(word, &end, 10);
    const char *unit = *end ? strchr(units, *end) : NULL;
    unsigned shift = unit ? 20 + 10 * (unsigned) (unit - units) : 0;

    if (!unit || end == word || end[1] || !g_ascii_isdigit(word[0]) ||
        number > PUP_DISK_MAX_BYTES >> shift || number << shift < MIN_DISK_BYTES)
        return refuse(error, "size", word, "a size like 60G, up to what a disk may have");
    *bytes = number << shift;
    return TRUE;
}

static gboolean
parse_machine(const Options *options, PupInstall *install, GError **error)
{
    if (options->memory_mib < (int) PUP_GUEST_MEMORY_MIB_MIN || options->cpus < 1 ||
        options->cpus > (int) PUP_GUEST_CPUS_MAX) {
        pup_error_set(error, PUP_ERROR_INVALID,
                      "--memory is at least %u MiB, --cpus 1 to %u",
                      PUP_GUEST_MEMORY_MIB_MIN, PUP_GUEST_CPUS_MAX);
        return FALSE;
    }
    install->memory_mib = (unsigned) options->memory_mib;
    install->cpus = (unsigned) options->cpus;
    install->firmware = pup_install_os_firmware(install->os);
    if (options->firmware && !pup_firmware_parse(options->firmware, &install->firmware))
        return refuse(error, "firmware", options->firmware, "bios, uefi or uefi-secure");
    return TRUE;
}

static gboolean
parse_options(const Options *options, PupInstall *install, GError **error)
{
    if (!options->iso) {
        pup_error_set(error, PUP_ERROR_INVALID, "say what to install from: --iso FILE");
        return FALSE;
    }
    if (!pup_install_os_parse(options->os ? options->os : "win11", &install->os))
        return refuse(error, "os", options->os, "win10, win11, winserver or linux");
    install->iso = options->iso;
    install->drivers = options->drivers;
    install->answers = options->unattended;
    install->windows = (PupInstallAnswers){.language = options->language,
                                           .product_key = options->key,
                                           .user = options->user};
    return parse_size(options->size ? options->size : "60G", &install->disk_bytes,
                      error) &&
           parse_machine(options, install, error);
}

/* The administrator's password: the file's first line, or a new one. */
static char *
read_password(const char *file, GError **error)
{
    static const char letters[] =
        "abcdefghijkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789";
    g_autoptr(GBytes) bytes = file ? pup_file_read(file, PASSWORD_FILE_MAX, error) : NULL;
    guint8 noise[PASSWORD_CHARS];
    g_autoptr(GString) made = g_string_new(NULL);
    gsize len = 0;
    const char *text;

    if (file && !bytes)
        return NULL;
    if (bytes) {
        text = g_bytes_get_data(bytes, &len);
        text = pup_text_of_file(file, text ? text : "", len, &len, error);
        if (!text)
            return NULL;
        g_string_append_len(made, text, (gssize) len);
        g_string_truncate(made, strcspn(made->str, "\r\n"));
        if (made->len == 0) {
            pup_error_set(error, PUP_ERROR_INVALID,
                          "the first line of '%s' is empty: it is to be the "
                          "administrator's password",
                          file);
            return NULL;
        }
        return g_string_free(g_steal_pointer(&made), FALSE);
    }
    if (getrandom(noise, sizeof noise, 0) != (ssize_t) sizeof noise) {
        pup_error_set(error, PUP_ERROR_IO, "the system gives no random bytes");
        return NULL;
    }
    for (unsigned i = 0; i < PASSWORD_CHARS; i++)
        g_string_append_c(made, letters[noise[i] % (sizeof letters - 1)]);
    return g_string_free(g_steal_pointer(&made), FALSE);
}

static void
say_started(gpointer data, const char *spice)
{
    const PupCli *cli = data;

    if (spice)
        pup_cli_say(cli, "watch it with: remote-viewer %s", spice);
    fflush(stdout);
}

static void
say_report(const PupCli *cli, const char *name, const PupInstall *install,
           const PupPublishReport *report)
{
    g_autofree char *size = pup_bytes_format(report->disk_bytes);
    g_autofree char *stored = pup_bytes_format(report->bytes_stored);

    if (cli->dry_run)
        pup_cli_say(cli, "install '%s' on a disk of %s as %s@%u", install->iso, size,
                    name, report->version);
    else
        pup_cli_say(
            cli, "%s@%u: a disk of %s, %" G_GUINT64_FORMAT " new chunks, %s in the store",
            name, report->version, size, report->n_chunks_new, stored);
}

static gboolean
create(PupCli *cli, const char *name, PupInstall *install, GError **error)
{
    g_autoptr(PupBar) bar = NULL;
    PupWorkshop shop;
    PupVirt *virt = NULL;
    PupPublishReport report = {0};

    bar = pup_bar_begin(cli, &shop, error);
    if (!bar || (!cli->dry_run && !(virt = pup_cli_virt(cli, error))))
        return FALSE;
    install->started = say_started;
    install->data = cli;
    if (!pup_master_install(&shop, virt, name, install, &report, error))
        return FALSE;
    g_clear_pointer(&bar, pup_bar_free);
    say_report(cli, name, install, &report);
    pup_cli_say_needs(cli, name, &report);
    return TRUE;
}

/* Its Setup would wait for somebody to show it a disk, and nobody looks. */
static gboolean
check_drivers(const PupInstall *install, GError **error)
{
    if (install->drivers || install->answers)
        return TRUE;
    pup_error_set(error, PUP_ERROR_INVALID,
                  "Windows sees no disk in the virtual machine without VirtIO drivers: "
                  "add --drivers virtio-win.iso, or --unattended ANSWERS of your own for "
                  "a disc that has them");
    return FALSE;
}

static gboolean
create_windows(PupCli *cli, const char *name, const Options *options, PupInstall *install,
               GError **error)
{
    g_autofree char *password = check_drivers(install, error)
                                    ? read_password(options->password_file, error)
                                    : NULL;

    if (!password)
        return FALSE;
    install->windows.password = password;
    /* With --quiet, too: nobody else knows it. */
    if (!install->answers && !options->password_file && !cli->dry_run)
        pup_out_line("local administrator: %s, password: %s",
                     options->user ? options->user : "admin", password);
    return create(cli, name, install, error);
}

static gboolean
run(PupCli *cli, char **argv, GError **error)
{
    g_auto(Options) o = {.memory_mib = 4096, .cpus = 2};
    g_auto(GStrv) args = g_strdupv(argv);
    PupInstall install = {0};
    const GOptionEntry entries[] = {
        {"iso", 'i', 0, G_OPTION_ARG_FILENAME, &o.iso, "Install from FILE", "FILE"},
        {"os", 0, 0, G_OPTION_ARG_STRING, &o.os,
         "win10, win11 (default), winserver or linux", "OS"},
        {"drivers", 0, 0, G_OPTION_ARG_FILENAME, &o.drivers,
         "VirtIO drivers for Windows: virtio-win.iso", "FILE"},
        {"size", 0, 0, G_OPTION_ARG_STRING, &o.size, "Size of the disk (60G)", "SIZE"},
        {"unattended", 'u', 0, G_OPTION_ARG_FILENAME, &o.unattended,
         "Answers for the installer: a file or a folder", "ANSWERS"},
        {"firmware", 0, 0, G_OPTION_ARG_STRING, &o.firmware,
         "bios, uefi or uefi-secure (win11: uefi-secure, else uefi)", "FIRMWARE"},
        {"memory", 0, 0, G_OPTION_ARG_INT, &o.memory_mib, "Memory in MiB (4096)", "MIB"},
        {"cpus", 0, 0, G_OPTION_ARG_INT, &o.cpus, "Processors (2)", "N"},
        {"language", 0, 0, G_OPTION_ARG_STRING, &o.language,
         "Language of Windows and its keyboard (en-US)", "LANGUAGE"},
        {"key", 0, 0, G_OPTION_ARG_STRING, &o.key, "Product key of Windows", "KEY"},
        {"user", 0, 0, G_OPTION_ARG_STRING, &o.user,
         "Local administrator of Windows (admin)", "NAME"},
        {"password-file", 0, 0, G_OPTION_ARG_FILENAME, &o.password_file,
         "Its password: first line of FILE; else one is made and shown", "FILE"},
        {NULL}};

    if (!pup_cli_parse(cli, entries, &args, error) || !parse_options(&o, &install, error))
        return FALSE;
    if (pup_install_os_is_windows(install.os))
        return create_windows(cli, args[0], &o, &install, error);
    return create(cli, args[0], &install, error);
}

const PupCommand pup_cmd_master_create = {
    .name = "master create",
    .args = "NAME",
    .summary = "Install a master from an ISO in a virtual machine",
    .flags = PUP_CLI_CHANGES,
    .min_args = 1,
    .max_args = 1,
    .run = run,
};
