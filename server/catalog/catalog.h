/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * catalog - what the server knows beside the store: rooms, seats, boots
 *
 * Three sources, one reader: room profiles are the admin's text files in ROOMS/, read at
 * every question (they are few and small, and an edit counts at once); what happens
 * (boots, stages, last words and numbers of each seat) is in SQLite, STATE/catalog.db.
 * The database can be deleted at any time: it holds history, and wishes (warm-ups,
 * schedules, when to take a version), which can be made again, and knows when it was made
 * itself; masters and versions are the store's. What seats saw of their guests' starts
 * lies beside it (boot_profiles.h), and what was good last of each room profile (book.h).
 *
 * Threads: any (SQLite serialised, WAL; busy timeout 5 s). Several processes may share
 * one.
 */
#pragma once

#include "lib/room_profile.h"
#include "lib/stage.h"
#include "lib/take.h"
#include "server/catalog/boot_profiles.h"
#include "server/catalog/boots.h"
#include "server/catalog/seat_state.h"
#include "server/catalog/seat_stats.h"

/* Open, and make where missing, @db_path; profiles are read from @rooms_dir. */
PupCatalog *pup_catalog_open(const char *db_path, const char *rooms_dir, GError **error);
/* The same, whatever is wrong with the database: profiles are read without it, and what
 * needs it fails with its trouble, as long as that lasts. With @look, nothing is made; a
 * database that is not there counts as empty. Never NULL. */
PupCatalog *pup_catalog_open_anyhow(const char *db_path, const char *rooms_dir,
                                    gboolean look);
void pup_catalog_free(PupCatalog *catalog);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(PupCatalog, pup_catalog_free)

/* What is wrong with the database, new; NULL: nothing. It may be readable with it. */
GError *pup_catalog_trouble(PupCatalog *catalog);
/* FALSE with its trouble, for who will write. */
gboolean pup_catalog_check(PupCatalog *catalog, GError **error);
/* When the database was made (Unix); 0 where that is not known. What was before, it does
 * not know. */
#define PUP_CATALOG_MISSING (-1)
gboolean pup_catalog_made(PupCatalog *catalog, gint64 *made_ms, GError **error);
/* Read all of the database. Errors: CORRUPT, its trouble where it cannot be read. */
gboolean pup_catalog_verify(PupCatalog *catalog, GError **error);

/* Names of all rooms, sorted; g_strfreev(). */
char **pup_catalog_rooms(PupCatalog *catalog, GError **error);
/* Read a room's profile. Errors: NOT_FOUND, INVALID with file:line. */
PupRoomProfile *pup_catalog_room(PupCatalog *catalog, const char *room, GError **error);
/* Check that a room has a profile, whatever is in it. Errors: NOT_FOUND. */
gboolean pup_catalog_has_room(PupCatalog *catalog, const char *room, GError **error);
/* The profile that counts for the room's PCs: where its file has an error, the last good
 * one. Errors: NOT_FOUND; INVALID when there is none that is good. */
PupRoomProfile *pup_catalog_room_in_force(PupCatalog *catalog, const char *room,
                                          GError **error);
/* Keep what is good of the profiles now, and which room each PC belongs to: what counts
 * when a file gets an error, and when two claim one PC. To be called now and then, and
 * after a profile was written; writes only what changed. Errors: IO, NO_SPACE. */
gboolean pup_catalog_keep_profiles(PupCatalog *catalog, GError **error);

/* What is wrong with a file of the room profiles. */
typedef struct {
    char *room;        /* whose profile it is; NULL: it can be no room's */
    char *other;       /* room whose seats it claims, too; else NULL */
    char *path;        /* of the file */
    char *problem;     /* one line; names file and line where it is a line's */
    char *mend;        /* what to do, and what counts until then */
    gboolean harmless; /* a file that is passed over and not called like a profile */
} PupProfileProblem;
void pup_profile_problem_free(PupProfileProblem *problem);
/* All that is wrong with the files, by their names: errors, PCs that two profiles claim,
 * files that cannot be profiles; backups as editors and packages leave them are none.
 * GPtrArray of PupProfileProblem with a free function. */
GPtrArray *pup_catalog_profile_problems(PupCatalog *catalog, GError **error);

