/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * boots - a PC's boots, and the starts of its guests
 *
 * Two things: a PC boots once a day and starts a guest whenever one was shut down, has
 * crashed, or gives way to a new version. The boot has an id that its kernel made, so a
 * seat that registers again is known to be in the same boot, and keeps its times. The
 * latest PUP_BOOTS_KEPT boots of a PC are kept, and the latest PUP_STARTS_KEPT starts of
 * each.
 *
 *     pup_catalog_arrive(catalog, &arrival, now_ms, &error)    it registered
 *     pup_catalog_starts(catalog, &told, now_ms, &error)       what became of its guests
 *
 * Threads: as the catalog's.
 */
#pragma once

#include <glib.h>

typedef struct PupCatalog PupCatalog;

#define PUP_BOOTS_KEPT 10
#define PUP_STARTS_KEPT 500

/* A start of a guest. */
typedef struct {
    unsigned n;       /* 1, 2, ... in the boot; the server's count */
    gint64 t_ms;      /* when it began, on the seat's clock: what tells it from others */
    gint64 at_ms;     /* the same as Unix time; the server's */
    unsigned version; /* of the room; 0: none yet */
    gint64 started_ms, alive_ms; /* since it began; -1: not reached */
    unsigned resets;             /* the guest restarted its machine so often */
    char end[16]; /* one of pup_guest_ends; "": it goes on, or nobody knows */
} PupGuestStart;

/* How a guest can end: "off" (shut down), "crashed", "replaced" (by the next version),
 * "failed" (it never ran). NULL-terminated. */
extern const char *const pup_guest_ends[];

/* A boot that is over. */
typedef struct {
    char id[65];
    gint64 started_ms;              /* Unix time */
    gint64 registered_ms, alive_ms; /* since then; -1: not reached */
    unsigned starts, resets, crashes;
} PupSeatBoot;

/* A seat that registers. */
typedef struct {
    const char *mac; /* normalised */
    const char *address, *room;
    const char *boot; /* id */
    unsigned version;
    gboolean has_clock;
    gint64 clock_off_ms; /* its PC's clock less ours; the boot's first word counts */
} PupArrival;

/* A boot begins with an id that is not the current one's; one that began with its
 * firmware (pup_catalog_stage()) gets its id here. Errors: IO. */
gboolean pup_catalog_arrive(PupCatalog *catalog, const PupArrival *arrival, gint64 now_ms,
                            GError **error);

/* What a seat says of its guests' starts. */
typedef struct {
    const char *mac, *boot;
    gint64 t_ms; /* now, on its clock */
    const PupGuestStart *starts;
    unsigned n_starts;
} PupStartsTold;

/* Keep them; what is told of one again takes the place of what was told before. What has
 * not changed costs nothing. A boot that is not the seat's current one is passed over. */
gboolean pup_catalog_starts(PupCatalog *catalog, const PupStartsTold *told, gint64 now_ms,
                            GError **error);
