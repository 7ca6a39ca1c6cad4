/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * check - what is missing, orphaned, broken or unreadable, and what mends it
 *
 *     g_autoptr(PupCheckup) checkup = pup_checkup_run(&shop, PUP_CHECK_ALL, thorough)
 *     for each PupFinding of checkup->findings: object, problem, mend
 *
 * One table of checks (checks.c), a function each, is behind `pupitre fsck`, `pupitre
 * status` and `pupitre room check`. What lies in the store is told by the names and
 * manifests that stand; every byte of it is the store's own fsck (server/store/fsck.h).
 *
 * A check changes nothing, waits for nobody, and says what it could not look at as a
 * finding: what is unknown is not clean. Threads: any.
 */
#pragma once

#include "server/image/image.h"

typedef enum {
    PUP_FINDING_NOTE,    /* nothing is wrong yet; `gc` or nobody does something */
    PUP_FINDING_WARNING, /* something does not work, or will not: a person is needed */
    PUP_FINDING_DAMAGE,  /* something that is needed is lost or broken */
} PupFindingSeverity;

/* "note", "warning", "problem"; static. */
const char *pup_finding_severity_name(PupFindingSeverity severity);

typedef struct {
    PupFindingSeverity severity;
    char *object;  /* "master win11@3", "room lab-101", "profile /etc/.../Lab2.conf" */
    char *problem; /* what is wrong, one line without full stop */
    char *mend;    /* what mends it, the same */
} PupFinding;

typedef enum {
    PUP_CHECK_STATE = 1 << 0,    /* the state folder: will work fail for its place? */
    PUP_CHECK_KEYS = 1 << 1,     /* the signing key */
    PUP_CHECK_PROFILES = 1 << 2, /* room profiles, their masters and recipes */
    PUP_CHECK_MASTERS = 1 << 3,  /* their files */
    PUP_CHECK_OVERLAYS = 1 << 4, /* the files of sub-masters, layers and edits */
    PUP_CHECK_VERSIONS = 1 << 5, /* what rooms stand at; versions without a room;
                                  * renames that were cut short */
    PUP_CHECK_CLIENT = 1 << 6,   /* the client image, templates and scripts */
    PUP_CHECK_CATALOG = 1 << 7,  /* its database, and the schedules in it */
    PUP_CHECK_FOLDERS = 1 << 8,  /* those in the state folder: can they be read? */
    PUP_CHECK_ALL = (1 << 9) - 1,
} PupCheckAreas;

typedef struct {
    const PupWorkshop *shop;
    const char *room;  /* NULL: all; else profiles of that room only */
    gboolean thorough; /* read what takes long: the client image's bytes, qcow2 tables */
    GPtrArray *findings; /* of PupFinding, in the order of the table */
} PupCheckup;

/* Run the checks of @areas on @shop, whose key may be NULL. */
PupCheckup *pup_checkup_run(const PupWorkshop *shop, PupCheckAreas areas,
                            const char *room, gboolean thorough);
void pup_checkup_free(PupCheckup *checkup);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(PupCheckup, pup_checkup_free)

/* How many findings are at least of @severity. */
unsigned pup_checkup_count(const PupCheckup *checkup, PupFindingSeverity severity);

/* For the checks: take over the strings. */
void pup_checkup_add(PupCheckup *checkup, PupFindingSeverity severity, char *object,
                     char *problem, char *mend);

/* A check of the table. */
typedef struct {
    PupCheckAreas area;
    void (*run)(PupCheckup *checkup);
} PupCheckEntry;

void pup_check_state(PupCheckup *checkup);
void pup_check_folders(PupCheckup *checkup);
void pup_check_keys(PupCheckup *checkup);
void pup_check_profiles(PupCheckup *checkup);
void pup_check_recipes(PupCheckup *checkup);
void pup_check_masters(PupCheckup *checkup);
void pup_check_overlays(PupCheckup *checkup);
void pup_check_versions(PupCheckup *checkup);
void pup_check_client_image(PupCheckup *checkup);
void pup_check_texts(PupCheckup *checkup);
void pup_check_catalog(PupCheckup *checkup);
void pup_check_schedules(PupCheckup *checkup);
void pup_check_renames(PupCheckup *checkup);

/* What mends that @room has no profile, new string: what was good last, where it is kept;
 * else, that or what @otherwise says. */
char *pup_check_put_back(PupCheckup *checkup, const char *room, const char *otherwise);

/* What mends that @room's sub-master, or what it stands on, is lost; new string. */
char *pup_check_mend_sub_master(const PupWorkshop *shop, const char *room);

/* TRUE while @room is one of the two names of a rename that was not finished. */
gboolean pup_check_is_renamed(PupCheckup *checkup, const char *room);
