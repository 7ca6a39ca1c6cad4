/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Every route, answered from a small state folder of the test's own. */
#include "config.h"

#include "tests/unit/unit.h"

#include <sqlite3.h>
#include <sys/mman.h>
#include <unistd.h>

#include "server/log.h"
#include "tests/unit/prometheus.h"
#include "tests/unit/raw_http.h"
#include "tests/unit/route_server.h"

#define ROOT_SHA "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
#define MAC "52:54:00:12:34:56"
#define UNPUBLISHED_MAC "52:54:00:12:34:57"
#define UNKNOWN_MAC "52:54:00:99:99:99"

/* More than the defaults say. */
#define SETTINGS "[seats]\npoll = 7\n"

typedef struct {
    RouteServer server;
    char chunk_path[128]; /* of the one chunk in the store */
    guint8 encoded[PUP_CHUNK_ENCODED_MAX];
    size_t encoded_len;
} Fixture;

/* Version 1 of @room, which is not a real disk: the server does not look into what it
 * serves. */
static void
publish(const Fixture *f, const char *room)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GBytes) manifest = g_bytes_new_static("{\"manifest\":1}\n", 15);
    g_autoptr(GBytes) signature = g_bytes_new_static("untrusted comment: x\n", 21);
    g_autoptr(PupStoreWrite) w = pup_store_begin(f->server.service->store, NULL, &error);
    if (!w ||
        !pup_store_write_commit(w, PUP_KIND_ROOM, room, 1, manifest, signature, &error))
        fail_msg("%s", error->message);
}

/* A store with one chunk and version 1 of lab-101, which are not a real disk: the server
 * does not look into what it serves. */
static void
fill_store(Fixture *f)
{
    g_autoptr(GError) error = NULL;
    const char *uri = f->server.store_uri;
    g_autofree guint8 *plain = g_malloc(PUP_CHUNK_BYTES);
    g_autoptr(PupChunkCodec) codec = pup_chunk_codec_new(PUP_CHUNK_LEVEL);
    g_autoptr(GBytes) manifest = g_bytes_new_static("{\"manifest\":1}\n", 15);
    g_autoptr(GBytes) signature = g_bytes_new_static("untrusted comment: x\n", 21);
    PupName name;
    char hex[PUP_NAME_HEX_LEN + 1];
    memset(plain, 'c', PUP_CHUNK_BYTES);
    pup_name_of(plain, PUP_CHUNK_BYTES, &name);
    pup_name_to_hex(&name, hex);
    g_snprintf(f->chunk_path, sizeof f->chunk_path, "/v1/chunks/%s", hex);
    f->encoded_len = pup_chunk_encode(codec, plain, f->encoded);
    if (!pup_store_create(uri, &error))
        fail_msg("%s", error->message);
    g_autoptr(PupStore) store = pup_store_open(uri, &error);
    assert_non_null(store);
    g_autoptr(PupStoreWrite) w = pup_store_begin(store, NULL, &error);
    assert_non_null(w);
    assert_true(pup_store_write_put(w, &name, f->encoded, f->encoded_len, &error));
    if (!pup_store_write_commit(w, PUP_KIND_ROOM, "lab-101", 1, manifest, signature,
                                &error))
        fail_msg("%s", error->message);
}

static int
setup(void **state)
{
    Fixture *f = g_new0(Fixture, 1);
    RouteServer *server = &f->server;
    route_server_make(server);
    route_server_put(server, "rooms/lab-101.conf",
                     "[room]\nmaster = win11\n[seats]\npc07 = " MAC "\n");
    route_server_put(server, "rooms/lab-102.conf",
                     "[room]\nmaster = win11\n[seats]\npc01 = " UNPUBLISHED_MAC "\n");
    route_server_put(server, "state/client-image/img-1/image.json",
                     "{\"format\":1,\"root_bytes\":9,\"root_sha256\":\"" ROOT_SHA "\"}");
    route_server_put(server, "state/client-image/img-1/vmlinuz", "a kernel");
    route_server_put(server, "state/client-image/img-1/root.img", "root imag");
    route_server_put(server, "state/tftp/snponly.efi", "a loader");
    g_autofree char *link =
        g_build_filename(server->dir, "state/client-image/current", NULL);
    assert_int_equal(symlink("img-1", link), 0);
    fill_store(f);
    route_server_start(server, SETTINGS);
    *state = f;
    return 0;
}

static int
teardown(void **state)
{
    Fixture *f = *state;
    route_server_clear(&f->server);
    g_free(f);
    return 0;
}

static GString *
ask(void **state, const char *line, const char *headers, const char *body)
{
    return raw_http_ask(((const Fixture *) *state)->server.port, line, headers, body);
}

/* The answer to @line has @status and holds @text. */
static void
expect(void **state, const char *line, const char *body, unsigned status,
       const char *text)
{
    g_autoptr(GString) answer = ask(state, line, "", body);
    if (raw_http_status(answer) != status || !strstr(answer->str, text))
        fail_msg("%s: wanted %u with '%s', got %.900s", line, status, text, answer->str);
}

