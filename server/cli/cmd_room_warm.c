/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The command only writes the wish into the catalog, whether the daemon runs or not; the
 * daemon tells the seats when the time has come. So it returns at once, and --status says
 * how far they are.
 */
#include "server/cli/commands.h"
#include "server/cli/out.h"

#include <jansson.h>
#include <string.h>

#include "lib/error.h"
#include "lib/time_text.h"
#include "server/cli/serving.h"
#include "server/cli/when.h"

static const PupColumn columns[] = {
    {"SEAT", "seat", PUP_CELL_TEXT},
    {"MAC", "mac", PUP_CELL_TEXT},
    {"STATE", "state", PUP_CELL_TEXT},
    {"RUNS", "version", PUP_CELL_VERSION},
    {"WARM", "warm_version", PUP_CELL_VERSION},
    {"CHUNKS", "warm_done", PUP_CELL_UINT},
    {"OF", "warm_total", PUP_CELL_UINT},
    {NULL},
};

typedef struct {
    const char *room;
    gboolean status, cancel;
    char *at;
    unsigned version; /* the room's current one, 0: none */
    gint64 at_ms;     /* of the wish, 0: none */
} Warm;

/* The room's seats and what each holds of which version, as of their last reports. */
static PupTable *
list_seats(PupCli *cli, const Warm *warm, GError **error)
{
    g_autoptr(GPtrArray) seats = pup_catalog_seats(cli->catalog, g_get_real_time() / 1000,
                                                   cli->settings->poll_s, error);
    PupTable *table = seats ? pup_table_new("seats", columns) : NULL;

    for (unsigned i = 0; seats && i < seats->len; i++) {
        const PupSeat *seat = g_ptr_array_index(seats, i);
        if (strcmp(seat->room, warm->room) == 0)
            pup_table_add(table, seat->seat, seat->mac, seat->state,
                          (guint64) seat->version, seat->stats.warm_version,
                          seat->stats.warm_done, seat->stats.warm_total);
    }
    return table;
}

static void
print_json(const Warm *warm, const PupTable *table)
{
    g_autofree char *at = warm->at_ms ? pup_time_rfc3339(warm->at_ms) : NULL;
    json_t *root = json_pack("{s:s, s:o, s:s?, s:O}", "room", warm->room, "version",
                             pup_version_json(warm->version), "at", at, "seats",
                             pup_table_rows(table));
    pup_out_json(root);
}

static void
print_order(const Warm *warm)
{
    g_autofree char *at = warm->at_ms ? pup_time_text_server(warm->at_ms) : NULL;

    if (at)
        pup_out_line("room %s warms up version %u from %s on", warm->room, warm->version,
                     at);
    else
        pup_out_line("room %s warms up nothing", warm->room);
}

static gboolean
show(PupCli *cli, Warm *warm, GError **error)
{
    g_autoptr(PupTable) table = NULL;

    if (!pup_catalog_warm_at(cli->catalog, warm->room, g_get_real_time() / 1000,
                             &warm->at_ms, error))
        return FALSE;
    table = list_seats(cli, warm, error);
    if (!table)
        return FALSE;
    if (cli->json) {
        print_json(warm, table);
        return TRUE;
    }
    if (!cli->quiet)
        print_order(warm);
    pup_cli_print(cli, table);
    return TRUE;
}

static gboolean
cancel(PupCli *cli, const Warm *warm, GError **error)
{
    if (!cli->dry_run && !pup_catalog_cancel_warm(cli->catalog, warm->room, error))
        return FALSE;
    if (!cli->json)
        pup_cli_did(cli, "cancel", "cancelled", "the warm-up of room %s", warm->room);
    return TRUE;
}

static gboolean
order(PupCli *cli, const Warm *warm, GError **error)
{
    g_autoptr(GTimeZone) zone = pup_time_zone();
    g_autoptr(GDateTime) now = g_date_time_new_now(zone);
    gint64 at_ms = g_date_time_to_unix(now) * 1000;
    g_autofree char *at = NULL;

    if (warm->at && !pup_when_parse(warm->at, now, &at_ms, error)) {
        g_prefix_error(error, "room warm: --at: ");
        return FALSE;
    }
    at = pup_time_text_server(at_ms);
    if (!cli->dry_run && !pup_catalog_warm(cli->catalog, warm->room, at_ms, error))
        return FALSE;
    if (!cli->json)
        pup_cli_did(cli, "warm up", "will warm up",
                    "room %s, now at version %u, from %s on", warm->room, warm->version,
                    at);
    if (!cli->json)
        pup_cli_note_serving(cli);
    return TRUE;
}

static gboolean
change(PupCli *cli, const Warm *warm, GError **error)
{
    return warm->cancel ? cancel(cli, warm, error) : order(cli, warm, error);
}

static gboolean
warm_room(PupCli *cli, Warm *warm, GError **error)
{
    g_autoptr(PupRoomProfile) profile = NULL;

    if ((warm->at != NULL) + warm->cancel + warm->status > 1) {
        pup_error_set(error, PUP_ERROR_INVALID,
                      "room warm: give one of --at, --cancel and --status");
        return FALSE;
    }
    if (!pup_cli_store(cli, error) || !pup_cli_catalog(cli, error))
        return FALSE;
    profile = pup_catalog_room(cli->catalog, warm->room, error);
    if (!profile)
        return FALSE;
    warm->version = pup_cli_room_version(cli, warm->room, warm->cancel ? NULL : error);
    if (warm->version == 0 && !warm->cancel)
        return FALSE;
    if (!warm->status && !change(cli, warm, error))
        return FALSE;
    return (!warm->status && !cli->json) || show(cli, warm, error);
}

static gboolean
run(PupCli *cli, char **argv, GError **error)
{
    g_auto(GStrv) args = g_strdupv(argv);
    Warm warm = {NULL};
    const GOptionEntry options[] = {
        {"at", 'a', 0, G_OPTION_ARG_STRING, &warm.at,
         "When: HH:MM, or a time of RFC 3339 (default: now)", "TIME"},
        {"cancel", 0, 0, G_OPTION_ARG_NONE, &warm.cancel, "Forget it again", NULL},
        {"status", 's', 0, G_OPTION_ARG_NONE, &warm.status,
         "Show how far each seat is, change nothing", NULL},
        {NULL}};
    gboolean done = pup_cli_parse(cli, options, &args, error);

    if (done) {
        warm.room = args[0];
        done = warm_room(cli, &warm, error);
    }
    g_free(warm.at);
    return done;
}

const PupCommand pup_cmd_room_warm = {
    .name = "room warm",
    .args = "NAME",
    .summary = "Have a room's seats fetch its current version before they boot it",
    .flags = PUP_CLI_LISTS | PUP_CLI_CHANGES,
    .min_args = 1,
    .max_args = 1,
    .run = run,
    .quiet = "Print errors only; with --status, names",
};
