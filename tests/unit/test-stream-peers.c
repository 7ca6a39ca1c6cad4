/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Seats that ask each other, over real HTTP on 127.0.0.1: the server is
 * tests/lab/faulty-httpd with a folder of chunks and one fixed list of seats, the seats
 * are all in this process.
 */
#include "config.h"

#include "tests/unit/unit.h"

#include <pthread.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "client-image/stream/neighbours.h"
#include "client-image/stream/peer_server.h"
#include "client-image/stream/source_peers.h"
#include "tests/unit/raw_http.h"

#define N_CHUNKS 32u
#define N_SEATS 3u
#define N_THREADS 4u
#define DEADLINE_US (120 * G_USEC_PER_SEC)

typedef struct {
    char mac[18];
    unsigned port;
    int fd;
    PupStats *stats;
    PupReport *report;
    PupPeers *peers;
    PupSupply *supply;
    PupPeerServer *server;
} Seat;

typedef struct {
    char *dir;
    char *url;
    GPid server;
    PupName names[N_CHUNKS];
    guint64 encoded_bytes; /* of all chunks */
    Seat seats[N_SEATS];
    guint n_seats;
} Fixture;

/* When reading is given up, and the test has failed. */
static gint64 give_up_us;

static gboolean
in_time(void)
{
    return g_get_monotonic_time() < give_up_us;
}

static void
write_file(const Fixture *f, const char *path, const void *data, size_t len)
{
    g_autofree char *whole = g_build_filename(f->dir, path, NULL);
    g_autofree char *folder = g_path_get_dirname(whole);

    assert_int_equal(g_mkdir_with_parents(folder, 0755), 0);
    assert_true(g_file_set_contents(whole, data, (gssize) len, NULL));
}

/* Noise, which stays as long as it is. */
static void
make_chunks(Fixture *f)
{
    g_autoptr(PupChunkCodec) codec = pup_chunk_codec_new(1);
    g_autoptr(GRand) rand = g_rand_new_with_seed(1);
    g_autofree guint32 *plain = g_malloc(PUP_CHUNK_BYTES);
    g_autofree guint8 *encoded = g_malloc(PUP_CHUNK_ENCODED_MAX);

    for (guint i = 0; i < N_CHUNKS; i++) {
        g_autofree char *path = NULL;
        size_t len;
        for (guint j = 0; j < PUP_CHUNK_BYTES / 4; j++)
            plain[j] = g_rand_int(rand);
        pup_name_of(plain, PUP_CHUNK_BYTES, &f->names[i]);
        len = pup_chunk_encode(codec, plain, encoded);
        f->encoded_bytes += len;
        path = pup_chunk_url("", &f->names[i]);
        write_file(f, path, encoded, len);
    }
}

static void
start_server(Fixture *f)
{
    const char *build = g_getenv("PUP_TOP_BUILDDIR");
    g_autofree char *program =
        g_build_filename(build ? build : ".", "tests/lab/faulty-httpd", NULL);
    g_autofree char *port_file = g_build_filename(f->dir, "port", NULL);
    char *argv[] = {program, "--root", f->dir, "--port-file", port_file, NULL};
    gint64 until_us = g_get_monotonic_time() + DEADLINE_US;
    g_autofree char *port = NULL;

    assert_true(g_spawn_async(NULL, argv, NULL,
                              G_SPAWN_DO_NOT_REAP_CHILD | G_SPAWN_STDOUT_TO_DEV_NULL,
                              NULL, NULL, &f->server, NULL));
    while (!g_file_get_contents(port_file, &port, NULL, NULL)) {
        assert_true(g_get_monotonic_time() < until_us);
        g_usleep(5000);
    }
    f->url = g_strdup_printf("http://127.0.0.1:%s", g_strchomp(port));
}

static void
stop_server(Fixture *f)
{
    if (f->server == 0)
        return;
    kill(f->server, SIGTERM);
    waitpid(f->server, NULL, 0);
    f->server = 0;
}

static int
setup(void **state)
{
    Fixture *f = g_new0(Fixture, 1);

    signal(SIGPIPE, SIG_IGN);
    give_up_us = g_get_monotonic_time() + DEADLINE_US;
    f->dir = g_dir_make_tmp("pup-peers-XXXXXX", NULL);
    make_chunks(f);
    start_server(f);
    *state = f;
    return 0;
}

