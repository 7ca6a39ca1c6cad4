/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "server/cli/findings.h"

#include "lib/text.h"
#include "server/cli/out.h"

/* A finding may hold what a file or its name says: each line is one. */
static void G_GNUC_PRINTF(2, 3) print_line(FILE *out, const char *format, ...)
{
    g_autofree char *text = NULL, *line = NULL;
    va_list args;

    va_start(args, format);
    text = g_strdup_vprintf(format, args);
    va_end(args);
    line = pup_text_escape(text);
    fprintf(out, "%s\n", line);
}

void
pup_finding_print(FILE *out, PupFindingSeverity severity, const char *object,
                  const char *problem, const char *mend, char **versions)
{
    print_line(out, "%s: %s: %s", pup_finding_severity_name(severity), object, problem);
    if (versions && *versions) {
        g_autofree char *names = g_strjoinv(", ", versions);
        print_line(out, "    harms %s", names);
    }
    if (mend)
        print_line(out, "    %s", mend);
}

json_t *
pup_finding_json(PupFindingSeverity severity, const char *object, const char *problem,
                 const char *mend, json_t *versions)
{
    return json_pack("{s:s, s:o, s:o, s:o, s:o, s:b}", "severity",
                     pup_finding_severity_name(severity), "object",
                     pup_out_json_text(object), "problem", pup_out_json_text(problem),
                     "mend", pup_out_json_text(mend), "versions", versions, "harmless",
                     severity == PUP_FINDING_NOTE);
}

void
pup_findings_print(FILE *out, const PupCheckup *checkup, PupFindingSeverity severity)
{
    for (guint i = 0; i < checkup->findings->len; i++) {
        const PupFinding *finding = g_ptr_array_index(checkup->findings, i);
        if (finding->severity >= severity)
            pup_finding_print(out, finding->severity, finding->object, finding->problem,
                              finding->mend, NULL);
    }
}

json_t *
pup_findings_json(const PupCheckup *checkup)
{
    json_t *array = json_array();

    for (guint i = 0; i < checkup->findings->len; i++) {
        const PupFinding *finding = g_ptr_array_index(checkup->findings, i);
        json_array_append_new(array, pup_finding_json(finding->severity, finding->object,
                                                      finding->problem, finding->mend,
                                                      json_array()));
    }
    return array;
}

void
pup_findings_warn(PupCli *cli, const PupWorkshop *shop, const char *room)
{
    g_autoptr(PupCheckup) checkup = NULL;

    if (cli->quiet)
        return;
    checkup = pup_checkup_run(shop, PUP_CHECK_PROFILES, room, FALSE);
    fflush(stdout);
    pup_findings_print(stderr, checkup, PUP_FINDING_NOTE);
}
