/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * retention - which versions stay
 *
 * A room's profile says how many ([versions] keep, keep_daily), the server's settings how
 * many of each master ([masters] keep). Besides, these always stay: the version that the
 * name stands at, the canary, the newest, pinned ones; of a room what a seat ran or
 * warmed up within a day; of a master what a sub-master, a version of a room or a room's
 * profile names, and what was the newest within a day, which somebody may just be
 * deriving from.
 *
 *     versions = pup_retention_room(shop, room, &error)       who stays and why
 *     pup_retention_apply(shop, PUP_KIND_ROOM, room, versions, &n_gone, &error)
 *
 * Removing is the store's: a version is gone at once or not at all.
 */
#pragma once

#include "server/image/image.h"

/* Why a version stays; what comes first counts first. */
typedef enum {
    PUP_KEPT_NOT, /* it may go */
    PUP_KEPT_CURRENT,
    PUP_KEPT_CANARY, /* a seat tries it out */
    PUP_KEPT_PINNED,
    PUP_KEPT_IN_USE, /* by a seat; of a master: by a sub-master or a version */
    PUP_KEPT_NEWEST, /* among the last so many, or simply the last */
    PUP_KEPT_DAILY,  /* the last of its day */
    PUP_KEPT_ALL,    /* nobody set a limit */
    PUP_KEPT_UNKNOWN,
} PupKept;

typedef struct {
    unsigned version;
    gboolean pinned;
    gint64 created_s; /* Unix time */
    gint64 day;       /* of that time where the server is, counted from anywhere */
    PupKept kept;
} PupRetained;

/* "current", "pinned" ...; NULL for PUP_KEPT_NOT. Static. */
const char *pup_kept_name(PupKept kept);

/* Fill in kept of those of @versions (PupRetained, ascending) where it is PUP_KEPT_NOT:
 * the last @keep stay, and the last of each of the last @keep_daily days that have any;
 * the newest always. Both 0: all stay. Pure. */
void pup_retention_judge(GArray *versions, unsigned keep, unsigned keep_daily);

/* The versions of a room, or of a master, and why they stay, as GArray of PupRetained,
 * ascending; of a name without versions an empty one. Errors: NOT_FOUND (no profile),
 * INVALID, IO. */
GArray *pup_retention_room(const PupWorkshop *shop, const char *room, GError **error);
/* Those of a room where nobody can tell what the limits are, or what its seats run. */
GArray *pup_retention_unknown(const PupWorkshop *shop, const char *room, GError **error);
GArray *pup_retention_master(const PupWorkshop *shop, const char *name, GError **error);

/* Remove those of @versions that may go; with shop->dry_run only count. *@n_gone: how
 * many. A master's files go with the next pup_workshop_sweep(). Errors: BUSY, IO. */
gboolean pup_retention_apply(const PupWorkshop *shop, PupKind kind, const char *name,
                             const GArray *versions, unsigned *n_gone, GError **error);
