/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "tests/unit/unit.h"

#include "client-image/seat/seat_machine.h"

/* One step of a story: what happens, what the server says with it, what must follow. */
typedef struct {
    PupSeatEvent event;
    const char *room; /* NULL: nothing is told */
    unsigned version;
    PupSeatOrder order;
    const char *state;
    unsigned wait_ms; /* with WAIT; 0: any */
} Step;

#define TO_RUNNING                                                                       \
    {PUP_SEAT_BEGIN, NULL, 0, PUP_ORDER_REGISTER, "booting"},                            \
        {PUP_SEAT_DONE, "lab", 1, PUP_ORDER_LOAD, "booting"},                            \
        {PUP_SEAT_DONE, NULL, 0, PUP_ORDER_DISK, "booting"},                             \
        {PUP_SEAT_DONE, NULL, 0, PUP_ORDER_GUEST, "booting"},                            \
    {                                                                                    \
        PUP_SEAT_DONE, NULL, 0, PUP_ORDER_NONE, "running"                                \
    }

static void
play(PupSeatMachine *machine, const Step *steps, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        const Step *s = &steps[i];
        PupTarget told = {(char *) s->room, s->version};
        PupSeatOrder order =
            pup_seat_machine_step(machine, s->event, s->room ? &told : NULL);

        if (order != s->order)
            fail_msg("step %zu: order %d, expected %d", i, order, s->order);
        if (strcmp(pup_seat_machine_state(machine), s->state) != 0)
            fail_msg("step %zu: state %s, expected %s", i,
                     pup_seat_machine_state(machine), s->state);
        if (s->wait_ms && pup_seat_machine_wait_ms(machine) != s->wait_ms)
            fail_msg("step %zu: waits %u ms, expected %u", i,
                     pup_seat_machine_wait_ms(machine), s->wait_ms);
    }
}

#define PLAY(steps)                                                                      \
    g_autoptr(PupSeatMachine) machine = pup_seat_machine_new();                          \
    play(machine, steps, G_N_ELEMENTS(steps))

static void
test_new_guest_after_shutdown(void **state)
{
    static const Step steps[] = {
        TO_RUNNING,
        {PUP_SEAT_ENDED, NULL, 0, PUP_ORDER_CLEAR, "idle"},
        {PUP_SEAT_DONE, NULL, 0, PUP_ORDER_REGISTER, "booting"},
        /* the same version is still at hand */
        {PUP_SEAT_DONE, "lab", 1, PUP_ORDER_DISK, "booting"},
        {PUP_SEAT_DONE, NULL, 0, PUP_ORDER_GUEST, "booting"},
        {PUP_SEAT_DONE, NULL, 0, PUP_ORDER_NONE, "running"},
    };

    PLAY(steps);
}

static void
test_new_version_waits_for_guest(void **state)
{
    static const Step steps[] = {
        TO_RUNNING,
        {PUP_SEAT_TOLD, "lab", 2, PUP_ORDER_NONE, "running"},
        {PUP_SEAT_ENDED, NULL, 0, PUP_ORDER_CLEAR, "idle"},
        {PUP_SEAT_DONE, NULL, 0, PUP_ORDER_REGISTER, "booting"},
        {PUP_SEAT_DONE, "lab", 2, PUP_ORDER_LOAD, "booting"},
        {PUP_SEAT_DONE, NULL, 0, PUP_ORDER_DISK, "booting"},
    };

    PLAY(steps);
    assert_int_equal(pup_seat_machine_target(machine)->version, 2);
}

static void
test_seat_moves_to_other_room(void **state)
{
    static const Step steps[] = {
        TO_RUNNING,
        {PUP_SEAT_ENDED, NULL, 0, PUP_ORDER_CLEAR, "idle"},
        {PUP_SEAT_DONE, NULL, 0, PUP_ORDER_REGISTER, "booting"},
        {PUP_SEAT_DONE, "library", 1, PUP_ORDER_LOAD, "booting"},
    };

    PLAY(steps);
    assert_string_equal(pup_seat_machine_target(machine)->room, "library");
}

static void
test_server_away_at_first(void **state)
{
    static const Step steps[] = {
        {PUP_SEAT_BEGIN, NULL, 0, PUP_ORDER_REGISTER, "booting"},
        {PUP_SEAT_FAILED, NULL, 0, PUP_ORDER_CLEAR, "idle"},
        {PUP_SEAT_DONE, NULL, 0, PUP_ORDER_WAIT, "idle", 1000},
        {PUP_SEAT_TIME, NULL, 0, PUP_ORDER_REGISTER, "booting"},
        {PUP_SEAT_FAILED, NULL, 0, PUP_ORDER_CLEAR, "idle"},
        {PUP_SEAT_DONE, NULL, 0, PUP_ORDER_WAIT, "idle", 2000},
        {PUP_SEAT_TIME, NULL, 0, PUP_ORDER_REGISTER, "booting"},
        {PUP_SEAT_FAILED, NULL, 0, PUP_ORDER_CLEAR, "failed"},
        {PUP_SEAT_DONE, NULL, 0, PUP_ORDER_WAIT, "failed", 4000},
        {PUP_SEAT_TIME, NULL, 0, PUP_ORDER_REGISTER, "failed"},
        {PUP_SEAT_DONE, "lab", 1, PUP_ORDER_LOAD, "failed"},
    };

    PLAY(steps);
}