static void
seat_stop(Seat *seat)
{
    pup_peer_server_free(seat->server);
    pup_supply_free(seat->supply);
    pup_peers_free(seat->peers);
    pup_report_free(seat->report);
    pup_stats_free(seat->stats);
    memset(seat, 0, sizeof *seat);
}

static int
teardown(void **state)
{
    Fixture *f = *state;
    const char *argv[] = {"rm", "-rf", f->dir, NULL};

    for (guint i = 0; i < f->n_seats; i++)
        seat_stop(&f->seats[i]);
    stop_server(f);
    g_spawn_sync(NULL, (char **) argv, NULL, G_SPAWN_SEARCH_PATH, NULL, NULL, NULL, NULL,
                 NULL, NULL);
    g_free(f->url);
    g_free(f->dir);
    g_free(f);
    return 0;
}

/* The list that each seat is told: the fixture's seats, and one more at @extra_port. */
static void
write_list(const Fixture *f, unsigned extra_port)
{
    g_autoptr(GString) list = g_string_new(
        "{\"epoch\":\"1\",\"poll_ms\":1000,\"uplink_kib_s\":0,\"warm\":0,\"seats\":[");

    if (extra_port)
        g_string_append_printf(
            list,
            "{\"mac\":\"52:54:00:00:00:ff\",\"address\":\"127.0.0.1\",\"port\":%u},",
            extra_port);
    for (guint i = 0; i < f->n_seats; i++)
        g_string_append_printf(list,
                               "%s{\"mac\":\"%s\",\"address\":\"127.0.0.1\",\"port\":%u}",
                               i ? "," : "", f->seats[i].mac, f->seats[i].port);
    g_string_append(list, "]}");
    for (guint i = 0; i < f->n_seats; i++) {
        g_autofree char *path = g_strdup_printf("v1/seats/%s/peers", f->seats[i].mac);
        write_file(f, path, list->str, list->len);
    }
}

static unsigned
count_at(gpointer seat, const char *address)
{
    return pup_peers_count_at(((Seat *) seat)->peers, address);
}

static unsigned
uplink_kib_s(gpointer seat)
{
    return pup_peers_uplink_kib_s(((Seat *) seat)->peers);
}

static void
seat_start(const Fixture *f, Seat *seat)
{
    const char *servers[] = {f->url, NULL};
    PupSource *source;

    seat->stats = pup_stats_new();
    seat->report = pup_report_new(NULL);
    PupPeersConfig peers = {
        .servers = servers,
        .mac = seat->mac,
        .boot = "b",
        .room = "lab",
        .version = 1,
        .port = seat->port,
        .stats = seat->stats,
    };
    seat->peers = pup_peers_new(&peers);
    source = pup_source_servers_new(servers, "lab@1", seat->stats);
    PupSupplyConfig supply = {
        .source = pup_source_peers_new(source, seat->peers, seat->stats),
        .report = seat->report,
        .stats = seat->stats,
        .encoded_max_bytes = 64u << 20,
        .plain_max_bytes = 1u << 20,
        .n_threads = N_THREADS,
    };
    seat->supply = pup_supply_new(&supply);
    PupPeerServerConfig config = {
        .supply = seat->supply,
        .stats = seat->stats,
        .count_at = count_at,
        .uplink_kib_s = uplink_kib_s,
        .user = seat,
    };
    seat->server = pup_peer_server_new(&config, seat->fd, NULL);
    assert_non_null(seat->server);
}

static void
wait_for_list(const Seat *seat, guint n)
{
    gint64 until_us = g_get_monotonic_time() + DEADLINE_US;

    for (;;) {
        g_autoptr(PupPeerList) list = pup_peers_list(seat->peers);
        if (list->n == n)
            return;
        assert_true(g_get_monotonic_time() < until_us);
        g_usleep(5000);
    }
}

/* Start more seats until there are @n; they and those that were there will be told each
 * other, and one more at @extra_port (0: none). */
static void
begin_seats(Fixture *f, guint n, unsigned extra_port)
{
    guint n_before = f->n_seats;

    f->n_seats = n;
    for (guint i = n_before; i < n; i++) {
        Seat *seat = &f->seats[i];
        g_snprintf(seat->mac, sizeof seat->mac, "52:54:00:00:00:%02x", i);
        seat->port = pup_peer_server_bind("127.0.0.1", 0, &seat->fd, NULL);
        assert_int_not_equal(seat->port, 0);
    }
    write_list(f, extra_port);
    for (guint i = n_before; i < n; i++)
        seat_start(f, &f->seats[i]);
}

