/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A handle is two curl easy handles driven by a multi handle of their own. The multi lets
 * two places be asked at a time, lets another thread end a request at once
 * (curl_multi_wakeup()) and makes the timeouts exact to the millisecond, where curl's own
 * LOW_SPEED_TIME counts seconds.
 *
 * In a hedged get the second body goes into a buffer of its own as long as the first may
 * still win. The receiver sees the first one come in; when the second one wins, it comes
 * in once more, all at once.
 */
#include "config.h"

#include "client-image/common/http.h"

#include <curl/curl.h>
#include <jansson.h>

#include "lib/error.h"

/* Of a refusal we keep this much, to look for the server's words. */
#define REFUSAL_MAX_BYTES 4096u
/* No poll waits longer: a guard, not a clock. */
#define POLL_MAX_MS 1000
/* Connections that are kept. A seat has sixteen handles and each connection is a
 * descriptor here and one there: with more, those of a large room would not do. */
#define CONNECTIONS_MAX 16L

/* One request. Its body goes to @fixed, or to @grown, at most @max_bytes of it. */
typedef struct {
    CURL *easy;
    const char *url; /* borrowed, while it runs */
    struct curl_slist *headers;
    PupHttpBuffer *fixed;
    GByteArray *grown;
    size_t max_bytes;
    size_t len;
    gboolean overflow;
    GString *refusal; /* body of a status other than 2xx */
    unsigned limit_ms;
    gint64 begun_us;
    gint64 active_us; /* when a byte last came; 0 until connected */
    gint64 took_us;
    gboolean running;
    GError *failure; /* once it does not run: NULL when the body is there */
    char why[CURL_ERROR_SIZE];
} Transfer;

struct PupHttp {
    Transfer transfers[2]; /* the second for hedged gets only */
    CURLM *multi;
    struct curl_slist *json_headers;
    struct curl_slist *bytes_headers;
    unsigned stall_timeout_ms;
    gint cancelled;      /* atomic */
    PupHttpBuffer spare; /* of the second transfer; made when first needed */
};

static long
status_of(const Transfer *transfer)
{
    long status = 0;

    curl_easy_getinfo(transfer->easy, CURLINFO_RESPONSE_CODE, &status);
    return status;
}

static gboolean
is_success(long status)
{
    return status >= 200 && status < 300;
}

static void
grew(PupHttpBuffer *buffer, size_t len)
{
    buffer->len = len;
    if (buffer->came)
        buffer->came(buffer);
}

static size_t
on_body(char *data, size_t size, size_t count, void *user)
{
    Transfer *transfer = user;
    size_t len = size * count;

    transfer->active_us = g_get_monotonic_time();
    if (!is_success(status_of(transfer))) {
        size_t room = REFUSAL_MAX_BYTES - transfer->refusal->len;
        g_string_append_len(transfer->refusal, data, (gssize) MIN(len, room));
        return len;
    }
    if (len > transfer->max_bytes - transfer->len) {
        transfer->overflow = TRUE;
        return 0;
    }
    if (transfer->fixed)
        memcpy(transfer->fixed->data + transfer->len, data, len);
    else
        g_byte_array_append(transfer->grown, (const guint8 *) data, (guint) len);
    transfer->len += len;
    if (transfer->fixed)
        grew(transfer->fixed, transfer->len);
    return len;
}

static size_t
on_header(char *data, size_t size, size_t count, void *user)
{
    Transfer *transfer = user;

    transfer->active_us = g_get_monotonic_time();
    return size * count;
}

static int
on_connected(void *user, char *to, char *from, int to_port, int from_port)
{
    Transfer *transfer = user;

    transfer->active_us = g_get_monotonic_time();
    return CURL_PREREQFUNC_OK;
}