static void
test_pauses_are_bounded(void **state)
{
    g_autoptr(PupSeatMachine) machine = pup_seat_machine_new();
    unsigned last_ms = 0;

    pup_seat_machine_step(machine, PUP_SEAT_BEGIN, NULL);
    for (int i = 0; i < 100; i++) {
        assert_int_equal(pup_seat_machine_step(machine, PUP_SEAT_FAILED, NULL),
                         PUP_ORDER_CLEAR);
        assert_int_equal(pup_seat_machine_step(machine, PUP_SEAT_DONE, NULL),
                         PUP_ORDER_WAIT);
        assert_true(pup_seat_machine_wait_ms(machine) >= last_ms);
        last_ms = pup_seat_machine_wait_ms(machine);
        assert_in_range(last_ms, 1000, 15000);
        assert_int_equal(pup_seat_machine_step(machine, PUP_SEAT_TIME, NULL),
                         PUP_ORDER_REGISTER);
    }
}

static void
test_server_away_between_guests(void **state)
{
    static const Step steps[] = {
        TO_RUNNING,
        {PUP_SEAT_ENDED, NULL, 0, PUP_ORDER_CLEAR, "idle"},
        {PUP_SEAT_DONE, NULL, 0, PUP_ORDER_REGISTER, "booting"},
        {PUP_SEAT_FAILED, NULL, 0, PUP_ORDER_DISK, "booting"},
        {PUP_SEAT_DONE, NULL, 0, PUP_ORDER_GUEST, "booting"},
        {PUP_SEAT_DONE, NULL, 0, PUP_ORDER_NONE, "running"},
    };

    PLAY(steps);
    assert_int_equal(pup_seat_machine_target(machine)->version, 1);
}

/* A version that was given up for a newer one is not at hand any more. */
static void
test_server_away_after_bad_version(void **state)
{
    static const Step steps[] = {
        TO_RUNNING,
        {PUP_SEAT_ENDED, NULL, 0, PUP_ORDER_CLEAR, "idle"},
        {PUP_SEAT_DONE, NULL, 0, PUP_ORDER_REGISTER, "booting"},
        {PUP_SEAT_DONE, "lab", 2, PUP_ORDER_LOAD, "booting"},
        {PUP_SEAT_FAILED, NULL, 0, PUP_ORDER_CLEAR, "idle"},
        {PUP_SEAT_DONE, NULL, 0, PUP_ORDER_WAIT, "idle"},
        {PUP_SEAT_TIME, NULL, 0, PUP_ORDER_REGISTER, "booting"},
        {PUP_SEAT_FAILED, NULL, 0, PUP_ORDER_CLEAR, "idle"},
    };

    PLAY(steps);
}

static void
test_unknown_pc_asks_again(void **state)
{
    static const Step steps[] = {
        {PUP_SEAT_BEGIN, NULL, 0, PUP_ORDER_REGISTER, "booting"},
        {PUP_SEAT_UNKNOWN, NULL, 0, PUP_ORDER_WAIT, "idle", 5000},
        {PUP_SEAT_TIME, NULL, 0, PUP_ORDER_REGISTER, "idle"},
        {PUP_SEAT_UNKNOWN, NULL, 0, PUP_ORDER_WAIT, "idle", 5000},
        {PUP_SEAT_TIME, NULL, 0, PUP_ORDER_REGISTER, "idle"},
        {PUP_SEAT_DONE, "lab", 1, PUP_ORDER_LOAD, "booting"},
    };

    PLAY(steps);
}

