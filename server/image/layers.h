/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * layers - the disks that a recipe's steps leave, kept as overlays one over the other
 *
 *     images/layers/DIGEST.qcow2 over ../layers/DIGEST.qcow2 ... over ../masters/...
 *
 * A layer is immutable. It is made beside its place, in images/rooms, and is there at
 * once or not at all. Two rooms that make the same one at the same time both do the work;
 * the first one's is kept, since something may stand on it already.
 */
#pragma once

#include "server/image/image.h"
#include "server/image/recipe_run.h"

/* Make the layers of the recipe's steps that are not there, in order; @digests are theirs
 * (recipe.h), @temp is the file in images/rooms to make each in. *@n_made: how many.
 * Errors: those of the steps, BUSY (the recipe was changed meanwhile), NO_SPACE. What was
 * made before one stays. */
gboolean pup_layers_make(const PupRecipeRun *run, char **digests,
                         const PupManifest *master, const char *temp, unsigned *n_made,
                         GError **error);

/* How many of the first of @digests are there, without a gap. */
unsigned pup_layers_there(const PupWorkshop *shop, char **digests);

/* What was freed. */
typedef struct {
    unsigned n_files;
    guint64 bytes;
} PupLayersReport;

/* Remove the layers that neither a sub-master nor a recipe of a room stands on; with
 * shop->dry_run only count. Does nothing while a room is being worked on. Errors: those
 * of reading recipes and images: then nothing is removed. */
gboolean pup_layers_free(const PupWorkshop *shop, PupLayersReport *report,
                         GError **error);