static void
test_chunk(void **state)
{
    const Fixture *f = *state;
    g_autofree char *get = g_strconcat("GET ", f->chunk_path, NULL);
    g_autofree char *head = g_strconcat("HEAD ", f->chunk_path, NULL);
    g_autofree char *post = g_strconcat("POST ", f->chunk_path, NULL);
    g_autoptr(GString) answer = ask(state, get, "", NULL);
    assert_int_equal(raw_http_status(answer), 200);
    assert_int_equal(raw_http_body_len(answer), f->encoded_len);
    assert_memory_equal(raw_http_body(answer), f->encoded, f->encoded_len);
    assert_non_null(strstr(answer->str, "application/octet-stream"));
    assert_non_null(strstr(answer->str, "immutable"));

    g_autoptr(GString) headers = ask(state, head, "", NULL);
    assert_int_equal(raw_http_status(headers), 200);
    assert_int_equal(raw_http_body_len(headers), 0);
    g_autofree char *length = g_strdup_printf("Content-Length: %zu\r\n", f->encoded_len);
    assert_non_null(strstr(headers->str, length));

    g_autofree char *etag = g_strdup_printf("If-None-Match: \"%s\"\r\n",
                                            f->chunk_path + strlen("/v1/chunks/"));
    g_autoptr(GString) held = ask(state, get, etag, NULL);
    assert_int_equal(raw_http_status(held), 304);
    assert_int_equal(raw_http_body_len(held), 0);
    expect(state, post, "", 405, "Allow: GET, HEAD\r\n");
}

static void
test_bad_chunks(void **state)
{
    const Fixture *f = *state;
    g_autofree char *upper = g_ascii_strup(f->chunk_path + strlen("/v1/chunks/"), -1);
    g_autofree char *get_upper = g_strconcat("GET /v1/chunks/", upper, NULL);
    g_autofree char *get_long = g_strconcat("GET ", f->chunk_path, "0", NULL);
    expect(state, get_upper, NULL, 400, "\"INVALID\"");
    expect(state, get_long, NULL, 400, "\"INVALID\"");
    expect(state, "GET /v1/chunks/abc", NULL, 400, "\"INVALID\"");
    expect(state, "GET /v1/chunks/" ROOT_SHA, NULL, 404, "\"NOT_FOUND\"");
    expect(state, "GET /v1/chunks/..%2f..%2fetc%2fpasswd", NULL, 400, "\"INVALID\"");
}

static void
test_rooms(void **state)
{
    expect(state, "GET /v1/rooms/lab-101", NULL, 200,
           "{\"canary\":null,\"room\":\"lab-101\",\"version\":1}");
    expect(state, "GET /v1/rooms/lab-102", NULL, 404, "\"NOT_FOUND\"");
    expect(state, "GET /v1/rooms/..lab", NULL, 400, "\"INVALID\"");
    expect(state, "GET /v1/rooms/lab-101/versions/1/manifest", NULL, 200,
           "\r\n\r\n{\"manifest\":1}\n");
    expect(state, "GET /v1/rooms/lab-101/versions/1/manifest.sig", NULL, 200,
           "\r\n\r\nuntrusted comment: x\n");
    expect(state, "GET /v1/rooms/lab-101/versions/2/manifest", NULL, 404,
           "\"NOT_FOUND\"");
    expect(state, "GET /v1/rooms/lab-101/versions/0/manifest", NULL, 400, "\"INVALID\"");
    expect(state, "GET /v1/rooms/lab-101/versions/01/manifest", NULL, 400, "\"INVALID\"");
    expect(state, "GET /v1/rooms/lab-101/versions/-1/manifest", NULL, 400, "\"INVALID\"");
    expect(state, "GET /v1/rooms/lab-101/versions/99999999999/manifest", NULL, 400,
           "\"INVALID\"");
}

static void
test_boot_scripts(void **state)
{
    expect(state, "GET /boot.ipxe", NULL, 200, "http://127.0.0.1:8080/boot/${netX/mac");
    expect(state, "GET /boot/" MAC "/ipxe", NULL, 200, "pupitre.root_sha256=" ROOT_SHA);
    expect(state, "GET /boot/52-54-00-12-34-56/ipxe", NULL, 200, "pc07, room lab-101");
    expect(state, "GET /boot/52%3A54%3A00%3A12%3A34%3A56/ipxe", NULL, 200,
           "img-1/vmlinuz");
    expect(state, "GET /boot/" UNKNOWN_MAC "/ipxe", NULL, 200, "NAME = " UNKNOWN_MAC);
    expect(state, "GET /boot/nonsense/ipxe", NULL, 400, "\"INVALID\"");
    expect(state, "GET /boot/ff:ff:ff:ff:ff:ff/ipxe", NULL, 400, "\"INVALID\"");
}

/* Without a client image the PC's screen says so, as a script. */
static void
test_no_image(void **state)
{
    const Fixture *f = *state;
    g_autofree char *link =
        g_build_filename(f->server.dir, "state/client-image/current", NULL);
    assert_int_equal(g_unlink(link), 0);
    expect(state, "GET /boot/" MAC "/ipxe", NULL, 200, "there is no client image yet");
    assert_int_equal(symlink("../escape", link), 0);
    expect(state, "GET /boot/" MAC "/ipxe", NULL, 200, "This PC cannot start");
    g_unlink(link);
    assert_int_equal(symlink("img-1", link), 0);
}

