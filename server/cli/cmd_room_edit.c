/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "server/cli/commands.h"
#include "server/cli/out.h"

#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

#include "lib/error.h"
#include "lib/file.h"
#include "lib/ident.h"
#include "server/image/needs.h"

/* $VISUAL, $EDITOR or vi, with its own arguments, on @path. */
static gboolean
run_editor(const char *path, GError **error)
{
    const char *editor = g_getenv("VISUAL");
    g_auto(GStrv) words = NULL;
    g_autoptr(GStrvBuilder) argv = g_strv_builder_new();
    g_auto(GStrv) all = NULL;
    g_autoptr(GSubprocess) child = NULL;

    if (!editor || !*editor)
        editor = g_getenv("EDITOR");
    if (!editor || !*editor)
        editor = "vi";
    if (!g_shell_parse_argv(editor, NULL, &words, error))
        return FALSE;
    g_strv_builder_addv(argv, (const char **) words);
    g_strv_builder_add(argv, path);
    all = g_strv_builder_end(argv);
    child = g_subprocess_newv((const char *const *) all, G_SUBPROCESS_FLAGS_STDIN_INHERIT,
                              error);
    if (child && g_subprocess_wait_check(child, NULL, error))
        return TRUE;
    g_prefix_error(error, "editor '%s': ", editor);
    return FALSE;
}

/* The text of @path when it is a good profile for @room. */
static char *
read_valid(const PupWorkshop *shop, const char *room, const char *path,
           PupRoomProfile **profile, GError **error)
{
    g_autoptr(GBytes) bytes = pup_file_read(path, PUP_ROOM_PROFILE_MAX_BYTES, error);
    g_autoptr(PupRoomProfile) parsed = NULL;

    if (!bytes)
        return NULL;
    parsed = pup_room_profile_parse(path, g_bytes_get_data(bytes, NULL),
                                    g_bytes_get_size(bytes), error);
    if (!parsed || !pup_cli_check_seats(shop->catalog, room, parsed, error) ||
        !pup_needs_check_room(shop, room, parsed, error))
        return NULL;
    *profile = g_steal_pointer(&parsed);
    return g_strndup(g_bytes_get_data(bytes, NULL), g_bytes_get_size(bytes));
}

/* Edit @copy until it is valid or the admin gives up. */
static char *
edit_until_valid(const PupWorkshop *shop, const char *room, const char *copy,
                 PupRoomProfile **profile, GError **error)
{
    for (;;) {
        g_autoptr(GError) bad = NULL;
        char *text;

        if (!run_editor(copy, error))
            return NULL;
        text = read_valid(shop, room, copy, profile, &bad);
        if (text)
            return text;
        pup_out_complain("%s", bad->message);
        if (!pup_cli_ask("Edit again?")) {
            g_propagate_prefixed_error(
                error, g_steal_pointer(&bad),
                "the profile of room '%s' was not changed: ", room);
            return NULL;
        }
    }
}

/* The admin's own comments must survive, so the text is put into place as it is. */
static gboolean
put_text(PupCli *cli, const char *room, const char *path, const char *text,
         GError **error)
{
    g_autoptr(GBytes) old = pup_file_read(path, PUP_ROOM_PROFILE_MAX_BYTES, error);

    if (!old)
        return FALSE;
    if (g_bytes_get_size(old) == strlen(text) &&
        memcmp(g_bytes_get_data(old, NULL), text, strlen(text)) == 0) {
        if (!cli->quiet)
            pup_out_line("the profile of room %s is unchanged", room);
        return TRUE;
    }
    if (!cli->dry_run && !pup_file_replace(path, text, strlen(text), 0644, error))
        return FALSE;
    pup_cli_did(cli, "write", "wrote", "%s", path);
    return TRUE;
}

