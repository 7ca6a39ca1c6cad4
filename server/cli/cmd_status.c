/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "server/cli/commands.h"
#include "server/cli/out.h"

#include <jansson.h>
#include <string.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "config.h"
#include "lib/error.h"
#include "server/cli/canary.h"
#include "server/cli/findings.h"
#include "server/cli/schedule.h"
#include "server/cli/probe.h"
#include "server/image/edits.h"

typedef struct {
    const PupSettings *settings;
    gboolean lists; /* the names of masters and rooms: the three that follow */
    unsigned n_masters, n_rooms, n_published;
    GPtrArray *edited;  /* names of rooms */
    char *client_image; /* id, or NULL */
    char *address;      /* where the daemon is asked for */
    PupServes serving;
    guint64 free_bytes; /* of the state folder's file system */
    gboolean knows;     /* the catalog could be read: what follows up to schedules */
    unsigned n_seats, n_running;
    PupSeatStats stats; /* of all seats that are on */
    GArray *sent;       /* of PupSent */
    PupScheduleList schedules;
    json_t *canaries; /* of pup_cli_canaries_json() */
    PupCheckup *checkup;
} Status;

static char *
current_client_image(const PupSettings *settings)
{
    g_autofree char *path = pup_settings_path(settings, "client-image/current");
    g_autofree char *target = g_file_read_link(path, NULL);

    return target ? g_path_get_basename(target) : NULL;
}

static void
note_edit(Status *status, const char *room)
{
    const PupWorkshop shop = {.settings = status->settings};
    g_auto(PupEdit) edit = {0};

    if (pup_edits_find(&shop, room, &edit))
        g_ptr_array_add(status->edited, g_strdup(room));
}

/* Why they cannot be listed is a finding of the checks. */
static void
count_rooms(PupCli *cli, Status *status)
{
    g_auto(GStrv) masters = pup_store_names(cli->store, PUP_KIND_MASTER, NULL);
    g_auto(GStrv) rooms = pup_catalog_rooms(cli->catalog, NULL);

    status->lists = masters && rooms;
    if (!status->lists)
        return;
    status->n_masters = g_strv_length(masters);
    status->n_rooms = g_strv_length(rooms);
    for (unsigned i = 0; rooms[i]; i++) {
        if (pup_store_current(cli->store, PUP_KIND_ROOM, rooms[i], NULL) > 0)
            status->n_published++;
        note_edit(status, rooms[i]);
    }
    status->canaries = pup_cli_canaries_json(cli, rooms);
}

static gboolean
count_seats(PupCli *cli, Status *status)
{
    g_autoptr(GPtrArray) seats = pup_catalog_seats(cli->catalog, g_get_real_time() / 1000,
                                                   cli->settings->poll_s, NULL);

    for (unsigned i = 0; seats && i < seats->len; i++) {
        const PupSeat *seat = g_ptr_array_index(seats, i);
        if (strcmp(seat->state, "running") == 0)
            status->n_running++;
        if (seat->has_stats && pup_seat_state_is_on(seat->state))
            pup_seat_stats_add(&status->stats, &seat->stats);
    }
    status->n_seats = seats ? seats->len : 0;
    return seats != NULL;
}

/* Why it cannot be read is a finding of the checks. */
static void
ask_catalog(PupCli *cli, Status *status)
{
    status->sent = pup_catalog_sent(cli->catalog, NULL);
    status->knows = status->sent && count_seats(cli, status) &&
                    pup_schedule_list_load(cli->catalog, NULL, &status->schedules, NULL);
}

static void
add_server(Status *status)
{
    static const char *const mends[] = {
        [PUP_SERVES_NOT] = "run `systemctl start pupitred`",
        [PUP_SERVES_HUNG] = "`systemctl restart pupitred` starts it afresh",
        [PUP_SERVES_ELSE] = "see `journalctl -u pupitred`"};
    static const char *const problems[] = {
        [PUP_SERVES_NOT] = "does not answer at",
        [PUP_SERVES_HUNG] = "hangs: it takes connections and answers none at",
        [PUP_SERVES_ELSE] = "is not Pupitre, or in trouble: another answer came from"};

    pup_checkup_add(status->checkup, PUP_FINDING_DAMAGE, g_strdup("server"),
                    g_strdup_printf("%s %s", problems[status->serving], status->address),
                    g_strdup(mends[status->serving]));
}

