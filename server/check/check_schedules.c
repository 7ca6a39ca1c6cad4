/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "server/check/check.h"

#include "server/catalog/schedules.h"

static void
check_orphans(PupCheckup *checkup, const GArray *schedules, char **rooms)
{
    for (guint i = 0; i < schedules->len; i++) {
        const char *room = g_array_index(schedules, PupSchedule, i).room;
        g_autofree char *forget =
            g_strdup_printf("`pupitre room regenerate %s --unschedule` forgets it", room);
        if (!g_strv_contains((const char *const *) rooms, room))
            pup_checkup_add(checkup, PUP_FINDING_WARNING,
                            g_strdup_printf("schedule of room %s", room),
                            g_strdup_printf("there is no room '%s'", room),
                            pup_check_put_back(checkup, room, forget));
    }
}

/* The last run of each room that did not do what was asked. */
static void
check_runs(PupCheckup *checkup, const GArray *runs, char **rooms)
{
    for (guint i = 0; i < runs->len; i++) {
        const PupScheduleRun *run = &g_array_index(runs, PupScheduleRun, i);
        if (run->ended_ms == 0 || run->status == 0 ||
            !g_strv_contains((const char *const *) rooms, run->room))
            continue;
        pup_checkup_add(
            checkup, PUP_FINDING_WARNING,
            g_strdup_printf("schedule of room %s", run->room),
            g_strdup_printf("the last regeneration failed: %s", run->words),
            g_strdup_printf("mend that; `pupitre room regenerate %s` tries it at once",
                            run->room));
    }
}

void
pup_check_schedules(PupCheckup *checkup)
{
    PupCatalog *catalog = checkup->shop->catalog;
    g_autoptr(GArray) schedules = pup_catalog_schedules(catalog, NULL, NULL);
    g_autoptr(GArray) runs = schedules ? pup_catalog_runs(catalog, NULL, NULL) : NULL;
    g_auto(GStrv) rooms = pup_catalog_rooms(catalog, NULL);

    if (!runs || !rooms) /* which check_catalog.c tells */
        return;
    check_orphans(checkup, schedules, rooms);
    check_runs(checkup, runs, rooms);
}