/* The same, and they were told. */
static void
start_seats(Fixture *f, guint n, unsigned extra_port)
{
    begin_seats(f, n, extra_port);
    for (guint i = 0; i < n; i++)
        wait_for_list(&f->seats[i], n + (extra_port > 0));
}

/* Read every chunk: the supply has checked what it gives. */
static void
read_all(const Fixture *f, Seat *seat)
{
    for (guint i = 0; i < N_CHUNKS; i++) {
        g_autoptr(PupBuffer) plain = pup_supply_get(seat->supply, &f->names[i], in_time);
        assert_non_null(plain);
    }
}

typedef struct {
    const Fixture *f;
    Seat *seat;
} Reader;

static void *
run_reader(void *user)
{
    Reader *reader = user;

    read_all(reader->f, reader->seat);
    return NULL;
}

static guint64
sum(const Fixture *f, PupStat stat)
{
    guint64 all = 0;

    for (guint i = 0; i < f->n_seats; i++)
        all += pup_stats_get(f->seats[i].stats, stat);
    return all;
}

/* Three seats read everything at the same time: the server sends hardly more than one
 * copy. */
static void
test_room_is_one_cache(void **state)
{
    Fixture *f = *state;
    pthread_t threads[N_SEATS];
    Reader readers[N_SEATS];

    start_seats(f, N_SEATS, 0);
    for (guint i = 0; i < N_SEATS; i++) {
        readers[i] = (Reader){f, &f->seats[i]};
        pthread_create(&threads[i], NULL, run_reader, &readers[i]);
    }
    for (guint i = 0; i < N_SEATS; i++)
        pthread_join(threads[i], NULL);
    assert_in_range(sum(f, PUP_STAT_SERVER_BYTES), f->encoded_bytes,
                    f->encoded_bytes * 5 / 4);
    assert_in_range(sum(f, PUP_STAT_PEER_BYTES), f->encoded_bytes * 3 / 2,
                    f->encoded_bytes * 2);
    assert_true(sum(f, PUP_STAT_SERVED_BYTES) >= sum(f, PUP_STAT_PEER_BYTES));
    assert_int_equal(sum(f, PUP_STAT_READS), N_SEATS * N_CHUNKS);
}

/* A chunk that seat @at of @n does not own. */
static const PupName *
not_owned_by(const Fixture *f, guint at, guint n)
{
    guint64 keys[N_SEATS];
    guint i = 0;

    for (guint j = 0; j < n; j++)
        keys[j] = pup_owner_key(f->seats[j].mac);
    while (pup_owner_next(keys, n, &f->names[i], PUP_OWNER_NONE) == at)
        i++;
    assert_true(i < N_CHUNKS);
    return &f->names[i];
}

/* A guest that reads at once does not make its seat ask the server for what is another
 * seat's. */
static void
test_others_are_known_before_the_first_read(void **state)
{
    Fixture *f = *state;
    Seat *late = &f->seats[N_SEATS - 1];
    g_autoptr(PupBuffer) plain = NULL;

    start_seats(f, N_SEATS - 1, 0);
    begin_seats(f, N_SEATS, 0);
    plain = pup_supply_get(late->supply, not_owned_by(f, N_SEATS - 1, N_SEATS), in_time);
    assert_non_null(plain);
    assert_int_equal(pup_stats_get(late->stats, PUP_STAT_SERVER_BYTES), 0);
}

/* The server goes; who came late finds everything at the others, also what it owns. */
static void
test_seats_go_on_without_server(void **state)
{
    Fixture *f = *state;

    start_seats(f, N_SEATS - 1, 0);
    read_all(f, &f->seats[0]);
    start_seats(f, N_SEATS, 0);
    stop_server(f);
    read_all(f, &f->seats[N_SEATS - 1]);
    assert_int_equal(pup_stats_get(f->seats[N_SEATS - 1].stats, PUP_STAT_PEER_BYTES),
                     f->encoded_bytes);
    read_all(f, &f->seats[1]);
}

/* Who comes late finds at the others also what it owns. */
static void
test_late_joiner(void **state)
{
    Fixture *f = *state;

    start_seats(f, N_SEATS - 1, 0);
    read_all(f, &f->seats[0]);
    read_all(f, &f->seats[1]);
    start_seats(f, N_SEATS, 0);
    read_all(f, &f->seats[N_SEATS - 1]);
    assert_int_equal(pup_stats_get(f->seats[N_SEATS - 1].stats, PUP_STAT_PEER_BYTES),
                     f->encoded_bytes);
}