static void
test_crash_is_cleared_and_retried(void **state)
{
    static const Step steps[] = {
        TO_RUNNING,
        {PUP_SEAT_CRASHED, NULL, 0, PUP_ORDER_CLEAR, "idle"},
        {PUP_SEAT_DONE, NULL, 0, PUP_ORDER_WAIT, "idle", 1000},
        {PUP_SEAT_TIME, NULL, 0, PUP_ORDER_REGISTER, "booting"},
        {PUP_SEAT_DONE, "lab", 1, PUP_ORDER_DISK, "booting"},
        {PUP_SEAT_DONE, NULL, 0, PUP_ORDER_GUEST, "booting"},
        {PUP_SEAT_DONE, NULL, 0, PUP_ORDER_NONE, "running"},
        {PUP_SEAT_CRASHED, NULL, 0, PUP_ORDER_CLEAR, "idle"},
        {PUP_SEAT_DONE, NULL, 0, PUP_ORDER_WAIT, "idle", 2000},
    };

    PLAY(steps);
    assert_int_equal(pup_seat_machine_failures(machine), 2);
    pup_seat_machine_settled(machine);
    assert_int_equal(pup_seat_machine_failures(machine), 0);
}

/* The guest's end may be heard of before the answer that it started. */
static void
test_guest_ends_while_starting(void **state)
{
    static const Step steps[] = {
        {PUP_SEAT_BEGIN, NULL, 0, PUP_ORDER_REGISTER, "booting"},
        {PUP_SEAT_DONE, "lab", 1, PUP_ORDER_LOAD, "booting"},
        {PUP_SEAT_DONE, NULL, 0, PUP_ORDER_DISK, "booting"},
        {PUP_SEAT_DONE, NULL, 0, PUP_ORDER_GUEST, "booting"},
        {PUP_SEAT_CRASHED, NULL, 0, PUP_ORDER_NONE, "booting"},
        {PUP_SEAT_DONE, NULL, 0, PUP_ORDER_CLEAR, "idle"},
        {PUP_SEAT_DONE, NULL, 0, PUP_ORDER_WAIT, "idle", 1000},
    };

    PLAY(steps);
}

static void
test_news_end_a_wait(void **state)
{
    static const Step steps[] = {
        {PUP_SEAT_BEGIN, NULL, 0, PUP_ORDER_REGISTER, "booting"},
        {PUP_SEAT_DONE, "lab", 1, PUP_ORDER_LOAD, "booting"},
        {PUP_SEAT_TOLD, "lab", 2, PUP_ORDER_NONE, "booting"},
        {PUP_SEAT_FAILED, NULL, 0, PUP_ORDER_CLEAR, "idle"},
        {PUP_SEAT_TOLD, "lab", 2, PUP_ORDER_NONE, "idle"},
        {PUP_SEAT_DONE, NULL, 0, PUP_ORDER_WAIT, "idle"},
        {PUP_SEAT_TOLD, "lab", 1, PUP_ORDER_NONE, "idle"},
        {PUP_SEAT_TOLD, "lab", 2, PUP_ORDER_REGISTER, "booting"},
        {PUP_SEAT_TIME, NULL, 0, PUP_ORDER_NONE, "booting"},
    };

    PLAY(steps);
}

static void
test_late_events_change_nothing(void **state)
{
    static const Step steps[] = {
        TO_RUNNING,
        {PUP_SEAT_TIME, NULL, 0, PUP_ORDER_NONE, "running"},
        {PUP_SEAT_ENDED, NULL, 0, PUP_ORDER_CLEAR, "idle"},
        {PUP_SEAT_CRASHED, NULL, 0, PUP_ORDER_NONE, "idle"},
        {PUP_SEAT_DONE, NULL, 0, PUP_ORDER_REGISTER, "booting"},
        {PUP_SEAT_ENDED, NULL, 0, PUP_ORDER_NONE, "booting"},
    };

    PLAY(steps);
}

static void
test_quit_stops_the_guest(void **state)
{
    static const Step steps[] = {
        TO_RUNNING,
        {PUP_SEAT_QUIT, NULL, 0, PUP_ORDER_STOP, "running"},
        {PUP_SEAT_QUIT, NULL, 0, PUP_ORDER_NONE, "running"},
        {PUP_SEAT_TOLD, "lab", 2, PUP_ORDER_NONE, "running"},
        {PUP_SEAT_ENDED, NULL, 0, PUP_ORDER_CLEAR, "idle"},
        {PUP_SEAT_DONE, NULL, 0, PUP_ORDER_EXIT, "booting"},
    };

    PLAY(steps);
}

