/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The daemon's look at the room profiles: it keeps what is good of them, and each thing
 * that is wrong goes into the log once, when it comes and when it is mended.
 */
#include "config.h"

#include "server/http/service.h"

#include "lib/error.h"
#include "server/log.h"

static void
tell_new(PupService *service, const PupProfileProblem *problem, GHashTable *now)
{
    char *line = g_strdup_printf("%s: %s", problem->path, problem->problem);
    int priority = problem->harmless ? LOG_INFO : LOG_WARNING;
    if (!g_hash_table_contains(service->profile_problems, line))
        pup_log(priority, "profile-problem", "file", problem->path, "problem",
                problem->problem, "mend", problem->mend, NULL);
    g_hash_table_add(now, line);
}

static void
tell_mended(PupService *service, GHashTable *now)
{
    GHashTableIter iter;
    gpointer line;
    g_hash_table_iter_init(&iter, service->profile_problems);
    while (g_hash_table_iter_next(&iter, &line, NULL))
        if (!g_hash_table_contains(now, line))
            pup_log(LOG_INFO, "profile-mended", "problem", line, NULL);
}

void
pup_service_look_at_profiles(PupService *service)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GPtrArray) problems = NULL;
    gboolean kept = pup_catalog_keep_profiles(service->catalog, &error);
    if (!kept && !service->keeping_failed)
        pup_log(LOG_ERR, "profiles-not-kept", "message", error->message, NULL);
    service->keeping_failed = !kept;
    problems = pup_catalog_profile_problems(service->catalog, NULL);
    if (!problems)
        return;
    GHashTable *now = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    for (guint i = 0; i < problems->len; i++)
        tell_new(service, g_ptr_array_index(problems, i), now);
    tell_mended(service, now);
    g_hash_table_unref(service->profile_problems);
    service->profile_problems = now;
}
