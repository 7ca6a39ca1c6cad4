/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * recipe_guest - what a recipe's step does in a running guest, through its agent
 *
 * Needs of the guest: sh or Windows PowerShell, tar for files. What it is given goes into
 * a folder for temporary files that survives a restart, and is removed afterwards.
 * Threads: any.
 */
#pragma once

#include "server/image/agent.h"
#include "server/image/recipe.h"

typedef struct {
    PupVirtDomain *domain;
    const char *folder;    /* of the server, for a temporary file */
    PupAgentOutput output; /* takes what scripts print */
    gpointer data;
    GCancellable *cancellable;
} PupRecipeGuest;

/* Place @step's files and run its script. Errors: INVALID (the script's status is not 0,
 * the files cannot be placed), TIMEOUT, NOT_FOUND (the guest stopped), IO. */
gboolean pup_recipe_guest_do(const PupRecipeGuest *guest, const PupRecipeStep *step,
                             GError **error);

/* Restart the guest and wait for its agent, at most @timeout_s. Errors: TIMEOUT,
 * NOT_FOUND. */
gboolean pup_recipe_guest_restart(const PupRecipeGuest *guest, unsigned timeout_s,
                                  GError **error);
