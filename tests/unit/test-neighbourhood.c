/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "tests/unit/unit.h"

#include "server/catalog/neighbourhood.h"

#define POLL_MS 1000
#define A "52:54:00:00:00:0a"
#define B "52:54:00:00:00:0b"
#define C "52:54:00:00:00:0c"

static int
setup(void **state)
{
    *state = pup_neighbourhoods_new(POLL_MS);
    return 0;
}

static int
teardown(void **state)
{
    pup_neighbourhoods_free(*state);
    return 0;
}

/* The address of a MAC ends in its last byte; it serves on 9000. */
static PupPeerPoll
poll_of(const char *mac)
{
    static char address[3][46];
    unsigned i = (unsigned) g_ascii_xdigit_value(mac[16]) - 10;
    g_snprintf(address[i], sizeof address[i], "10.0.0.%u", i + 10);
    return (PupPeerPoll){.mac = mac,
                         .boot = "b1",
                         .neighbourhood = "lab-101",
                         .room = "lab-101",
                         .version = 3,
                         .address = address[i],
                         .port = 9000,
                         .epoch = ""};
}

static PupPeerAnswer
send_poll(void **state, const PupPeerPoll *poll, gint64 now_ms)
{
    GError *error = NULL;
    PupPeerAnswer answer = {.peers = NULL};
    pup_neighbourhoods_poll(*state, poll, now_ms, &answer, &error);
    unit_assert_no_error(error);
    return answer;
}

/* The last letters of the MACs that @poll is told, sorted; "=" when its epoch holds. */
static const char *
told(void **state, const PupPeerPoll *poll, gint64 now_ms)
{
    static char text[64];
    PupPeerAnswer answer = send_poll(state, poll, now_ms);
    unsigned n = 0;
    if (!answer.peers)
        return "=";
    for (char letter = 'a'; letter <= 'f'; letter++)
        for (guint i = 0; i < answer.peers->len; i++)
            if (g_array_index(answer.peers, PupPeer, i).mac[16] == letter)
                text[n++] = letter;
    text[n] = '\0';
    g_array_unref(answer.peers);
    return text;
}

static const char *
told_plain(void **state, const char *mac, gint64 now_ms)
{
    PupPeerPoll poll = poll_of(mac);
    return told(state, &poll, now_ms);
}

/* The epoch that @mac is told now; forgets the list. */
static void
learn_epoch(void **state, const char *mac, gint64 now_ms, char epoch[PUP_EPOCH_MAX + 1])
{
    PupPeerPoll poll = poll_of(mac);
    PupPeerAnswer answer = send_poll(state, &poll, now_ms);
    g_clear_pointer(&answer.peers, g_array_unref);
    g_strlcpy(epoch, answer.epoch, PUP_EPOCH_MAX + 1);
}

static void
the_list_holds_who_serves(void **state)
{
    PupPeerPoll silent = poll_of(C);
    silent.port = 0;
    assert_string_equal(told_plain(state, A, 0), "a");
    assert_string_equal(told_plain(state, B, 10), "ab");
    assert_string_equal(told(state, &silent, 20), "ab");
    PupPeerPoll poll = poll_of(A);
    PupPeerAnswer answer = send_poll(state, &poll, 30);
    const PupPeer *peer = &g_array_index(answer.peers, PupPeer, 0);
    assert_string_equal(peer->address, "10.0.0.10");
    assert_int_equal(peer->port, 9000);
    assert_true(strlen(answer.epoch) <= PUP_EPOCH_MAX);
    g_array_unref(answer.peers);
}

static void
an_epoch_holds_until_the_list_changes(void **state)
{
    char epoch[PUP_EPOCH_MAX + 1];
    PupPeerPoll poll = poll_of(A);
    learn_epoch(state, A, 0, epoch);
    poll.epoch = epoch;
    assert_string_equal(told(state, &poll, 1000), "=");
    PupPeerPoll silent = poll_of(B);
    silent.port = 0;
    told(state, &silent, 1100); /* who serves nobody changes nothing */
    assert_string_equal(told(state, &poll, 1200), "=");
    silent.port = 9001;
    told(state, &silent, 1300);
    assert_string_equal(told(state, &poll, 1400), "ab");
    learn_epoch(state, A, 1500, epoch);
    silent.port = 9002; /* started anew on another port */
    told(state, &silent, 1600);
    assert_string_equal(told(state, &poll, 1700), "ab");
}