/* Path of a room's profile, new string. */
char *pup_catalog_room_path(PupCatalog *catalog, const char *room);
/* Write a room's profile atomically. Errors: EXISTS when one of its MACs is another
 * room's (message names both). With @create, EXISTS when the room is there. */
gboolean pup_catalog_room_write(PupCatalog *catalog, const char *room,
                                const PupRoomProfile *profile, gboolean create,
                                GError **error);
/* Remove the profile, and forget what was wished for the room. Errors: NOT_FOUND. */
gboolean pup_catalog_room_remove(PupCatalog *catalog, const char *room, GError **error);

/* Give the profile of @from the name @to, at once. Errors: NOT_FOUND, EXISTS, IO. */
gboolean pup_catalog_room_rename(PupCatalog *catalog, const char *from, const char *to,
                                 GError **error);
/* What was seen of and wished for @from is @to's, in one transaction; may come again. */
gboolean pup_catalog_room_moved(PupCatalog *catalog, const char *from, const char *to,
                                GError **error);

/* What a room's profile, and who orders a warm-up, say about its seats as peers. */
typedef struct {
    char neighbourhood[64];
    gboolean peers;        /* they ask each other at all */
    unsigned uplink_kib_s; /* what a seat may send to others, 0: no limit */
    gint64 warm_at_ms;     /* as of pup_catalog_warm_at() */
    gboolean is_seat;      /* the profile has the MAC */
} PupPeering;
/* Look it up for @mac (normalised), from what was read of the profile two seconds ago at
 * most: cheap enough for every poll. Errors: NOT_FOUND; INVALID for a profile that has an
 * error and was never good. */
gboolean pup_catalog_peering(PupCatalog *catalog, const char *room, const char *mac,
                             gint64 now_ms, PupPeering *peering, GError **error);

/* The seats' boot profiles, in the database's folder; the catalog's own. */
PupBootProfiles *pup_catalog_boot_profiles(PupCatalog *catalog);

/* Which room and seat a MAC belongs to, by the profiles that count; where several claim
 * it, the room that had it before. New strings. Errors: NOT_FOUND; INVALID when a profile
 * cannot be read and no other has the MAC, or when several have it and none is known to
 * have had it before (names two). */
gboolean pup_catalog_find_seat(PupCatalog *catalog, const char *mac, char **room,
                               char **seat, GError **error);

/* A seat's last boot. Times are milliseconds; 0 where a stage was not reached. */
typedef struct {
    char *mac, *room, *seat;                /* seat: "" for an unknown MAC */
    char *state;                            /* see seat_state.h */
    char *said;                             /* what it said last itself, likewise */
    gint64 silent_ms;                       /* not heard of since */
    char *detail;                           /* last words: error text, or "" */
    char *address;                          /* IPv4 or "" */
    unsigned version;                       /* it runs, 0: none yet */
    char *boot;                             /* id of the boot; "": not known yet */
    gint64 boot_started_ms;                 /* Unix time of the boot's first sign */
    gint64 last_seen_ms;                    /* Unix time; never later than now */
    gint64 stage_ms[PUP_N_STAGES];          /* since boot_started_ms, -1: not reached */
    unsigned n_starts, n_resets, n_crashes; /* of guests, in this boot */
    GArray *starts; /* of PupGuestStart: this boot's, the latest first */
    GArray *boots;  /* of PupSeatBoot: earlier ones, the latest first */
    gboolean knows_clock;
    gint64 clock_off_ms; /* the PC's clock less the server's, at its boot */
    gboolean has_stats;  /* its stream has told its numbers */
    PupSeatStats stats;
    gboolean streams; /* and polls at this moment: known to the daemon only */
} PupSeat;
void pup_seat_free(PupSeat *seat);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(PupSeat, pup_seat_free)

/* A stage was reached at @now_ms (Unix). A new boot begins with PUP_STAGE_DHCP (but not
 * with a second one right behind the first: firmware and loader both ask), and with any
 * stage up to PUP_STAGE_REGISTERED from a seat whose state is not "booting", or that had
 * that stage and was silent for a minute. Within a boot the first time of a stage counts.
 * @detail may be NULL. */
gboolean pup_catalog_stage(PupCatalog *catalog, const char *mac, PupStage stage,
                           gint64 now_ms, const char *detail, GError **error);
