/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The boot profile of a version: uploaded by seats, merged, asked for. */
#include "config.h"

#include "tests/unit/unit.h"

#include "lib/boot_profile.h"
#include "tests/unit/raw_http.h"
#include "tests/unit/route_server.h"

#define MAC "52:54:00:12:34:56"
#define OTHER_MAC "52:54:00:12:34:57"
#define UNKNOWN_MAC "52:54:00:99:99:99"
/* As many as a profile can have. */
#define N_CHUNKS PUP_BOOT_PROFILE_MAX

/* A profile of the @n positions from @first on. */
static GBytes *
profile_of(guint32 first, guint n)
{
    g_autofree guint32 *positions = g_new(guint32, n);
    for (guint i = 0; i < n; i++)
        positions[i] = first + i;
    return pup_boot_profile_format(positions, n);
}

static void
put_profile_chunk(PupStoreWrite *write, guint32 first, guint n, PupManifest *manifest)
{
    g_autoptr(GBytes) bytes = profile_of(first, n);
    g_autoptr(PupChunkCodec) codec = pup_chunk_codec_new(PUP_CHUNK_LEVEL);
    g_autofree guint8 *plain = g_malloc0(PUP_CHUNK_BYTES);
    g_autofree guint8 *encoded = g_malloc(PUP_CHUNK_ENCODED_MAX);
    memcpy(plain, g_bytes_get_data(bytes, NULL), g_bytes_get_size(bytes));
    pup_name_of(plain, PUP_CHUNK_BYTES, &manifest->boot_profile);
    manifest->has_boot_profile = TRUE;
    size_t len = pup_chunk_encode(codec, plain, encoded);
    assert_true(pup_store_write_put(write, &manifest->boot_profile, encoded, len, NULL));
}

/* A version of lab-101, a disk of zeros; a boot profile from @first on when @n is not 0.
 */
static void
publish(PupStore *store, unsigned version, guint32 first, guint n)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(PupStoreWrite) write = pup_store_begin(store, NULL, &error);
    g_autoptr(PupManifest) manifest = pup_manifest_new(PUP_KIND_ROOM, "lab-101", version);
    g_autoptr(PupChunkMap) map = pup_chunk_map_new((guint64) N_CHUNKS * PUP_CHUNK_BYTES);
    manifest->disk_bytes = pup_chunk_map_disk_bytes(map);
    pup_manifest_set_map(manifest, map);
    manifest->master = g_strdup("win11");
    manifest->master_version = 1;
    if (n > 0)
        put_profile_chunk(write, first, n, manifest);
    g_autoptr(GBytes) text = pup_manifest_format(manifest);
    g_autoptr(GBytes) signature = g_bytes_new_static("untrusted comment: x\n", 21);
    if (!pup_store_write_commit(write, PUP_KIND_ROOM, "lab-101", version, text, signature,
                                &error))
        fail_msg("%s", error->message);
}

/* Version 1 has no boot profile, 2 and 3 have positions 40, 41. */
static void
fill_store(const char *uri)
{
    assert_true(pup_store_create(uri, NULL));
    g_autoptr(PupStore) store = pup_store_open(uri, NULL);
    assert_non_null(store);
    publish(store, 1, 0, 0);
    publish(store, 2, 40, 2);
    publish(store, 3, 40, 2);
}