static void
an_epoch_of_another_server_is_none(void **state)
{
    char epoch[PUP_EPOCH_MAX + 1];
    g_autoptr(PupNeighbourhoods) other = pup_neighbourhoods_new(POLL_MS);
    void *other_state = other;
    PupPeerPoll poll = poll_of(A);
    learn_epoch(&other_state, A, 0, epoch);
    poll.epoch = epoch;
    assert_string_equal(told(state, &poll, 0), "a");
}

static void
who_is_silent_for_three_polls_leaves(void **state)
{
    told_plain(state, A, 0);
    told_plain(state, B, 0);
    assert_string_equal(told_plain(state, A, 3000), "ab");
    assert_string_equal(told_plain(state, A, 4100), "a");
    assert_string_equal(told_plain(state, B, 4200), "ab");
}

static void
leaving_is_told_with_the_last_stats(void **state)
{
    PupSeatStats stats = {.reads = 10, .hits = 4}, seen;
    PupPeerPoll poll = poll_of(A);
    poll.stats = &stats;
    told(state, &poll, 0);
    poll.stats = NULL;
    told(state, &poll, 1000); /* keeps what was said before */
    assert_true(pup_neighbourhoods_stats(*state, A, &seen));
    assert_int_equal(seen.hits, 4);
    g_autoptr(GArray) none = pup_neighbourhoods_take_events(*state, 4000);
    assert_int_equal(none->len, 0);
    g_autoptr(GArray) events = pup_neighbourhoods_take_events(*state, 4001);
    assert_int_equal(events->len, 1);
    const PupPeerEvent *event = &g_array_index(events, PupPeerEvent, 0);
    assert_int_equal(event->kind, PUP_PEER_LEFT);
    assert_string_equal(event->mac, A);
    assert_string_equal(event->room, "lab-101");
    assert_int_equal(event->version, 3);
    assert_true(event->has_stats);
    assert_int_equal(event->stats.reads, 10);
    assert_false(pup_neighbourhoods_stats(*state, A, &seen));
    g_autoptr(GArray) left = pup_neighbourhoods_list(*state);
    assert_int_equal(left->len, 0);
}

static void
a_new_boot_begins_new_stats(void **state)
{
    PupSeatStats stats = {.reads = 10}, seen;
    PupPeerPoll poll = poll_of(A);
    poll.stats = &stats;
    told(state, &poll, 0);
    poll.stats = NULL;
    poll.boot = "b2";
    told(state, &poll, 10);
    assert_false(pup_neighbourhoods_stats(*state, A, &seen));
    g_autoptr(GArray) events = pup_neighbourhoods_take_events(*state, 20);
    assert_int_equal(events->len, 1);
    assert_int_equal(g_array_index(events, PupPeerEvent, 0).stats.reads, 10);
}

static void
neighbourhoods_are_apart(void **state)
{
    PupPeerPoll other = poll_of(B);
    other.neighbourhood = "north";
    told_plain(state, A, 0);
    assert_string_equal(told(state, &other, 0), "b");
    other.neighbourhood = "lab-101"; /* the profile was edited */
    assert_string_equal(told(state, &other, 100), "ab");
    assert_string_equal(told_plain(state, A, 200), "ab");
    PupPeerPoll back = poll_of(A);
    back.neighbourhood = "north";
    assert_string_equal(told(state, &back, 300), "a");
    assert_string_equal(told(state, &other, 400), "b");
}