static void
init_transfer(Transfer *transfer, unsigned connect_timeout_ms)
{
    CURL *easy = transfer->easy = curl_easy_init();

    if (!easy)
        g_error("libcurl: out of memory");
    transfer->refusal = g_string_new(NULL);
    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, (long) CURL_HTTP_VERSION_1_1);
    curl_easy_setopt(easy, CURLOPT_TCP_NODELAY, 1L);
    curl_easy_setopt(easy, CURLOPT_PROXY, "");
    curl_easy_setopt(easy, CURLOPT_USERAGENT, PACKAGE "/" VERSION);
    curl_easy_setopt(easy, CURLOPT_BUFFERSIZE, 64L * 1024L);
    curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, (long) connect_timeout_ms);
    curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, transfer->why);
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_body);
    curl_easy_setopt(easy, CURLOPT_WRITEDATA, transfer);
    curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, on_header);
    curl_easy_setopt(easy, CURLOPT_HEADERDATA, transfer);
    curl_easy_setopt(easy, CURLOPT_PREREQFUNCTION, on_connected);
    curl_easy_setopt(easy, CURLOPT_PREREQDATA, transfer);
    curl_easy_setopt(easy, CURLOPT_PRIVATE, transfer);
}

static gpointer
init_curl(gpointer unused)
{
    CURLcode code = curl_global_init(CURL_GLOBAL_DEFAULT);

    if (code != CURLE_OK)
        g_error("curl_global_init: %s", curl_easy_strerror(code));
    return NULL;
}

PupHttp *
pup_http_new(unsigned connect_timeout_ms, unsigned stall_timeout_ms)
{
    static GOnce once = G_ONCE_INIT;
    PupHttp *http = g_new0(PupHttp, 1);

    g_once(&once, init_curl, NULL);
    http->multi = curl_multi_init();
    http->json_headers = curl_slist_append(NULL, "Content-Type: application/json");
    http->bytes_headers =
        curl_slist_append(NULL, "Content-Type: application/octet-stream");
    if (!http->multi || !http->json_headers || !http->bytes_headers)
        g_error("libcurl: out of memory");
    curl_multi_setopt(http->multi, CURLMOPT_MAXCONNECTS, CONNECTIONS_MAX);
    http->stall_timeout_ms = stall_timeout_ms;
    for (unsigned i = 0; i < G_N_ELEMENTS(http->transfers); i++)
        init_transfer(&http->transfers[i], connect_timeout_ms);
    return http;
}

void
pup_http_free(PupHttp *http)
{
    if (!http)
        return;
    for (unsigned i = 0; i < G_N_ELEMENTS(http->transfers); i++) {
        curl_easy_cleanup(http->transfers[i].easy);
        g_string_free(http->transfers[i].refusal, TRUE);
    }
    curl_multi_cleanup(http->multi);
    curl_slist_free_all(http->json_headers);
    curl_slist_free_all(http->bytes_headers);
    g_free(http->spare.data);
    g_free(http);
}

void
pup_http_cancel(PupHttp *http)
{
    g_atomic_int_set(&http->cancelled, 1);
    curl_multi_wakeup(http->multi);
}

/* "message" of our JSON error, or NULL. New string; control characters become blanks. */
static char *
server_words(const GString *refusal)
{
    json_t *root = json_loadb(refusal->str, refusal->len, 0, NULL);
    const char *text = NULL;
    char *words;

    if (root)
        text = json_string_value(json_object_get(json_object_get(root, "error"), //
                                                 "message"));
    words = g_strdup(text);
    for (char *c = words; c && *c; c++) {
        if (g_ascii_iscntrl(*c))
            *c = ' ';
    }
    json_decref(root);
    return words;
}

static PupErrorCode
code_of_status(long status)
{
    switch (status) {
    case 401:
    case 403:
        return PUP_ERROR_DENIED;
    case 404:
        return PUP_ERROR_NOT_FOUND;
    case 503:
        return PUP_ERROR_BUSY;
    default:
        return status >= 500 ? PUP_ERROR_NET : PUP_ERROR_INVALID;
    }
}

