/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "server/check/check.h"

static const PupCheckEntry entries[] = {
    {PUP_CHECK_STATE, pup_check_state},         {PUP_CHECK_FOLDERS, pup_check_folders},
    {PUP_CHECK_KEYS, pup_check_keys},           {PUP_CHECK_PROFILES, pup_check_profiles},
    {PUP_CHECK_PROFILES, pup_check_recipes},    {PUP_CHECK_MASTERS, pup_check_masters},
    {PUP_CHECK_OVERLAYS, pup_check_overlays},   {PUP_CHECK_VERSIONS, pup_check_versions},
    {PUP_CHECK_CLIENT, pup_check_client_image}, {PUP_CHECK_CLIENT, pup_check_texts},
    {PUP_CHECK_CATALOG, pup_check_catalog},     {PUP_CHECK_CATALOG, pup_check_schedules},
    {PUP_CHECK_VERSIONS, pup_check_renames},
};

const char *
pup_finding_severity_name(PupFindingSeverity severity)
{
    static const char *const names[] = {"note", "warning", "problem"};

    return names[severity];
}

static void
free_finding(gpointer data)
{
    PupFinding *finding = data;

    g_free(finding->object);
    g_free(finding->problem);
    g_free(finding->mend);
    g_free(finding);
}

void
pup_checkup_add(PupCheckup *checkup, PupFindingSeverity severity, char *object,
                char *problem, char *mend)
{
    PupFinding *finding = g_new0(PupFinding, 1);

    finding->severity = severity;
    finding->object = object;
    finding->problem = problem;
    finding->mend = mend;
    g_ptr_array_add(checkup->findings, finding);
}

PupCheckup *
pup_checkup_run(const PupWorkshop *shop, PupCheckAreas areas, const char *room,
                gboolean thorough)
{
    PupCheckup *checkup = g_new0(PupCheckup, 1);

    checkup->shop = shop;
    checkup->room = room;
    checkup->thorough = thorough;
    checkup->findings = g_ptr_array_new_with_free_func(free_finding);
    for (unsigned i = 0; i < G_N_ELEMENTS(entries); i++)
        if (areas & entries[i].area)
            entries[i].run(checkup);
    return checkup;
}

void
pup_checkup_free(PupCheckup *checkup)
{
    if (!checkup)
        return;
    g_ptr_array_unref(checkup->findings);
    g_free(checkup);
}

unsigned
pup_checkup_count(const PupCheckup *checkup, PupFindingSeverity severity)
{
    unsigned n = 0;

    for (guint i = 0; i < checkup->findings->len; i++)
        if (((PupFinding *) g_ptr_array_index(checkup->findings, i))->severity >=
            severity)
            n++;
    return n;
}
