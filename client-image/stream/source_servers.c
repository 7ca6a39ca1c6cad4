/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "client-image/stream/source.h"

#include "lib/error.h"

typedef struct {
    PupSource source;
    char **urls;
    char *headers[2]; /* sent with each request; NULL-terminated */
    PupStats *stats;
    guint n_urls;
    guint current; /* atomic: index of the one in use */
} Servers;

/* Leave server @failed, unless another thread has done so. */
static void
move_on(Servers *servers, guint failed)
{
    g_atomic_int_compare_and_exchange(&servers->current, failed,
                                      (failed + 1) % servers->n_urls);
}

/* One try asks each server once. */
static gboolean
servers_get(PupSource *source, PupHttp *http, const PupName *name,
            const PupUrgency *urgency, PupHttpBuffer *encoded, GError **error)
{
    Servers *servers = (Servers *) source;

    for (guint tried = 1;; tried++) {
        guint at = (guint) g_atomic_int_get(&servers->current);
        g_autofree char *url = pup_chunk_url(servers->urls[at], name);
        PupHttpTry get = {.url = url, .headers = pup_source_servers_headers(source)};

        if (pup_http_get_try(http, &get, encoded, NULL)) {
            pup_stats_add(servers->stats, PUP_STAT_SERVER_BYTES, encoded->len);
            return TRUE;
        }
        move_on(servers, at);
        if (tried == servers->n_urls) {
            g_propagate_error(error, get.failure);
            return FALSE;
        }
        g_clear_error(&get.failure);
    }
}

static void
servers_corrupt(PupSource *source, PupHttp *http, const PupName *name)
{
    Servers *servers = (Servers *) source;

    move_on(servers, (guint) g_atomic_int_get(&servers->current));
}

static void
servers_free(PupSource *source)
{
    Servers *servers = (Servers *) source;

    g_strfreev(servers->urls);
    g_free(servers->headers[0]);
    g_free(servers);
}

static const PupSourceOps servers_ops = {
    .get = servers_get,
    .corrupt = servers_corrupt,
    .free = servers_free,
};

char *
pup_chunk_url(const char *base, const PupName *name)
{
    char hex[PUP_NAME_HEX_LEN + 1];

    pup_name_to_hex(name, hex);
    return g_strdup_printf("%s/v1/chunks/%s", base, hex);
}

char *
pup_source_servers_url(PupSource *source, const PupName *name)
{
    Servers *servers = (Servers *) source;

    return pup_chunk_url(servers->urls[g_atomic_int_get(&servers->current)], name);
}

const char *const *
pup_source_servers_headers(PupSource *source)
{
    return (const char *const *) ((Servers *) source)->headers;
}

PupSource *
pup_source_servers_new(const char *const *urls, const char *label, PupStats *stats)
{
    Servers *servers = g_new0(Servers, 1);

    servers->source.ops = &servers_ops;
    servers->urls = g_strdupv((char **) urls);
    if (label)
        servers->headers[0] = g_strdup_printf("Pupitre-Version: %s", label);
    servers->stats = stats;
    servers->n_urls = g_strv_length(servers->urls);
    return &servers->source;
}
