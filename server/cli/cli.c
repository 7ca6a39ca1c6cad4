/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "server/cli/cli.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "lib/error.h"
#include "lib/file.h"
#include "lib/text.h"
#include "server/cli/help.h"
#include "server/cli/out.h"
#include "server/image/infos.h"

static const char *
quiet_help(const PupCommand *command)
{
    if (command->quiet)
        return command->quiet;
    return command->flags & PUP_CLI_LISTS ? "Print names only" : "Print errors only";
}

/* @help: whether --help was given. */
static GOptionContext *
context_of(PupCli *cli, const GOptionEntry *options, gboolean *help)
{
    const PupCommand *command = cli->command;
    const GOptionEntry json[] = {
        {"json", 0, 0, G_OPTION_ARG_NONE, &cli->json, "Print JSON", NULL}, {NULL}};
    const GOptionEntry wide[] = {{"wide", 'w', 0, G_OPTION_ARG_NONE, &cli->wide,
                                  "Print all columns, however wide", NULL},
                                 {NULL}};
    const GOptionEntry dry_run[] = {{"dry-run", 'n', 0, G_OPTION_ARG_NONE, &cli->dry_run,
                                     "Say what would happen, change nothing", NULL},
                                    {NULL}};
    const GOptionEntry common[] = {
        {"config", 'c', 0, G_OPTION_ARG_FILENAME, &cli->config, "Configuration file",
         "FILE"},
        {"quiet", 'q', 0, G_OPTION_ARG_NONE, &cli->quiet, quiet_help(command), NULL},
        {"help", 'h', 0, G_OPTION_ARG_NONE, help, "Print this", NULL},
        {NULL}};
    GOptionContext *context = g_option_context_new(command->args);

    g_autofree char *program = g_strconcat("pupitre ", command->name, NULL);

    g_set_prgname(program);
    g_option_context_set_help_enabled(context, FALSE);
    g_option_context_set_summary(context, command->summary);
    if (options)
        g_option_context_add_main_entries(context, options, NULL);
    if (command->flags & PUP_CLI_LISTS)
        g_option_context_add_main_entries(context, json, NULL);
    if (command->flags & PUP_CLI_WIDE)
        g_option_context_add_main_entries(context, wide, NULL);
    if (command->flags & PUP_CLI_CHANGES)
        g_option_context_add_main_entries(context, dry_run, NULL);
    g_option_context_add_main_entries(context, common, NULL);
    return context;
}

/* GOption takes the words up to argv[0] for the program's name, and leaves the "--" that
 * stands before a word with a dash. */
static void
keep_arguments(char ***argv)
{
    g_autoptr(GStrvBuilder) kept = g_strv_builder_new();
    gboolean dashes = FALSE;

    for (char **word = *argv + 1; *word; word++)
        if (dashes || strcmp(*word, "--") != 0)
            g_strv_builder_add(kept, *word);
        else
            dashes = TRUE;
    g_strfreev(*argv);
    *argv = g_strv_builder_end(kept);
}

/* Why the options could not be parsed. GOption names no option whose value is no text, so
 * it is the first word that is none. */
static void
set_bad_options(const PupCli *cli, char *const *argv, const GError *bad, GError **error)
{
    const char *name = cli->command->name;

    while (*argv && g_utf8_validate(*argv, -1, NULL))
        argv++;
    if (bad->domain == G_CONVERT_ERROR && *argv)
        pup_error_set(error, PUP_ERROR_INVALID, "%s: '%s' is not UTF-8", name, *argv);
    else
        pup_error_set(error, PUP_ERROR_INVALID, "%s: %s (see `pupitre %s --help`)", name,
                      bad->message, name);
}

static void
print_help(GOptionContext *context)
{
    g_autofree char *text = g_option_context_get_help(context, TRUE, NULL);
    g_autofree char *folded = pup_help_fold(text, PUP_HELP_COLUMNS);

    fputs(folded, stdout);
}

gboolean
pup_cli_parse(PupCli *cli, const GOptionEntry *options, char ***argv, GError **error)
{
    const PupCommand *command = cli->command;
    gboolean help = FALSE;
    g_autoptr(GOptionContext) context = context_of(cli, options, &help);
    g_autoptr(GError) bad = NULL;
    unsigned n_args;

    if (!g_option_context_parse_strv(context, argv, &bad)) {
        set_bad_options(cli, *argv, bad, error);
        return FALSE;
    }
    if (help) {
        print_help(context);
        exit(EXIT_SUCCESS);
    }
    keep_arguments(argv);
    n_args = g_strv_length(*argv);
    if (n_args >= command->min_args && n_args <= command->max_args)
        return TRUE;
    pup_error_set(error, PUP_ERROR_INVALID,
                  "%s: %s (see `pupitre %s --help`); usage: pupitre %s %s", command->name,
                  n_args < command->min_args ? "an argument is missing"
                                             : "too many arguments",
                  command->name, command->name, command->args);
    return FALSE;
}