/* What needs a person, the server away included. */
static gboolean
look_for_trouble(PupCli *cli, Status *status, GError **error)
{
    PupWorkshop shop;

    if (!pup_cli_workshop_to_look(cli, &shop, error))
        return FALSE;
    status->checkup = pup_checkup_run(&shop, PUP_CHECK_ALL, NULL, FALSE);
    if (status->serving != PUP_SERVES)
        add_server(status);
    if (!status->client_image && status->n_published > 0)
        pup_checkup_add(status->checkup, PUP_FINDING_WARNING, g_strdup("client image"),
                        g_strdup("there is none, and no PC can start"),
                        g_strdup("run `pupitre image build`"));
    return TRUE;
}

static gboolean
gather(PupCli *cli, Status *status, GError **error)
{
    struct statvfs fs;

    status->settings = pup_cli_settings(cli, error);
    if (!status->settings || !pup_cli_store(cli, error) ||
        !pup_cli_catalog_to_look(cli, error))
        return FALSE;
    count_rooms(cli, status);
    ask_catalog(cli, status);
    if (statvfs(status->settings->state_dir, &fs) == 0)
        status->free_bytes = (guint64) fs.f_bavail * fs.f_frsize;
    status->client_image = current_client_image(status->settings);
    status->address = pup_probe_address(status->settings);
    status->serving = pup_probe(status->settings);
    return look_for_trouble(cli, status, error);
}

/* Nothing before the first seat has told its numbers. */
static void
print_stats(const PupSeatStats *stats)
{
    g_autofree char *memory = pup_bytes_format(stats->memory_bytes);
    g_autofree char *disk = pup_bytes_format(stats->disk_bytes);
    g_autofree char *peers = pup_bytes_format(stats->peer_bytes);
    g_autofree char *server = pup_bytes_format(stats->server_bytes);

    if (stats->reads == 0)
        return;
    pup_out_line(
        "seats read     %.1f%% hits; %s from memory, %s disk, %s peers, %s server",
        100 * pup_seat_stats_hit_ratio(stats), memory, disk, peers, server);
}

static void
print_sent(const GArray *all)
{
    for (unsigned i = 0; i < all->len; i++) {
        const PupSent *sent = &g_array_index(all, PupSent, i);
        g_autofree char *bytes = pup_bytes_format(sent->bytes);
        pup_out_line("%s%s@%u: %s in %" G_GUINT64_FORMAT " chunks",
                     i == 0 ? "sent           " : "               ", sent->room,
                     sent->version, bytes, sent->chunks);
    }
}

static void
print_schedules(const PupScheduleList *list)
{
    for (guint i = 0; i < list->schedules->len; i++) {
        const PupSchedule *schedule = &g_array_index(list->schedules, PupSchedule, i);
        g_autofree char *text = pup_schedule_text(schedule);
        pup_out_line("%s%s: %s", i == 0 ? "schedules      " : "               ",
                     schedule->room, text);
    }
    for (guint i = 0; i < list->runs->len; i++) {
        const PupScheduleRun *run = &g_array_index(list->runs, PupScheduleRun, i);
        g_autofree char *text = pup_schedule_run_text(run);
        pup_out_line("%s%s: %s", i == 0 ? "last runs      " : "               ",
                     run->room, text);
    }
}

static void
print_edited(const GPtrArray *edited)
{
    for (unsigned i = 0; i < edited->len; i++)
        pup_out_line("%s%s: see `pupitre room show %s`",
                     i == 0 ? "being edited   " : "               ",
                     (const char *) g_ptr_array_index(edited, i),
                     (const char *) g_ptr_array_index(edited, i));
}

static json_t *
json_of_edited(const GPtrArray *edited)
{
    json_t *names = json_array();

    for (unsigned i = 0; i < edited->len; i++)
        json_array_append_new(names, json_string(g_ptr_array_index(edited, i)));
    return names;
}

static void
print_canaries(const json_t *canaries)
{
    for (size_t i = 0; i < json_array_size(canaries); i++) {
        json_t *canary = json_array_get(canaries, i);
        const char *room = "", *seat = "";
        int version = 0;
        json_unpack(canary, "{s:s, s:i, s:s}", "room", &room, "version", &version, "seat",
                    &seat);
        pup_out_line("%s%s@%d at seat %s", i == 0 ? "on trial       " : "               ",
                     room, version, seat);
    }
}

static void
print_catalog(const Status *status)
{
    if (!status->knows) {
        pup_out_line("seats          not known, nor schedules: see below");
        return;
    }
    pup_out_line("seats          %u, %u running", status->n_seats, status->n_running);
    print_schedules(&status->schedules);
    print_stats(&status->stats);
    print_sent(status->sent);
}

static void
print_names(const Status *status)
{
    if (!status->lists) {
        pup_out_line("masters        not known, nor rooms: see below");
        return;
    }
    pup_out_line("masters        %u", status->n_masters);
    pup_out_line("rooms          %u, %u published", status->n_rooms, status->n_published);
}