static void
test_image_files(void **state)
{
    expect(state, "GET /boot/img-1/vmlinuz", NULL, 200, "\r\n\r\na kernel");
    expect(state, "HEAD /boot/img-1/vmlinuz?mac=" MAC, NULL, 200,
           "Accept-Ranges: bytes\r\n");
    g_autoptr(GString) part =
        ask(state, "GET /boot/img-1/root.img", "Range: bytes=5-\r\n", NULL);
    assert_int_equal(raw_http_status(part), 206);
    assert_string_equal(raw_http_body(part), "imag");
    expect(state, "GET /boot/img-1/initrd.img", NULL, 404, "\"NOT_FOUND\"");
    expect(state, "GET /boot/img-1/image.json", NULL, 404, "\"NOT_FOUND\"");
    expect(state, "GET /boot/img-2/vmlinuz", NULL, 404, "\"NOT_FOUND\"");
    expect(state, "GET /boot/..img/vmlinuz", NULL, 400, "\"INVALID\"");
    expect(state, "GET /tftp/snponly.efi", NULL, 200, "\r\n\r\na loader");
    expect(state, "GET /tftp/undionly.kpxe", NULL, 404, "\"NOT_FOUND\"");
    expect(state, "GET /tftp/passwd", NULL, 404, "\"NOT_FOUND\"");
}

#define REPORT "POST /v1/seats/" MAC "/report"
#define REGISTER "POST /v1/seats/" MAC "/register"

static void
test_seats(void **state)
{
    expect(state, REGISTER, "{\"boot\":\"b1\",\"cpus\":4,\"kvm\":true}", 200,
           "\"poll_s\":7,\"room\":\"lab-101\",\"seat\":\"pc07\",\"version\":1}");
    expect(state, REPORT,
           "{\"boot\":\"b1\",\"state\":\"running\",\"version\":1,"
           "\"stages\":[{\"stage\":\"guest-started\",\"t_ms\":5}]}",
           200,
           "{\"idle_s\":900,\"room\":\"lab-101\",\"take\":\"next-boot\","
           "\"version\":1}");
    expect(state, "GET /v1/seats", NULL, 200, "\"seat\":\"pc07\",");
    expect(state, "GET /v1/seats", NULL, 200, "\"stage\":\"guest-started\"");
    expect(state, "GET /v1/seats", NULL, 200, "\"state\":\"running\"");
    expect(state, "GET /v1/seats", NULL, 200, "\"address\":\"127.0.0.1\"");
    expect(state, "POST /v1/seats/" UNKNOWN_MAC "/register", "{\"boot\":\"b\"}", 404,
           "\"NOT_FOUND\"");
    expect(state, "POST /v1/seats/" UNPUBLISHED_MAC "/register", "{\"boot\":\"b\"}", 404,
           "has not been published");
    expect(state, REGISTER, "{", 400, "\"INVALID\"");
    expect(state, REGISTER, "", 400, "\"INVALID\"");
    expect(state, REPORT, "{\"boot\":\"b1\"}", 400, "'state'");
    expect(state, "POST /v1/seats/x/report", "{}", 400, "\"INVALID\"");
    expect(state, "GET /v1/seats/" MAC "/report", NULL, 405, "Allow: POST\r\n");
}

/* What was said for the version counts before the profile's word, one for another version
 * does not. */
static void
test_how_seats_take(void **state)
{
    const Fixture *f = *state;
    PupCatalog *catalog = f->server.service->catalog;
    static const char body[] = "{\"boot\":\"b1\",\"state\":\"running\",\"version\":1}";
    g_autoptr(PupRoomProfile) profile = pup_catalog_room(catalog, "lab-101", NULL);
    assert_non_null(profile);
    profile->take = PUP_TAKE_IDLE;
    profile->idle_min = 20;
    assert_true(pup_catalog_room_write(catalog, "lab-101", profile, FALSE, NULL));
    expect(state, REPORT, body, 200, "{\"idle_s\":1200,");
    expect(state, REPORT, body, 200, "\"take\":\"idle\"");
    assert_true(pup_catalog_set_take(catalog, "lab-101", 2, PUP_TAKE_NEXT_BOOT, NULL));
    expect(state, REPORT, body, 200, "\"take\":\"idle\"");
    assert_true(pup_catalog_set_take(catalog, "lab-101", 1, PUP_TAKE_NOW, NULL));
    expect(state, REPORT, body, 200, "\"take\":\"now\"");
}

#define PEERS "POST /v1/seats/" MAC "/peers"

/* The epoch in @answer. */
static char *
epoch_of(const GString *answer)
{
    const char *at = strstr(answer->str, "\"epoch\":\"");
    assert_non_null(at);
    at += strlen("\"epoch\":\"");
    return g_strndup(at, strcspn(at, "\""));
}

static GString *
poll_peers(void **state, const char *room, unsigned port, const char *epoch)
{
    g_autofree char *body =
        g_strdup_printf("{\"boot\":\"b1\",\"room\":\"%s\",\"version\":1,\"port\":%u,"
                        "\"epoch\":\"%s\",\"stats\":{\"reads\":8,\"hits\":6,"
                        "\"peer_bytes\":5000,\"read_p99_us\":1500,"
                        "\"newer\":1},\"bad\":[{\"address\":\"10.9.9.9\",\"reason\":"
                        "\"newer\"}]}",
                        room, port, epoch);
    GString *answer = ask(state, PEERS, "", body);
    assert_int_equal(raw_http_status(answer), 200);
    return answer;
}

