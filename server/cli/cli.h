/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * cli - the frame of the `pupitre` command
 *
 * A subcommand is one file cmd_*.c with one const PupCommand, and one line in the table
 * of commands.c. Its run function calls pup_cli_parse() first, then asks for the parts it
 * needs (pup_cli_settings(), pup_cli_store() ...), which are opened once and owned by the
 * PupCli, and prints its answer on stdout. Errors go up: main() prints
 * "pupitre: MESSAGE" and ends with pup_error_exit_status().
 *
 * What every command understands is added by the frame: --config, --quiet, --help; --json
 * where the command lists, --dry-run where it changes something.
 *
 * Threads: main thread only, but for the one that pup_cli_catch_signals() starts.
 */
#pragma once

#include <gio/gio.h>
#include "server/catalog/catalog.h"
#include "server/cli/table.h"
#include "server/image/image.h"
#include "server/image/virt.h"
#include "server/settings.h"
#include "server/store/store.h"

/* Exit status of a command that a signal ended. */
#define PUP_CLI_INTERRUPTED 130

typedef struct PupCli PupCli;

typedef enum {
    PUP_CLI_LISTS = 1 << 0,   /* takes --json */
    PUP_CLI_CHANGES = 1 << 1, /* takes --dry-run */
    PUP_CLI_WIDE = 1 << 2,    /* its table has more columns: takes --wide */
} PupCliFlags;

typedef struct {
    const char *name;    /* "room add" */
    const char *args;    /* positional arguments for the usage line, "" for none */
    const char *summary; /* one line, no full stop */
    PupCliFlags flags;
    unsigned min_args, max_args; /* positional arguments; max G_MAXUINT: any number */
    gboolean (*run)(PupCli *cli, char **argv, GError **error);
    const char *quiet; /* what --quiet does, where that is not what the flags say */
} PupCommand;

struct PupCli {
    const PupCommand *command;
    char *config;              /* --config; NULL: the default place */
    gboolean json;             /* --json */
    gboolean wide;             /* --wide */
    gboolean dry_run;          /* --dry-run */
    gboolean quiet;            /* --quiet: no progress, no notes; lists give names only */
    GCancellable *cancellable; /* NULL before pup_cli_catch_signals() */

    /* Opened on demand by the functions below. */
    PupSettings *settings;
    PupStore *store;
    PupCatalog *catalog;
    PupSecretKey *key;
    PupVirt *virt;
    PupImageInfos *infos;
};

/* All commands, ended by NULL, in the order of the help text (commands.c). */
extern const PupCommand *const pup_commands[];

/* Parse the options of cli->command out of *@argv (NULL-terminated, without the command's
 * own words): @options (ended by a zero entry, may be NULL) and the frame's. *@argv keeps
 * the positional arguments. --help prints and exits 0. Errors: INVALID. */
gboolean pup_cli_parse(PupCli *cli, const GOptionEntry *options, char ***argv,
                       GError **error);

/* The configuration file's path: --config or the default place. Static or @cli's. */
const char *pup_cli_config_path(const PupCli *cli);

/* The server's parts, opened on first use; NULL with @error. @cli owns them. */
const PupSettings *pup_cli_settings(PupCli *cli, GError **error);
PupStore *pup_cli_store(PupCli *cli, GError **error);
PupCatalog *pup_cli_catalog(PupCli *cli, GError **error);
/* The catalog for who only looks: nothing is made, and its database's trouble is an error
 * only of what needs it (pup_catalog_open_anyhow()). */
PupCatalog *pup_cli_catalog_to_look(PupCli *cli, GError **error);

/* Virtual machines; opened on first use. */
PupVirt *pup_cli_virt(PupCli *cli, GError **error);
/* Those of pup_virt_open_kept() instead. */
PupVirt *pup_cli_virt_kept(PupCli *cli, const char *name, GError **error);

/* Check that no seat of @profile is in another room than @room. Errors: EXISTS. */
gboolean pup_cli_check_seats(PupCatalog *catalog, const char *room,
                             const PupRoomProfile *profile, GError **error);

/* The version that @room stands at, of the opened store and catalog; 0 on error. Errors:
 * NOT_FOUND (no such room; no version yet, and how to make one). */
unsigned pup_cli_room_version(PupCli *cli, const char *room, GError **error);

/* From now on SIGINT, SIGTERM and SIGHUP cancel cli->cancellable, for commands that must
 * clean up behind themselves; a second one ends the process at once. A reader of their
 * output that has gone does not end them half-way: it is an error at their end. */
void pup_cli_catch_signals(PupCli *cli);

/* Fill @shop with all of the above, the command's --dry-run and its cancellable; progress
 * is left empty for the caller. A key that is not there is an error only to those who
 * sign: shop->key is NULL then. */
gboolean pup_cli_workshop(PupCli *cli, PupWorkshop *shop, GError **error);

/* The same for who can do something without the catalog's database. */
gboolean pup_cli_workshop_anyhow(PupCli *cli, PupWorkshop *shop, GError **error);

/* The same for who only looks: a key that cannot be read is no error either, and nothing
 * is made. */
gboolean pup_cli_workshop_to_look(PupCli *cli, PupWorkshop *shop, GError **error);

/* Say something to a person on stdout, unless --quiet. Under --dry-run the line begins
 * with "would ". */
void pup_cli_say(const PupCli *cli, const char *format, ...) G_GNUC_PRINTF(2, 3);

/* Say to a person what was done: @did and the text, "removed room lab"; under --dry-run
 * "would ", @verb and the text, "would remove room lab". */
void pup_cli_did(const PupCli *cli, const char *verb, const char *did, const char *format,
                 ...) G_GNUC_PRINTF(4, 5);

/* Print @table in the form that the command's --json, --quiet and --wide ask for. Its
 * last column is cut where standard output is a terminal. */
void pup_cli_print(const PupCli *cli, const PupTable *table);

/* Become the program @argv (argv[0] is its path). Returns only on failure: NOT_FOUND, IO.
 */
gboolean pup_cli_exec(char **argv, GError **error);

/* Whether somebody is at the terminal to answer. */
gboolean pup_cli_can_ask(void);

/* Ask a question on the terminal. TRUE for yes; FALSE for no, or where nobody can answer.
 */
gboolean pup_cli_ask(const char *question);

void pup_cli_clear(PupCli *cli);