static void
print_text(const Status *status)
{
    g_autofree char *free_text = pup_bytes_format(status->free_bytes);
    g_autofree char *serving = pup_probe_words(status->serving, status->address);

    pup_out_line("pupitre        %s", PACKAGE_VERSION);
    pup_out_line("configuration  %s", status->settings->path);
    pup_out_line("state          %s, %s free", status->settings->state_dir, free_text);
    pup_out_line("server         %s", serving);
    pup_out_line("client image   %s", status->client_image
                                          ? status->client_image
                                          : "none: run `pupitre image build`");
    print_names(status);
    print_edited(status->edited);
    print_canaries(status->canaries);
    print_catalog(status);
    pup_findings_print(stdout, status->checkup, PUP_FINDING_NOTE);
}

/* What the catalog says; null, each, where it cannot be read. */
static void
add_catalog_json(json_t *root, const Status *status)
{
    static const char *const keys[] = {"seats", "seats_running", "stats",
                                       "sent",  "schedules",     "last_runs"};

    if (!status->knows) {
        for (unsigned i = 0; i < G_N_ELEMENTS(keys); i++)
            json_object_set_new(root, keys[i], json_null());
        return;
    }
    json_object_set_new(root, "seats", json_integer(status->n_seats));
    json_object_set_new(root, "seats_running", json_integer(status->n_running));
    json_object_set_new(root, "stats", pup_seat_stats_sum_json(&status->stats));
    json_object_set_new(root, "sent", pup_sent_json(status->sent));
    json_object_set_new(root, "schedules",
                        pup_schedules_json(status->schedules.schedules));
    json_object_set_new(root, "last_runs",
                        pup_schedule_runs_json(status->schedules.runs));
}

/* A number of masters or rooms. */
static json_t *
json_of_number(const Status *status, unsigned n)
{
    return status->lists ? json_integer(n) : json_null();
}

static void
print_json(const Status *status)
{
    json_t *root = json_pack(
        "{s:s, s:o, s:o, s:I, s:b, s:s, s:s?, s:o, s:o, s:o}", "version", PACKAGE_VERSION,
        "config", pup_out_json_text(status->settings->path), "state_dir",
        pup_out_json_text(status->settings->state_dir), "free_bytes",
        (json_int_t) status->free_bytes, "serving", status->serving == PUP_SERVES,
        "address", status->address, "client_image", status->client_image, "masters",
        json_of_number(status, status->n_masters), "rooms",
        json_of_number(status, status->n_rooms), "rooms_published",
        json_of_number(status, status->n_published));
    add_catalog_json(root, status);
    json_object_set_new(root, "canaries",
                        status->lists ? json_incref(status->canaries) : json_null());
    json_object_set_new(root, "server", json_string(pup_probe_name(status->serving)));
    json_object_set_new(root, "edited", json_of_edited(status->edited));
    json_object_set_new(root, "findings", pup_findings_json(status->checkup));
    pup_out_json(root);
}

/* For --check: the exit status says whether a person is needed. */
static gboolean
judge(const Status *status, GError **error)
{
    unsigned n = pup_checkup_count(status->checkup, PUP_FINDING_WARNING);

    if (n > 0)
        pup_error_set(error,
                      status->serving == PUP_SERVES ? PUP_ERROR_CORRUPT : PUP_ERROR_NET,
                      "%u thing%s to mend", n, n == 1 ? "" : "s");
    return n == 0;
}

static gboolean
run(PupCli *cli, char **argv, GError **error)
{
    g_auto(GStrv) args = g_strdupv(argv);
    Status status = {NULL};
    gboolean done, check = FALSE;
    const GOptionEntry options[] = {{"check", 0, 0, G_OPTION_ARG_NONE, &check,
                                     "Fail when something needs a person", NULL},
                                    {NULL}};

    if (!pup_cli_parse(cli, options, &args, error))
        return FALSE;
    status.edited = g_ptr_array_new_with_free_func(g_free);
    done = gather(cli, &status, error);
    if (done && cli->json)
        print_json(&status);
    else if (done)
        print_text(&status);
    if (done && check)
        done = judge(&status, error);
    pup_checkup_free(status.checkup);
    g_clear_pointer(&status.sent, g_array_unref);
    pup_schedule_list_clear(&status.schedules);
    g_clear_pointer(&status.edited, g_ptr_array_unref);
    json_decref(status.canaries);
    g_free(status.client_image);
    g_free(status.address);
    return done;
}

const PupCommand pup_cmd_status = {
    .name = "status",
    .args = "",
    .summary = "Show what the server has and whether it runs",
    .flags = PUP_CLI_LISTS,
    .run = run,
    .quiet = "Print no notes",
};
