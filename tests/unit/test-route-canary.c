/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Two versions in one room at once: who is told which. */
#include "config.h"

#include "tests/unit/unit.h"

#include <stdlib.h>

#include "tests/unit/raw_http.h"
#include "tests/unit/route_server.h"

#define CANARY "52:54:00:12:34:56"
#define OTHER "52:54:00:12:34:57"
#define BODY "{\"boot\":\"b\"}"

/* What is published is no real disk: the server does not look into what it serves. */
static void
publish(PupStore *store, unsigned version, const char *seat)
{
    g_autoptr(GBytes) manifest = g_bytes_new_static("{\"manifest\":1}\n", 15);
    g_autoptr(GBytes) signature = g_bytes_new_static("untrusted comment: x\n", 21);
    g_autoptr(PupStoreWrite) write = pup_store_begin(store, NULL, NULL);
    assert_non_null(write);
    if (seat)
        pup_store_write_try_out(write, seat);
    assert_true(pup_store_write_commit(write, PUP_KIND_ROOM, "lab", version, manifest,
                                       signature, NULL));
}

static int
setup(void **state)
{
    RouteServer *server = g_new0(RouteServer, 1);
    route_server_make(server);
    route_server_put(server, "rooms/lab.conf",
                     "[room]\nmaster = win11\n[seats]\npc01 = " CANARY "\npc02 = " OTHER
                     "\n");
    assert_true(pup_store_create(server->store_uri, NULL));
    route_server_start(server, "");
    publish(server->service->store, 1, NULL);
    publish(server->service->store, 2, CANARY);
    *state = server;
    return 0;
}

static int
teardown(void **state)
{
    route_server_clear(*state);
    g_free(*state);
    return 0;
}

/* The number behind @key in the answer to @line. */
static unsigned
told(void **state, const char *line, const char *body, const char *key)
{
    const RouteServer *server = *state;
    g_autoptr(GString) answer = raw_http_ask(server->port, line, "", body);
    g_autofree char *begin = g_strdup_printf("\"%s\":", key);
    if (raw_http_status(answer) != 200)
        fail_msg("%s: %.900s", line, answer->str);
    const char *at = strstr(raw_http_body(answer), begin);
    if (!at)
        fail_msg("%s: no %s in %.900s", line, key, answer->str);
    return (unsigned) strtoul(at + strlen(begin), NULL, 10);
}

static void
assert_told(void **state, unsigned canary, unsigned other)
{
    static const char report[] = "{\"boot\":\"b\",\"state\":\"running\",\"version\":1}";
    assert_int_equal(told(state, "POST /v1/seats/" CANARY "/register", BODY, "version"),
                     canary);
    assert_int_equal(told(state, "POST /v1/seats/" OTHER "/register", BODY, "version"),
                     other);
    assert_int_equal(told(state, "POST /v1/seats/" CANARY "/report", report, "version"),
                     canary);
    assert_int_equal(told(state, "POST /v1/seats/" OTHER "/report", report, "version"),
                     other);
}

static void
expect(void **state, const char *line, const char *text)
{
    const RouteServer *server = *state;
    g_autoptr(GString) answer = raw_http_ask(server->port, line, "", NULL);
    if (raw_http_status(answer) != 200 || !strstr(answer->str, text))
        fail_msg("%s: wanted '%s', got %.900s", line, text, answer->str);
}

static void
test_each_seat_its_own(void **state)
{
    assert_told(state, 2, 1);
    expect(state, "GET /v1/rooms/lab",
           "{\"canary\":{\"mac\":\"" CANARY
           "\",\"version\":2},\"room\":\"lab\",\"version\":1}");
    expect(state, "GET /v1/seats", "\"canary\":true,\"clock_off_ms\"");
    expect(state, "GET /v1/seats", "\"mac\":\"" CANARY "\"");
    expect(state, "GET /v1/seats", "\"canary\":false");
    expect(state, "GET /v1/rooms/lab/versions/2/manifest", "{\"manifest\":1}");
}

/* Each seat warms up what it is given next. */
static void
test_warm(void **state)
{
    const RouteServer *server = *state;
    static const char poll[] = "{\"boot\":\"w\",\"room\":\"lab\",\"version\":1,"
                               "\"port\":1,\"epoch\":\"\"}";
    assert_true(pup_catalog_warm(server->service->catalog, "lab",
                                 pup_service_now_ms() - 1000, NULL));
    assert_int_equal(told(state, "POST /v1/seats/" CANARY "/peers", poll, "warm"), 2);
    assert_int_equal(told(state, "POST /v1/seats/" OTHER "/peers", poll, "warm"), 0);
}

static void
test_promoted(void **state)
{
    const RouteServer *server = *state;
    assert_true(
        pup_store_set_current(server->service->store, PUP_KIND_ROOM, "lab", 2, NULL));
    assert_told(state, 2, 2);
    expect(state, "GET /v1/rooms/lab", "\"canary\":null,");
}

static void
test_dropped(void **state)
{
    const RouteServer *server = *state;
    publish(server->service->store, 3, CANARY);
    assert_told(state, 3, 2);
    assert_true(
        pup_store_set_canary(server->service->store, "lab", &(PupCanary){0}, NULL));
    assert_told(state, 2, 2);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_seat_its_own),
        cmocka_unit_test(test_warm),
        cmocka_unit_test(test_promoted),
        cmocka_unit_test(test_dropped),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
