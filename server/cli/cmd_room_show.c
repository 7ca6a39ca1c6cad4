/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "server/cli/commands.h"
#include "server/cli/out.h"

#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <sys/stat.h>

#include "lib/error.h"
#include "lib/file.h"
#include "lib/text.h"
#include "lib/time_text.h"
#include "server/check/check.h"
#include "server/cli/canary.h"
#include "server/cli/schedule.h"
#include "server/image/edits.h"

typedef struct {
    const char *name;
    char *path; /* of the profile */
    char *text; /* the profile as it stands in the file */
    char *disk; /* the sub-master's path */
    guint64 disk_file_bytes;
    char *disk_mend; /* what mends that the sub-master is lost; NULL: it is there */
    PupRoomProfile *profile;
    PupManifest *manifest;   /* current version, or NULL */
    PupBootProfileSize boot; /* of that version */
    PupScheduleList schedules;
    gboolean knows_schedules;
    gboolean edited;
    PupEdit edit;
    char *canary; /* what is on trial, or NULL */
} Room;

static void
room_clear(Room *room)
{
    g_free(room->path);
    g_free(room->text);
    g_free(room->disk);
    g_free(room->disk_mend);
    pup_room_profile_free(room->profile);
    pup_manifest_free(room->manifest);
    pup_schedule_list_clear(&room->schedules);
    pup_edit_clear(&room->edit);
    g_free(room->canary);
}

static gboolean
load_text(Room *room, GError **error)
{
    g_autoptr(GBytes) bytes =
        pup_file_read(room->path, PUP_ROOM_PROFILE_MAX_BYTES, error);
    const char *text;
    gsize len;

    if (!bytes)
        return FALSE;
    text = pup_text_of_file(room->path, g_bytes_get_data(bytes, NULL),
                            g_bytes_get_size(bytes), &len, error);
    room->text = text ? g_strndup(text, len) : NULL;
    return text != NULL;
}

/* Of a catalog that cannot be read they are not known; the rest is. */
static void
load_schedules(const PupWorkshop *shop, Room *room)
{
    g_autoptr(GError) why = NULL;

    room->knows_schedules =
        pup_schedule_list_load(shop->catalog, room->name, &room->schedules, &why);
    if (why)
        pup_out_complain("its schedules are not known; see `pupitre fsck`: %s",
                         why->message);
}

static gboolean
load_room(const PupWorkshop *shop, Room *room, GError **error)
{
    g_autoptr(GError) failed = NULL;
    struct stat st;

    room->profile = pup_catalog_room(shop->catalog, room->name, error);
    if (!room->profile)
        return FALSE;
    room->path = pup_catalog_room_path(shop->catalog, room->name);
    room->disk = pup_room_path(shop, room->name);
    if (stat(room->disk, &st) == 0)
        room->disk_file_bytes = (guint64) st.st_blocks * 512;
    else if (errno == ENOENT)
        room->disk_mend = pup_check_mend_sub_master(shop, room->name);
    room->edited = pup_edits_find(shop, room->name, &room->edit);
    room->manifest = pup_workshop_manifest(shop, PUP_KIND_ROOM, room->name, 0, &failed);
    if (!room->manifest && !g_error_matches(failed, PUP_ERROR, PUP_ERROR_NOT_FOUND)) {
        g_propagate_error(error, g_steal_pointer(&failed));
        return FALSE;
    }
    if (room->manifest)
        room->boot = pup_workshop_boot_profile_size(shop, room->manifest);
    load_schedules(shop, room);
    return load_text(room, error);
}

static const char *
title_of(const Room *room)
{
    return room->profile->title ? room->profile->title : room->name;
}

static void
print_boot_profile(const PupBootProfileSize *boot)
{
    g_autofree char *bytes = pup_bytes_format(boot->bytes);

    if (boot->n_chunks == 0)
        pup_out_line("boot        no boot profile yet");
    else if (boot->n_seats == 0)
        pup_out_line("boot        %" G_GUINT64_FORMAT " chunks, %s, inherited",
                     boot->n_chunks, bytes);
    else
        pup_out_line("boot        %" G_GUINT64_FORMAT " chunks, %s, seen by %u seat%s",
                     boot->n_chunks, bytes, boot->n_seats, boot->n_seats == 1 ? "" : "s");
}

static void
print_schedules(const PupScheduleList *list)
{
    for (guint i = 0; i < list->schedules->len; i++) {
        g_autofree char *text =
            pup_schedule_text(&g_array_index(list->schedules, PupSchedule, i));
        pup_out_line("schedule    %s", text);
    }
    for (guint i = 0; i < list->runs->len; i++) {
        g_autofree char *text =
            pup_schedule_run_text(&g_array_index(list->runs, PupScheduleRun, i));
        pup_out_line("last run    %s", text);
    }
}

static void
print_edit(const Room *room)
{
    g_autofree char *since = pup_edit_describe(&room->edit);
    const char *spice = room->edit.spice;

    if (room->edit.kept)
        pup_out_line(
            "edit        interrupted while it was kept: run `pupitre room edit-disk %s "
            "--keep`",
            room->name);
    else
        pup_out_line("edit        since %s%s%s", since, *spice ? ", at " : "", spice);
}

/* The profile without what is only there to be read while it is edited: comments, keys
 * that are left at their defaults, groups without any other. */
