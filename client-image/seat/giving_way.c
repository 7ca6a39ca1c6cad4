/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"
#include "client-image/seat/giving_way.h"

#include <string.h>

#include "client-image/seat/log.h"

struct PupGivingWay {
    PupFace *face;
    PupGivingWayDue due;
    gpointer user;
    PupTaking taking;
    guint timer; /* while a guest runs */
};

static gint64
clock_ms(void)
{
    return g_get_monotonic_time() / 1000;
}

static void
show(PupGivingWay *way, gint64 now_ms)
{
    gboolean has_key = pup_taking_has_key(&way->taking, now_ms);

    pup_face_notice(way->face, PUP_NOTICE_TAKING, pup_taking_words(&way->taking, now_ms));
    pup_face_catch(way->face, has_key ? PUP_MORE_KEY : "");
}

static gboolean
on_second(gpointer data)
{
    PupGivingWay *way = data;
    gint64 now_ms = clock_ms();

    if (pup_taking_left_s(&way->taking, now_ms) != 0) {
        show(way, now_ms);
        return G_SOURCE_CONTINUE;
    }
    way->timer = 0;
    pup_log("taking", "the guest gives way to the next version");
    way->due(way->user);
    return G_SOURCE_REMOVE;
}

PupGivingWay *
pup_giving_way_new(PupFace *face, PupGivingWayDue due, gpointer user)
{
    PupGivingWay *way = g_new0(PupGivingWay, 1);

    way->face = face;
    way->due = due;
    way->user = user;
    return way;
}

void
pup_giving_way_free(PupGivingWay *way)
{
    if (!way)
        return;
    g_clear_handle_id(&way->timer, g_source_remove);
    g_free(way);
}

void
pup_giving_way_begin(PupGivingWay *way, gboolean sees_input)
{
    pup_taking_begin(&way->taking, sees_input, clock_ms());
    g_clear_handle_id(&way->timer, g_source_remove);
    way->timer = g_timeout_add_seconds(1, on_second, way);
}

void
pup_giving_way_end(PupGivingWay *way)
{
    g_clear_handle_id(&way->timer, g_source_remove);
    pup_face_catch(way->face, "");
}

void
pup_giving_way_told(PupGivingWay *way, PupTake take, unsigned idle_s, gboolean news)
{
    pup_taking_told(&way->taking, take, idle_s, news, clock_ms());
}

void
pup_giving_way_used(PupGivingWay *way)
{
    gint64 now_ms = clock_ms();
    gboolean called_off =
        way->taking.take == PUP_TAKE_IDLE && pup_taking_left_s(&way->taking, now_ms) > 0;

    if (called_off)
        pup_log("taking", "called off: somebody uses this PC");
    pup_taking_used(&way->taking, now_ms);
}

void
pup_giving_way_key(PupGivingWay *way, const char *key)
{
    gint64 now_ms = clock_ms();

    if (!way->timer || strcmp(key, PUP_MORE_KEY) != 0 ||
        !pup_taking_more(&way->taking, now_ms))
        return;
    pup_log("taking", "put off: somebody asked for more time");
    show(way, now_ms);
}