static void
who_wants_no_peers_is_alone(void **state)
{
    PupPeerPoll alone = poll_of(B);
    alone.alone = TRUE;
    told_plain(state, A, 0);
    PupPeerAnswer answer = send_poll(state, &alone, 0);
    assert_int_equal(answer.peers->len, 0);
    g_array_unref(answer.peers);
    alone.epoch = answer.epoch;
    assert_string_equal(told(state, &alone, 100), "=");
    assert_string_equal(told_plain(state, A, 200), "a");
    alone.alone = FALSE;
    assert_string_equal(told(state, &alone, 300), "ab");
}

/* Its list is gone, though that of its neighbourhood has not changed. */
static void
who_begins_to_be_alone_is_told(void **state)
{
    char epoch[PUP_EPOCH_MAX + 1];
    PupPeerPoll poll = poll_of(B);
    poll.port = 0;
    told_plain(state, A, 0);
    PupPeerAnswer answer = send_poll(state, &poll, 0);
    g_array_unref(answer.peers);
    g_strlcpy(epoch, answer.epoch, sizeof epoch);
    poll.epoch = epoch;
    assert_string_equal(told(state, &poll, 10), "=");
    poll.alone = TRUE;
    assert_string_equal(told(state, &poll, 20), "");
}

static void
report(void **state, const char *by, PupBadReason reason, gint64 now_ms)
{
    PupBadPeer bad = {.address = "10.0.0.12", .reason = reason};
    PupPeerPoll poll = poll_of(by);
    poll.bad = &bad;
    poll.n_bad = 1;
    told(state, &poll, now_ms);
}

static void
two_who_cannot_reach_a_seat_take_it_out(void **state)
{
    static const struct {
        const char *second;
        PupBadReason reason;
        gint64 after_ms;
        const char *list;
    } rows[] = {
        {A, PUP_BAD_UNREACHABLE, 100, "abc"}, /* the same one again */
        {B, PUP_BAD_UNREACHABLE, 10100, "abc"}, {B, PUP_BAD_SLOW, 100, "abc"},
        {B, PUP_BAD_CORRUPT, 100, "abc"},       {B, PUP_BAD_UNREACHABLE, 10000, "ab"},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(PupNeighbourhoods) hoods = pup_neighbourhoods_new(60000);
        void *inner = hoods;
        told_plain(&inner, A, 0);
        told_plain(&inner, B, 0);
        told_plain(&inner, C, 0);
        report(&inner, A, PUP_BAD_UNREACHABLE, 0);
        report(&inner, rows[i].second, rows[i].reason, rows[i].after_ms);
        assert_string_equal(told_plain(&inner, A, rows[i].after_ms), rows[i].list);
        assert_string_equal(told_plain(&inner, C, rows[i].after_ms + 10), "abc");
    }
}

static void
nobody_reports_itself(void **state)
{
    told_plain(state, A, 0);
    told_plain(state, C, 0);
    report(state, A, PUP_BAD_UNREACHABLE, 0);
    report(state, C, PUP_BAD_UNREACHABLE, 10);
    assert_string_equal(told_plain(state, A, 20), "ac");
}

static void
a_report_names_the_port_where_an_address_has_several(void **state)
{
    PupBadPeer bad = {"10.0.0.12", 9999, PUP_BAD_SLOW};
    PupPeerPoll poll = poll_of(A);
    told_plain(state, C, 0);
    poll.bad = &bad;
    poll.n_bad = 1;
    told(state, &poll, 0);
    g_autoptr(GArray) none = pup_neighbourhoods_take_events(*state, 0);
    assert_int_equal(none->len, 0);
    bad.port = 9000;
    told(state, &poll, 10);
    g_autoptr(GArray) events = pup_neighbourhoods_take_events(*state, 10);
    assert_int_equal(events->len, 1);
}

static void
reports_are_told_but_not_for_ever(void **state)
{
    unsigned n_told = 0;
    for (gint64 now_ms = 0; now_ms <= 20000; now_ms += 500) {
        told_plain(state, C, now_ms);
        report(state, A, PUP_BAD_CORRUPT, now_ms);
        g_autoptr(GArray) events = pup_neighbourhoods_take_events(*state, now_ms);
        n_told += events->len;
        if (events->len) {
            const PupPeerEvent *event = &g_array_index(events, PupPeerEvent, 0);
            assert_int_equal(event->kind, PUP_PEER_BAD);
            assert_string_equal(event->mac, C);
            assert_string_equal(event->by, A);
            assert_int_equal(event->reason, PUP_BAD_CORRUPT);
        }
    }
    assert_int_equal(n_told, 3);
}

