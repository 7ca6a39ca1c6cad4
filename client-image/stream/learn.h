/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * learn - gets a version's boot profile from the server, and gives it this seat's own
 *
 * A thread asks for the profile until the server answers, hands it on, then waits until
 * the guest's start was recorded, and sends that. A profile is a hint and nothing fails
 * for want of it: what goes wrong is one line for the log.
 *
 * Threads: new and free in one; pup_learn_hurry() in any.
 */
#pragma once

#include "client-image/stream/recorder.h"

typedef struct PupLearn PupLearn;

/* The version's @positions (of guint32, borrowed), once, on the thread. */
typedef void (*PupLearned)(gpointer user, const GArray *positions);

typedef struct {
    const char *const *servers; /* NULL-terminated, borrowed */
    const char *room;           /* borrowed */
    unsigned version;
    guint64 n_chunks;      /* of the disk */
    const char *mac;       /* this seat, for sending, borrowed; NULL: send nothing */
    PupRecorder *recorder; /* borrowed */
    PupLearned learned;
    gpointer user;
} PupLearnConfig;

PupLearn *pup_learn_new(const PupLearnConfig *config);
/* Ends a request that is under way. */
void pup_learn_free(PupLearn *learn);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(PupLearn, pup_learn_free)

/* The recording may be over: look now. */
void pup_learn_hurry(PupLearn *learn);
