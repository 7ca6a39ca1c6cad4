/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "server/cli/canary.h"

#include "server/image/canary.h"

/* The canary of @room and its seat's name (new string); NULL: there is none. */
static char *
find(const PupCli *cli, const char *room, PupCanary *canary)
{
    *canary = (PupCanary){0};
    pup_store_canary(cli->store, room, canary, NULL);
    return canary->version == 0 ? NULL
                                : pup_canary_seat_name(cli->catalog, room, canary->seat);
}

json_t *
pup_cli_canary_json(const PupCli *cli, const char *room)
{
    PupCanary canary;
    g_autofree char *seat = find(cli, room, &canary);

    return seat ? json_pack("{s:i, s:s, s:s}", "version", (int) canary.version, "seat",
                            seat, "mac", canary.seat)
                : json_null();
}

char *
pup_cli_canary_text(const PupCli *cli, const char *room)
{
    PupCanary canary;
    g_autofree char *seat = find(cli, room, &canary);

    return seat ? g_strdup_printf("%s@%u at seat %s", room, canary.version, seat) : NULL;
}

json_t *
pup_cli_canaries_json(const PupCli *cli, char *const *rooms)
{
    json_t *all = json_array();

    for (; *rooms; rooms++) {
        json_t *canary = pup_cli_canary_json(cli, *rooms);
        if (json_is_object(canary)) {
            json_object_set_new(canary, "room", json_string(*rooms));
            json_array_append(all, canary);
        }
        json_decref(canary);
    }
    return all;
}