static void
test_peers(void **state)
{
    g_autoptr(GString) first = poll_peers(state, "lab-101", 9000, "");
    assert_non_null(strstr(first->str, "\"poll_ms\":1000,\"seats\":[{\"address\":"
                                       "\"127.0.0.1\",\"mac\":\"" MAC
                                       "\",\"port\":9000}],\"uplink_kib_s\":0,"
                                       "\"warm\":0}"));
    g_autofree char *epoch = epoch_of(first);
    g_autoptr(GString) again = poll_peers(state, "lab-101", 9000, epoch);
    assert_null(strstr(again->str, "\"seats\""));
    g_autoptr(GString) other = poll_peers(state, "lab-101", 9001, epoch);
    assert_non_null(strstr(other->str, "\"port\":9001"));
}

/* The numbers of a poll go into the catalog with the agent's report. */
static void
test_stats(void **state)
{
    const Fixture *f = *state;
    g_autoptr(GString) polled G_GNUC_UNUSED = poll_peers(state, "lab-101", 9000, "");
    /* Whatever its agent says or does not say. */
    expect(state, "GET /v1/seats", NULL, 200, "\"hit_ratio\":0.75,\"hits\":6,");
    expect(state, "GET /v1/status", NULL, 200, "\"hit_ratio\":0.75,\"hits\":6,");
    expect(state, REPORT, "{\"boot\":\"b1\",\"state\":\"running\",\"version\":1}", 200,
           "");
    g_autoptr(GPtrArray) seats =
        pup_catalog_seats(f->server.service->catalog, pup_service_now_ms(), 7, NULL);
    for (guint i = 0; i < seats->len; i++) {
        const PupSeat *seat = g_ptr_array_index(seats, i);
        if (!g_str_equal(seat->mac, MAC))
            continue;
        assert_true(seat->has_stats);
        assert_int_equal(seat->stats.reads, 8);
    }
    expect(state, "GET /v1/status", NULL, 200, "\"hit_ratio\":0.75,\"hits\":6,");
}

/* Bytes are counted by what the header names, from the store and from memory alike; a
 * version that is not there is nobody's. */
static void
test_sent(void **state)
{
    const Fixture *f = *state;
    static const char *const headers[] = {"Pupitre-Version: lab-101@1\r\n",
                                          "Pupitre-Version: lab-101@1\r\n",
                                          "Pupitre-Version: lab-101@2\r\n",
                                          "Pupitre-Version: ../etc@1\r\n",
                                          "Pupitre-Version: lab-101\r\n",
                                          "Pupitre-Version: \r\n",
                                          ""};
    g_autofree char *get = g_strconcat("GET ", f->chunk_path, NULL);
    g_autofree char *head = g_strconcat("HEAD ", f->chunk_path, NULL);
    for (size_t i = 0; i < G_N_ELEMENTS(headers); i++) {
        g_autoptr(GString) got = ask(state, get, headers[i], NULL);
        assert_int_equal(raw_http_body_len(got), f->encoded_len);
        g_autoptr(GString) looked = ask(state, head, headers[i], NULL);
        assert_int_equal(raw_http_status(looked), 200);
    }
    g_autofree char *wanted =
        g_strdup_printf("\"sent\":[{\"bytes\":%zu,\"chunks\":2,\"room\":\"lab-101\","
                        "\"version\":1}]",
                        2 * f->encoded_len);
    expect(state, "GET /v1/status", NULL, 200, wanted);
    pup_service_tick(f->server.service);
    expect(state, "GET /v1/status", NULL, 200, wanted);
}

/* Bytes that the service says were sent of lab-101@1. */
static guint64
bytes_sent(PupService *service)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GArray) sent = pup_service_sent(service, &error);
    unit_assert_no_error(error);
    return sent->len > 0 ? g_array_index(sent, PupSent, 0).bytes : 0;
}

static void
count_a_byte(PupService *service)
{
    const PupTrafficAnswer answer = {0, 200, "lab-101@1", 1};
    pup_traffic_add(service->traffic, &answer);
}

typedef struct {
    PupService *service;
    gint stop;
} Ticker;

static gpointer
tick_on(gpointer data)
{
    Ticker *ticker = data;
    while (!g_atomic_int_get(&ticker->stop))
        pup_service_tick(ticker->service);
    return NULL;
}

/* Whoever asks hears of all that was sent, also while it is being written down. */
static void
test_sent_counts_to_this_moment(void **state)
{
    const Fixture *f = *state;
    Ticker ticker = {f->server.service, 0};
    GThread *thread = g_thread_new("ticker", tick_on, &ticker);
    guint64 wanted = bytes_sent(f->server.service), bytes = wanted;
    for (unsigned n = 0; n < 2000 && bytes == wanted; n++) {
        count_a_byte(f->server.service);
        wanted++;
        bytes = bytes_sent(f->server.service);
    }
    g_atomic_int_set(&ticker.stop, 1);
    g_thread_join(thread);
    assert_int_equal(bytes, wanted);
}

static void
change_database(const Fixture *f, const char *sql)
{
    g_autofree char *path = g_build_filename(f->server.dir, "state/catalog.db", NULL);
    sqlite3 *db;
    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(db);
}

/* What could not be written down is, once that works again. */
static void
test_sent_is_caught_up(void **state)
{
    const Fixture *f = *state;
    PupService *service = f->server.service;
    guint64 before = bytes_sent(service);
    change_database(f, "ALTER TABLE sent RENAME TO away");
    for (unsigned i = 0; i < 3; i++) {
        count_a_byte(service);
        pup_service_tick(service);
    }
    change_database(f, "ALTER TABLE away RENAME TO sent");
    assert_int_equal(bytes_sent(service), before + 3);
    assert_int_equal(service->unsaved->len, 0);
}

