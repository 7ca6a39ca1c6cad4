/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * seat_machine - what the seat does next
 *
 * A step machine without clocks, processes or files. It gives one order at a time; the
 * seat carries it out and answers with DONE or FAILED (WAIT: with TIME), and hands in
 * what happens meanwhile:
 *
 *     order = pup_seat_machine_step(machine, PUP_SEAT_BEGIN, NULL);
 *     ... carry order out ...
 *     order = pup_seat_machine_step(machine, PUP_SEAT_DONE, &told);
 *
 *   REGISTER -> LOAD -> DISK -> GUEST -> (the guest runs) -> CLEAR -> REGISTER ...
 *
 * Whatever fails is cleared, and tried again after a growing pause. A guest that runs is
 * not disturbed by a new version, which is taken between guests, or at once while the
 * seat only waits; unless TAKE comes (taking.h), which stops the guest first. Between
 * guests a server that does not answer is no reason to keep people waiting: the version
 * that the seat has is good.
 *
 * Threads: one at a time.
 */
#pragma once

#include <glib.h>

typedef enum {
    PUP_ORDER_NONE,     /* nothing to do but wait for what happens */
    PUP_ORDER_REGISTER, /* ask the server who we are; DONE brings the target */
    PUP_ORDER_LOAD,     /* fetch and verify the target's manifest */
    PUP_ORDER_DISK,     /* have its stream run, make a fresh overlay */
    PUP_ORDER_GUEST,    /* start the guest */
    PUP_ORDER_STOP,  /* ask the guest to shut down, end it after a while; ENDED comes */
    PUP_ORDER_CLEAR, /* end the guest if it runs, drop the overlay */
    PUP_ORDER_WAIT,  /* wait_ms; then TIME */
    PUP_ORDER_EXIT,  /* everything is cleared */
} PupSeatOrder;

typedef enum {
    PUP_SEAT_BEGIN,
    PUP_SEAT_DONE,    /* the order was carried out */
    PUP_SEAT_FAILED,  /* it could not be */
    PUP_SEAT_UNKNOWN, /* REGISTER: the server answered, but has no room for this PC */
    PUP_SEAT_TIME,    /* WAIT is over */
    PUP_SEAT_TOLD,    /* an answer to a report names the target */
    PUP_SEAT_ENDED,   /* the guest shut down */
    PUP_SEAT_CRASHED, /* the guest, or what runs it, ended unexpectedly */
    PUP_SEAT_TAKE,    /* the guest shall give way to the next version */
    PUP_SEAT_QUIT,    /* the program shall end */
} PupSeatEvent;

/* What the server wants this seat to run. */
typedef struct {
    char *room;
    unsigned version; /* 1 .. */
} PupTarget;

void pup_target_set(PupTarget *target, const char *room, unsigned version);
gboolean pup_target_equal(const PupTarget *a, const PupTarget *b);
void pup_target_clear(PupTarget *target);

typedef struct PupSeatMachine PupSeatMachine;

PupSeatMachine *pup_seat_machine_new(void);
void pup_seat_machine_free(PupSeatMachine *machine);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(PupSeatMachine, pup_seat_machine_free)

/* @event happened; @told goes with TOLD and with the DONE of REGISTER, else NULL. Returns
 * what to do now. */
PupSeatOrder pup_seat_machine_step(PupSeatMachine *machine, PupSeatEvent event,
                                   const PupTarget *told);

/* What the server wants; room NULL before the first answer. */
const PupTarget *pup_seat_machine_target(const PupSeatMachine *machine);

/* Of the order WAIT: how long. */
unsigned pup_seat_machine_wait_ms(const PupSeatMachine *machine);

/* Failures and crashes in a row. */
unsigned pup_seat_machine_failures(const PupSeatMachine *machine);

/* The guest has run long enough to forget them. */
void pup_seat_machine_settled(PupSeatMachine *machine);

/* TRUE after QUIT. */
gboolean pup_seat_machine_is_quitting(const PupSeatMachine *machine);

/* "booting", "running", "idle" (between guests, or this PC has no room) or "failed"
 * (several failures in a row), as in doc/http-api.md. Static. */
const char *pup_seat_machine_state(const PupSeatMachine *machine);