static int
setup(void **state)
{
    RouteServer *server = g_new0(RouteServer, 1);
    route_server_make(server);
    route_server_put(server, "rooms/lab-101.conf",
                     "[room]\nmaster = win11\n[seats]\npc01 = " MAC "\npc02 = " OTHER_MAC
                     "\n");
    fill_store(server->store_uri);
    route_server_start(server, "");
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

/* POST @body to /v1/seats/@target. */
static GString *
post(void **state, const char *target, GBytes *body)
{
    const RouteServer *server = *state;
    gsize len;
    gconstpointer data = g_bytes_get_data(body, &len);
    g_autoptr(GString) request = g_string_new(NULL);
    g_string_printf(request,
                    "POST /v1/seats/%s HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
                    "Content-Length: %zu\r\n\r\n",
                    target, len);
    g_string_append_len(request, data, (gssize) len);
    return raw_http_talk(server->port, request->str, request->len);
}

static void
expect_post(void **state, const char *target, GBytes *body, unsigned status,
            const char *text)
{
    g_autoptr(GString) answer = post(state, target, body);
    if (raw_http_status(answer) != status || !strstr(answer->str, text))
        fail_msg("%s: wanted %u with '%s', got %.900s", target, status, text,
                 answer->str);
}

static GString *
get(void **state, unsigned version, const char *headers)
{
    const RouteServer *server = *state;
    g_autofree char *line =
        g_strdup_printf("GET /v1/rooms/lab-101/versions/%u/boot-profile", version);
    return raw_http_ask(server->port, line, headers, NULL);
}

/* The version's profile is @wanted. */
static void
expect_bytes(void **state, unsigned version, GBytes *wanted)
{
    g_autoptr(GString) answer = get(state, version, "");
    if (raw_http_status(answer) != 200)
        fail_msg("version %u: %.900s", version, answer->str);
    assert_non_null(strstr(answer->str, "application/octet-stream"));
    assert_non_null(strstr(answer->str, "Cache-Control: no-cache\r\n"));
    assert_int_equal(raw_http_body_len(answer), g_bytes_get_size(wanted));
    assert_memory_equal(raw_http_body(answer), g_bytes_get_data(wanted, NULL),
                        g_bytes_get_size(wanted));
}

/* The version's profile is the @n positions from @first on. */
static void
expect_profile(void **state, unsigned version, guint32 first, guint n)
{
    g_autoptr(GBytes) wanted = profile_of(first, n);
    expect_bytes(state, version, wanted);
}

static void
expect_positions(void **state, unsigned version, guint n, const guint32 *positions)
{
    g_autoptr(GBytes) wanted = pup_boot_profile_format(positions, n);
    expect_bytes(state, version, wanted);
}

#define TO_1 "/boot-profile?room=lab-101&version=1"
#define TO_2 "/boot-profile?room=lab-101&version=2"

/* Seats' own profiles count for their version, beside the one in the manifest. */
static void
test_uploaded_and_merged(void **state)
{
    g_autoptr(GBytes) usual = profile_of(7, 3);
    g_autoptr(GBytes) longer = profile_of(7, 5);
    g_autoptr(GString) none = get(state, 1, "");
    assert_int_equal(raw_http_status(none), 404);
    expect_profile(state, 2, 40, 2);

    expect_post(state, MAC TO_2, usual, 204, "");
    expect_positions(state, 2, 5, (const guint32[]){7, 40, 8, 41, 9});
    expect_post(state, "52-54-00-12-34-57" TO_2, longer, 204, "");
    expect_profile(state, 2, 7, 3);
    expect_post(state, OTHER_MAC TO_2, usual, 204, "");
    expect_profile(state, 2, 7, 3);
    expect_profile(state, 3, 40, 2);
    g_autoptr(GString) still_none = get(state, 1, "");
    assert_int_equal(raw_http_status(still_none), 404);
}

static void
test_revalidated(void **state)
{
    g_autoptr(GBytes) usual = profile_of(7, 3);
    g_autoptr(GBytes) other = profile_of(8, 3);
    expect_post(state, MAC TO_1, usual, 204, "");
    g_autoptr(GString) answer = get(state, 1, "");
    const char *etag = strstr(answer->str, "ETag: ");
    assert_non_null(etag);
    g_autofree char *held = g_strdup_printf("If-None-Match: %.66s\r\n", etag + 6);
    g_autoptr(GString) same = get(state, 1, held);
    assert_int_equal(raw_http_status(same), 304);
    expect_post(state, MAC TO_1, other, 204, "");
    g_autoptr(GString) changed = get(state, 1, held);
    assert_int_equal(raw_http_status(changed), 200);
}

/* The bound of this route's bodies is its own; that of the others is what it was. */
static void
test_sizes(void **state)
{
    g_autoptr(GBytes) largest = profile_of(0, N_CHUNKS);
    g_autofree char *padding = g_malloc0(PUP_BOOT_PROFILE_MAX_BYTES + 1);
    g_autoptr(GBytes) too_large =
        g_bytes_new_static(padding, PUP_BOOT_PROFILE_MAX_BYTES + 1);
    assert_int_equal(g_bytes_get_size(largest), PUP_BOOT_PROFILE_MAX_BYTES);
    expect_post(state, MAC TO_1, largest, 204, "");
    expect_profile(state, 1, 0, N_CHUNKS);
    expect_post(state, MAC TO_1, too_large, 413, "128 KiB");
    expect_post(state, MAC "/report", largest, 413, "64 KiB");
}

static void
test_refused(void **state)
{
    static const struct {
        const char *target;
        unsigned status;
        const char *text;
    } rows[] = {
        {UNKNOWN_MAC TO_1, 404, "NOT_FOUND"},
        {"nonsense" TO_1, 400, "INVALID"},
        {MAC "/boot-profile", 400, "?room= and ?version="},
        {MAC "/boot-profile?room=lab-101", 400, "?room= and ?version="},
        {MAC "/boot-profile?room=lab-102&version=1", 404, "NOT_FOUND"},
        {MAC "/boot-profile?room=..%2flab-101&version=1", 400, "INVALID"},
        {MAC "/boot-profile?room=lab-101&version=9", 404, "NOT_FOUND"},
        {MAC "/boot-profile?room=lab-101&version=0", 400, "INVALID"},
    };
    static const char end[] = "PUP-BOOT\1\0\0\0\1\0\0\0\xfc\x7f\0\0"; /* 32764 */
    g_autoptr(GBytes) good = profile_of(7, 3);
    g_autoptr(GBytes) outside = g_bytes_new_static(end, 20);
    g_autoptr(GBytes) empty = g_bytes_new_static("", 0);
    g_autoptr(GBytes) json = g_bytes_new_static("{}", 2);
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++)
        expect_post(state, rows[i].target, good, rows[i].status, rows[i].text);
    expect_post(state, MAC TO_1, outside, 400, "position 32764");
    expect_post(state, MAC TO_1, empty, 400, "not a boot profile");
    expect_post(state, MAC TO_1, json, 400, "not a boot profile");
    g_autoptr(GString) none = get(state, 1, "");
    assert_int_equal(raw_http_status(none), 404);
    g_autoptr(GString) gone = get(state, 9, "");
    assert_int_equal(raw_http_status(gone), 404);
}

/* A file of the state folder that is no profile is no profile. */
static void
test_damaged_upload(void **state)
{
    g_autoptr(GBytes) usual = profile_of(7, 3);
    expect_post(state, MAC TO_2, usual, 204, "");
    route_server_put(*state, "state/boot-profiles/lab-101/2/" MAC, "PUP-BOOT and more");
    expect_profile(state, 2, 40, 2);
}

int
main(void)
{
#define ROUTE_TEST(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
    const struct CMUnitTest tests[] = {
        ROUTE_TEST(test_uploaded_and_merged),
        ROUTE_TEST(test_revalidated),
        ROUTE_TEST(test_sizes),
        ROUTE_TEST(test_refused),
        ROUTE_TEST(test_damaged_upload),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
