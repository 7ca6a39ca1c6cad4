/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * recipe_run - a recipe's steps and its boot test, each in a virtual machine of its own
 *
 *     pup_recipe_run_step(&run, step, disk, &error)     the disk is as the step leaves it
 *     pup_recipe_run_test(&run, disk, screen, &error)   the disk may be published
 *
 * Where one fails, what the guest's screen shows is saved as run->failed_screen, and the
 * end of what it wrote to its serial line goes to run->output.
 *
 * Files: in run->folder. Threads: any.
 */
#pragma once

#include "server/image/agent.h"
#include "server/image/image.h"
#include "server/image/recipe.h"

/* All borrowed. */
typedef struct {
    const PupWorkshop *shop;
    PupVirt *virt;
    const char *room;
    const PupRoomProfile *profile;
    const PupRecipe *recipe;
    const char *folder;        /* run/regenerate-ROOM, made by the caller */
    const char *failed_screen; /* path of a PNG */
    PupAgentOutput output;     /* takes what the guest's programs print */
    gpointer data;
} PupRecipeRun;

/* Start the guest on the qcow2 @disk, do @step, and have it shut down. Errors: those of
 * pup_recipe_guest_do(), NO_SPACE (for the disk); all name the step. */
gboolean pup_recipe_run_step(const PupRecipeRun *run, const PupRecipeStep *step,
                             const char *disk, GError **error);

/* Try the qcow2 @disk, which the guest writes to, as the recipe's boot test says, and
 * save its screen as the PNG @screen. Errors: TIMEOUT (no agent in time), INVALID (a
 * check did not pass, the guest stopped), IO. */
gboolean pup_recipe_run_test(const PupRecipeRun *run, const char *disk,
                             const char *screen, GError **error);
