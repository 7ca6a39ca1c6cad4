/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * room_profile - the text file an admin writes to describe a room
 *
 *     [room]   title, master (NAME or NAME@VERSION), take, idle (minutes)
 *     [seats]  pc01 = 52:54:00:12:34:56
 *     [guest]  memory, cpus, firmware, display, disk, network, clock, timezone, tpm,
 *              sound, usb, agent, hyperv, persistence, shares,
 *              emulate
 *     [versions]  keep, keep_daily (days)
 *     [seat]   cache (MiB), neighbourhood, peers, uplink (Mbit/s)
 *
 * Every key has a default, a unit and an entry in pupitre-room(5). An unknown key, a MAC
 * or seat name twice: INVALID with file and line. Pure; a plain struct.
 */
#pragma once

#include "lib/guest.h"
#include "lib/ini.h"
#include "lib/needs.h"
#include "lib/take.h"

#define PUP_ROOM_PROFILE_MAX_BYTES (1024u * 1024u)
#define PUP_ROOM_SEATS_MAX 4096u
#define PUP_UPLINK_MBIT_S_MAX 100000u
/* Bounds of a retention, versions and days. */
#define PUP_KEEP_MAX 100000u
#define PUP_KEEP_DAYS_MAX 36500u

typedef struct {
    char *name; /* "pc01" */
    char *mac;  /* "52:54:00:12:34:56" */
} PupRoomSeat;

typedef struct {
    char *title;             /* for people; the room's name by default */
    char *master;            /* required */
    unsigned master_version; /* 0: the current one when the sub-master is made */
    PupTake take; /* how seats whose guests run take a new version, if nobody says else */
    unsigned idle_min; /* minutes without input that make a seat idle */
    PupRoomSeat *seats;
    unsigned n_seats;
    PupGuest guest;
    PupClock clock;
    char *shares;   /* that the guest is told of, as pup_shares_parse() gives; or NULL */
    char *timezone; /* of the clock, "Europe/Paris"; NULL: the server's */
    guint64 cache_mib;   /* bound of the seat's chunk cache; 0: a quarter of its memory */
    char *neighbourhood; /* whose seats ask each other for chunks; NULL: the room's own */
    gboolean peers;      /* they do at all */
    unsigned uplink_mbit_s; /* what a seat may send to others, 10^6 bit/s; 0: no limit */
    unsigned keep;          /* that many versions stay; 0: no such limit */
    unsigned keep_daily; /* and the last one of each of that many days; 0: no such rule */
} PupRoomProfile;

/* Parse a profile; @origin is its file name for messages. Errors: INVALID with file:line.
 */
PupRoomProfile *pup_room_profile_parse(const char *origin, const char *text, size_t len,
                                       GError **error);
void pup_room_profile_free(PupRoomProfile *profile);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(PupRoomProfile, pup_room_profile_free)

/* A new profile of @master, at @master_version (0: the current one), with defaults and no
 * seats. Control characters in @title become blanks. */
PupRoomProfile *pup_room_profile_new(const char *title, const char *master,
                                     unsigned master_version);
/* Add a seat. Errors: INVALID (bad name or MAC), EXISTS (either is there). */
gboolean pup_room_profile_add_seat(PupRoomProfile *profile, const char *name,
                                   const char *mac, GError **error);

/* TRUE when the guest's clock hardware shows the local time, not UTC. */
gboolean pup_room_profile_wants_local_time(const PupRoomProfile *profile);

/* What @profile's guest has of what a disk may need; and have it have that. */
void pup_room_profile_needs(const PupRoomProfile *profile, PupNeeds *needs);
void pup_room_profile_set_needs(PupRoomProfile *profile, const PupNeeds *needs);

/* The text of a profile, with a comment line for each key that says what it does: what
 * `room add` writes for the admin to edit. Parses back to an equal profile. New string.
 */
char *pup_room_profile_format(const PupRoomProfile *profile);

/* The keys, ended by .group == NULL: what pupitre-room(5) is checked against. */
extern const PupIniKey pup_room_profile_keys[];