/* Why @transfer, which curl ended with @code, brought no body; NULL when it did. */
static GError *
judge(const Transfer *transfer, CURLcode code)
{
    g_autofree char *words = NULL;
    long status = status_of(transfer);
    GError *failure = NULL;

    if (transfer->overflow) {
        pup_error_set(&failure, PUP_ERROR_CORRUPT, "%s: longer than %zu bytes",
                      transfer->url, transfer->max_bytes);
    } else if (code != CURLE_OK) {
        pup_error_set(&failure, PUP_ERROR_NET, "%s: %s", transfer->url,
                      *transfer->why ? transfer->why : curl_easy_strerror(code));
    } else if (!is_success(status)) {
        words = server_words(transfer->refusal);
        pup_error_set(&failure, code_of_status(status), "%s: status %ld%s%s",
                      transfer->url, status, words ? ": " : "", words ? words : "");
    }
    return failure;
}

/* Begin @transfer with the method and headers that are set in its easy handle. */
static void
begin(PupHttp *http, Transfer *transfer, const char *url)
{
    transfer->url = url;
    transfer->len = 0;
    transfer->overflow = FALSE;
    transfer->begun_us = g_get_monotonic_time();
    transfer->active_us = 0;
    transfer->took_us = 0;
    transfer->running = TRUE;
    transfer->failure = NULL;
    transfer->why[0] = '\0';
    g_string_truncate(transfer->refusal, 0);
    curl_easy_setopt(transfer->easy, CURLOPT_URL, url);
    if (curl_multi_add_handle(http->multi, transfer->easy) != CURLM_OK)
        g_error("libcurl: cannot add a transfer");
}

/* @transfer is over with @failure (NULL: with its body). One that was not finished closes
 * its connection. */
static void
end(PupHttp *http, Transfer *transfer, GError *failure)
{
    curl_multi_remove_handle(http->multi, transfer->easy);
    g_clear_pointer(&transfer->headers, curl_slist_free_all);
    transfer->took_us = g_get_monotonic_time() - transfer->begun_us;
    transfer->limit_ms = 0;
    transfer->running = FALSE;
    transfer->failure = failure;
}

/* When @transfer will have taken too long or stalled; G_MAXINT64: its end is curl's
 * affair, while that connects. */
static gint64
limit_us(const PupHttp *http, const Transfer *transfer)
{
    gint64 until_us = G_MAXINT64;

    if (transfer->limit_ms > 0)
        until_us = transfer->begun_us + (gint64) transfer->limit_ms * 1000;
    if (transfer->active_us > 0)
        until_us =
            MIN(until_us, transfer->active_us + (gint64) http->stall_timeout_ms * 1000);
    return until_us;
}

static void
end_late(PupHttp *http, Transfer *transfer)
{
    gint64 now_us = g_get_monotonic_time();
    gint64 run_ms = (now_us - transfer->begun_us) / 1000;
    GError *failure = NULL;

    if (now_us < limit_us(http, transfer))
        return;
    if (transfer->limit_ms > 0 && run_ms >= (gint64) transfer->limit_ms)
        pup_error_set(&failure, PUP_ERROR_NET, "%s: not complete after %u ms",
                      transfer->url, transfer->limit_ms);
    else
        pup_error_set(&failure, PUP_ERROR_NET, "%s: no answer for %u ms", transfer->url,
                      http->stall_timeout_ms);
    end(http, transfer, failure);
}

static void
end_cancelled(PupHttp *http, Transfer *transfer)
{
    GError *failure = NULL;

    pup_error_set(&failure, PUP_ERROR_BUSY, "%s: cancelled", transfer->url);
    end(http, transfer, failure);
}

static void
end_finished(PupHttp *http)
{
    CURLMsg *message;
    char *transfer;
    int pending;

    while ((message = curl_multi_info_read(http->multi, &pending))) {
        CURLcode code = message->data.result;
        curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &transfer);
        end(http, (Transfer *) transfer, judge((Transfer *) transfer, code));
    }
}