/* The seat spoke: room, version and state as it gives them (NULL: unchanged). */
gboolean pup_catalog_report(PupCatalog *catalog, const char *mac, const char *address,
                            const char *room, unsigned version, const char *state,
                            const char *detail, gint64 now_ms, GError **error);
/* All seats: those of the profiles, and unknown MACs that were seen; sorted by room,
 * seat. Of a room whose profile has an error, as of its last good one. GPtrArray of
 * PupSeat with a free function. Their states are seat_state.h's. */
GPtrArray *pup_catalog_seats(PupCatalog *catalog, gint64 now_ms, unsigned poll_s,
                             GError **error);

/* Add to @object what is known of the boots and starts of @seat: "starts", "resets",
 * "crashes", "guest_starts" and "boots", as doc/http-api.md has them. */
void pup_boots_json(json_t *object, const PupSeat *seat);

/* The server is there: to be said every few seconds, at most PUP_SERVER_AWAY_MS apart. A
 * gap counts as an absence. Times of seats that are yet to come become now. */
gboolean pup_catalog_alive(PupCatalog *catalog, gint64 now_ms, GError **error);
/* The server's clock was set, @by_ms ahead: what was written since @since_ms, by the
 * clock as it was, goes along. */
gboolean pup_catalog_clock_stepped(PupCatalog *catalog, gint64 since_ms, gint64 by_ms,
                                   GError **error);

/* The versions of @room that its seats ran or warmed up as of their last words, of those
 * heard of since @since_ms (Unix); GArray of unsigned, each once. */
GArray *pup_catalog_versions_in_use(PupCatalog *catalog, const char *room,
                                    gint64 since_ms, GError **error);

/* Keep @mac's numbers, until its next boot begins. A MAC that was never seen has none. */
gboolean pup_catalog_set_stats(PupCatalog *catalog, const char *mac,
                               const PupSeatStats *stats, GError **error);

/* What the server sent of a version, over all its runs. */
typedef struct {
    char room[64];
    unsigned version;
    guint64 chunks, bytes;
} PupSent;
/* Add @sent to what is kept for its version. */
gboolean pup_catalog_add_sent(PupCatalog *catalog, const PupSent *sent, GError **error);
/* Drop what is kept for a version. */
gboolean pup_catalog_forget_sent(PupCatalog *catalog, const char *room, unsigned version,
                                 GError **error);
/* All that is kept, by room and version: GArray of PupSent. */
GArray *pup_catalog_sent(PupCatalog *catalog, GError **error);
/* @version for JSON: null for 0, which is none. New reference. */
json_t *pup_version_json(guint64 version);
/* The array of @all (of PupSent): room, version, chunks, bytes. New reference. */
json_t *pup_sent_json(const GArray *all);

/* How long a wish for a warm-up stands. */
#define PUP_WARM_MS (G_GINT64_CONSTANT(24) * 3600 * 1000)
/* From @at_ms (Unix) on, for PUP_WARM_MS, the seats of @room shall fetch its current
 * version while they run another; takes the place of an earlier wish. */
gboolean pup_catalog_warm(PupCatalog *catalog, const char *room, gint64 at_ms,
                          GError **error);
/* Forget the wish for @room, if there is one. */
gboolean pup_catalog_cancel_warm(PupCatalog *catalog, const char *room, GError **error);
/* When the wish that stands at @now_ms begins or began; 0: there is none. */
gboolean pup_catalog_warm_at(PupCatalog *catalog, const char *room, gint64 now_ms,
                             gint64 *at_ms, GError **error);

/* How the seats of @room shall take its @version; counts before the profile's word, until
 * pup_catalog_forget_sent() of that version. */
gboolean pup_catalog_set_take(PupCatalog *catalog, const char *room, unsigned version,
                              PupTake take, GError **error);
/* From now on the profile's word counts for it. */
gboolean pup_catalog_forget_take(PupCatalog *catalog, const char *room, unsigned version,
                                 GError **error);
/* *@found: it was said for that version; *@take is untouched otherwise. */
gboolean pup_catalog_take(PupCatalog *catalog, const char *room, unsigned version,
                          gboolean *found, PupTake *take, GError **error);