/* What /metrics says of @sample, in a text that is right as a whole. */
static double
metric(void **state, const char *sample)
{
    g_autoptr(GString) answer = ask(state, "GET /metrics", "", NULL);
    assert_int_equal(raw_http_status(answer), 200);
    assert_non_null(strstr(answer->str, "Content-Type: text/plain; version=0.0.4"));
    g_autofree char *wrong = prometheus_check(raw_http_body(answer));
    if (wrong)
        fail_msg("%s", wrong);
    return prometheus_value(raw_http_body(answer), sample);
}

#define SEAT_LABELS "{room=\"lab-101\",seat=\"pc07\",mac=\"" MAC "\""

static void
test_metrics(void **state)
{
    const Fixture *f = *state;
    g_autofree char *get = g_strconcat("GET ", f->chunk_path, NULL);
    g_autoptr(GString) polled G_GNUC_UNUSED = poll_peers(state, "lab-101", 9000, "");
    expect(state, REPORT, "{\"boot\":\"b1\",\"state\":\"running\",\"version\":1}", 200,
           "");
    double sent =
        metric(state, "pupitre_sent_bytes_total{room=\"lab-101\",version=\"1\"}");
    g_autoptr(GString) got = ask(state, get, "Pupitre-Version: lab-101@1\r\n", NULL);
    assert_int_equal(raw_http_status(got), 200);
    const struct {
        const char *sample;
        double value;
    } rows[] = {
        {"pupitre_sent_bytes_total{room=\"lab-101\",version=\"1\"}",
         sent + (double) f->encoded_len},
        {"pupitre_seats{room=\"lab-101\",state=\"running\"}", 1},
        {"pupitre_seat_reads_total" SEAT_LABELS "}", 8},
        {"pupitre_seat_read_hits_total" SEAT_LABELS "}", 6},
        {"pupitre_seat_read_bytes_total" SEAT_LABELS ",source=\"peer\"}", 5000},
        {"pupitre_seat_read_latency_seconds" SEAT_LABELS ",quantile=\"0.99\"}", 0.0015},
        {"pupitre_http_responses_total{route=\"none\",code=\"4xx\"}", 1},
    };
    expect(state, "GET /nothing/here", NULL, 404, "\"NOT_FOUND\"");
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        double value = metric(state, rows[i].sample);
        if (i + 1 < G_N_ELEMENTS(rows) ? value != rows[i].value : !(value >= 1))
            fail_msg("%s is %g", rows[i].sample, value);
    }
}

/* @mac's seat as the catalog has it now. */
static PupSeat *
seat_now(void **state, GPtrArray **seats, const char *mac)
{
    Fixture *f = *state;
    *seats = pup_service_seats(f->server.service, NULL);
    for (guint i = 0; i < (*seats)->len; i++) {
        PupSeat *seat = g_ptr_array_index(*seats, i);
        if (g_str_equal(seat->mac, mac))
            return seat;
    }
    fail_msg("no seat %s", mac);
    return NULL;
}

/* The seat learns the time, the server how far the PC's clock was off when it booted. */
static void
test_clocks(void **state)
{
    gint64 before_ms = pup_service_now_ms();
    g_autoptr(GString) answer =
        ask(state, REGISTER, "", "{\"boot\":\"clock-1\",\"clock_ms\":978307200000}");
    const char *now = strstr(answer->str, "\"now_ms\":");
    assert_non_null(now);
    gint64 now_ms = g_ascii_strtoll(now + strlen("\"now_ms\":"), NULL, 10);
    assert_true(now_ms >= before_ms && now_ms <= pup_service_now_ms());
    g_autofree char *again = g_strdup_printf(
        "{\"boot\":\"clock-1\",\"clock_ms\":%" G_GINT64_FORMAT "}", now_ms);
    expect(state, REGISTER, again, 200, "");
    g_autoptr(GPtrArray) seats = NULL;
    const PupSeat *seat = seat_now(state, &seats, MAC);
    assert_true(seat->knows_clock);
    assert_true(ABS(seat->clock_off_ms - (978307200000 - now_ms)) < 60000);
    expect(state, REGISTER, "{\"boot\":\"clock-2\"}", 200, "\"now_ms\":");
    expect(state, "GET /v1/seats", NULL, 200, "\"clock_off_ms\":null");
}

/* A guest that starts again is no boot: the boot's times stay. */
static void
test_starts(void **state)
{
    expect(state, REGISTER, "{\"boot\":\"s-1\"}", 200, "");
    expect(state, REPORT,
           "{\"boot\":\"s-1\",\"state\":\"running\",\"version\":1,\"t_ms\":9000,"
           "\"stages\":[{\"stage\":\"guest-alive\",\"t_ms\":9000}],"
           "\"starts\":[{\"t_ms\":5000,\"version\":1,\"started_ms\":2000,"
           "\"alive_ms\":4000,\"resets\":1,\"end\":\"crashed\",\"more\":1}]}",
           200, "");
    expect(state, REGISTER, "{\"boot\":\"s-1\"}", 200, "");
    expect(state, REPORT,
           "{\"boot\":\"s-1\",\"state\":\"running\",\"version\":1,\"t_ms\":99000,"
           "\"starts\":[{\"t_ms\":90000,\"version\":1,\"end\":\"unheard-of\"}]}",
           200, "");
    g_autoptr(GPtrArray) seats = NULL;
    const PupSeat *seat = seat_now(state, &seats, MAC);
    assert_string_equal(seat->boot, "s-1");
    assert_true(seat->stage_ms[PUP_STAGE_GUEST_ALIVE] >= 0);
    assert_int_equal(seat->n_starts, 2);
    expect(state, "GET /v1/seats", NULL, 200, "\"starts\":2,");
    expect(state, "GET /v1/seats", NULL, 200, "\"crashes\":1,");
    assert_true(metric(state, "pupitre_seat_guest_starts" SEAT_LABELS "}") == 2);
    assert_true(metric(state, "pupitre_seat_guest_resets" SEAT_LABELS "}") == 1);
    expect(state, REPORT, "{\"boot\":\"s-1\",\"state\":\"off\"}", 200, "");
    expect(state, "GET /v1/seats", NULL, 200, "\"state\":\"off\",\"state_words\"");
}

