/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "server/cli/commands.h"

static const PupColumn columns[] = {
    {"ROOM", "room", PUP_CELL_TEXT},
    {"SEAT", "seat", PUP_CELL_TEXT},
    {"MAC", "mac", PUP_CELL_TEXT},
    {"STATE", "state", PUP_CELL_TEXT},
    {"VERSION", "version", PUP_CELL_UINT},
    {"CANARY", "canary", PUP_CELL_BOOL},
    {"ADDRESS", "address", PUP_CELL_TEXT},
    {"LAST SEEN", "last_seen", PUP_CELL_TEXT},
    {"HIT", NULL, PUP_CELL_RATIO},
    {"PEERS", NULL, PUP_CELL_BYTES},
    {"SERVER", NULL, PUP_CELL_BYTES},
    {"", "stats", PUP_CELL_JSON},
    {"DHCP", "dhcp_ms", PUP_CELL_MS},
    {"LOADER", "loader_ms", PUP_CELL_MS},
    {"KERNEL", "kernel_ms", PUP_CELL_MS},
    {"IMAGE", "client_image_ms", PUP_CELL_MS},
    {"REGISTERED", "registered_ms", PUP_CELL_MS},
    {"DISK", "disk_ms", PUP_CELL_MS},
    {"CHUNK", "first_chunk_ms", PUP_CELL_MS},
    {"STARTED", "guest_started_ms", PUP_CELL_MS},
    {"ALIVE", "guest_alive_ms", PUP_CELL_MS},
    {"DETAIL", "detail", PUP_CELL_TEXT},
    {NULL},
};

/* The row below names each stage. */
G_STATIC_ASSERT(PUP_N_STAGES == 9);

static char *
time_of(gint64 unix_ms)
{
    g_autoptr(GDateTime) time = NULL;

    if (unix_ms == 0)
        return NULL;
    time = g_date_time_new_from_unix_utc(unix_ms / 1000);
    return g_date_time_format(time, "%Y-%m-%dT%H:%M:%SZ");
}

static void
add_seat(PupTable *table, PupStore *store, const PupSeat *seat)
{
    g_autofree char *last_seen = time_of(seat->last_seen_ms);
    const gint64 *t = seat->stage_ms;
    json_t *stats = seat->has_stats ? pup_seat_stats_json(&seat->stats) : json_null();

    pup_table_add(
        table, seat->room, seat->seat, seat->mac, seat->state, (guint64) seat->version,
        (int) pup_store_is_canary(store, seat->room, seat->mac), seat->address, last_seen,
        pup_seat_stats_hit_ratio(&seat->stats), seat->stats.peer_bytes,
        seat->stats.server_bytes, stats, t[PUP_STAGE_DHCP], t[PUP_STAGE_LOADER],
        t[PUP_STAGE_KERNEL], t[PUP_STAGE_CLIENT_IMAGE], t[PUP_STAGE_REGISTERED],
        t[PUP_STAGE_DISK], t[PUP_STAGE_FIRST_CHUNK], t[PUP_STAGE_GUEST_STARTED],
        t[PUP_STAGE_GUEST_ALIVE], seat->detail);
}

static gboolean
run(PupCli *cli, char **argv, GError **error)
{
    g_auto(GStrv) args = g_strdupv(argv);
    g_autoptr(PupTable) table = pup_table_new("seats", columns);
    g_autoptr(GPtrArray) seats = NULL;
    PupCatalog *catalog;
    PupStore *store;

    if (!pup_cli_parse(cli, NULL, &args, error))
        return FALSE;
    catalog = pup_cli_catalog(cli, error);
    store = catalog ? pup_cli_store(cli, error) : NULL;
    if (!store)
        return FALSE;
    seats = pup_catalog_seats(catalog, g_get_real_time() / 1000, cli->settings->poll_s,
                              error);
    if (!seats)
        return FALSE;
    for (unsigned i = 0; i < seats->len; i++)
        add_seat(table, store, g_ptr_array_index(seats, i));
    pup_cli_print(cli, table);
    return TRUE;
}

const PupCommand pup_cmd_seat_list = {
    .name = "seat list",
    .args = "",
    .summary =
        "List the seats: state, where their reads came from, stages of the last boot",
    .flags = PUP_CLI_LISTS,
    .run = run,
};
