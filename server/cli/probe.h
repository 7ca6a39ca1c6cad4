/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * probe - whether the server serves, asked as a PC would
 *
 * That something accepts connections says little: the kernel does so for a program that
 * hangs. So the first thing that a PC asks for is asked for, and has to come.
 */
#pragma once

#include "server/settings.h"

typedef enum {
    PUP_SERVES,      /* it answers */
    PUP_SERVES_NOT,  /* nothing listens there */
    PUP_SERVES_HUNG, /* it accepts connections and says nothing in time */
    PUP_SERVES_ELSE, /* what answers is no Pupitre */
} PupServes;

/* "10.0.0.1:8080": where the daemon of @settings is to be asked; new string. */
char *pup_probe_address(const PupSettings *settings);

/* Ask the daemon of @settings, for three seconds at most. */
PupServes pup_probe(const PupSettings *settings);

/* "answers", "absent", "hangs" or "other": for programs. Static. */
const char *pup_probe_name(PupServes serves);
/* What is to be said of it: "answers at %s" and the like, with what to do; new string. */
char *pup_probe_words(PupServes serves, const char *address);
