/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * seat_json - what a seat tells the server (doc/http-api.md), parsed and bounded
 *
 * Keys that are not known are passed over: a seat's client image may be newer than its
 * server. Pure.
 */
#pragma once

#include <glib.h>
#include "lib/stage.h"
#include "server/catalog/boots.h"

#define PUP_SEAT_DETAIL_MAX 1024u
#define PUP_SEAT_STAGES_MAX 32u
#define PUP_SEAT_STARTS_MAX 16u

/* POST .../register */
typedef struct {
    char *boot; /* random id of this boot, 1-64 of a-z 0-9 - */
    unsigned cpus, memory_mib;
    gboolean kvm;
    char *firmware;  /* "bios", "uefi", or "" */
    gint64 clock_ms; /* Unix time by the PC's own clock; -1: it does not say */
} PupSeatHello;

typedef struct {
    PupStage stage;
    gint64 t_ms; /* on the seat's clock */
} PupSeatStage;

/* POST .../report */
typedef struct {
    char *boot;
    char *state;      /* "booting", "running", "idle", "failed", "off" */
    char *detail;     /* plain words, "" for none */
    unsigned version; /* it runs; 0: none */
    gint64 t_ms;      /* when it was sent, on the seat's clock */
    unsigned n_stages;
    PupSeatStage stages[PUP_SEAT_STAGES_MAX];
    unsigned n_starts;
    PupGuestStart starts[PUP_SEAT_STARTS_MAX]; /* their n and at_ms are the catalog's */
} PupSeatReport;

/* Errors of both: INVALID, with the key. */
PupSeatHello *pup_seat_hello_parse(const char *text, size_t len, GError **error);
void pup_seat_hello_free(PupSeatHello *hello);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(PupSeatHello, pup_seat_hello_free)

/* Where t_ms is missing, the latest stage's time stands in. */
PupSeatReport *pup_seat_report_parse(const char *text, size_t len, GError **error);
void pup_seat_report_free(PupSeatReport *report);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(PupSeatReport, pup_seat_report_free)
