/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"
#include "server/catalog/seat_state.h"

/* A PC on its way to the agent polls nothing; so long it counts as booting. */
#define BOOT_PATIENCE_MS G_GINT64_CONSTANT(300000)
/* One that waits asks every ten seconds or so; not each time is written down. */
#define WAIT_PATIENCE_MS G_GINT64_CONSTANT(90000)
#define POLLS_TO_SILENT 3
/* Nobody pulls a cable for so long, nor does a switch start for so long. */
#define OFF_MS G_GINT64_CONSTANT(600000)

#define SECOND_MS G_GINT64_CONSTANT(1000)
#define MINUTE_MS (60 * SECOND_MS)
#define HOUR_MS (60 * MINUTE_MS)
#define DAY_MS (24 * HOUR_MS)
#define YEAR_MS (365 * DAY_MS)

const char *const pup_seat_states[] = {"off",     "booting", "running", "idle", "failed",
                                       "waiting", "silent",  "unknown", NULL};

/* Its own copy, which lives as long as anybody needs it. */
static const char *
known(const char *state)
{
    for (unsigned i = 0; pup_seat_states[i]; i++)
        if (g_str_equal(pup_seat_states[i], state))
            return pup_seat_states[i];
    return "unknown";
}

gboolean
pup_server_is_there(const PupServerLife *life, gint64 now_ms)
{
    return life->alive_ms == 0 || ABS(now_ms - life->alive_ms) < PUP_SERVER_AWAY_MS;
}

/* How long a seat may be silent before that says anything. */
static gint64
patience_ms(const PupSeatWord *word, unsigned poll_s)
{
    gint64 ms = POLLS_TO_SILENT * (gint64) poll_s * SECOND_MS;
    if (g_str_equal(word->said, "booting") && !word->registered)
        return MAX(ms, BOOT_PATIENCE_MS);
    if (g_str_equal(word->said, "waiting"))
        return MAX(ms, WAIT_PATIENCE_MS);
    return ms;
}

/* What @silence_ms of a server that listened makes of a seat; @early while it is short.
 */
static const char *
after_silence(gint64 silence_ms, gint64 patience_ms, const char *early)
{
    if (silence_ms <= patience_ms)
        return early;
    return silence_ms > MAX(OFF_MS, patience_ms) ? "off" : "silent";
}

const char *
pup_seat_state(const PupSeatWord *word, const PupServerLife *life, unsigned poll_s,
               gint64 now_ms)
{
    gint64 heard_ms = MIN(word->last_seen_ms, now_ms);
    gint64 patience = patience_ms(word, poll_s);
    if (word->last_seen_ms == 0 || g_str_equal(word->said, "off"))
        return "off";
    if (!pup_server_is_there(life, now_ms))
        return MIN(life->alive_ms, now_ms) - heard_ms > MAX(OFF_MS, patience) ? "off"
                                                                              : "unknown";
    if (heard_ms >= life->up_ms)
        return after_silence(now_ms - heard_ms, patience, known(word->said));
    if (life->down_ms - heard_ms > MAX(OFF_MS, patience))
        return "off";
    return after_silence(now_ms - life->up_ms, patience, "unknown");
}

gboolean
pup_seat_state_is_on(const char *state)
{
    static const char *const on[] = {"booting", "running", "idle",
                                     "failed",  "waiting", NULL};
    return g_strv_contains(on, state);
}

char *
pup_span_words(gint64 ms)
{
    if (ms < 2 * MINUTE_MS)
        return g_strdup_printf("%d s", (int) (ms / SECOND_MS));
    if (ms < 2 * HOUR_MS)
        return g_strdup_printf("%d min", (int) (ms / MINUTE_MS));
    if (ms < 2 * DAY_MS)
        return g_strdup_printf("%d h", (int) (ms / HOUR_MS));
    if (ms < 2 * YEAR_MS)
        return g_strdup_printf("%d days", (int) (ms / DAY_MS));
    return g_strdup_printf("%" G_GINT64_FORMAT " years", ms / YEAR_MS);
}

char *
pup_seat_state_words(const char *state, gint64 silent_ms, gboolean has_room)
{
    if (g_str_equal(state, "silent")) {
        g_autofree char *span = pup_span_words(silent_ms);
        return g_strdup_printf("not heard of for %s", span);
    }
    if (g_str_equal(state, "unknown"))
        return g_strdup("unknown since the server was away");
    if (g_str_equal(state, "waiting"))
        return g_strdup(has_room ? "waits for its room" : "waits to be added");
    return g_strdup(state);
}

char *
pup_clock_words(gint64 off_ms)
{
    if (ABS(off_ms) < PUP_CLOCK_OFF_MS)
        return g_strdup("right");
    g_autofree char *span = pup_span_words(ABS(off_ms));
    return g_strdup_printf("%s %s", span, off_ms < 0 ? "behind" : "ahead");
}