const char *
pup_cli_config_path(const PupCli *cli)
{
    return cli->config ? cli->config : PUP_SYSCONFDIR "/pupitre/pupitre.conf";
}

const PupSettings *
pup_cli_settings(PupCli *cli, GError **error)
{
    if (!cli->settings)
        cli->settings = pup_settings_load(pup_cli_config_path(cli), error);
    return cli->settings;
}

PupStore *
pup_cli_store(PupCli *cli, GError **error)
{
    const PupSettings *settings = pup_cli_settings(cli, error);
    g_autofree char *path = NULL, *uri = NULL;

    if (!settings || cli->store)
        return cli->store;
    path = pup_settings_path(settings, "store");
    uri = g_strconcat("dir:", path, NULL);
    cli->store = pup_store_open(uri, error);
    return cli->store;
}

/* With @look, nothing is made. */
static PupCatalog *
open_catalog(PupCli *cli, gboolean look, GError **error)
{
    const PupSettings *settings = pup_cli_settings(cli, error);
    g_autofree char *path = NULL;

    if (!settings || cli->catalog)
        return cli->catalog;
    path = pup_settings_path(settings, "catalog.db");
    cli->catalog = pup_catalog_open_anyhow(path, settings->rooms_dir, look);
    return cli->catalog;
}

PupCatalog *
pup_cli_catalog(PupCli *cli, GError **error)
{
    PupCatalog *catalog = open_catalog(cli, FALSE, error);
    g_autoptr(GError) trouble = catalog ? pup_catalog_trouble(catalog) : NULL;

    if (!trouble)
        return catalog;
    pup_error_set(error, (PupErrorCode) trouble->code,
                  "%s; `pupitre fsck` says what mends it", trouble->message);
    return NULL;
}

PupCatalog *
pup_cli_catalog_to_look(PupCli *cli, GError **error)
{
    return open_catalog(cli, TRUE, error);
}

PupVirt *
pup_cli_virt(PupCli *cli, GError **error)
{
    const PupSettings *settings = pup_cli_settings(cli, error);

    if (settings && !cli->virt)
        cli->virt = pup_virt_open(settings, error);
    return cli->virt;
}

PupVirt *
pup_cli_virt_kept(PupCli *cli, const char *name, GError **error)
{
    const PupSettings *settings = pup_cli_settings(cli, error);

    if (settings && !cli->virt)
        cli->virt = pup_virt_open_kept(settings, name, error);
    return cli->virt;
}

/* The signing key; NULL without @error when there is none. */
static const PupSecretKey *
load_key(PupCli *cli, GError **error)
{
    g_autofree char *path = pup_settings_path(cli->settings, "keys/server.sec");
    g_autoptr(GBytes) text = NULL;
    g_autoptr(GError) failed = NULL;

    if (cli->key)
        return cli->key;
    text = pup_file_read(path, PUP_SIGNATURE_TEXT_MAX, &failed);
    if (!text) {
        if (!g_error_matches(failed, PUP_ERROR, PUP_ERROR_NOT_FOUND) &&
            !g_error_matches(failed, PUP_ERROR, PUP_ERROR_DENIED))
            g_propagate_error(error, g_steal_pointer(&failed));
        return NULL;
    }
    cli->key =
        pup_secret_key_parse(g_bytes_get_data(text, NULL), g_bytes_get_size(text), error);
    if (!cli->key)
        g_prefix_error(error, "%s (restore it from a backup): ", path);
    return cli->key;
}

/* Standard output is for answers. A progress bar may stand in the line. */
static void
say_note(const char *text)
{
    if (isatty(STDERR_FILENO))
        fputs("\r\033[K", stderr);
    pup_out_complain("note: %s", text);
}

/* The catalog is opened. */
static gboolean
fill(PupCli *cli, PupWorkshop *shop, GError **error)
{
    PupWorkshop made = {.dry_run = cli->dry_run, .cancellable = cli->cancellable};

    if (!cli->infos)
        cli->infos = pup_image_infos_new();
    made.infos = cli->infos;
    made.note = cli->quiet ? NULL : say_note;
    made.settings = cli->settings;
    made.catalog = cli->catalog;
    made.store = pup_cli_store(cli, error);
    if (!made.store)
        return FALSE;
    made.key = load_key(cli, NULL);
    *shop = made;
    return TRUE;
}

gboolean
pup_cli_workshop_to_look(PupCli *cli, PupWorkshop *shop, GError **error)
{
    return pup_cli_catalog_to_look(cli, error) && fill(cli, shop, error);
}

