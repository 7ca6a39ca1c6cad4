/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "server/cli/commands.h"
#include "server/cli/progress.h"

#include <stdio.h>

#include "lib/error.h"
#include "server/image/edit.h"

typedef struct {
    gboolean keep, discard, wait;
} Options;

static gboolean
check_options(const Options *options, GError **error)
{
    if (options->keep + options->discard + options->wait <= 1)
        return TRUE;
    pup_error_set(error, PUP_ERROR_INVALID,
                  "room edit-disk takes one of --keep, --discard and --wait");
    return FALSE;
}

/* The machine of the room's edit in *@virt; NULL under --dry-run. */
static gboolean
open_virt(PupCli *cli, const char *room, PupVirt **virt, GError **error)
{
    *virt = cli->dry_run ? NULL : pup_cli_virt_kept(cli, room, error);
    return *virt || cli->dry_run;
}

static void
say_begun(const PupCli *cli, const char *room, const PupEdit *edit, gboolean again)
{
    g_autofree char *since = pup_edit_describe(edit);

    if (cli->dry_run) {
        pup_cli_say(cli, "start the sub-master of room %s in a virtual machine", room);
        return;
    }
    if (again)
        pup_cli_say(cli, "the edit of room %s, begun %s, goes on", room, since);
    pup_cli_say(cli, "room %s is being edited: remote-viewer %s", room, edit->spice);
    pup_cli_say(cli, "end it with `pupitre room edit-disk %s --keep` or --discard", room);
    fflush(stdout);
}

/* Ctrl-C ends the waiting, not the edit. */
static gboolean
wait_for_end(PupCli *cli, const PupWorkshop *shop, PupVirt *virt, const char *room,
             GError **error)
{
    g_autoptr(GError) why = NULL;

    if (pup_edit_wait(shop, virt, room, &why)) {
        pup_cli_say(cli, "the guest of room %s has shut down; keep or discard the edit",
                    room);
        return TRUE;
    }
    if (g_cancellable_is_cancelled(shop->cancellable)) {
        g_clear_object(&cli->cancellable);
        pup_cli_say(cli, "the virtual machine of room %s goes on", room);
        return TRUE;
    }
    g_propagate_error(error, g_steal_pointer(&why));
    return FALSE;
}

/* Whose machine is in the hands of another command, such as --wait, is being edited. */
static gboolean
open_to_begin(PupCli *cli, const PupWorkshop *shop, const char *room, PupVirt **virt,
              GError **error)
{
    g_autoptr(GError) why = NULL;
    g_auto(PupEdit) edit = {0};

    if (open_virt(cli, room, virt, &why))
        return TRUE;
    if (g_error_matches(why, PUP_ERROR, PUP_ERROR_BUSY) &&
        pup_edits_find(shop, room, &edit))
        pup_edits_set_busy(error, room, &edit);
    else
        g_propagate_error(error, g_steal_pointer(&why));
    return FALSE;
}

static gboolean
begin(PupCli *cli, const PupWorkshop *shop, const char *room, gboolean wait,
      GError **error)
{
    g_auto(PupEdit) edit = {0};
    gboolean again = FALSE;
    PupVirt *virt = NULL;

    if (!open_to_begin(cli, shop, room, &virt, error) ||
        !pup_edit_begin(shop, virt, room, &edit, &again, error))
        return FALSE;
    say_begun(cli, room, &edit, again);
    return !wait || cli->dry_run || wait_for_end(cli, shop, virt, room, error);
}

static void
say_kept(const PupCli *cli, const char *room, const PupEditReport *report)
{
    g_autofree char *bytes = pup_bytes_format(report->bytes);

    if (cli->dry_run)
        pup_cli_say(cli, "shut the guest of room %s down and keep %s of changes", room,
                    bytes);
    else
        pup_cli_say(cli,
                    "%s of changes %s in the sub-master of room %s; `pupitre room "
                    "publish %s` gives them to its seats",
                    bytes, report->finished ? "are now all" : "are", room, room);
}

static gboolean
keep(PupCli *cli, const PupWorkshop *shop, const char *room, GError **error)
{
    PupEditReport report = {0};
    PupVirt *virt = NULL;

    if (!open_virt(cli, room, &virt, error) ||
        !pup_edit_keep(shop, virt, room, &report, error))
        return FALSE;
    say_kept(cli, room, &report);
    return TRUE;
}

static gboolean
discard(PupCli *cli, const PupWorkshop *shop, const char *room, GError **error)
{
    g_autofree char *bytes = NULL;
    PupEditReport report = {0};
    PupVirt *virt = NULL;

    if (!open_virt(cli, room, &virt, error) ||
        !pup_edit_discard(shop, virt, room, &report, error))
        return FALSE;
    bytes = pup_bytes_format(report.bytes);
    pup_cli_did(cli, "throw away", "threw away", "%s of changes of room %s", bytes, room);
    return TRUE;
}

static gboolean
run(PupCli *cli, char **argv, GError **error)
{
    g_auto(GStrv) args = g_strdupv(argv);
    g_autoptr(PupBar) bar = NULL;
    Options options = {0};
    PupWorkshop shop;
    const GOptionEntry entries[] = {
        {"keep", 'k', 0, G_OPTION_ARG_NONE, &options.keep,
         "End the edit: shut the guest down, keep what was changed", NULL},
        {"discard", 0, 0, G_OPTION_ARG_NONE, &options.discard,
         "End the edit: throw away what was changed", NULL},
        {"wait", 'w', 0, G_OPTION_ARG_NONE, &options.wait,
         "Return when the guest has shut down", NULL},
        {NULL}};

    if (!pup_cli_parse(cli, entries, &args, error) || !check_options(&options, error))
        return FALSE;
    bar = pup_bar_begin(cli, &shop, error);
    if (!bar)
        return FALSE;
    if (options.keep)
        return keep(cli, &shop, args[0], error);
    if (options.discard)
        return discard(cli, &shop, args[0], error);
    return begin(cli, &shop, args[0], options.wait, error);
}

const PupCommand pup_cmd_room_edit_disk = {
    .name = "room edit-disk",
    .args = "NAME",
    .summary = "Change a room's sub-master by hand in a virtual machine",
    .flags = PUP_CLI_CHANGES,
    .min_args = 1,
    .max_args = 1,
    .run = run,
};
