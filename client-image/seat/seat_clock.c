/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"
#include "client-image/seat/seat_clock.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "client-image/seat/log.h"

#define DAY_MS (G_GINT64_CONSTANT(24) * 3600 * 1000)

static gint64
system_ms(void)
{
    return g_get_real_time() / 1000;
}

void
pup_seat_clock_init(PupSeatClock *clock)
{
    *clock = (PupSeatClock){.pc_base_ms = system_ms() - pup_uptime_ms()};
}

gint64
pup_seat_clock_own_ms(const PupSeatClock *clock)
{
    return clock->pc_base_ms + pup_uptime_ms();
}

void
pup_seat_clock_told(PupSeatClock *clock, gint64 now_ms, gint64 asked_ms,
                    gint64 answered_ms)
{
    clock->doubt_ms = (answered_ms - asked_ms) / 2;
    clock->server_base_ms = now_ms - asked_ms - clock->doubt_ms;
    clock->told = TRUE;
}

PupClockVerdict
pup_clock_judge(gint64 pc_ms, gint64 server_ms, gint64 doubt_ms, gint64 made_ms,
                gint64 *set_ms)
{
    gint64 apart_ms = ABS(pc_ms - server_ms);
    gboolean apart = apart_ms > PUP_CLOCK_TOLERANCE_MS + doubt_ms;

    *set_ms = -1;
    if (server_ms >= 0 && (server_ms >= made_ms || apart_ms < DAY_MS)) {
        if (apart)
            *set_ms = server_ms;
        if (server_ms < made_ms)
            return PUP_CLOCK_BOTH_DOUBTED;
        return apart ? PUP_CLOCK_SERVER : PUP_CLOCK_KEEP;
    }
    if (pc_ms >= made_ms)
        return server_ms >= 0 ? PUP_CLOCK_NOT_SERVER : PUP_CLOCK_KEEP;
    *set_ms = made_ms;
    return PUP_CLOCK_MADE;
}

/* When this program was made, with the client image. */
static gint64
image_made_ms(void)
{
    struct stat st;

    return stat("/proc/self/exe", &st) == 0 ? (gint64) st.st_mtim.tv_sec * 1000 : 0;
}

static char *
date_of(gint64 unix_ms)
{
    g_autoptr(GDateTime) time = g_date_time_new_from_unix_utc(unix_ms / 1000);

    return time ? g_date_time_format(time, "%Y-%m-%d %H:%M:%S UTC")
                : g_strdup("nonsense");
}

static void
set_system(gint64 to_ms)
{
    const struct timespec to = {to_ms / 1000, to_ms % 1000 * 1000000};
    g_autofree char *was = date_of(system_ms());
    g_autofree char *is = date_of(to_ms);

    if (clock_settime(CLOCK_REALTIME, &to) == 0)
        pup_log("clock", "set from %s to %s", was, is);
    else
        pup_log("clock", "cannot be set from %s to %s: %s", was, is, g_strerror(errno));
}

static char *
words_of(PupClockVerdict verdict, gint64 server_ms, gint64 made_ms)
{
    g_autofree char *server = server_ms < 0 ? g_strdup("no time") : date_of(server_ms);
    g_autofree char *made = date_of(made_ms);

    if (verdict == PUP_CLOCK_KEEP || verdict == PUP_CLOCK_SERVER)
        return NULL;
    return g_strdup_printf("The server's clock says %s, but this was made on %s: %s. Set "
                           "the server's clock.",
                           server, made,
                           verdict == PUP_CLOCK_MADE ? "the PC uses that date"
                           : verdict == PUP_CLOCK_NOT_SERVER
                               ? "the PC goes by its own clock"
                               : "the PC goes by the server's clock even so");
}

char *
pup_seat_clock_settle(const PupSeatClock *clock, gint64 made_ms)
{
    gint64 latest_ms = MAX(made_ms, image_made_ms()), set_ms;
    gint64 server_ms = clock->told ? clock->server_base_ms + pup_uptime_ms() : -1;
    PupClockVerdict verdict =
        pup_clock_judge(system_ms(), server_ms, clock->doubt_ms, latest_ms, &set_ms);
    g_autofree char *words = words_of(verdict, server_ms, latest_ms);

    if (set_ms >= 0)
        set_system(set_ms);
    if (words)
        pup_log("clock", "%s", words);
    return g_steal_pointer(&words);
}