static void
note_master(const PupCli *cli, const char *room, const PupRoomProfile *before,
            const PupRoomProfile *after)
{
    if (cli->quiet || (strcmp(before->master, after->master) == 0 &&
                       before->master_version == after->master_version))
        return;
    pup_out_line(
        "note: the sub-master still derives from the master it was made over; `pupitre "
        "room rebase %s` makes it afresh",
        room);
}

/* What to begin with: the profile, or what was typed the last time and refused, where
 * somebody is there to say so. */
static GBytes *
read_begin(const char *path, const char *refused, GError **error)
{
    g_autoptr(GBytes) typed = pup_file_read(refused, PUP_ROOM_PROFILE_MAX_BYTES, NULL);
    g_autofree char *question = g_strdup_printf(
        "The last edit was refused and kept as %s. Go on with it?", refused);

    if (typed && pup_cli_ask(question))
        return g_steal_pointer(&typed);
    return pup_file_read(path, PUP_ROOM_PROFILE_MAX_BYTES, error);
}

/* The edit fails with *@error: put what was typed beside the profile, and say so. */
static void
keep_refused(const char *copy, GBytes *begin, const char *refused, GError **error)
{
    g_autoptr(GBytes) typed = pup_file_read(copy, PUP_ROOM_PROFILE_MAX_BYTES, NULL);
    g_autofree char *message = NULL;

    if (!typed || g_bytes_equal(typed, begin) ||
        !pup_file_replace(refused, g_bytes_get_data(typed, NULL), g_bytes_get_size(typed),
                          0600, NULL))
        return;
    message =
        g_strdup_printf("%s; what was typed is kept as '%s'", (*error)->message, refused);
    g_free((*error)->message);
    (*error)->message = g_steal_pointer(&message);
}

static gboolean
edit_copy(PupCli *cli, const PupWorkshop *shop, const char *room, const char *copy,
          GError **error)
{
    g_autofree char *path = pup_catalog_room_path(shop->catalog, room);
    g_autofree char *refused = g_strconcat(path, ".refused", NULL);
    g_autoptr(GBytes) begin = read_begin(path, refused, error);
    g_autoptr(PupRoomProfile) before = NULL, after = NULL;
    g_autofree char *text = NULL;

    if (!begin || !pup_file_replace(copy, g_bytes_get_data(begin, NULL),
                                    g_bytes_get_size(begin), 0600, error))
        return FALSE;
    before = pup_catalog_room(shop->catalog, room, NULL); /* NULL: this edit repairs it */
    text = edit_until_valid(shop, room, copy, &after, error);
    if (!text || !put_text(cli, room, path, text, error)) {
        if (!cli->dry_run)
            keep_refused(copy, begin, refused, error);
        return FALSE;
    }
    if (!cli->dry_run) {
        unlink(refused);
        pup_catalog_keep_profiles(shop->catalog, NULL); /* else the daemon does, soon */
    }
    if (before)
        note_master(cli, room, before, after);
    return TRUE;
}

static gboolean
run(PupCli *cli, char **argv, GError **error)
{
    g_auto(GStrv) args = g_strdupv(argv);
    g_autofree char *folder = NULL, *copy = NULL;
    PupWorkshop shop;
    gboolean done;

    if (!pup_cli_parse(cli, NULL, &args, error) || !pup_cli_workshop(cli, &shop, error) ||
        !pup_ident_check("room", args[0], error) ||
        !pup_catalog_has_room(shop.catalog, args[0], error))
        return FALSE;
    folder = g_dir_make_tmp("pupitre-XXXXXX", error);
    if (!folder)
        return FALSE;
    copy = g_strdup_printf("%s/%s.conf", folder, args[0]);
    done = edit_copy(cli, &shop, args[0], copy, error);
    unlink(copy);
    g_rmdir(folder);
    return done;
}

const PupCommand pup_cmd_room_edit = {
    .name = "room edit",
    .args = "NAME",
    .summary = "Edit a room's profile with $EDITOR",
    .flags = PUP_CLI_CHANGES,
    .min_args = 1,
    .max_args = 1,
    .run = run,
};
