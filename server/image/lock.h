/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * lock - one at a time, between processes
 *
 * An flock on a file of STATE/run that stays there; a killed holder lets go by itself.
 */
#pragma once

#include <glib.h>
#include "server/settings.h"

typedef struct PupLock PupLock;

/* Take STATE/run/@kind-@name.lock. Errors: BUSY when another process or thread has it
 * ("the room 'x' is being worked on by another pupitre"), those of files. */
PupLock *pup_lock_take(const PupSettings *settings, const char *kind, const char *name,
                       GError **error);
void pup_lock_free(PupLock *lock);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(PupLock, pup_lock_free)
