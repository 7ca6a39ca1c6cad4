/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "client-image/stream/source.h"

#include "lib/error.h"

typedef struct {
    PupSource source;
    char **urls;
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
servers_get(PupSource *source, PupHttp *http, const PupName *name, PupUrgency urgency,
            PupHttpBuffer *encoded, GError **error)
{
    Servers *servers = (Servers *) source;
    char hex[PUP_NAME_HEX_LEN + 1];

    pup_name_to_hex(name, hex);
    for (guint tried = 1;; tried++) {
        guint at = (guint) g_atomic_int_get(&servers->current);
        g_autofree char *url = g_strdup_printf("%s/v1/chunks/%s", servers->urls[at], hex);
        g_autoptr(GError) failure = NULL;

        if (pup_http_get_into(http, url, encoded, &failure))
            return TRUE;
        move_on(servers, at);
        if (tried == servers->n_urls) {
            g_propagate_error(error, g_steal_pointer(&failure));
            return FALSE;
        }
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
    g_free(servers);
}

static const PupSourceOps servers_ops = {
    .get = servers_get,
    .corrupt = servers_corrupt,
    .free = servers_free,
};

PupSource *
pup_source_servers_new(const char *const *urls)
{
    Servers *servers = g_new0(Servers, 1);

    servers->source.ops = &servers_ops;
    servers->urls = g_strdupv((char **) urls);
    servers->n_urls = g_strv_length(servers->urls);
    return &servers->source;
}