/* Move the data that is there, and end what is over. */
static void
settle(PupHttp *http)
{
    int n_running;

    if (!g_atomic_int_get(&http->cancelled)) {
        curl_multi_perform(http->multi, &n_running);
        end_finished(http);
    }
    for (unsigned i = 0; i < G_N_ELEMENTS(http->transfers); i++) {
        Transfer *transfer = &http->transfers[i];
        if (transfer->running && g_atomic_int_get(&http->cancelled))
            end_cancelled(http, transfer);
        else if (transfer->running)
            end_late(http, transfer);
    }
}

/* Wait until there is something to settle, at most until @until_us. */
static void
wait_until(PupHttp *http, gint64 until_us)
{
    gint64 left_us;

    for (unsigned i = 0; i < G_N_ELEMENTS(http->transfers); i++) {
        if (http->transfers[i].running)
            until_us = MIN(until_us, limit_us(http, &http->transfers[i]));
    }
    left_us = until_us - g_get_monotonic_time();
    if (left_us > 0)
        curl_multi_poll(http->multi, NULL, 0, (int) MIN(left_us / 1000 + 1, POLL_MAX_MS),
                        NULL);
}

static void
run(PupHttp *http, const Transfer *transfer)
{
    for (settle(http); transfer->running; settle(http))
        wait_until(http, G_MAXINT64);
}

/* One request with the method that is set in the first easy handle. */
static gboolean
request(PupHttp *http, const char *url, GError **error)
{
    Transfer *transfer = &http->transfers[0];

    begin(http, transfer, url);
    run(http, transfer);
    if (!transfer->failure)
        return TRUE;
    g_propagate_error(error, g_steal_pointer(&transfer->failure));
    return FALSE;
}

/* Set @transfer up for a GET as @get says; its body goes to @buffer. */
static void
prepare_get(Transfer *transfer, const PupHttpTry *get, PupHttpBuffer *buffer)
{
    for (const char *const *line = get->headers; line && *line; line++)
        transfer->headers = curl_slist_append(transfer->headers, *line);
    curl_easy_setopt(transfer->easy, CURLOPT_HTTPGET, 1L);
    curl_easy_setopt(transfer->easy, CURLOPT_HTTPHEADER, transfer->headers);
    transfer->limit_ms = get->limit_ms;
    transfer->fixed = buffer;
    transfer->max_bytes = buffer->size;
}

static void
begin_try(PupHttp *http, Transfer *transfer, PupHttpTry *get, PupHttpBuffer *buffer)
{
    prepare_get(transfer, get, buffer);
    grew(buffer, 0);
    get->begun = TRUE;
    begin(http, transfer, get->url);
}

/* Cut @transfer off if it still runs; tell @get what became of it. */
static void
end_try(PupHttp *http, Transfer *transfer, PupHttpTry *get)
{
    if (transfer->running)
        end(http, transfer, NULL);
    get->took_us = transfer->took_us;
    get->failure = g_steal_pointer(&transfer->failure);
}

gboolean
pup_http_get_try(PupHttp *http, PupHttpTry *get, PupHttpBuffer *buffer, GError **error)
{
    Transfer *transfer = &http->transfers[0];

    begin_try(http, transfer, get, buffer);
    run(http, transfer);
    end_try(http, transfer, get);
    if (get->failure)
        g_propagate_error(error, g_error_copy(get->failure));
    return !get->failure;
}

/* Where the second body goes while the first one still comes into a buffer of @size. */
static PupHttpBuffer *
spare_of(PupHttp *http, size_t size)
{
    if (http->spare.size < size) {
        http->spare.data = g_realloc(http->spare.data, size);
        http->spare.size = size;
    }
    return &http->spare;
}

static gboolean
has_won(const Transfer *transfer, const PupHttpTry *get)
{
    return get->begun && !transfer->running && !transfer->failure;
}