/* Only a guest that runs can give way, once; its crash meanwhile is a crash. */
static void
test_take_stops_the_guest(void **state)
{
    static const Step steps[] = {
        {PUP_SEAT_BEGIN, NULL, 0, PUP_ORDER_REGISTER, "booting"},
        {PUP_SEAT_TAKE, NULL, 0, PUP_ORDER_NONE, "booting"},
        {PUP_SEAT_DONE, "lab", 1, PUP_ORDER_LOAD, "booting"},
        {PUP_SEAT_DONE, NULL, 0, PUP_ORDER_DISK, "booting"},
        {PUP_SEAT_DONE, NULL, 0, PUP_ORDER_GUEST, "booting"},
        {PUP_SEAT_TAKE, NULL, 0, PUP_ORDER_NONE, "booting"},
        {PUP_SEAT_DONE, NULL, 0, PUP_ORDER_NONE, "running"},
        {PUP_SEAT_TAKE, NULL, 0, PUP_ORDER_STOP, "running"},
        {PUP_SEAT_TAKE, NULL, 0, PUP_ORDER_NONE, "running"},
        {PUP_SEAT_TOLD, "lab", 2, PUP_ORDER_NONE, "running"},
        {PUP_SEAT_ENDED, NULL, 0, PUP_ORDER_CLEAR, "idle"},
        {PUP_SEAT_TAKE, NULL, 0, PUP_ORDER_NONE, "idle"},
        {PUP_SEAT_DONE, NULL, 0, PUP_ORDER_REGISTER, "booting"},
        {PUP_SEAT_DONE, "lab", 2, PUP_ORDER_LOAD, "booting"},
        {PUP_SEAT_DONE, NULL, 0, PUP_ORDER_DISK, "booting"},
        {PUP_SEAT_DONE, NULL, 0, PUP_ORDER_GUEST, "booting"},
        {PUP_SEAT_DONE, NULL, 0, PUP_ORDER_NONE, "running"},
        {PUP_SEAT_TAKE, NULL, 0, PUP_ORDER_STOP, "running"},
        {PUP_SEAT_CRASHED, NULL, 0, PUP_ORDER_CLEAR, "idle"},
        {PUP_SEAT_DONE, NULL, 0, PUP_ORDER_WAIT, "idle", 1000},
    };

    PLAY(steps);
}

static void
test_quit_while_it_takes(void **state)
{
    static const Step steps[] = {
        TO_RUNNING,
        {PUP_SEAT_TAKE, NULL, 0, PUP_ORDER_STOP, "running"},
        {PUP_SEAT_QUIT, NULL, 0, PUP_ORDER_NONE, "running"},
        {PUP_SEAT_ENDED, NULL, 0, PUP_ORDER_CLEAR, "idle"},
        {PUP_SEAT_DONE, NULL, 0, PUP_ORDER_EXIT, "booting"},
    };

    PLAY(steps);
    assert_true(pup_seat_machine_is_quitting(machine));
}

/* Whatever is being done when it shall end: everything is cleared, once, then it ends. */
static void
test_quit_at_any_time(void **state)
{
    static const Step road[] = {TO_RUNNING};

    for (size_t n = 1; n < G_N_ELEMENTS(road); n++) {
        static const Step end[] = {
            {PUP_SEAT_DONE, NULL, 0, PUP_ORDER_CLEAR, "idle"},
            {PUP_SEAT_DONE, NULL, 0, PUP_ORDER_EXIT, "booting"},
        };
        g_autoptr(PupSeatMachine) machine = pup_seat_machine_new();

        play(machine, road, n);
        assert_int_equal(pup_seat_machine_step(machine, PUP_SEAT_QUIT, NULL),
                         PUP_ORDER_NONE);
        play(machine, end, G_N_ELEMENTS(end));
    }
}

static void
test_quit_while_waiting(void **state)
{
    static const Step steps[] = {
        {PUP_SEAT_BEGIN, NULL, 0, PUP_ORDER_REGISTER, "booting"},
        {PUP_SEAT_FAILED, NULL, 0, PUP_ORDER_CLEAR, "idle"},
        {PUP_SEAT_DONE, NULL, 0, PUP_ORDER_WAIT, "idle"},
        {PUP_SEAT_QUIT, NULL, 0, PUP_ORDER_CLEAR, "idle"},
        {PUP_SEAT_DONE, NULL, 0, PUP_ORDER_EXIT, "booting"},
    };

    PLAY(steps);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_new_guest_after_shutdown),
        cmocka_unit_test(test_new_version_waits_for_guest),
        cmocka_unit_test(test_seat_moves_to_other_room),
        cmocka_unit_test(test_server_away_at_first),
        cmocka_unit_test(test_pauses_are_bounded),
        cmocka_unit_test(test_server_away_between_guests),
        cmocka_unit_test(test_server_away_after_bad_version),
        cmocka_unit_test(test_unknown_pc_asks_again),
        cmocka_unit_test(test_crash_is_cleared_and_retried),
        cmocka_unit_test(test_guest_ends_while_starting),
        cmocka_unit_test(test_news_end_a_wait),
        cmocka_unit_test(test_late_events_change_nothing),
        cmocka_unit_test(test_quit_stops_the_guest),
        cmocka_unit_test(test_take_stops_the_guest),
        cmocka_unit_test(test_quit_while_it_takes),
        cmocka_unit_test(test_quit_at_any_time),
        cmocka_unit_test(test_quit_while_waiting),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
