/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A handle is one curl easy handle driven by a multi handle of its own. The multi is not
 * there for parallelism: it is what lets another thread end a request at once
 * (curl_multi_wakeup()) and what makes the stall timeout exact to the millisecond, where
 * curl's own LOW_SPEED_TIME counts seconds.
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

struct PupHttp {
    CURL *easy;
    CURLM *multi;
    struct curl_slist *json_headers;
    unsigned stall_timeout_ms;
    gint cancelled;   /* atomic */
    gint64 active_us; /* when a byte last came; 0 until connected */
    char why[CURL_ERROR_SIZE];
};

/* Where a body goes: to @fixed, or to @grown, at most @max_bytes of it. */
typedef struct {
    PupHttp *http;
    PupHttpBuffer *fixed;
    GByteArray *grown;
    size_t max_bytes;
    size_t len;
    gboolean overflow;
    GString *refusal; /* body of a status other than 2xx */
} Sink;

static long
status_of(const PupHttp *http)
{
    long status = 0;

    curl_easy_getinfo(http->easy, CURLINFO_RESPONSE_CODE, &status);
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
    Sink *sink = user;
    size_t len = size * count;

    sink->http->active_us = g_get_monotonic_time();
    if (!is_success(status_of(sink->http))) {
        size_t room = REFUSAL_MAX_BYTES - sink->refusal->len;
        g_string_append_len(sink->refusal, data, (gssize) MIN(len, room));
        return len;
    }
    if (len > sink->max_bytes - sink->len) {
        sink->overflow = TRUE;
        return 0;
    }
    if (sink->fixed)
        memcpy(sink->fixed->data + sink->len, data, len);
    else
        g_byte_array_append(sink->grown, (const guint8 *) data, (guint) len);
    sink->len += len;
    if (sink->fixed)
        grew(sink->fixed, sink->len);
    return len;
}

static size_t
on_header(char *data, size_t size, size_t count, void *user)
{
    PupHttp *http = user;

    http->active_us = g_get_monotonic_time();
    return size * count;
}

static int
on_connected(void *user, char *to, char *from, int to_port, int from_port)
{
    PupHttp *http = user;

    http->active_us = g_get_monotonic_time();
    return CURL_PREREQFUNC_OK;
}

static void
set_options(PupHttp *http, unsigned connect_timeout_ms)
{
    CURL *easy = http->easy;

    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, (long) CURL_HTTP_VERSION_1_1);
    curl_easy_setopt(easy, CURLOPT_PROXY, "");
    curl_easy_setopt(easy, CURLOPT_USERAGENT, PACKAGE "/" VERSION);
    curl_easy_setopt(easy, CURLOPT_BUFFERSIZE, 64L * 1024L);
    curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, (long) connect_timeout_ms);
    curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, http->why);
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_body);
    curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, on_header);
    curl_easy_setopt(easy, CURLOPT_HEADERDATA, http);
    curl_easy_setopt(easy, CURLOPT_PREREQFUNCTION, on_connected);
    curl_easy_setopt(easy, CURLOPT_PREREQDATA, http);
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
    http->easy = curl_easy_init();
    http->multi = curl_multi_init();
    http->json_headers = curl_slist_append(NULL, "Content-Type: application/json");
    if (!http->easy || !http->multi || !http->json_headers)
        g_error("libcurl: out of memory");
    http->stall_timeout_ms = stall_timeout_ms;
    set_options(http, connect_timeout_ms);
    return http;
}

void
pup_http_free(PupHttp *http)
{
    if (!http)
        return;
    curl_easy_cleanup(http->easy);
    curl_multi_cleanup(http->multi);
    curl_slist_free_all(http->json_headers);
    g_free(http);
}

void
pup_http_cancel(PupHttp *http)
{
    g_atomic_int_set(&http->cancelled, 1);
    curl_multi_wakeup(http->multi);
}

/* Milliseconds until the stall timeout, at most POLL_MAX_MS; 0: it has passed. While
 * curl connects its own timeout rules. */
static int
stall_left_ms(const PupHttp *http)
{
    gint64 idle_ms;

    if (http->active_us == 0)
        return POLL_MAX_MS;
    idle_ms = (g_get_monotonic_time() - http->active_us) / 1000;
    if (idle_ms >= (gint64) http->stall_timeout_ms)
        return 0;
    return (int) MIN((gint64) http->stall_timeout_ms - idle_ms, POLL_MAX_MS);
}

