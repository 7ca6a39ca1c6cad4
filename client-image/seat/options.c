/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"
#include "client-image/seat/options.h"

#include "client-image/seat/kernel_line.h"
#include "lib/error.h"
#include "lib/ident.h"

#define RUNDIR "/run/pupitre"
#define PUBKEY "/etc/pupitre/server.pub"
#define PLUGIN "/usr/lib/pupitre/nbdkit-pupitre-plugin.so"
#define KERNEL_LINE "/proc/cmdline"

static gboolean
parse_command_line(PupSeatOptions *options, int *argc, char ***argv, GError **error)
{
    const GOptionEntry entries[] = {
        {"server", 0, 0, G_OPTION_ARG_STRING, &options->server,
         "The server (default: pupitre.server of the kernel line)", "URL"},
        {"mac", 0, 0, G_OPTION_ARG_STRING, &options->mac,
         "This PC's network address (default: pupitre.mac of the kernel line)", "MAC"},
        {"rundir", 0, 0, G_OPTION_ARG_FILENAME, &options->rundir,
         "Sockets and state (default: " RUNDIR ")", "DIR"},
        {"pubkey", 0, 0, G_OPTION_ARG_FILENAME, &options->pubkey,
         "Key that versions are signed with (default: " PUBKEY ")", "FILE"},
        {"plugin", 0, 0, G_OPTION_ARG_FILENAME, &options->plugin,
         "nbdkit's plugin (default: " PLUGIN ")", "FILE"},
        {"overlay", 0, 0, G_OPTION_ARG_FILENAME, &options->overlay,
         "Where the guest's writes go (default: memory)", "DIR|DEVICE"},
        {"disk-cache", 0, 0, G_OPTION_ARG_FILENAME, &options->disk_cache,
         "Where chunks are kept (default: the partition PUPITRE-CACHE)", "DIR"},
        {"kernel-line", 0, 0, G_OPTION_ARG_FILENAME, &options->kernel_line,
         "The kernel's command line (default: " KERNEL_LINE ")", "FILE"},
        {"no-kvm", 0, 0, G_OPTION_ARG_NONE, &options->no_kvm,
         "Run the guest in software even where KVM works", NULL},
        {"probe-kvm", 0, 0, G_OPTION_ARG_NONE, &options->probe_kvm,
         "Run a tiny guest in KVM, say how it went, and end", NULL},
        {NULL},
    };
    g_autoptr(GOptionContext) context = g_option_context_new(NULL);
    g_autoptr(GError) problem = NULL;

    g_option_context_set_summary(context, "Runs this PC's room as a virtual machine.");
    g_option_context_add_main_entries(context, entries, NULL);
    if (!g_option_context_parse(context, argc, argv, &problem)) {
        pup_error_set(error, PUP_ERROR_INVALID, "%s", problem->message);
        return FALSE;
    }
    if (*argc > 1) {
        pup_error_set(error, PUP_ERROR_INVALID, "unexpected argument '%s'", (*argv)[1]);
        return FALSE;
    }
    return TRUE;
}

static void
set_default(char **option, const char *value)
{
    if (!*option)
        *option = g_strdup(value);
}

/* Replace *@option by what @parse makes of it. */
static gboolean
tidy(char **option, const char *name, char *(*parse)(const char *, GError **),
     GError **error)
{
    char *parsed;

    if (!*option)
        return TRUE;
    parsed = parse(*option, error);
    if (!parsed) {
        g_prefix_error(error, "--%s: ", name);
        return FALSE;
    }
    g_free(*option);
    *option = parsed;
    return TRUE;
}

static gboolean
take_kernel_line(PupSeatOptions *options, GError **error)
{
    g_autofree char *text = NULL;
    g_autoptr(GError) problem = NULL;
    g_autoptr(PupKernelLine) line = NULL;

    if (options->server && options->mac)
        return TRUE;
    if (!g_file_get_contents(options->kernel_line, &text, NULL, &problem)) {
        pup_error_set(error, PUP_ERROR_IO, "%s", problem->message);
        return FALSE;
    }
    line = pup_kernel_line_parse(text, error);
    if (!line)
        return FALSE;
    if (!options->server)
        options->server = g_steal_pointer(&line->server);
    if (!options->mac)
        options->mac = g_steal_pointer(&line->mac);
    if (options->server && options->mac)
        return TRUE;
    pup_error_set(error, PUP_ERROR_INVALID, "kernel line: %s is missing",
                  options->server ? "pupitre.mac" : "pupitre.server");
    return FALSE;
}

gboolean
pup_seat_options_parse(PupSeatOptions *options, int *argc, char ***argv, GError **error)
{
    if (!parse_command_line(options, argc, argv, error))
        return FALSE;
    set_default(&options->rundir, RUNDIR);
    set_default(&options->pubkey, PUBKEY);
    set_default(&options->plugin, PLUGIN);
    set_default(&options->kernel_line, KERNEL_LINE);
    return options->probe_kvm ||
           (tidy(&options->server, "server", pup_server_url_parse, error) &&
            tidy(&options->mac, "mac", pup_mac_parse, error) &&
            take_kernel_line(options, error));
}

void
pup_seat_options_clear(PupSeatOptions *options)
{
    g_free(options->server);
    g_free(options->mac);
    g_free(options->rundir);
    g_free(options->pubkey);
    g_free(options->plugin);
    g_free(options->overlay);
    g_free(options->disk_cache);
    g_free(options->kernel_line);
    *options = (PupSeatOptions){0};
}