/* Fill one neighbourhood; returns how many got in. */
static unsigned
fill(PupNeighbourhoods *hoods, unsigned n, GError **error)
{
    for (unsigned i = 0; i < n; i++) {
        char mac[18], address[46];
        g_snprintf(mac, sizeof mac, "52:54:00:01:%02x:%02x", i >> 8, i & 255);
        g_snprintf(address, sizeof address, "10.1.%u.%u", i >> 8, i & 255);
        PupPeerPoll poll = {.mac = mac,
                            .boot = "b",
                            .neighbourhood = "n",
                            .room = "n",
                            .address = address,
                            .port = 0,
                            .epoch = ""};
        PupPeerAnswer answer = {.peers = NULL};
        if (!pup_neighbourhoods_poll(hoods, &poll, 0, &answer, error))
            return i;
        g_array_unref(answer.peers);
    }
    return n;
}

static void
a_neighbourhood_is_bounded(void **state)
{
    GError *error = NULL;
    assert_int_equal(fill(*state, PUP_NEIGHBOURS_MAX + 1, &error), PUP_NEIGHBOURS_MAX);
    unit_assert_error(&error, PUP_ERROR_BUSY, "neighbourhood 'n'");
}

/* 1000 seats in 40 neighbourhoods for ten seconds of their clock. Prints the figure. */
static void
a_thousand_seats_are_cheap(void **state)
{
    enum { N_SEATS = 1000, N_HOODS = 40, N_SECONDS = 10 };
    g_autofree char(*epochs)[PUP_EPOCH_MAX + 1] = g_malloc0(N_SEATS * sizeof *epochs);
    PupSeatStats stats = {.reads = 1};
    gint64 begin_us = g_get_monotonic_time();
    for (unsigned n = 0; n < N_SEATS * N_SECONDS; n++) {
        unsigned seat = n % N_SEATS;
        char mac[18], hood[8];
        g_snprintf(mac, sizeof mac, "52:54:00:02:%02x:%02x", seat >> 8, seat & 255);
        g_snprintf(hood, sizeof hood, "lab-%u", seat % N_HOODS);
        PupPeerPoll poll = {.mac = mac,
                            .boot = "b",
                            .neighbourhood = hood,
                            .room = hood,
                            .address = "10.0.0.1",
                            .port = 9000 + seat % 1000,
                            .epoch = epochs[seat],
                            .stats = &stats};
        PupPeerAnswer answer = send_poll(state, &poll, n);
        g_strlcpy(epochs[seat], answer.epoch, sizeof epochs[seat]);
        g_clear_pointer(&answer.peers, g_array_unref);
    }
    gint64 us = g_get_monotonic_time() - begin_us;
    print_message("%u polls: %.2f us each\n", N_SEATS * N_SECONDS,
                  (double) us / (N_SEATS * N_SECONDS));
    assert_true(us < 5 * G_USEC_PER_SEC);
}

int
main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(the_list_holds_who_serves),
        TEST(an_epoch_holds_until_the_list_changes),
        TEST(an_epoch_of_another_server_is_none),
        TEST(who_is_silent_for_three_polls_leaves),
        TEST(leaving_is_told_with_the_last_stats),
        TEST(a_new_boot_begins_new_stats),
        TEST(neighbourhoods_are_apart),
        TEST(who_wants_no_peers_is_alone),
        TEST(who_begins_to_be_alone_is_told),
        TEST(two_who_cannot_reach_a_seat_take_it_out),
        TEST(nobody_reports_itself),
        TEST(a_report_names_the_port_where_an_address_has_several),
        TEST(reports_are_told_but_not_for_ever),
        TEST(a_neighbourhood_is_bounded),
        TEST(a_thousand_seats_are_cheap),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
