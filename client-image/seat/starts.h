/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * starts - the starts of this PC's guests, as the server is told of them
 *
 * The latest few, each from the moment when work on it began; all of them go into each
 * report, so that none is lost with one. Pure; one thread.
 */
#pragma once

#include <glib.h>
#include <jansson.h>

#include "lib/stage.h"

/* The server takes 16. */
#define PUP_STARTS_MAX 8u

typedef struct {
    gint64 t_ms; /* when it began, since the kernel's start */
    unsigned version;
    gint64 started_ms, alive_ms; /* since it began; -1: not reached */
    unsigned resets;
    gint64 reset_ms; /* when the latest one was heard of; 0: none */
    const char *end; /* static; NULL: it goes on */
} PupStart;

typedef struct {
    unsigned n; /* of all; the latest PUP_STARTS_MAX are kept */
    PupStart starts[PUP_STARTS_MAX];
} PupStarts;

/* Work on the next start begins, for @version; on one that goes on it is done again. */
void pup_starts_begin(PupStarts *starts, unsigned version, gint64 now_ms);
/* GUEST_STARTED or GUEST_ALIVE was reached; other stages are none of a start. */
void pup_starts_stage(PupStarts *starts, PupStage stage, gint64 now_ms);
/* The guest has reset its machine. FALSE: that is part of a reset that was counted. */
gboolean pup_starts_reset(PupStarts *starts, gint64 now_ms);
/* It is over: "off", "crashed", "replaced" or "failed" (static). The first word counts.
 * One whose guest never ran has not failed: the next try is the same start's. */
void pup_starts_end(PupStarts *starts, const char *end);
/* The array of a report; a new reference. */
json_t *pup_starts_json(const PupStarts *starts);
