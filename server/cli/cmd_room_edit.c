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

/* An edit of the profile @path of @room. */
typedef struct {
    const PupWorkshop *shop;
    const char *room;
    char *path;
    char *refused;    /* where what was typed and refused is kept */
    const char *copy; /* what the editor gets */
    GBytes *begin;    /* what stood in it at first */
    gboolean resumed; /* that was what was refused the last time */
} Edit;

static void
edit_clear(Edit *edit)
{
    g_free(edit->path);
    g_free(edit->refused);
    g_clear_pointer(&edit->begin, g_bytes_unref);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Edit, edit_clear)

static gboolean
same_master(const PupRoomProfile *before, const PupRoomProfile *after)
{
    return strcmp(before->master, after->master) == 0 &&
           before->master_version == after->master_version;
}

/* The file that will have the line of an error in @typed: the copy will be gone. */
static const char *
file_of(const Edit *edit, GBytes *typed)
{
    if (g_bytes_equal(typed, edit->begin))
        return edit->resumed ? edit->refused : edit->path;
    return edit->shop->dry_run ? edit->path : edit->refused;
}

/* A master that the room had may be gone, and other things be edited all the same; what
 * is new has to be there. */
static gboolean
check_master(const Edit *edit, const PupRoomProfile *after, GError **error)
{
    const PupWorkshop *shop = edit->shop;
    g_autoptr(PupRoomProfile) before =
        pup_catalog_room_in_force(shop->catalog, edit->room, NULL);
    g_autoptr(PupManifest) master = NULL;

    if (before && same_master(before, after))
        return TRUE;
    master = pup_workshop_manifest(shop, PUP_KIND_MASTER, after->master,
                                   after->master_version, error);
    return master != NULL;
}

/* The text of the copy when it is a good profile for the room. */
static char *
read_valid(const Edit *edit, PupRoomProfile **profile, GError **error)
{
    const PupWorkshop *shop = edit->shop;
    g_autoptr(GBytes) bytes =
        pup_file_read(edit->copy, PUP_ROOM_PROFILE_MAX_BYTES, error);
    g_autoptr(PupRoomProfile) parsed = NULL;

    if (!bytes)
        return NULL;
    parsed = pup_room_profile_parse(file_of(edit, bytes), g_bytes_get_data(bytes, NULL),
                                    g_bytes_get_size(bytes), error);
    if (!parsed || !pup_cli_check_seats(shop->catalog, edit->room, parsed, error) ||
        !check_master(edit, parsed, error) ||
        !pup_needs_check_room(shop, edit->room, parsed, error))
        return NULL;
    *profile = g_steal_pointer(&parsed);
    return g_strndup(g_bytes_get_data(bytes, NULL), g_bytes_get_size(bytes));
}

/* What is wrong is said once: with the question where somebody can answer it, else with
 * the error. */
static char *
edit_until_valid(const Edit *edit, PupRoomProfile **profile, GError **error)
{
    for (;;) {
        g_autoptr(GError) bad = NULL;
        gboolean asks = pup_cli_can_ask();
        char *text;

        if (!run_editor(edit->copy, error))
            return NULL;
        text = read_valid(edit, profile, &bad);
        if (text)
            return text;
        if (asks)
            pup_out_complain("%s", bad->message);
        if (asks && pup_cli_ask("Edit again?"))
            continue;
        g_set_error(error, bad->domain, bad->code,
                    "the profile of room '%s' was not changed%s%s", edit->room,
                    asks ? "" : ": ", asks ? "" : bad->message);
        return NULL;
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
    if (cli->quiet || same_master(before, after))
        return;
    pup_out_line(
        "note: the sub-master still derives from the master it was made over; `pupitre "
        "room rebase %s` makes it afresh",
        room);
}

/* Begin with the profile, or with what was typed the last time and refused, where
 * somebody is there to say so. */
static gboolean
begin(Edit *edit, GError **error)
{
    g_autoptr(GBytes) typed =
        pup_file_read(edit->refused, PUP_ROOM_PROFILE_MAX_BYTES, NULL);
    g_autofree char *question = g_strdup_printf(
        "The last edit was refused and kept as %s. Go on with it?", edit->refused);

    edit->resumed = typed && pup_cli_ask(question);
    edit->begin = edit->resumed
                      ? g_steal_pointer(&typed)
                      : pup_file_read(edit->path, PUP_ROOM_PROFILE_MAX_BYTES, error);
    return edit->begin &&
           pup_file_replace(edit->copy, g_bytes_get_data(edit->begin, NULL),
                            g_bytes_get_size(edit->begin), 0600, error);
}

/* The edit fails with *@error: put what was typed beside the profile, and say so. */
static void
keep_refused(const Edit *edit, GError **error)
{
    g_autoptr(GBytes) typed = pup_file_read(edit->copy, PUP_ROOM_PROFILE_MAX_BYTES, NULL);
    g_autofree char *message = NULL;

    if (!typed || g_bytes_equal(typed, edit->begin) ||
        !pup_file_replace(edit->refused, g_bytes_get_data(typed, NULL),
                          g_bytes_get_size(typed), 0600, NULL))
        return;
    message = g_strdup_printf("%s; what was typed is kept as '%s'", (*error)->message,
                              edit->refused);
    g_free((*error)->message);
    (*error)->message = g_steal_pointer(&message);
}

/* @text is in place: what was refused goes once it was used, and not before. */
static void
settle_refused(const PupCli *cli, const Edit *edit, const char *text)
{
    g_autoptr(GBytes) typed =
        pup_file_read(edit->refused, PUP_ROOM_PROFILE_MAX_BYTES, NULL);
    g_autoptr(GBytes) used = g_bytes_new_static(text, strlen(text));

    if (!typed)
        return;
    if (edit->resumed || g_bytes_equal(typed, used))
        unlink(edit->refused);
    else if (!cli->quiet)
        pup_out_line("note: what was typed before and refused is still kept as '%s'",
                     edit->refused);
}

static gboolean
edit_copy(PupCli *cli, const PupWorkshop *shop, const char *room, const char *copy,
          GError **error)
{
    g_auto(Edit) edit = {.shop = shop, .room = room, .copy = copy};
    g_autoptr(PupRoomProfile) before = NULL, after = NULL;
    g_autofree char *text = NULL;

    edit.path = pup_catalog_room_path(shop->catalog, room);
    edit.refused = g_strconcat(edit.path, ".refused", NULL);
    if (!begin(&edit, error))
        return FALSE;
    before = pup_catalog_room(shop->catalog, room, NULL); /* NULL: this edit repairs it */
    text = edit_until_valid(&edit, &after, error);
    if (!text || !put_text(cli, room, edit.path, text, error)) {
        if (!cli->dry_run)
            keep_refused(&edit, error);
        return FALSE;
    }
    if (!cli->dry_run) {
        settle_refused(cli, &edit, text);
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
