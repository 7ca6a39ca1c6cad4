/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * kept - answers that stay the same, kept for the next one who asks
 *
 * A table of slots, each with room for one key: a newer key takes the place of an older
 * one that falls into the same slot. What is kept may hold a file open, so nothing is for
 * long: pup_kept_sweep() drops what is older than a minute.
 *
 *     if (!pup_kept_use(kept, key, send, request))
 *         pup_kept_put(kept, key, make())
 *
 * Threads: any; a slot is locked while its value is used.
 */
#pragma once

#include <glib.h>

/* A kept value is dropped at this age. */
#define PUP_KEPT_MAX_AGE_US (60 * G_USEC_PER_SEC)

typedef struct PupKept PupKept;
/* What to do with a kept @value; may take a reference of it. */
typedef void (*PupKeptUse)(gpointer value, gpointer data);

/* An empty table of @n_slots; @unref gives a value back. */
PupKept *pup_kept_new(unsigned n_slots, GDestroyNotify unref);
void pup_kept_free(PupKept *kept);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(PupKept, pup_kept_free)

/* Call @use with the value of @key. FALSE when it is not kept. */
gboolean pup_kept_use(PupKept *kept, const char *key, PupKeptUse use, gpointer data);

/* Keep @value (taken over), made at the monotonic time @now_us. */
void pup_kept_put(PupKept *kept, const char *key, gpointer value, gint64 now_us);

/* Drop what is too old among the next few slots: cheap, and some calls go round. */
void pup_kept_sweep(PupKept *kept, gint64 now_us);
