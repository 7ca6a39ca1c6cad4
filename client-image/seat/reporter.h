/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * reporter - keeps the server told how this seat is doing
 *
 * Sends a report when something changes, and every poll interval. A report that is lost
 * is made up for by the next one: a stage is sent until the server has it. Never holds
 * the seat up. Says nothing before pup_reporter_begin().
 *
 * Threads: the main one; has one of its own while it sends.
 */
#pragma once

#include "client-image/seat/server_api.h"

typedef struct PupReporter PupReporter;

/* The server said what this seat should run. */
typedef void (*PupToldFunc)(gpointer user, const PupTold *told);

PupReporter *pup_reporter_new(const char *server, const char *mac, const char *boot,
                              PupToldFunc on_told, gpointer user);
void pup_reporter_free(PupReporter *reporter);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(PupReporter, pup_reporter_free)

/* The server knows this seat and wants to hear of it every @poll_s seconds. */
void pup_reporter_begin(PupReporter *reporter, unsigned poll_s);

/* @stage was reached now. Only the first time in a boot counts. */
void pup_reporter_stage(PupReporter *reporter, PupStage stage);

/* Work on the next start of a guest begins, for @version; it has reset its machine; it is
 * over (starts.h). Its stages come with pup_reporter_stage(), each time. */
void pup_reporter_start(PupReporter *reporter, unsigned version);
void pup_reporter_reset(PupReporter *reporter);
void pup_reporter_start_over(PupReporter *reporter, const char *end);

/* The PC switches off: that is its state from now on, and said at once. */
void pup_reporter_off(PupReporter *reporter);

/* What the seat does now: @state as in doc/http-api.md (static), @version it runs or is
 * about to (0: none), @detail in words. */
void pup_reporter_state(PupReporter *reporter, const char *state, unsigned version,
                        const char *detail);