/* One seat alone has everything, the server goes, and two others want the same at the
 * same time: neither waits for the other. */
static void
test_readers_do_not_wait_for_each_other(void **state)
{
    Fixture *f = *state;
    pthread_t thread;
    Reader reader;
    gint64 begun_us;

    start_seats(f, 1, 0);
    read_all(f, &f->seats[0]);
    start_seats(f, N_SEATS, 0);
    stop_server(f);
    begun_us = g_get_monotonic_time();
    reader = (Reader){f, &f->seats[1]};
    pthread_create(&thread, NULL, run_reader, &reader);
    read_all(f, &f->seats[2]);
    pthread_join(thread, NULL);
    assert_true(g_get_monotonic_time() - begun_us < 3 * G_USEC_PER_SEC);
}

/* A seat that is not there any more, though the list still has it. */
static void
test_absent_owner(void **state)
{
    Fixture *f = *state;
    int fd;
    unsigned port = pup_peer_server_bind("127.0.0.1", 0, &fd, NULL);

    close(fd);
    start_seats(f, 1, port);
    read_all(f, &f->seats[0]);
    assert_int_equal(pup_stats_get(f->seats[0].stats, PUP_STAT_SERVER_BYTES),
                     f->encoded_bytes);
}

typedef enum { EVIL_WRONG, EVIL_ENDLESS, EVIL_DRIP, EVIL_CUT, EVIL_SILENT } Evil;

typedef struct {
    Evil evil;
    int fd;
    unsigned port;
    gint stop;
    GThread *thread;
    GPtrArray *talks; /* GThread */
} EvilSeat;

typedef struct {
    EvilSeat *seat;
    int fd;
} EvilTalk;

static gboolean
send_zeros(int fd, size_t len)
{
    static const char zeros[4096];

    while (len > 0) {
        ssize_t n = send(fd, zeros, MIN(len, sizeof zeros), MSG_NOSIGNAL);
        if (n <= 0)
            return FALSE;
        len -= (size_t) n;
    }
    return TRUE;
}

static gboolean
send_text(int fd, const char *text)
{
    return send(fd, text, strlen(text), MSG_NOSIGNAL) == (ssize_t) strlen(text);
}

static void
answer_evil(EvilSeat *seat, int fd)
{
    const char *head = seat->evil == EVIL_ENDLESS
                           ? "HTTP/1.1 200 OK\r\n\r\n"
                           : "HTTP/1.1 200 OK\r\nContent-Length: 131073\r\n\r\n";

    if (seat->evil == EVIL_SILENT || !send_text(fd, head) || !send_text(fd, "R")) {
        while (!g_atomic_int_get(&seat->stop))
            g_usleep(5000);
        return;
    }
    if (seat->evil == EVIL_WRONG)
        send_zeros(fd, PUP_CHUNK_BYTES);
    if (seat->evil == EVIL_CUT)
        send_zeros(fd, PUP_CHUNK_BYTES / 2);
    while (seat->evil == EVIL_ENDLESS && !g_atomic_int_get(&seat->stop) &&
           send_zeros(fd, PUP_CHUNK_BYTES))
        ;
    while (seat->evil == EVIL_DRIP && !g_atomic_int_get(&seat->stop) && send_zeros(fd, 1))
        g_usleep(5000);
}

static gpointer
talk_evil(gpointer user)
{
    g_autofree EvilTalk *talk = user;
    char request[4096];

    if (recv(talk->fd, request, sizeof request, 0) > 0)
        answer_evil(talk->seat, talk->fd);
    close(talk->fd);
    return NULL;
}

static gpointer
run_evil(gpointer user)
{
    EvilSeat *seat = user;

    while (!g_atomic_int_get(&seat->stop)) {
        int fd = accept(seat->fd, NULL, NULL);
        if (fd < 0) {
            g_usleep(1000);
            continue;
        }
        EvilTalk *talk = g_new0(EvilTalk, 1);
        *talk = (EvilTalk){seat, fd};
        g_ptr_array_add(seat->talks, g_thread_new("talk", talk_evil, talk));
    }
    return NULL;
}