/* PCs that ask again and again for what there is not. */
static void
test_waiting(void **state)
{
    g_autoptr(GPtrArray) seats = NULL, later = NULL;
    expect(state, "GET /boot/" UNKNOWN_MAC "/ipxe?again=1", NULL, 200, "#!ipxe");
    const PupSeat *seat = seat_now(state, &seats, UNKNOWN_MAC);
    assert_string_equal(seat->state, "waiting");
    assert_string_equal(seat->room, "");
    expect(state, "GET /v1/seats", NULL, 200, "\"waits to be added\"");
    expect(state, "POST /v1/seats/" UNPUBLISHED_MAC "/register", "{\"boot\":\"b\"}", 404,
           "");
    seat = seat_now(state, &later, UNPUBLISHED_MAC);
    assert_string_equal(seat->state, "waiting");
    assert_string_equal(seat->room, "lab-102");
    assert_non_null(strstr(seat->detail, "has not been published"));
    assert_true(metric(state, "pupitre_seats{room=\"lab-102\",state=\"waiting\"}") == 1);
}

/* Anybody can make up addresses: they make no series. */
static void
test_strangers_have_no_series(void **state)
{
    expect(state, "GET /boot/" UNKNOWN_MAC "/ipxe", NULL, 200, "#!ipxe");
    g_autoptr(GString) answer = ask(state, "GET /metrics", "", NULL);
    assert_int_equal(raw_http_status(answer), 200);
    assert_null(strstr(answer->str, UNKNOWN_MAC));
    assert_null(strstr(answer->str, "room=\"\""));
}

static unsigned
count_of(const char *text, const char *word)
{
    unsigned n = 0;
    for (const char *at = text; (at = strstr(at, word)); at += strlen(word))
        n++;
    return n;
}

/* They fill no log: ten lines a second tell of their stages. */
static void
test_strangers_are_told_of_seldom(void **state)
{
    enum { ASKED = 100, A_SECOND = 10 };
    int file = memfd_create("log", MFD_CLOEXEC), log = dup(STDERR_FILENO);
    g_autofree char *text = g_malloc0(1 << 20);
    gint64 begin_us = g_get_monotonic_time();
    dup2(file, STDERR_FILENO);
    pup_log_set_level(LOG_INFO);
    for (unsigned i = 0; i < ASKED; i++) {
        g_autofree char *line = g_strdup_printf("GET /boot/02:00:00:00:01:%02x/ipxe", i);
        g_autoptr(GString) answer G_GNUC_UNUSED = ask(state, line, "", NULL);
    }
    pup_log_set_level(LOG_CRIT); /* as the fixture has it */
    dup2(log, STDERR_FILENO);
    gint64 seconds = (g_get_monotonic_time() - begin_us) / G_USEC_PER_SEC + 2;
    assert_true(pread(file, text, (1 << 20) - 1, 0) > 0);
    unsigned told = count_of(text, "stage mac=02:00:00:00:01");
    assert_in_range(told, 1, seconds * A_SECOND);
    assert_in_range(count_of(text, "not-served mac=02:00:00:00:01"), 1, told);
    assert_true(told == ASKED || count_of(text, "strangers-left-out") > 0);
    close(log);
    close(file);
}

/* A seat whose room is gone runs on, and says so. */
static void
test_stranger_runs(void **state)
{
    g_autoptr(GPtrArray) seats = NULL;
    expect(state, "POST /v1/seats/" UNKNOWN_MAC "/report",
           "{\"boot\":\"b\",\"state\":\"running\",\"version\":3}", 404, "");
    assert_string_equal(seat_now(state, &seats, UNKNOWN_MAC)->state, "running");
}

/* Who is no seat of the room is alone, unless the settings make every PC one. */
static void
test_stranger(void **state)
{
    const Fixture *f = *state;
    g_autoptr(GError) error = NULL;
    static const char body[] = "{\"boot\":\"s\",\"room\":\"lab-101\",\"version\":1,"
                               "\"port\":9000,\"epoch\":\"\"}";
    expect(state, "POST /v1/seats/" UNKNOWN_MAC "/peers", body, 200, "\"seats\":[]");
    PupSettings *settings =
        route_server_settings(&f->server, SETTINGS "unknown = room lab-101\n");
    assert_true(pup_service_reload(f->server.service, settings, &error));
    expect(state, "POST /v1/seats/" UNKNOWN_MAC "/peers", body, 200,
           "\"mac\":\"" UNKNOWN_MAC "\"");
    assert_true(pup_service_reload(f->server.service,
                                   route_server_settings(&f->server, SETTINGS), &error));
}