/* Run both until one has won or both have failed. */
static int
race(PupHttp *http, PupHttpTry tries[2], unsigned hedge_ms, PupHttpBuffer *buffer)
{
    Transfer *first = &http->transfers[0];
    Transfer *second = &http->transfers[1];
    gint64 hedge_us = g_get_monotonic_time() + (gint64) hedge_ms * 1000;

    begin_try(http, first, &tries[0], buffer);
    for (;;) {
        settle(http);
        if (has_won(first, &tries[0]))
            return 0;
        if (has_won(second, &tries[1]))
            return 1;
        if (!tries[1].begun && !first->running)
            begin_try(http, second, &tries[1], buffer);
        else if (!tries[1].begun && g_get_monotonic_time() >= hedge_us)
            begin_try(http, second, &tries[1], spare_of(http, buffer->size));
        else if (!first->running && !second->running)
            return -1;
        else
            wait_until(http, tries[1].begun ? G_MAXINT64 : hedge_us);
    }
}

int
pup_http_get_hedged(PupHttp *http, PupHttpTry tries[2], unsigned hedge_ms,
                    PupHttpBuffer *buffer, GError **error)
{
    int winner = race(http, tries, hedge_ms, buffer);
    gboolean spared = http->transfers[1].fixed == &http->spare;

    for (unsigned i = 0; i < 2; i++)
        if (tries[i].begun)
            end_try(http, &http->transfers[i], &tries[i]);
    if (winner == 1 && spared) {
        memcpy(buffer->data, http->spare.data, http->spare.len);
        grew(buffer, 0);
        grew(buffer, http->spare.len);
    }
    if (winner < 0)
        g_propagate_error(error, g_error_copy(tries[1].failure));
    return winner;
}

gboolean
pup_http_get_into(PupHttp *http, const char *url, PupHttpBuffer *buffer, GError **error)
{
    PupHttpTry get = {.url = url};
    gboolean came = pup_http_get_try(http, &get, buffer, error);

    g_clear_error(&get.failure);
    return came;
}

static GBytes *
request_bytes(PupHttp *http, const char *url, size_t max_bytes, GError **error)
{
    g_autoptr(GByteArray) body = g_byte_array_new();
    Transfer *transfer = &http->transfers[0];

    transfer->fixed = NULL;
    transfer->grown = body;
    transfer->max_bytes = max_bytes;
    if (!request(http, url, error))
        return NULL;
    return g_byte_array_free_to_bytes(g_steal_pointer(&body));
}

GBytes *
pup_http_get(PupHttp *http, const char *url, size_t max_bytes, GError **error)
{
    CURL *easy = http->transfers[0].easy;

    curl_easy_setopt(easy, CURLOPT_HTTPGET, 1L);
    curl_easy_setopt(easy, CURLOPT_HTTPHEADER, NULL);
    return request_bytes(http, url, max_bytes, error);
}

static GBytes *
post(PupHttp *http, const char *url, struct curl_slist *headers, GBytes *body,
     size_t max_bytes, GError **error)
{
    CURL *easy = http->transfers[0].easy;

    curl_easy_setopt(easy, CURLOPT_HTTPHEADER, headers);
    curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE, (long) g_bytes_get_size(body));
    curl_easy_setopt(easy, CURLOPT_COPYPOSTFIELDS, g_bytes_get_data(body, NULL));
    return request_bytes(http, url, max_bytes, error);
}

GBytes *
pup_http_post_json(PupHttp *http, const char *url, const char *json, size_t max_bytes,
                   GError **error)
{
    g_autoptr(GBytes) body = g_bytes_new_static(json, strlen(json));

    return post(http, url, http->json_headers, body, max_bytes, error);
}

GBytes *
pup_http_post(PupHttp *http, const char *url, GBytes *body, size_t max_bytes,
              GError **error)
{
    return post(http, url, http->bytes_headers, body, max_bytes, error);
}
