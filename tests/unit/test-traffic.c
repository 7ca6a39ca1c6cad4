/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "tests/unit/unit.h"

#include "server/http/traffic.h"

static guint64
bytes_of(const GArray *sent, const char *label)
{
    guint64 bytes = 0;
    for (guint i = 0; i < sent->len; i++) {
        const PupTrafficSent *row = &g_array_index(sent, PupTrafficSent, i);
        if (strcmp(row->label, label) == 0)
            bytes += row->bytes;
    }
    return bytes;
}

static gpointer
send_chunks(gpointer traffic)
{
    for (unsigned i = 0; i < 1000; i++)
        pup_traffic_add(traffic, &(PupTrafficAnswer){1, 200, "lab-101@7", 100});
    return NULL;
}

static void
threads_count_together(void **state)
{
    g_autoptr(PupTraffic) traffic = pup_traffic_new();
    GThread *threads[8];
    for (unsigned i = 0; i < G_N_ELEMENTS(threads); i++)
        threads[i] = g_thread_new("sender", send_chunks, traffic);
    for (unsigned i = 0; i < G_N_ELEMENTS(threads); i++)
        g_thread_join(threads[i]);
    g_autoptr(GArray) sent = pup_traffic_take_sent(traffic);
    assert_int_equal(bytes_of(sent, "lab-101@7"), 800000);
    g_autoptr(GArray) none = pup_traffic_take_sent(traffic);
    assert_int_equal(none->len, 0);
    assert_int_equal(pup_traffic_answers(traffic, 1, 2), 8000);
    assert_int_equal(pup_traffic_answers(traffic, 1, 4), 0);
    assert_int_equal(pup_traffic_answers(traffic, 0, 2), 0);
}

static void
labels_are_bounded(void **state)
{
    g_autoptr(PupTraffic) traffic = pup_traffic_new();
    g_autofree char *long_label = g_strnfill(PUP_TRAFFIC_LABEL_MAX, 'a');
    for (unsigned i = 0; i < 1000; i++) {
        g_autofree char *label = g_strdup_printf("room@%u", i);
        pup_traffic_add(traffic, &(PupTrafficAnswer){0, 200, label, 1});
    }
    pup_traffic_add(traffic, &(PupTrafficAnswer){0, 200, "room@0", 1});
    g_autoptr(GArray) sent = pup_traffic_take_sent(traffic);
    assert_int_equal(sent->len, 64);
    assert_int_equal(bytes_of(sent, "room@0"), 2);
    pup_traffic_add(traffic, &(PupTrafficAnswer){0, 200, long_label, 1});
    g_autoptr(GArray) none = pup_traffic_take_sent(traffic);
    assert_int_equal(none->len, 0);
}

static void
odd_answers_stay_inside(void **state)
{
    g_autoptr(PupTraffic) traffic = pup_traffic_new();
    pup_traffic_add(traffic, &(PupTrafficAnswer){G_MAXUINT, 999, NULL, 1});
    assert_int_equal(pup_traffic_answers(traffic, PUP_TRAFFIC_ROUTES_MAX - 1, 5), 1);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(threads_count_together),
        cmocka_unit_test(labels_are_bounded),
        cmocka_unit_test(odd_answers_stay_inside),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