/* What a seat of lab-101 that runs @version and has warmed up @done of @total chunks of
 * @warm is told to warm up. A room's wish is read every two seconds: each call asks from
 * a room that was not asked for yet. */
static unsigned
told_to_warm(void **state, const char *room, unsigned version, unsigned warm,
             unsigned done, unsigned total)
{
    g_autofree char *body = g_strdup_printf(
        "{\"boot\":\"w\",\"room\":\"%s\",\"version\":%u,\"port\":1,\"epoch\":\"\","
        "\"stats\":{\"warm_version\":%u,\"warm_done\":%u,\"warm_total\":%u}}",
        room, version, warm, done, total);
    g_autoptr(GString) answer = ask(state, PEERS, "", body);
    assert_int_equal(raw_http_status(answer), 200);
    const char *at = strstr(answer->str, "\"warm\":");
    assert_non_null(at);
    return (unsigned) strtoul(at + strlen("\"warm\":"), NULL, 10);
}

static void
test_warm(void **state)
{
    const Fixture *f = *state;
    static const struct {
        gint64 after_ms;
        unsigned version, warm, done, total, told;
    } rows[] = {
        {-1000, 7, 0, 0, 0, 1},
        {-1000, 1, 0, 0, 0, 0}, /* runs it */
        {-1000, 7, 1, 4, 9, 1},
        {-1000, 7, 1, 9, 9, 0}, /* holds it */
        {-1000, 7, 1, 0, 0, 1}, /* has not begun */
        {-1000, 7, 6, 9, 9, 1}, /* holds another */
        {60000, 7, 0, 0, 0, 0}, /* not yet */
        {-PUP_WARM_MS - 1000, 7, 0, 0, 0, 0},
    };
    for (unsigned i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autofree char *room = g_strdup_printf("warm-%u", i);
        g_autofree char *file = g_strdup_printf("rooms/%s.conf", room);
        g_autofree char *path = g_build_filename(f->server.dir, file, NULL);
        route_server_put(&f->server, file, "[room]\nmaster = win11\n");
        publish(f, room);
        assert_true(pup_catalog_warm(f->server.service->catalog, room,
                                     pup_service_now_ms() + rows[i].after_ms, NULL));
        unsigned told = told_to_warm(state, room, rows[i].version, rows[i].warm,
                                     rows[i].done, rows[i].total);
        if (told != rows[i].told)
            fail_msg("row %u: told %u", i, told);
        g_unlink(path);
    }
}

/* Two rooms of one neighbourhood, with a limit; then a room that wants no peers. */
static void
test_peers_of_the_profile(void **state)
{
    const Fixture *f = *state;
    route_server_put(
        &f->server, "rooms/shared.conf",
        "[room]\nmaster = win11\n[seat]\nneighbourhood = lab-101\nuplink = 8\n"
        "[seats]\npc1 = " MAC "\n");
    route_server_put(&f->server, "rooms/alone.conf",
                     "[room]\nmaster = win11\n[seat]\npeers = no\n"
                     "[seats]\npc1 = " MAC "\n");
    g_autoptr(GString) at_home = poll_peers(state, "lab-101", 9000, "");
    g_autofree char *epoch = epoch_of(at_home);
    g_autoptr(GString) shared = poll_peers(state, "shared", 9000, epoch);
    assert_non_null(strstr(shared->str, "\"uplink_kib_s\":976,"));
    assert_null(strstr(shared->str, "\"seats\""));
    g_autoptr(GString) alone = poll_peers(state, "alone", 9000, epoch);
    assert_non_null(strstr(alone->str, "\"seats\":[]"));
    for (unsigned i = 0; i < 2; i++) {
        g_autofree char *path = g_build_filename(
            f->server.dir, i ? "rooms/alone.conf" : "rooms/shared.conf", NULL);
        g_unlink(path);
    }
}

static void
test_bad_polls(void **state)
{
    static const struct {
        const char *body, *part;
        unsigned status;
    } rows[] = {
        {"{", "\"INVALID\"", 400},
        {"{\"boot\":\"b\"}", "'room'", 400},
        {"{\"boot\":\"b\",\"room\":\"../x\",\"version\":1,\"port\":1,\"epoch\":\"\"}",
         "'room'", 400},
        {"{\"boot\":\"b\",\"room\":\"nowhere\",\"version\":1,\"port\":1,\"epoch\":\"\"}",
         "there is no room 'nowhere'", 404},
        {"{\"boot\":\"b\",\"room\":\"a\",\"version\":1,\"port\":65536,\"epoch\":\"\"}",
         "'port'", 400},
        {"{\"boot\":\"b\",\"room\":\"a\",\"version\":1,\"port\":1,\"epoch\":\"\","
         "\"stats\":{\"reads\":-1}}",
         "'reads'", 400},
        {"{\"boot\":\"b\",\"room\":\"a\",\"version\":1,\"port\":1,\"epoch\":\"\","
         "\"bad\":[{\"address\":\"x\"}]}",
         "'reason'", 400},
        {"{\"boot\":\"b\",\"room\":\"a\",\"version\":1,\"port\":1,\"epoch\":\"\","
         "\"bad\":[7]}",
         "'bad'", 400},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++)
        expect(state, PEERS, rows[i].body, rows[i].status, rows[i].part);
    expect(state, "GET /v1/seats/" MAC "/peers", NULL, 405, "Allow: POST\r\n");
}