static void
evil_start(EvilSeat *seat, Evil evil)
{
    memset(seat, 0, sizeof *seat);
    seat->evil = evil;
    seat->port = pup_peer_server_bind("127.0.0.1", 0, &seat->fd, NULL);
    seat->talks = g_ptr_array_new();
    seat->thread = g_thread_new("evil", run_evil, seat);
}

/* The seats must have gone: connections that they keep are read from. */
static void
evil_stop(EvilSeat *seat)
{
    g_atomic_int_set(&seat->stop, 1);
    g_thread_join(seat->thread);
    for (guint i = 0; i < seat->talks->len; i++)
        g_thread_join(seat->talks->pdata[i]);
    g_ptr_array_free(seat->talks, TRUE);
    close(seat->fd);
}

/* One seat, and one that does @evil: everything comes, and comes right, in good time.
 * Every chunk that the evil one owns is the server's in the end. */
static void
suffer(Fixture *f, Evil evil)
{
    EvilSeat other;
    Seat *seat = &f->seats[0];
    gint64 begun_us = g_get_monotonic_time();

    evil_start(&other, evil);
    start_seats(f, 1, other.port);
    read_all(f, seat);
    assert_true(g_get_monotonic_time() - begun_us < 12 * G_USEC_PER_SEC);
    assert_true(pup_stats_get(seat->stats, PUP_STAT_SERVER_BYTES) >= f->encoded_bytes);
    if (evil == EVIL_WRONG || evil == EVIL_ENDLESS) {
        g_autoptr(PupPeerList) list = pup_peers_list(seat->peers);
        assert_true(pup_peers_avoids(seat->peers, &list->seats[0]));
    }
    seat_stop(seat);
    f->n_seats = 0;
    evil_stop(&other);
}

static void
test_wrong_bytes(void **state)
{
    suffer(*state, EVIL_WRONG);
}

static void
test_endless_body(void **state)
{
    suffer(*state, EVIL_ENDLESS);
}

static void
test_slow_drip(void **state)
{
    suffer(*state, EVIL_DRIP);
}

static void
test_cut_off(void **state)
{
    suffer(*state, EVIL_CUT);
}

static void
test_silence(void **state)
{
    suffer(*state, EVIL_SILENT);
}

static GString *
ask(const Seat *seat, const char *method, const char *path, const char *headers)
{
    g_autofree char *line = g_strdup_printf("%s %s", method, path);

    return raw_http_ask(seat->port, line, headers, NULL);
}

static unsigned
status_of(const Seat *seat, const char *method, const char *path, const char *headers)
{
    GString *answer = ask(seat, method, path, headers);
    unsigned status = raw_http_status(answer);

    g_string_free(answer, TRUE);
    return status;
}

static void
test_what_a_seat_serves(void **state)
{
    Fixture *f = *state;
    Seat *seat = &f->seats[0];
    g_autofree char *held = pup_chunk_url("", &f->names[0]);
    g_autofree char *missing = pup_chunk_url("", &f->names[1]);
    g_autoptr(PupBuffer) plain = NULL;
    const char *peer = "Pupitre-Peer: 1\r\n";
    GString *answer;

    start_seats(f, 1, 0);
    plain = pup_supply_get(seat->supply, &f->names[0], in_time);
    answer = ask(seat, "GET", held, "");
    assert_int_equal(raw_http_status(answer), 200);
    assert_int_equal(raw_http_body_len(answer), PUP_CHUNK_ENCODED_MAX);
    assert_memory_equal(raw_http_body(answer) + 1, plain->data, PUP_CHUNK_BYTES);
    g_string_free(answer, TRUE);
    assert_int_equal(status_of(seat, "GET", missing, ""), 404);
    assert_int_equal(status_of(seat, "GET", missing, peer), 200);
    assert_int_equal(status_of(seat, "GET", missing, ""), 200);
    assert_int_equal(status_of(seat, "POST", held, ""), 405);
    assert_int_equal(status_of(seat, "GET", "/v1/chunks/00", peer), 404);
    assert_int_equal(status_of(seat, "GET", "/v1/status", peer), 404);
    held[strlen(held) - 1] ^= 1; /* a name that nobody has */
    assert_int_equal(status_of(seat, "GET", held, peer), 503);
}

/* Ask for @path on @fd; FALSE when the connection is closed instead of an answer. */
static gboolean
is_answered(int fd, const char *path)
{
    g_autofree char *request =
        g_strdup_printf("GET %s HTTP/1.1\r\nHost: x\r\n\r\n", path);
    char first;

    return send(fd, request, strlen(request), MSG_NOSIGNAL) > 0 &&
           recv(fd, &first, 1, 0) == 1;
}

