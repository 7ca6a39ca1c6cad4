/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"
#include "client-image/seat/starts.h"

#include <string.h>

/* No guest that was reset gets as far as resetting its machine again in this time. */
#define ONE_RESET_MS 5000

/* The start that goes on; NULL: none. */
static PupStart *
current(PupStarts *starts)
{
    PupStart *last = &starts->starts[(starts->n + PUP_STARTS_MAX - 1) % PUP_STARTS_MAX];

    return starts->n > 0 && !last->end ? last : NULL;
}

void
pup_starts_begin(PupStarts *starts, unsigned version, gint64 now_ms)
{
    PupStart *start = current(starts);

    if (!start) {
        start = &starts->starts[starts->n++ % PUP_STARTS_MAX];
        *start = (PupStart){.t_ms = now_ms, .started_ms = -1, .alive_ms = -1};
    }
    start->version = version;
}

void
pup_starts_stage(PupStarts *starts, PupStage stage, gint64 now_ms)
{
    PupStart *start = current(starts);

    if (start && stage == PUP_STAGE_GUEST_STARTED && start->started_ms < 0)
        start->started_ms = now_ms - start->t_ms;
    if (start && stage == PUP_STAGE_GUEST_ALIVE && start->alive_ms < 0)
        start->alive_ms = now_ms - start->t_ms;
}

/* SeaBIOS, started by a reset that left its memory as it was, resets the machine itself
 * to begin properly: QEMU tells of three resets where the guest made one. */
gboolean
pup_starts_reset(PupStarts *starts, gint64 now_ms)
{
    PupStart *start = current(starts);
    gboolean counts =
        start && (start->resets == 0 || now_ms - start->reset_ms >= ONE_RESET_MS);

    if (start)
        start->reset_ms = now_ms;
    if (counts)
        start->resets++;
    return counts;
}

void
pup_starts_end(PupStarts *starts, const char *end)
{
    PupStart *start = current(starts);

    if (start && (start->started_ms >= 0 || strcmp(end, "failed") != 0))
        start->end = end;
}

static json_t *
start_json(const PupStart *start)
{
    json_t *json = json_pack("{s:I,s:i,s:i}", "t_ms", (json_int_t) start->t_ms, "version",
                             (int) start->version, "resets", (int) start->resets);

    if (start->started_ms >= 0)
        json_object_set_new(json, "started_ms", json_integer(start->started_ms));
    if (start->alive_ms >= 0)
        json_object_set_new(json, "alive_ms", json_integer(start->alive_ms));
    if (start->end)
        json_object_set_new(json, "end", json_string(start->end));
    return json;
}

json_t *
pup_starts_json(const PupStarts *starts)
{
    json_t *list = json_array();

    for (unsigned i = starts->n > PUP_STARTS_MAX ? starts->n - PUP_STARTS_MAX : 0;
         i < starts->n; i++)
        json_array_append_new(list, start_json(&starts->starts[i % PUP_STARTS_MAX]));
    return list;
}
