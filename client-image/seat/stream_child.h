/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * stream_child - nbdkit with our plugin, as a child of the seat
 *
 * Serves the room's disk on a Unix socket until it is stopped: the version that it began
 * with as the export "", any version as the export of its number. When it dies it is
 * started again, since a guest may wait for it; QEMU connects anew by itself.
 *
 * Threads: the main one only, and it must live on: nbdkit ends with the thread that
 * started it. on_change is called from the main context.
 */
#pragma once

#include "lib/name.h"

typedef struct {
    const char *plugin; /* path of the .so */
    const char *server; /* URL */
    const char *room;
    unsigned version;   /* to begin with */
    PupName manifest;   /* SHA-256 of that version's manifest */
    const char *pubkey; /* path */
    guint64 cache_mib;
    const char *disk_cache; /* folder; NULL: none */
    const char *mac;        /* of this seat */
    const char *boot;       /* random id of this boot */
    unsigned peer_port;     /* for other seats; 0: no peers */
    const char *socket;     /* to serve on */
    const char *control;    /* socket on which it hears "guest-ready" */
    const char *notify;     /* the seat's own socket */
} PupStreamConfig;

typedef struct PupStreamChild PupStreamChild;

typedef enum {
    PUP_STREAM_READY,  /* serves; also after a restart */
    PUP_STREAM_FAILED, /* nbdkit ended before it ever served: not tried again */
    PUP_STREAM_DIED,   /* it ended, and is being started again */
} PupStreamChange;

/* @words: for FAILED and DIED, what happened. */
typedef void (*PupStreamChangeFunc)(gpointer user, PupStreamChange change,
                                    const char *words);

/* Start it; on_change says READY or FAILED later. @config is copied. */
PupStreamChild *pup_stream_child_new(const PupStreamConfig *config,
                                     PupStreamChangeFunc on_change, gpointer user);
/* Stop it, without a change. */
void pup_stream_child_free(PupStreamChild *child);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(PupStreamChild, pup_stream_child_free)

/* Let it go on for @config, whose version may be another; a restart begins with that one.
 * @by_name: who reads it names the export. FALSE, and no change, when it cannot: another
 * setting differs, the version is to be the export "" and is not, or nbdkit knows that
 * number with another manifest: its room was removed and made anew. */
gboolean pup_stream_child_take(PupStreamChild *child, const PupStreamConfig *config,
                               gboolean by_name);

gboolean pup_stream_child_is_ready(const PupStreamChild *child);

/* It ended before it ever served. */
gboolean pup_stream_child_has_failed(const PupStreamChild *child);
