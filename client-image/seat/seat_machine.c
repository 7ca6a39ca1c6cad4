/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"
#include "client-image/seat/seat_machine.h"

#include <string.h>

/* From so many failures in a row on, the seat counts as failed. */
#define FAILURES_MAX 3u
#define PAUSE_FIRST_MS 1000u
#define PAUSE_MAX_MS 15000u
/* An unknown PC asks this often whether it was added meanwhile. */
#define UNKNOWN_PAUSE_MS 5000u

struct PupSeatMachine {
    PupSeatOrder doing;   /* the order that is not answered yet */
    gboolean guest_runs;  /* doing is NONE or STOP */
    gboolean guest_ended; /* it ended before GUEST was answered */
    gboolean quitting;
    gboolean had_guest;
    gboolean unknown;
    unsigned failures;
    unsigned wait_ms;
    PupTarget target;
    PupTarget loaded; /* its manifest is verified and at hand */
};

void
pup_target_set(PupTarget *target, const char *room, unsigned version)
{
    char *copy = g_strdup(room);

    g_free(target->room);
    target->room = copy;
    target->version = version;
}

gboolean
pup_target_equal(const PupTarget *a, const PupTarget *b)
{
    return a->version == b->version && g_strcmp0(a->room, b->room) == 0;
}

void
pup_target_clear(PupTarget *target)
{
    g_clear_pointer(&target->room, g_free);
    target->version = 0;
}

PupSeatMachine *
pup_seat_machine_new(void)
{
    return g_new0(PupSeatMachine, 1);
}

void
pup_seat_machine_free(PupSeatMachine *machine)
{
    if (!machine)
        return;
    pup_target_clear(&machine->target);
    pup_target_clear(&machine->loaded);
    g_free(machine);
}

static PupSeatOrder
give(PupSeatMachine *machine, PupSeatOrder order)
{
    machine->doing = order;
    return order;
}

static PupSeatOrder
pause_for(PupSeatMachine *machine, unsigned wait_ms)
{
    machine->wait_ms = wait_ms;
    return give(machine, PUP_ORDER_WAIT);
}

static unsigned
growing_pause_ms(unsigned failures)
{
    unsigned doublings = MIN(failures > 0 ? failures - 1 : 0, 10u);

    return MIN(PAUSE_FIRST_MS << doublings, PAUSE_MAX_MS);
}

static PupSeatOrder
fail(PupSeatMachine *machine)
{
    machine->failures++;
    return give(machine, PUP_ORDER_CLEAR);
}

/* REGISTER was not answered. With a version at hand the room goes on with it. */
static PupSeatOrder
without_server(PupSeatMachine *machine)
{
    if (machine->had_guest && machine->loaded.room) {
        pup_target_set(&machine->target, machine->loaded.room, machine->loaded.version);
        return give(machine, PUP_ORDER_DISK);
    }
    return fail(machine);
}

static PupSeatOrder
registered(PupSeatMachine *machine, const PupTarget *told)
{
    machine->unknown = FALSE;
    pup_target_set(&machine->target, told->room, told->version);
    if (pup_target_equal(&machine->target, &machine->loaded))
        return give(machine, PUP_ORDER_DISK);
    pup_target_clear(&machine->loaded);
    return give(machine, PUP_ORDER_LOAD);
}

static PupSeatOrder
guest_started(PupSeatMachine *machine)
{
    machine->had_guest = TRUE;
    if (machine->guest_ended)
        return fail(machine);
    machine->guest_runs = TRUE;
    return give(machine, PUP_ORDER_NONE);
}

static PupSeatOrder
cleared(PupSeatMachine *machine)
{
    if (machine->failures > 0)
        return pause_for(machine, growing_pause_ms(machine->failures));
    return give(machine, PUP_ORDER_REGISTER);
}

static PupSeatOrder
done(PupSeatMachine *machine, const PupTarget *told)
{
    switch (machine->doing) {
    case PUP_ORDER_REGISTER:
        return registered(machine, told);
    case PUP_ORDER_LOAD:
        pup_target_set(&machine->loaded, machine->target.room, machine->target.version);
        return give(machine, PUP_ORDER_DISK);
    case PUP_ORDER_DISK:
        machine->guest_ended = FALSE;
        return give(machine, PUP_ORDER_GUEST);
    case PUP_ORDER_GUEST:
        return guest_started(machine);
    case PUP_ORDER_CLEAR:
        return cleared(machine);
    default:
        return PUP_ORDER_NONE;
    }
}

static PupSeatOrder
unknown(PupSeatMachine *machine)
{
    machine->unknown = TRUE;
    machine->failures = 0;
    pup_target_clear(&machine->target);
    return pause_for(machine, UNKNOWN_PAUSE_MS);
}

