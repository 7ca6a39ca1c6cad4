/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * recipe_script - a recipe's script as the guest's shell needs it
 *
 * People write recipes with the editors of Windows, too, and what those add is invisible.
 * A shell of Linux takes a byte order mark for a part of the first word and a carriage
 * return for a part of the last one; PowerShell 5 takes a script without a mark for one
 * in the code page of its country. Pure.
 */
#pragma once

#include "server/image/recipe.h"

/* The bytes of @text, read from @path, for @shell: for sh without a mark and with Unix
 * line ends; for PowerShell UTF-8 with a mark where it has other letters than ASCII, and
 * what it reads as it is, UTF-16 too, untouched. New GBytes. Errors: INVALID (UTF-16 for
 * sh, and how to save it). */
GBytes *pup_recipe_script(const char *path, GBytes *text, PupShell shell, GError **error);