/* Drive the transfer that is in the multi to its end. */
static gboolean
drive(PupHttp *http, CURLcode *code, const char *url, GError **error)
{
    int running = 1;
    int pending;
    CURLMsg *message;

    for (;;) {
        if (g_atomic_int_get(&http->cancelled)) {
            pup_error_set(error, PUP_ERROR_BUSY, "%s: cancelled", url);
            return FALSE;
        }
        if (curl_multi_perform(http->multi, &running) != CURLM_OK || !running)
            break;
        if (stall_left_ms(http) == 0) {
            pup_error_set(error, PUP_ERROR_NET, "%s: no answer for %u ms", url,
                          http->stall_timeout_ms);
            return FALSE;
        }
        curl_multi_poll(http->multi, NULL, 0, stall_left_ms(http), NULL);
    }
    message = curl_multi_info_read(http->multi, &pending);
    *code = message ? message->data.result : CURLE_GOT_NOTHING;
    return TRUE;
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

static gboolean
judge(const Sink *sink, CURLcode code, const char *url, GError **error)
{
    const PupHttp *http = sink->http;
    g_autofree char *words = NULL;
    long status;

    if (sink->overflow) {
        pup_error_set(error, PUP_ERROR_CORRUPT, "%s: longer than %zu bytes", url,
                      sink->max_bytes);
        return FALSE;
    }
    if (code != CURLE_OK) {
        pup_error_set(error, PUP_ERROR_NET, "%s: %s", url,
                      *http->why ? http->why : curl_easy_strerror(code));
        return FALSE;
    }
    status = status_of(http);
    if (is_success(status))
        return TRUE;
    words = server_words(sink->refusal);
    pup_error_set(error, code_of_status(status), "%s: status %ld%s%s", url, status,
                  words ? ": " : "", words ? words : "");
    return FALSE;
}

/* One request with the method that is set in the easy handle. */
static gboolean
request(PupHttp *http, const char *url, Sink *sink, GError **error)
{
    g_autoptr(GString) refusal = g_string_new(NULL);
    CURLcode code = CURLE_OK;
    gboolean done;

    sink->http = http;
    sink->refusal = refusal;
    http->active_us = 0;
    http->why[0] = '\0';
    curl_easy_setopt(http->easy, CURLOPT_URL, url);
    curl_easy_setopt(http->easy, CURLOPT_WRITEDATA, sink);
    if (curl_multi_add_handle(http->multi, http->easy) != CURLM_OK)
        g_error("libcurl: cannot add a transfer");
    done = drive(http, &code, url, error);
    /* Ends an unfinished transfer and closes its connection. */
    curl_multi_remove_handle(http->multi, http->easy);
    return done && judge(sink, code, url, error);
}

gboolean
pup_http_get_into(PupHttp *http, const char *url, PupHttpBuffer *buffer, GError **error)
{
    Sink sink = {.fixed = buffer, .max_bytes = buffer->size};

    curl_easy_setopt(http->easy, CURLOPT_HTTPGET, 1L);
    curl_easy_setopt(http->easy, CURLOPT_HTTPHEADER, NULL);
    grew(buffer, 0);
    return request(http, url, &sink, error);
}

static GBytes *
request_bytes(PupHttp *http, const char *url, size_t max_bytes, GError **error)
{
    g_autoptr(GByteArray) body = g_byte_array_new();
    Sink sink = {.grown = body, .max_bytes = max_bytes};

    if (!request(http, url, &sink, error))
        return NULL;
    return g_byte_array_free_to_bytes(g_steal_pointer(&body));
}

GBytes *
pup_http_get(PupHttp *http, const char *url, size_t max_bytes, GError **error)
{
    curl_easy_setopt(http->easy, CURLOPT_HTTPGET, 1L);
    curl_easy_setopt(http->easy, CURLOPT_HTTPHEADER, NULL);
    return request_bytes(http, url, max_bytes, error);
}

GBytes *
pup_http_post_json(PupHttp *http, const char *url, const char *json, size_t max_bytes,
                   GError **error)
{
    curl_easy_setopt(http->easy, CURLOPT_HTTPHEADER, http->json_headers);
    curl_easy_setopt(http->easy, CURLOPT_POSTFIELDSIZE, -1L);
    curl_easy_setopt(http->easy, CURLOPT_COPYPOSTFIELDS, json);
    return request_bytes(http, url, max_bytes, error);
}
