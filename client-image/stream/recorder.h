/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * recorder - in which order a guest touches its disk's chunks while it starts
 *
 * Begins with the first touch. Is over when somebody says that the guest is ready, when
 * no new chunk was touched for PUP_RECORDER_QUIET_US after the first few, after
 * PUP_RECORDER_MAX_US, or when a boot profile is full (lib/boot_profile.h).
 *
 * Does no waiting of its own: times are arguments. Threads: any.
 */
#pragma once

#include <glib.h>

/* A guest that boots pauses for seconds now and then (drivers, a login screen in the
 * making), seldom for longer; one that has booted goes on reading for long. */
#define PUP_RECORDER_QUIET_US (20 * G_USEC_PER_SEC)
/* So few chunks are a look at the disk by libvirt, QEMU or firmware: the guest's start is
 * still to come. */
#define PUP_RECORDER_FEW 8u
#define PUP_RECORDER_MAX_US (5 * 60 * G_USEC_PER_SEC)

typedef struct PupRecorder PupRecorder;

/* For a disk of @n_chunks. One bit of memory a chunk, until it is over. */
PupRecorder *pup_recorder_new(guint64 n_chunks);
void pup_recorder_free(PupRecorder *recorder);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(PupRecorder, pup_recorder_free)

/* The guest reads chunks @first to @last. */
void pup_recorder_touch(PupRecorder *recorder, guint64 first, guint64 last,
                        gint64 now_us);

/* The guest is ready. */
void pup_recorder_end(PupRecorder *recorder);

/* TRUE when it is over; nothing is recorded any more. */
gboolean pup_recorder_is_over(PupRecorder *recorder, gint64 now_us);

/* The positions so far, in order of first touch: a new GArray of guint32. */
GArray *pup_recorder_positions(PupRecorder *recorder);
