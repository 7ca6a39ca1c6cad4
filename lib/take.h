/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * take - when a seat whose guest runs goes over to its room's new version
 *
 * Between two guests a seat always does. Pure.
 */
#pragma once

#include <glib.h>

typedef enum {
    PUP_TAKE_NEXT_BOOT, /* the guest that runs is left alone */
    PUP_TAKE_IDLE,      /* once nobody has used the seat for some time */
    PUP_TAKE_NOW,       /* after a countdown on its screen */
} PupTake;

/* Bounds of that time, in minutes. */
#define PUP_TAKE_IDLE_MIN 1u
#define PUP_TAKE_IDLE_MAX 1440u

/* "next-boot", "idle", "now": the profile's words and the API's. Static. */
const char *pup_take_name(PupTake take);
/* FALSE for another word. */
gboolean pup_take_parse(const char *word, PupTake *take);
