/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * findings - what the checks found (server/check/check.h), for people and programs
 */
#pragma once

#include <jansson.h>
#include <stdio.h>
#include "server/check/check.h"
#include "server/cli/cli.h"

/* Print one of them to @out: what, and how it is mended. @versions (may be NULL) are
 * those that it harms. */
void pup_finding_print(FILE *out, PupFindingSeverity severity, const char *object,
                       const char *problem, const char *mend, char **versions);
/* The same for a program; takes over @versions, an array. New reference. */
json_t *pup_finding_json(PupFindingSeverity severity, const char *object,
                         const char *problem, const char *mend, json_t *versions);

/* Print those of @checkup that are at least of @severity. */
void pup_findings_print(FILE *out, const PupCheckup *checkup,
                        PupFindingSeverity severity);

/* The array of all: severity, object, problem, mend, versions (none), harmless. New
 * reference. */
json_t *pup_findings_json(const PupCheckup *checkup);

/* Tell on standard error what is wrong with the profiles of @room (NULL: of all), unless
 * --quiet. */
void pup_findings_warn(PupCli *cli, const PupWorkshop *shop, const char *room);
