/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "server/cli/commands.h"

#include <string.h>

#include "lib/json.h"
#include "lib/time_text.h"

static const PupColumn columns[] = {
    {"ROOM", "room", PUP_CELL_TEXT},
    {"SEAT", NULL, PUP_CELL_TEXT},
    {"", "seat", PUP_CELL_TEXT, PUP_COLUMN_NAME | PUP_COLUMN_HIDDEN},
    {"MAC", "mac", PUP_CELL_TEXT, PUP_COLUMN_WIDE},
    {"STATE", NULL, PUP_CELL_TEXT},
    {"", "state", PUP_CELL_TEXT, PUP_COLUMN_HIDDEN},
    {"", "said", PUP_CELL_TEXT, PUP_COLUMN_HIDDEN},
    {"", "silent_ms", PUP_CELL_JSON},
    {"VERSION", "version", PUP_CELL_VERSION},
    {"CANARY", "canary", PUP_CELL_BOOL, PUP_COLUMN_WIDE},
    {"SINCE", NULL, PUP_CELL_TEXT},
    {"NOTE", NULL, PUP_CELL_TEXT, PUP_COLUMN_NARROW},
    {"ADDRESS", "address", PUP_CELL_TEXT, PUP_COLUMN_WIDE},
    {"LAST SEEN", NULL, PUP_CELL_TEXT, PUP_COLUMN_WIDE},
    {"", "last_seen", PUP_CELL_TEXT, PUP_COLUMN_HIDDEN},
    {"CLOCK", NULL, PUP_CELL_TEXT, PUP_COLUMN_WIDE},
    {"", "clock_off_ms", PUP_CELL_JSON},
    {"", "boot", PUP_CELL_TEXT, PUP_COLUMN_HIDDEN},
    {"STARTS", "starts", PUP_CELL_UINT, PUP_COLUMN_WIDE},
    {"RESETS", "resets", PUP_CELL_UINT, PUP_COLUMN_WIDE},
    {"CRASHES", "crashes", PUP_CELL_UINT, PUP_COLUMN_WIDE},
    {"", "guest_starts", PUP_CELL_JSON},
    {"", "boots", PUP_CELL_JSON},
    {"HIT", NULL, PUP_CELL_RATIO, PUP_COLUMN_WIDE},
    {"PEERS", NULL, PUP_CELL_BYTES, PUP_COLUMN_WIDE},
    {"SERVER", NULL, PUP_CELL_BYTES, PUP_COLUMN_WIDE},
    {"", "stats", PUP_CELL_JSON},
    {"DHCP", "dhcp_ms", PUP_CELL_MS, PUP_COLUMN_WIDE},
    {"LOADER", "loader_ms", PUP_CELL_MS, PUP_COLUMN_WIDE},
    {"KERNEL", "kernel_ms", PUP_CELL_MS, PUP_COLUMN_WIDE},
    {"IMAGE", "client_image_ms", PUP_CELL_MS, PUP_COLUMN_WIDE},
    {"REGISTERED", "registered_ms", PUP_CELL_MS, PUP_COLUMN_WIDE},
    {"DISK", "disk_ms", PUP_CELL_MS, PUP_COLUMN_WIDE},
    {"CHUNK", "first_chunk_ms", PUP_CELL_MS, PUP_COLUMN_WIDE},
    {"STARTED", "guest_started_ms", PUP_CELL_MS, PUP_COLUMN_WIDE},
    {"ALIVE", "guest_alive_ms", PUP_CELL_MS, PUP_COLUMN_WIDE},
    {"DETAIL", "detail", PUP_CELL_TEXT, PUP_COLUMN_WIDE},
    {NULL},
};

/* The row below names each stage. */
G_STATIC_ASSERT(PUP_N_STAGES == 9);

/* The stage that took longest of the way to the last one that was reached: "disk 12.3 s
 * of 40.1 s"; NULL where nothing was reached. */
static char *
slowest_stage(const gint64 *stage_ms)
{
    gint64 reached_ms = 0, longest_ms = -1;
    PupStage slowest = 0;

    for (PupStage stage = 0; stage < PUP_N_STAGES; stage++) {
        if (stage_ms[stage] < reached_ms)
            continue;
        if (stage_ms[stage] - reached_ms > longest_ms) {
            longest_ms = stage_ms[stage] - reached_ms;
            slowest = stage;
        }
        reached_ms = stage_ms[stage];
    }
    if (longest_ms < 0)
        return NULL;
    return g_strdup_printf("%s %.1f s of %.1f s", pup_stage_name(slowest),
                           (double) longest_ms / 1000, (double) reached_ms / 1000);
}

/* How far the PC's clock is off; NULL: it is right, or nobody knows. */
static char *
clock_of(const PupSeat *seat)
{
    gint64 off_ms = seat->knows_clock ? seat->clock_off_ms : 0;

    return ABS(off_ms) < PUP_CLOCK_OFF_MS ? NULL : pup_clock_words(off_ms);
}

/* What is worth a look: a trial, the seat's last words, a clock that is off, else what
 * its boot waited for. */
