/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The `pupitre` command: finds the subcommand in the table and runs it. */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <locale.h>

#include "lib/error.h"
#include "lib/nearest.h"
#include "lib/output.h"
#include "server/cli/cli.h"
#include "server/cli/help.h"
#include "server/cli/out.h"

#define SUMMARY_COLUMN 33

static gboolean
in_group(const PupCommand *command, const char *word)
{
    return g_str_has_prefix(command->name, word) && command->name[strlen(word)] == ' ';
}

/* What a command does, beside how it is called. */
static void
print_command(const PupCommand *command)
{
    g_autofree char *usage = g_strdup_printf("%s %s", command->name, command->args);
    g_autofree char *line = g_strdup_printf("  %-*s%s", SUMMARY_COLUMN - 2,
                                            g_strchomp(usage), command->summary);
    g_autofree char *folded = pup_help_fold(line, PUP_HELP_COLUMNS);

    puts(folded);
}

/* @group: only the commands that begin with this word; NULL: all. */
static void
print_help(const char *group)
{
    printf("usage: pupitre [--config FILE] %s%sCOMMAND [ARGUMENT ...]\n\n"
           "Diskless classroom workstations: one master, a sub-master per room.\n\n",
           group ? group : "", group ? " " : "");
    for (unsigned i = 0; pup_commands[i]; i++) {
        const PupCommand *command = pup_commands[i];
        if (group && !in_group(command, group))
            continue;
        print_command(command);
    }
    printf("\nEach command has --help; those that list have --json, those that change\n"
           "something have --dry-run. See pupitre(1).\n");
}

static const PupCommand *
find_command(const char *word, const char *second)
{
    g_autofree char *both = second ? g_strdup_printf("%s %s", word, second) : NULL;

    for (unsigned i = 0; pup_commands[i]; i++)
        if (strcmp(pup_commands[i]->name, word) == 0 ||
            g_strcmp0(pup_commands[i]->name, both) == 0)
            return pup_commands[i];
    return NULL;
}

/* The second words that follow @word, "add, list, ..."; NULL when there are none. */
static char *
words_after(const char *word)
{
    g_autoptr(GString) words = g_string_new(NULL);

    for (unsigned i = 0; pup_commands[i]; i++) {
        const char *name = pup_commands[i]->name;
        if (!in_group(pup_commands[i], word))
            continue;
        g_string_append_printf(words, "%s%s", words->len ? ", " : "",
                               name + strlen(word) + 1);
    }
    return words->len ? g_string_free(g_steal_pointer(&words), FALSE) : NULL;
}

static gboolean
has_group(const char *word)
{
    g_autofree char *words = words_after(word);
    return words != NULL;
}

/* The first words of all commands, each once; g_strfreev(). */
static char **
first_words(void)
{
    g_autoptr(GStrvBuilder) words = g_strv_builder_new();
    g_autofree char *last = NULL;

    for (unsigned i = 0; pup_commands[i]; i++) {
        g_auto(GStrv) parts = g_strsplit(pup_commands[i]->name, " ", 2);
        if (g_strcmp0(last, parts[0]) != 0)
            g_strv_builder_add(words, parts[0]);
        g_free(last);
        last = g_strdup(parts[0]);
    }
    return g_strv_builder_end(words);
}

static void
set_unknown(GError **error, const char *word, const char *second)
{
    g_autofree char *words = words_after(word);
    g_auto(GStrv) first = first_words();
    g_autofree char *hint = pup_nearest_hint(word, first);

    if (!words)
        pup_error_set(error, PUP_ERROR_INVALID,
                      "unknown command '%s' (see `pupitre --help`)%s", word, hint);
    else if (!second)
        pup_error_set(error, PUP_ERROR_INVALID, "'%s' needs one of: %s", word, words);
    else
        pup_error_set(error, PUP_ERROR_INVALID, "unknown command '%s %s'; '%s' has: %s",
                      word, second, word, words);
}

static gboolean
run_command(PupCli *cli, char **words, GError **error)
{
    g_auto(GStrv) argv = NULL;

    cli->command = find_command(words[0], words[1]);
    if (!cli->command && has_group(words[0]) &&
        (!g_strcmp0(words[1], "--help") || !g_strcmp0(words[1], "-h"))) {
        print_help(words[0]);
        return TRUE;
    }
    if (!cli->command) {
        set_unknown(error, words[0], words[1]);
        return FALSE;
    }
    /* argv[0] of the command's own parse is its last word. */
    argv = g_strdupv(words + (strchr(cli->command->name, ' ') ? 1 : 0));
    return cli->command->run(cli, argv, error);
}

/* Parse what stands before the command. TRUE: go on with *@words. */
static gboolean
parse_globals(PupCli *cli, char ***words, GError **error)
{
    gboolean version = FALSE, help = FALSE;
    const GOptionEntry options[] = {
        {"config", 'c', 0, G_OPTION_ARG_FILENAME, &cli->config, NULL, NULL},
        {"quiet", 'q', 0, G_OPTION_ARG_NONE, &cli->quiet, NULL, NULL},
        {"version", 0, 0, G_OPTION_ARG_NONE, &version, NULL, NULL},
        {"help", 'h', 0, G_OPTION_ARG_NONE, &help, NULL, NULL},
        {NULL}};
    g_autoptr(GOptionContext) context = g_option_context_new(NULL);
    g_autoptr(GError) bad = NULL;

    g_option_context_set_help_enabled(context, FALSE);
    g_option_context_set_strict_posix(context, TRUE);
    g_option_context_add_main_entries(context, options, NULL);
    if (!g_option_context_parse_strv(context, words, &bad)) {
        pup_error_set(error, PUP_ERROR_INVALID, "%s", bad->message);
        return FALSE;
    }
    if (version)
        puts(PACKAGE_STRING);
    else if (help || !(*words)[1])
        print_help(NULL);
    else
        return TRUE;
    exit(version || help ? EXIT_SUCCESS : 2);
}

/* Names, titles and files are UTF-8 here, whatever characters the terminal's locale has:
 * a script under LC_ALL=C gives the same room the same title. GLib would convert the
 * values of options from the locale's. */
static void
set_locale(void)
{
    setlocale(LC_ALL, "");
    setlocale(LC_CTYPE, "C.UTF-8");
    g_unsetenv("CHARSET");
}

static int
report(const PupCli *cli, const GError *error)
{
    if (cli->cancellable && g_cancellable_is_cancelled(cli->cancellable)) {
        fputs("pupitre: interrupted, nothing was changed\n", stderr);
        return PUP_CLI_INTERRUPTED;
    }
    pup_out_complain("%s", error->message);
    return pup_error_exit_status(error);
}

int
main(int argc, char **argv)
{
    PupCli cli = {0};
    g_auto(GStrv) words = NULL;
    g_autoptr(GError) error = NULL;
    int status = EXIT_SUCCESS;

    pup_output_guard("pupitre");
    set_locale();
    words = g_strdupv(argv);
    if (!parse_globals(&cli, &words, &error) || !run_command(&cli, words + 1, &error))
        status = report(&cli, error);
    pup_cli_clear(&cli);
    return status;
}