/* Each address has so many connections as its seats may have, and strangers none. */
static void
test_connections_are_bounded(void **state)
{
    Fixture *f = *state;
    int fds[PUP_PEER_CONNECTIONS_EACH + 8];
    guint n_answered = 0;

    start_seats(f, 1, 0);
    for (guint i = 0; i < G_N_ELEMENTS(fds); i++) {
        fds[i] = raw_http_dial(f->seats[0].port);
        n_answered += is_answered(fds[i], "/x");
    }
    assert_int_equal(n_answered, PUP_PEER_CONNECTIONS_EACH);
    for (guint i = 0; i < G_N_ELEMENTS(fds); i++)
        close(fds[i]);
}

static unsigned
nobody(gpointer user, const char *address)
{
    return 0;
}

static unsigned
one(gpointer user, const char *address)
{
    return 1;
}

static unsigned
one_mib_s(gpointer user)
{
    return 1024;
}

/* A second server of the seat, with rules of its own. Returns its port. */
static unsigned
serve(const Seat *seat, unsigned (*count)(gpointer, const char *), PupPeerServer **server)
{
    PupPeerServerConfig config = {
        .supply = seat->supply, .count_at = count, .uplink_kib_s = one_mib_s};
    int fd;
    unsigned port = pup_peer_server_bind("127.0.0.1", 0, &fd, NULL);

    *server = pup_peer_server_new(&config, fd, NULL);
    return port;
}

static void
test_strangers_are_refused(void **state)
{
    Fixture *f = *state;
    g_autoptr(PupPeerServer) server = NULL;
    int fd;

    start_seats(f, 1, 0);
    fd = raw_http_dial(serve(&f->seats[0], nobody, &server));
    assert_false(is_answered(fd, "/x"));
    close(fd);
}

/* 12 chunks of 128 KiB at one MiB a second, of which a quarter comes on credit. */
static void
test_uplink_is_bounded(void **state)
{
    Fixture *f = *state;
    g_autoptr(PupPeerServer) server = NULL;
    g_autofree char *path = pup_chunk_url("GET ", &f->names[0]);
    g_autoptr(PupBuffer) plain = NULL;
    gint64 begun_us;
    unsigned port;

    start_seats(f, 1, 0);
    plain = pup_supply_get(f->seats[0].supply, &f->names[0], in_time);
    port = serve(&f->seats[0], one, &server);
    begun_us = g_get_monotonic_time();
    for (guint i = 0; i < 12; i++) {
        GString *answer = raw_http_ask(port, path, "", NULL);
        assert_int_equal(raw_http_status(answer), 200);
        g_string_free(answer, TRUE);
    }
    assert_in_range(g_get_monotonic_time() - begun_us, G_USEC_PER_SEC,
                    3 * G_USEC_PER_SEC);
}

/* It goes down while others wait for what does not come. */
static void
test_stop_while_others_wait(void **state)
{
    Fixture *f = *state;
    g_autoptr(PupPeerServer) server = NULL;
    g_autoptr(PupHttp) http = pup_http_new(2000, 2000);
    g_autofree char *fault = g_strconcat(f->url, "/_fault", NULL);
    int fds[4];
    unsigned port;

    start_seats(f, 1, 0);
    port = serve(&f->seats[0], one, &server);
    g_bytes_unref(pup_http_post_json(http, fault, "drip:100 0 /v1/chunks", 100, NULL));
    for (guint i = 0; i < G_N_ELEMENTS(fds); i++) {
        g_autofree char *url = pup_chunk_url("", &f->names[i]);
        g_autofree char *request =
            g_strdup_printf("GET %s HTTP/1.1\r\nHost: x\r\nPupitre-Peer: 1\r\n\r\n", url);
        fds[i] = raw_http_dial(port);
        assert_true(send(fds[i], request, strlen(request), MSG_NOSIGNAL) > 0);
    }
    g_usleep(100000);
    g_clear_pointer(&server, pup_peer_server_free);
    seat_stop(&f->seats[0]);
    f->n_seats = 0;
    for (guint i = 0; i < G_N_ELEMENTS(fds); i++)
        close(fds[i]);
}

