/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * failpoint - fail on purpose, at a named step, to show what a crash there leaves behind
 *
 *     if (!pup_failpoint("pack-synced", error))
 *         return FALSE;
 *
 * stands at each step that makes something durable. It is always compiled in and costs
 * one pointer check. The environment arms one point:
 *
 *     PUPITRE_FAILPOINT=NAME:COUNT:ACTION
 *         at the COUNT-th time (1 ..) that NAME is passed; ACTION is
 *         kill      SIGKILL to ourselves, as a power cut would
 *         stop      SIGSTOP to ourselves, once, and go on after SIGCONT: for two at once
 *         enospc    fail with NO_SPACE, from that time on
 *         eio       fail with IO, from that time on
 *     PUPITRE_FAILPOINT=list
 *         print every NAME, one a line, and exit
 *
 * Anything else there ends the program with a message and status 2. The points stand in
 * one table (failpoint.c), so that a test can walk through all of them; passing one that
 * is not in it while any is armed aborts.
 *
 * Threads: any, once armed; arming is for main() and for tests with one thread.
 */
#pragma once

#include <glib.h>

typedef struct PupFailpoint PupFailpoint;

/* NULL unless one is armed; only the macro below reads it. */
extern PupFailpoint *pup_failpoint_armed;

/* Pass the point @name. FALSE, with @error set to NO_SPACE or IO, when it fails here. */
#define pup_failpoint(name, error)                                                       \
    (G_LIKELY(pup_failpoint_armed == NULL) || pup_failpoint_hit(name, error))
gboolean pup_failpoint_hit(const char *name, GError **error);

/* Arm "NAME:COUNT:ACTION" instead of what was armed; NULL disarms. Errors: INVALID. */
gboolean pup_failpoint_arm(const char *spec, GError **error);

/* Every point's name, NULL-terminated, in the order in which a publish, then gc, then the
 * rest pass them. Static. */
const char *const *pup_failpoint_names(void);