static void
print_what_is_set(const char *text)
{
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
    const char *group = NULL;

    for (char **line = lines; *line; line++) {
        const char *word = g_strstrip(*line);
        if (*word == '[')
            group = word;
        if (*word == '[' || *word == '#' || *word == '\0')
            continue;
        if (group)
            pup_out_line("%s", group);
        group = NULL;
        pup_out_line("%s", word);
    }
}

/* Its lines as they stand. */
static void
print_profile(const char *text)
{
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);

    for (char **line = lines; line[0] && (line[1] || *line[0]); line++)
        pup_out_line("%s", g_strchomp(*line));
}

static void
print_text(const Room *room)
{
    g_autofree char *bytes = pup_bytes_format(room->disk_file_bytes);
    const PupManifest *manifest = room->manifest;
    g_autofree char *created = manifest ? pup_time_text_of(manifest->created) : NULL;

    pup_out_line("room        %s (%s)", room->name, title_of(room));
    if (room->disk_mend)
        pup_out_line("sub-master  %s is not there: %s", room->disk, room->disk_mend);
    else
        pup_out_line("sub-master  %s, %s", room->disk, bytes);
    if (room->edited)
        print_edit(room);
    if (manifest)
        pup_out_line("version     %u, published %s, on master %s@%u", manifest->version,
                     created, manifest->master, manifest->master_version);
    else
        pup_out_line("version     none: not published yet");
    if (manifest)
        print_boot_profile(&room->boot);
    if (room->canary)
        pup_out_line("on trial    %s: `pupitre room promote %s` or `room rollback`",
                     room->canary, room->name);
    pup_out_line("seats       %u", room->profile->n_seats);
    if (room->knows_schedules)
        print_schedules(&room->schedules);
    pup_out_line("profile     %s", room->path);
    print_what_is_set(room->text);
}

static json_t *
json_of_seats(const PupRoomProfile *profile)
{
    json_t *seats = json_array();

    for (unsigned i = 0; i < profile->n_seats; i++)
        json_array_append_new(seats,
                              json_pack("{s:s, s:s}", "name", profile->seats[i].name,
                                        "mac", profile->seats[i].mac));
    return seats;
}

static json_t *
json_of_version(const PupManifest *manifest, const PupBootProfileSize *boot)
{
    return json_pack(
        "{s:i, s:s, s:s, s:i, s:I, s:I, s:I, s:i}", "version", (int) manifest->version,
        "created", manifest->created, "master", manifest->master, "master_version",
        (int) manifest->master_version, "disk_bytes", (json_int_t) manifest->disk_bytes,
        "boot_profile_chunks", (json_int_t) boot->n_chunks, "boot_profile_bytes",
        (json_int_t) boot->bytes, "boot_profile_seats", (int) boot->n_seats);
}

static json_t *
json_of_edit(const Room *room)
{
    if (!room->edited)
        return json_null();
    return json_pack("{s:I, s:o, s:o, s:b}", "since", (json_int_t) room->edit.since_s,
                     "user", pup_out_json_text(room->edit.user), "spice",
                     pup_out_json_text(room->edit.spice), "kept", room->edit.kept);
}

static void
print_json(const PupCli *cli, const Room *room)
{
    json_t *version =
        room->manifest ? json_of_version(room->manifest, &room->boot) : json_null();
    json_t *root = json_pack(
        "{s:s, s:s, s:s, s:o, s:o, s:I, s:o, s:o, s:o, s:o}", "name", room->name, "title",
        title_of(room), "master", room->profile->master, "profile",
        pup_out_json_text(room->path), "sub_master", pup_out_json_text(room->disk),
        "sub_master_bytes", (json_int_t) room->disk_file_bytes, "current", version,
        "seats", json_of_seats(room->profile), "schedules",
        room->knows_schedules ? pup_schedules_json(room->schedules.schedules)
                              : json_null(),
        "last_runs",
        room->knows_schedules ? pup_schedule_runs_json(room->schedules.runs)
                              : json_null());
    if (room->disk_mend)
        json_object_set_new(root, "sub_master_bytes", json_null());
    json_object_set_new(root, "canary", pup_cli_canary_json(cli, room->name));
    json_object_set_new(root, "edit", json_of_edit(room));
    pup_out_json(root);
}

static gboolean
run(PupCli *cli, char **argv, GError **error)
{
    g_auto(GStrv) args = g_strdupv(argv);
    PupWorkshop shop;
    Room room = {NULL};
    gboolean loaded, profile = FALSE;
    const GOptionEntry options[] = {{"profile", 'p', 0, G_OPTION_ARG_NONE, &profile,
                                     "Print the whole profile, and nothing else", NULL},
                                    {NULL}};

    if (!pup_cli_parse(cli, options, &args, error) ||
        !pup_cli_workshop_to_look(cli, &shop, error))
        return FALSE;
    room.name = args[0];
    loaded = load_room(&shop, &room, error);
    room.canary = pup_cli_canary_text(cli, room.name);
    if (loaded && cli->json)
        print_json(cli, &room);
    else if (loaded && profile)
        print_profile(room.text);
    else if (loaded)
        print_text(&room);
    room_clear(&room);
    return loaded;
}

const PupCommand pup_cmd_room_show = {
    .name = "room show",
    .args = "NAME",
    .summary = "Show a room: sub-master, version, what its profile sets",
    .flags = PUP_CLI_LISTS,
    .min_args = 1,
    .max_args = 1,
    .run = run,
    .quiet = "Print no notes",
};