static PupNeighbours *
join(const Fixture *f, const char *mac)
{
    const char *servers[] = {f->url, NULL};
    int fd;
    PupNeighboursConfig config = {
        .servers = servers, .room = "lab", .version = 1, .seat = mac, .boot = "b"};

    if (mac) {
        config.port = pup_peer_server_bind("127.0.0.1", 0, &fd, NULL);
        close(fd);
    }
    return pup_neighbours_new(&config);
}

static guint
count_ours(const Fixture *f, PupNeighbours *neighbours)
{
    guint n = 0;

    for (guint i = 0; i < N_CHUNKS; i++)
        n += (guint) pup_neighbours_is_ours(neighbours, &f->names[i]);
    return n;
}

/* Alone we own everything; once two know each other, each chunk is one's. */
static void
test_what_is_ours(void **state)
{
    Fixture *f = *state;
    g_autoptr(PupNeighbours) alone = join(f, NULL);
    g_autoptr(PupNeighbours) a = NULL;
    g_autoptr(PupNeighbours) b = NULL;

    assert_int_equal(count_ours(f, alone), N_CHUNKS);
    start_seats(f, 2, 0);
    a = join(f, f->seats[0].mac);
    b = join(f, f->seats[1].mac);
    while (count_ours(f, a) + count_ours(f, b) != N_CHUNKS) {
        assert_true(in_time());
        g_usleep(5000);
    }
    assert_in_range(count_ours(f, a), 1, N_CHUNKS - 1);
}

static void
test_answers_are_checked(void **state)
{
    static const char *const bad[] = {
        "",
        "[]",
        "{}",
        "{\"epoch\":\"e\",\"poll_ms\":1,\"uplink_kib_s\":0,\"warm\":0}",
        "{\"epoch\":\"e\",\"poll_ms\":1000,\"uplink_kib_s\":0,\"warm\":0,\"seats\":[1]}",
        "{\"epoch\":\"e\",\"poll_ms\":1000,\"uplink_kib_s\":0,\"warm\":0,\"seats\":"
        "[{\"mac\":\"m\",\"address\":\"evil/?\",\"port\":1}]}",
        "{\"epoch\":\"e\",\"poll_ms\":1000,\"uplink_kib_s\":0,\"warm\":0,\"seats\":"
        "[{\"mac\":\"m\",\"address\":\"10.0.0.1\",\"port\":0}]}",
    };
    const char *good = "{\"epoch\":\"e\",\"poll_ms\":500,\"uplink_kib_s\":7,\"warm\":3,"
                       "\"newer\":1,\"seats\":[{\"mac\":\"a\",\"address\":\"10.0.0.1\","
                       "\"port\":80,\"newer\":1},{\"mac\":\"b\",\"address\":\"10.0.0.2\","
                       "\"port\":81}]}";
    PupPeersAnswer answer = {.list = NULL};
    GError *error = NULL;

    for (size_t i = 0; i < G_N_ELEMENTS(bad); i++) {
        assert_false(
            pup_peers_answer_parse("b", bad[i], strlen(bad[i]), &answer, &error));
        unit_assert_error(&error, PUP_ERROR_INVALID, "the server's list of seats");
        assert_null(answer.list);
    }
    assert_true(pup_peers_answer_parse("b", good, strlen(good), &answer, &error));
    assert_string_equal(answer.epoch, "e");
    assert_int_equal(answer.uplink_kib_s, 7);
    assert_int_equal(answer.warm, 3);
    assert_int_equal(answer.list->n, 2);
    assert_int_equal(answer.list->own, 1);
    assert_string_equal(answer.list->seats[0].url, "http://10.0.0.1:80");
    pup_peer_list_unref(answer.list);
}

int
main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(test_room_is_one_cache),
        TEST(test_others_are_known_before_the_first_read),
        TEST(test_seats_go_on_without_server),
        TEST(test_late_joiner),
        TEST(test_readers_do_not_wait_for_each_other),
        TEST(test_absent_owner),
        TEST(test_wrong_bytes),
        TEST(test_endless_body),
        TEST(test_slow_drip),
        TEST(test_cut_off),
        TEST(test_silence),
        TEST(test_what_a_seat_serves),
        TEST(test_connections_are_bounded),
        TEST(test_strangers_are_refused),
        TEST(test_uplink_is_bounded),
        TEST(test_stop_while_others_wait),
        TEST(test_what_is_ours),
        cmocka_unit_test(test_answers_are_checked),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