static gint64
stage_ms(void **state, const char *mac, PupStage stage)
{
    const Fixture *f = *state;
    g_autoptr(GPtrArray) seats =
        pup_catalog_seats(f->server.service->catalog, pup_service_now_ms(), 7, NULL);
    assert_non_null(seats);
    for (guint i = 0; i < seats->len; i++) {
        const PupSeat *seat = g_ptr_array_index(seats, i);
        if (g_str_equal(seat->mac, mac))
            return seat->stage_ms[stage];
    }
    return -1;
}

/* What a PC fetches tells how far it has come; what waits or only looks does not count.
 */
static void
test_stages_by_fetching(void **state)
{
#define PC "52:54:00:77:00:01"
    expect(state, "HEAD /boot/" PC "/ipxe", NULL, 200, "");
    expect(state, "GET /boot/" PC "/ipxe?again=1", NULL, 200, "");
    assert_int_equal(stage_ms(state, PC, PUP_STAGE_LOADER), -1);
    expect(state, "GET /boot/" PC "/ipxe", NULL, 200, "");
    assert_true(stage_ms(state, PC, PUP_STAGE_LOADER) >= 0);
    expect(state, "HEAD /boot/img-1/vmlinuz?mac=" PC, NULL, 200, "");
    assert_int_equal(stage_ms(state, PC, PUP_STAGE_KERNEL), -1);
    expect(state, "GET /boot/img-1/vmlinuz?mac=52%3A54%3A00%3A77%3A00%3A01", NULL, 200,
           "");
    assert_true(stage_ms(state, PC, PUP_STAGE_KERNEL) >= 0);
    g_autoptr(GString) tail =
        ask(state, "GET /boot/img-1/root.img?mac=" PC, "Range: bytes=5-\r\n", NULL);
    assert_int_equal(raw_http_status(tail), 206);
    assert_int_equal(stage_ms(state, PC, PUP_STAGE_CLIENT_IMAGE), -1);
    expect(state, "GET /boot/img-1/root.img?mac=" PC, NULL, 200, "");
    assert_true(stage_ms(state, PC, PUP_STAGE_CLIENT_IMAGE) >= 0);
}

static void
test_status(void **state)
{
    expect(state, "GET /v1/status", NULL, 200, "\"client_image\":\"img-1\"");
    expect(
        state, "GET /v1/status", NULL, 200,
        "{\"room\":\"lab-101\",\"version\":1},{\"room\":\"lab-102\",\"version\":null}");
    expect(state, "GET /v1/status", NULL, 200, "\"version\":\"" PACKAGE_VERSION "\"");
}

/* A profile with an error is told to the PC that needs it, with file and line. */
static void
test_broken_profile(void **state)
{
    const Fixture *f = *state;
    route_server_put(&f->server, "rooms/broken.conf",
                     "[room]\nmaster = win11\nnonsense = 1\n");
    expect(state, "GET /boot/" UNKNOWN_MAC "/ipxe", NULL, 200, "broken.conf:3");
    expect(state, "GET /boot/" MAC "/ipxe", NULL, 200, "pc07, room lab-101");
    g_autofree char *path = g_build_filename(f->server.dir, "rooms/broken.conf", NULL);
    g_unlink(path);
}

/* New settings count at once for the next request. */
static void
test_reload(void **state)
{
    const Fixture *f = *state;
    g_autoptr(GError) error = NULL;
    PupSettings *settings =
        route_server_settings(&f->server, SETTINGS "unknown = room lab-101\n");
    assert_true(pup_service_reload(f->server.service, settings, &error));
    expect(state, "GET /boot/" UNKNOWN_MAC "/ipxe", NULL, 200, "Room lab-101${hide}");
    expect(state, "POST /v1/seats/" UNKNOWN_MAC "/register", "{\"boot\":\"b\"}", 200,
           "\"room\":\"lab-101\",\"seat\":\"\"");
    assert_true(pup_service_reload(f->server.service,
                                   route_server_settings(&f->server, SETTINGS), &error));
    expect(state, "GET /boot/" UNKNOWN_MAC "/ipxe", NULL, 200, "NAME = " UNKNOWN_MAC);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_chunk),
        cmocka_unit_test(test_bad_chunks),
        cmocka_unit_test(test_rooms),
        cmocka_unit_test(test_boot_scripts),
        cmocka_unit_test(test_no_image),
        cmocka_unit_test(test_image_files),
        cmocka_unit_test(test_seats),
        cmocka_unit_test(test_clocks),
        cmocka_unit_test(test_starts),
        cmocka_unit_test(test_waiting),
        cmocka_unit_test(test_strangers_have_no_series),
        cmocka_unit_test(test_strangers_are_told_of_seldom),
        cmocka_unit_test(test_stranger_runs),
        cmocka_unit_test(test_how_seats_take),
        cmocka_unit_test(test_stages_by_fetching),
        cmocka_unit_test(test_status),
        cmocka_unit_test(test_broken_profile),
        cmocka_unit_test(test_reload),
        cmocka_unit_test(test_peers),
        cmocka_unit_test(test_peers_of_the_profile),
        cmocka_unit_test(test_bad_polls),
        cmocka_unit_test(test_stats),
        cmocka_unit_test(test_sent),
        cmocka_unit_test(test_sent_counts_to_this_moment),
        cmocka_unit_test(test_sent_is_caught_up),
        cmocka_unit_test(test_metrics),
        cmocka_unit_test(test_warm),
        cmocka_unit_test(test_stranger),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
