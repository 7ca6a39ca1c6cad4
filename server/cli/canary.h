/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * canary - what is on trial in which room, as listings show it
 *
 * A canary that cannot be read counts as none here: fsck tells of it.
 */
#pragma once

#include <jansson.h>

#include "server/cli/cli.h"

/* What is on trial in @room: {"version","seat","mac"}, or null. New reference. */
json_t *pup_cli_canary_json(const PupCli *cli, const char *room);
/* The same for people: "lab@8 at seat pc01"; NULL: nothing is. New string. */
char *pup_cli_canary_text(const PupCli *cli, const char *room);

/* Of all @rooms that have one: an array of {"room","version","seat","mac"}. New
 * reference. */
json_t *pup_cli_canaries_json(const PupCli *cli, char *const *rooms);
