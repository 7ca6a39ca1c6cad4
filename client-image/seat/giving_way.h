/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * giving_way - a running guest's last minute: the second's tick of taking.h, on the
 * screen
 *
 * From the guest's start to its end: it tells the face what is to come and which key puts
 * it off, and says once that the time has come. Between two guests it keeps the server's
 * latest word and says nothing. One thread, that of the main context.
 */
#pragma once

#include "client-image/seat/face.h"
#include "client-image/seat/taking.h"

/* The guest is to end now. */
typedef void (*PupGivingWayDue)(gpointer user);

typedef struct PupGivingWay PupGivingWay;

/* @face outlives it. */
PupGivingWay *pup_giving_way_new(PupFace *face, PupGivingWayDue due, gpointer user);
void pup_giving_way_free(PupGivingWay *way);

/* A guest runs; @sees_input: what is typed passes through the screen, not by the guest's
 * own USB. */
void pup_giving_way_begin(PupGivingWay *way, gboolean sees_input);
/* It runs no more, or is ending already. */
void pup_giving_way_end(PupGivingWay *way);

/* The server's latest word; @news: it names another version than the one that runs. */
void pup_giving_way_told(PupGivingWay *way, PupTake take, unsigned idle_s, gboolean news);
/* Somebody typed or moved the mouse. */
void pup_giving_way_used(PupGivingWay *way);
/* Somebody pressed the key of that name, which the face was told to catch. */
void pup_giving_way_key(PupGivingWay *way, const char *key);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(PupGivingWay, pup_giving_way_free)