/* A better target than the one that fails, or that we wait with, is worth a try now. */
static PupSeatOrder
told_target(PupSeatMachine *machine, const PupTarget *told)
{
    gboolean news = !pup_target_equal(&machine->target, told);

    if (machine->doing != PUP_ORDER_WAIT || !news)
        return PUP_ORDER_NONE;
    machine->failures = 0;
    return give(machine, PUP_ORDER_REGISTER);
}

static PupSeatOrder
guest_over(PupSeatMachine *machine, gboolean crashed)
{
    if (machine->doing == PUP_ORDER_GUEST)
        machine->guest_ended = TRUE;
    if (!machine->guest_runs)
        return PUP_ORDER_NONE;
    machine->guest_runs = FALSE;
    if (crashed)
        return fail(machine);
    machine->failures = 0;
    return give(machine, PUP_ORDER_CLEAR);
}

/* Once: a guest that was asked already is on its way. */
static PupSeatOrder
stop_guest(PupSeatMachine *machine)
{
    if (!machine->guest_runs || machine->doing != PUP_ORDER_NONE)
        return PUP_ORDER_NONE;
    return give(machine, PUP_ORDER_STOP);
}

/* Once it is to end, an order that runs is awaited, and then everything is cleared. */
static PupSeatOrder
quit(PupSeatMachine *machine, PupSeatEvent event)
{
    gboolean asked = event == PUP_SEAT_QUIT && !machine->quitting;

    if (event == PUP_SEAT_QUIT)
        machine->quitting = TRUE;
    if (machine->guest_runs) {
        if (event != PUP_SEAT_ENDED && event != PUP_SEAT_CRASHED)
            return asked ? stop_guest(machine) : PUP_ORDER_NONE;
        machine->guest_runs = FALSE;
        return give(machine, PUP_ORDER_CLEAR);
    }
    if (asked && machine->doing == PUP_ORDER_WAIT)
        return give(machine, PUP_ORDER_CLEAR);
    if (event != PUP_SEAT_DONE && event != PUP_SEAT_FAILED && event != PUP_SEAT_UNKNOWN)
        return PUP_ORDER_NONE;
    return give(machine,
                machine->doing == PUP_ORDER_CLEAR ? PUP_ORDER_EXIT : PUP_ORDER_CLEAR);
}

PupSeatOrder
pup_seat_machine_step(PupSeatMachine *machine, PupSeatEvent event, const PupTarget *told)
{
    if (machine->quitting || event == PUP_SEAT_QUIT)
        return quit(machine, event);
    switch (event) {
    case PUP_SEAT_BEGIN:
        return give(machine, PUP_ORDER_REGISTER);
    case PUP_SEAT_DONE:
        return done(machine, told);
    case PUP_SEAT_FAILED:
        if (machine->doing == PUP_ORDER_CLEAR)
            return cleared(machine);
        return machine->doing == PUP_ORDER_REGISTER ? without_server(machine)
                                                    : fail(machine);
    case PUP_SEAT_UNKNOWN:
        return unknown(machine);
    case PUP_SEAT_TIME:
        return machine->doing == PUP_ORDER_WAIT ? give(machine, PUP_ORDER_REGISTER)
                                                : PUP_ORDER_NONE;
    case PUP_SEAT_TOLD:
        return told_target(machine, told);
    case PUP_SEAT_TAKE:
        return stop_guest(machine);
    case PUP_SEAT_ENDED:
    case PUP_SEAT_CRASHED:
        return guest_over(machine, event == PUP_SEAT_CRASHED);
    default:
        return PUP_ORDER_NONE;
    }
}

const PupTarget *
pup_seat_machine_target(const PupSeatMachine *machine)
{
    return &machine->target;
}

unsigned
pup_seat_machine_wait_ms(const PupSeatMachine *machine)
{
    return machine->wait_ms;
}

unsigned
pup_seat_machine_failures(const PupSeatMachine *machine)
{
    return machine->failures;
}

void
pup_seat_machine_settled(PupSeatMachine *machine)
{
    machine->failures = 0;
}

gboolean
pup_seat_machine_is_quitting(const PupSeatMachine *machine)
{
    return machine->quitting;
}

const char *
pup_seat_machine_state(const PupSeatMachine *machine)
{
    if (machine->failures >= FAILURES_MAX && !machine->guest_runs)
        return "failed";
    if (machine->guest_runs)
        return "running";
    if (machine->unknown || machine->doing == PUP_ORDER_CLEAR ||
        machine->doing == PUP_ORDER_WAIT)
        return "idle";
    return "booting";
}
