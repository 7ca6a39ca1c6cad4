/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * service - what the handlers answer from: store, catalog, settings
 *
 * One for the daemon's life. Settings can be replaced while handlers run: whoever reads
 * them does so between pup_service_settings() and pup_service_done().
 *
 * Threads: any, but new, reload and free from one.
 */
#pragma once

#include "server/boot/boot.h"
#include "server/boot/dhcp_log.h"
#include "server/catalog/catalog.h"
#include "server/catalog/neighbourhood.h"
#include "server/http/httpd.h"
#include "server/http/traffic.h"
#include "server/settings.h"
#include "server/store/store.h"

typedef struct {
    PupStore *store;
    PupCatalog *catalog;
    PupNeighbourhoods *neighbourhoods;
    PupTraffic *traffic; /* counted by the HTTP server */
    GMutex unsaved_lock;
    GArray *unsaved; /* of PupSent: taken from it, not yet in the catalog */
    PupDhcpLog *dhcp_log;
    GMutex waiting_lock;
    gint64 strangers_us; /* since then, for a second, lines of PCs without a room */
    unsigned n_strangers;
    GHashTable *waiting;      /* MAC -> when that it waits was written last, our clock */
    gint64 clock_since_ms;    /* Unix time: since then our clock was not set */
    gint64 clock_boottime_ms; /* Unix time less that of a clock that nobody sets */
    char *data_dir;           /* holds ipxe-scripts/ and templates/ */
    GRWLock lock;
    PupSettings *settings;        /* under @lock, and so is: */
    char *url;                    /* "http://ADDRESS:PORT", how PCs reach us */
    GHashTable *profile_problems; /* of pup_service_look_at_profiles(): what was told */
    gboolean keeping_failed;      /* of it, too: and that */
} PupService;

/* Open store and catalog as @settings say, which are taken over on success. Errors:
 * those of the openings; NOT_FOUND (the interface). */
PupService *pup_service_new(PupSettings *settings, const char *data_dir, GError **error);
/* Replace the settings (taken over on success). State folder, port and threads stay what
 * they were until the next start. */
gboolean pup_service_reload(PupService *service, PupSettings *settings, GError **error);
void pup_service_free(PupService *service);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(PupService, pup_service_free)

/* The settings, until pup_service_done(). */
const PupSettings *pup_service_settings(PupService *service);
void pup_service_done(PupService *service);

/* A PC came to @stage just now; goes into catalog and log. FALSE when the log has too
 * many lines of PCs that no room's profile has, and should get no more of this one. */
gboolean pup_service_stage(PupService *service, const char *mac, PupStage stage,
                           const char *detail);

/* @mac asks again and again for what it cannot have, as @why says; @room: it has one,
 * else NULL. Written down twice a minute. */
void pup_service_waits(PupService *service, const PupRequest *req, const char *mac,
                       const char *room, const char *why);

/* The room and seat of @mac, with the default room for a PC that no profile has (*@seat
 * is NULL then). New strings. Errors: NOT_FOUND, INVALID (a profile). */
gboolean pup_service_find_seat(PupService *service, const char *mac, char **room,
                               char **seat, GError **error);

/* Unix time in milliseconds. */
gint64 pup_service_now_ms(void);
/* Milliseconds of a clock that does not jump: that of the neighbourhoods. */
gint64 pup_service_clock_ms(void);

/* What is due every few seconds, first when the server begins: that it is there, silent
 * seats leave, events go into the log, and what was counted into the catalog. Blocks for
 * a few writes of SQLite; any thread. */
void pup_service_tick(PupService *service);
/* Keep what is good of the room profiles; what is wrong with them goes into the log when
 * it comes and when it goes. At the start, then every few seconds; one thread. */
void pup_service_look_at_profiles(PupService *service);
/* The line of the log with a seat's numbers (NULL: none). */
void pup_service_log_stats(const char *event, const char *mac, const char *room,
                           unsigned version, const PupSeatStats *stats);
/* Keep a seat's numbers in the catalog; a failure goes into the log. */
void pup_service_save_stats(PupService *service, const char *mac,
                            const PupSeatStats *stats);

/* All seats as of pup_catalog_seats(), with the numbers of this moment. */
GPtrArray *pup_service_seats(PupService *service, GError **error);
/* What was sent of each version that is there, up to this moment: GArray of PupSent. */
GArray *pup_service_sent(PupService *service, GError **error);

/* Every route of doc/http-api.md; handlers want the PupService as data. */
extern const PupRoute pup_routes[];