gboolean
pup_cli_workshop_anyhow(PupCli *cli, PupWorkshop *shop, GError **error)
{
    g_autoptr(GError) bad_key = NULL;

    if (!open_catalog(cli, cli->dry_run, error))
        return FALSE;
    load_key(cli, &bad_key);
    if (!bad_key)
        return fill(cli, shop, error);
    g_propagate_error(error, g_steal_pointer(&bad_key));
    return FALSE;
}

gboolean
pup_cli_workshop(PupCli *cli, PupWorkshop *shop, GError **error)
{
    return pup_cli_catalog(cli, error) && pup_cli_workshop_anyhow(cli, shop, error);
}

gboolean
pup_cli_check_seats(PupCatalog *catalog, const char *room, const PupRoomProfile *profile,
                    GError **error)
{
    for (unsigned i = 0; i < profile->n_seats; i++) {
        const char *mac = profile->seats[i].mac;
        g_autofree char *of_room = NULL, *seat = NULL;

        if (!pup_catalog_find_seat(catalog, mac, &of_room, &seat, NULL) ||
            strcmp(of_room, room) == 0)
            continue;
        pup_error_set(error, PUP_ERROR_EXISTS, "%s is seat '%s' of room '%s' already",
                      mac, seat, of_room);
        return FALSE;
    }
    return TRUE;
}

unsigned
pup_cli_room_version(PupCli *cli, const char *room, GError **error)
{
    g_autoptr(GError) why = NULL;
    g_autoptr(PupRoomProfile) profile = NULL;
    unsigned version = pup_store_current(cli->store, PUP_KIND_ROOM, room, &why);

    if (version > 0)
        return version;
    if (!g_error_matches(why, PUP_ERROR, PUP_ERROR_NOT_FOUND)) {
        g_propagate_error(error, g_steal_pointer(&why));
        return 0;
    }
    profile = pup_catalog_room(cli->catalog, room, error);
    if (profile)
        pup_error_set(error, PUP_ERROR_NOT_FOUND, "%s: run `pupitre room publish %s`",
                      why->message, room);
    return 0;
}

void
pup_cli_say(const PupCli *cli, const char *format, ...)
{
    g_autofree char *text = NULL;
    va_list args;

    if (cli->quiet)
        return;
    va_start(args, format);
    text = g_strdup_vprintf(format, args);
    va_end(args);
    pup_out_line("%s%s", cli->dry_run ? "would " : "", text);
}

void
pup_cli_did(const PupCli *cli, const char *verb, const char *did, const char *format, ...)
{
    g_autofree char *text = NULL;
    va_list args;

    va_start(args, format);
    text = g_strdup_vprintf(format, args);
    va_end(args);
    pup_cli_say(cli, "%s %s", cli->dry_run ? verb : did, text);
}

/* The width of the terminal that reads standard output; 0 for what is no terminal. */
static unsigned
output_columns(void)
{
    struct winsize size;

    return ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 ? size.ws_col : 0;
}

void
pup_cli_print(const PupCli *cli, const PupTable *table)
{
    PupTableForm form = cli->json    ? PUP_TABLE_JSON
                        : cli->quiet ? PUP_TABLE_NAMES
                        : cli->wide  ? PUP_TABLE_WIDE
                                     : PUP_TABLE_TEXT;
    g_autofree char *text = pup_table_format(table, form, output_columns());

    fputs(text, stdout);
}

gboolean
pup_cli_exec(char **argv, GError **error)
{
    fflush(stdout);
    execv(argv[0], argv);
    pup_error_set_errno(error, errno, "cannot run '%s'", argv[0]);
    return FALSE;
}

gboolean
pup_cli_can_ask(void)
{
    return isatty(STDIN_FILENO) && isatty(STDERR_FILENO);
}

gboolean
pup_cli_ask(const char *question)
{
    g_autofree char *shown = pup_text_escape(question);
    char answer[8] = "";

    if (!pup_cli_can_ask())
        return FALSE;
    fprintf(stderr, "%s [y/N] ", shown);
    if (!fgets(answer, sizeof answer, stdin))
        return FALSE;
    return answer[0] == 'y' || answer[0] == 'Y';
}

void
pup_cli_clear(PupCli *cli)
{
    g_clear_pointer(&cli->config, g_free);
    g_clear_pointer(&cli->infos, pup_image_infos_free);
    g_clear_pointer(&cli->virt, pup_virt_free);
    g_clear_pointer(&cli->catalog, pup_catalog_free);
    g_clear_pointer(&cli->store, pup_store_free);
    g_clear_pointer(&cli->key, pup_secret_key_free);
    g_clear_pointer(&cli->settings, pup_settings_free);
    g_clear_object(&cli->cancellable);
}