static char *
note_of(const PupSeat *seat, gboolean on_trial)
{
    const char *trial = on_trial ? "on trial; " : "";
    g_autofree char *clock = clock_of(seat);
    g_autofree char *slowest = slowest_stage(seat->stage_ms);

    if (!*seat->seat)
        return g_strdup_printf("in no room%s%s", *seat->detail ? "; " : "", seat->detail);
    if (*seat->detail)
        return g_strconcat(trial, seat->detail, NULL);
    if (clock)
        return g_strconcat(trial, "clock ", clock, NULL);
    if (slowest)
        return g_strconcat(trial, slowest, NULL);
    return on_trial ? g_strdup("on trial") : NULL;
}

/* Since when its state is what it is, as far as the catalog tells: its boot, or its last
 * words. */
static gint64
since_ms(const PupSeat *seat)
{
    gboolean off = strcmp(seat->state, "off") == 0;

    return off || !seat->boot_started_ms ? seat->last_seen_ms : seat->boot_started_ms;
}

static void
add_seat(PupTable *table, PupStore *store, const PupSeat *seat)
{
    gboolean on_trial = pup_store_is_canary(store, seat->room, seat->mac);
    g_autofree char *since = since_ms(seat) ? pup_time_text(since_ms(seat)) : NULL;
    g_autofree char *seen = seat->last_seen_ms ? pup_time_text(seat->last_seen_ms) : NULL;
    g_autofree char *last_seen =
        seat->last_seen_ms ? pup_time_rfc3339(seat->last_seen_ms) : NULL;
    g_autofree char *note = note_of(seat, on_trial);
    const gint64 *t = seat->stage_ms;
    g_autofree char *words =
        pup_seat_state_words(seat->state, seat->silent_ms, *seat->room != '\0');
    g_autofree char *clock =
        seat->knows_clock ? pup_clock_words(seat->clock_off_ms) : NULL;
    g_autoptr(PupJsonValue) boots = json_object();
    json_t *stats = seat->has_stats ? pup_seat_stats_json(&seat->stats) : json_null();

    pup_boots_json(boots, seat);
    pup_table_add(table, seat->room, *seat->seat ? seat->seat : seat->mac, seat->seat,
                  seat->mac, words, seat->state, seat->said,
                  json_integer(seat->silent_ms), (guint64) seat->version, (int) on_trial,
                  since, note, seat->address, seen, last_seen, clock,
                  seat->knows_clock ? json_integer(seat->clock_off_ms) : json_null(),
                  seat->boot, (guint64) seat->n_starts, (guint64) seat->n_resets,
                  (guint64) seat->n_crashes,
                  json_incref(json_object_get(boots, "guest_starts")),
                  json_incref(json_object_get(boots, "boots")),
                  pup_seat_stats_hit_ratio(&seat->stats), seat->stats.peer_bytes,
                  seat->stats.server_bytes, stats, t[PUP_STAGE_DHCP], t[PUP_STAGE_LOADER],
                  t[PUP_STAGE_KERNEL], t[PUP_STAGE_CLIENT_IMAGE], t[PUP_STAGE_REGISTERED],
                  t[PUP_STAGE_DISK], t[PUP_STAGE_FIRST_CHUNK], t[PUP_STAGE_GUEST_STARTED],
                  t[PUP_STAGE_GUEST_ALIVE], seat->detail);
}

/* All seats, or those of @room, which must be there. */
static GPtrArray *
load_seats(PupCli *cli, const char *room, GError **error)
{
    g_autoptr(PupRoomProfile) profile = NULL;
    g_autoptr(GPtrArray) seats = NULL;

    if (room) {
        profile = pup_catalog_room(cli->catalog, room, error);
        if (!profile)
            return NULL;
    }
    seats = pup_catalog_seats(cli->catalog, g_get_real_time() / 1000,
                              cli->settings->poll_s, error);
    for (unsigned i = 0; room && seats && i < seats->len;) {
        const PupSeat *seat = g_ptr_array_index(seats, i);
        if (*seat->seat && strcmp(seat->room, room) == 0)
            i++;
        else
            g_ptr_array_remove_index(seats, i);
    }
    return g_steal_pointer(&seats);
}

static gboolean
run(PupCli *cli, char **argv, GError **error)
{
    g_auto(GStrv) args = g_strdupv(argv);
    g_autoptr(PupTable) table = pup_table_new("seats", columns);
    g_autoptr(GPtrArray) seats = NULL;
    PupStore *store;

    if (!pup_cli_parse(cli, NULL, &args, error) || !pup_cli_catalog_to_look(cli, error))
        return FALSE;
    store = pup_cli_store(cli, error);
    if (!store)
        return FALSE;
    seats = load_seats(cli, args[0], error);
    if (!seats)
        return FALSE;
    for (unsigned i = 0; i < seats->len; i++)
        add_seat(table, store, g_ptr_array_index(seats, i));
    pup_cli_print(cli, table);
    return TRUE;
}

const PupCommand pup_cmd_seat_list = {
    .name = "seat list",
    .args = "[ROOM]",
    .summary = "List the seats, of all rooms or of one: state, version, what is slow",
    .flags = PUP_CLI_LISTS | PUP_CLI_WIDE,
    .max_args = 1,
    .run = run,
};
