/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * recipe - the steps that make a room's sub-master out of the master
 *
 *     recipe = pup_recipe_read("/etc/pupitre/recipes", "lab-101", &error)
 *     digests = pup_recipe_digests(recipe, master, &error)     one a step
 *
 * A recipe is two folders, RECIPES/site, which all rooms share, then RECIPES/ROOM; either
 * may be missing. In each, in the order of their numbers:
 *
 *     NN-name.files/    a tree of files, placed at the same paths in the guest
 *     NN-name.sh        a script that runs in the guest, with sh
 *     NN-name.ps1       or with PowerShell
 *
 * Files and a script of one name are one step: first the files, then the script. Besides,
 *
 *     check.sh, check.ps1   what must pass before anything is published
 *     recipe.conf           settings, pup_recipe_keys; every one has a default
 *
 * A digest names the disk that a step leaves: it covers the step, all before it and the
 * master's disk, but neither time limits nor checks, which do not change the disk.
 *
 * Pure, but that it reads those folders; any thread.
 */
#pragma once

#include "lib/ini.h"
#include "lib/manifest.h"

/* Steps of one recipe, and bytes of one script. */
#define PUP_RECIPE_STEPS_MAX 100u
#define PUP_SCRIPT_MAX_BYTES (1024u * 1024u)

typedef enum { PUP_SHELL_SH, PUP_SHELL_POWERSHELL } PupShell;

/* What a candidate must show before it is published. */
typedef enum {
    PUP_BOOT_TEST_AGENT,  /* its guest agent answers, and the checks pass */
    PUP_BOOT_TEST_SCREEN, /* it runs for a while and does not stop */
    PUP_BOOT_TEST_NONE,
} PupBootTest;

typedef struct {
    char *label;    /* "site/10-office", "lab-101/check" */
    unsigned order; /* NN */
    PupShell shell;
    char *script; /* path, or NULL */
    char *files;  /* path of the folder, or NULL */
    gboolean reboot;
    unsigned timeout_s;
} PupRecipeStep;

typedef struct {
    GPtrArray *steps;  /* of PupRecipeStep, in order */
    GPtrArray *checks; /* the same: scripts only */
    PupBootTest boot_test;
    unsigned boot_timeout_s; /* within which a guest's agent answers */
    unsigned screen_s;       /* how long PUP_BOOT_TEST_SCREEN runs */
} PupRecipe;

/* The keys of [recipe] in recipe.conf and, with the group "step NN-name", those of a
 * step; ended by .group == NULL: what pupitre-recipe(5) is checked against. */
extern const PupIniKey pup_recipe_keys[];
extern const PupIniKey pup_recipe_step_keys[];

/* Read the recipe of @room under the folder @recipes; one without any is empty. Errors:
 * INVALID (names the file, and the line where it has some), those of reading. */
PupRecipe *pup_recipe_read(const char *recipes, const char *room, GError **error);
void pup_recipe_free(PupRecipe *recipe);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(PupRecipe, pup_recipe_free)

/* The digests of @recipe's steps over @master, 64 hexadecimal digits each,
 * NULL-terminated. Reads all files. Errors: INVALID (neither file, folder nor link),
 * those of reading. */
char **pup_recipe_digests(const PupRecipe *recipe, const PupManifest *master,
                          GError **error);

/* The paths of what is in the folder @files, relative to it, folders before what they
 * hold, sorted: NULL-terminated. Errors: as above. */
char **pup_recipe_list_files(const char *files, GError **error);
