/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "client-image/stream/prefetch.h"

#include <pthread.h>

struct PupPrefetch {
    PupPrefetchConfig config;
    pthread_mutex_t lock;
    GArray *positions;
    GArray *names;     /* of PupName, in the profile's order; NULL: not all known yet */
    guint next_own;    /* index into names */
    guint next_other;  /* likewise */
    GArray *own_asked; /* of PupName: not known to have come */
};

PupPrefetch *
pup_prefetch_new(const PupPrefetchConfig *config, const GArray *positions)
{
    PupPrefetch *prefetch = g_new0(PupPrefetch, 1);

    prefetch->config = *config;
    pthread_mutex_init(&prefetch->lock, NULL);
    prefetch->positions = g_array_copy((GArray *) positions);
    prefetch->own_asked = g_array_new(FALSE, FALSE, sizeof(PupName));
    return prefetch;
}

void
pup_prefetch_free(PupPrefetch *prefetch)
{
    if (!prefetch)
        return;
    g_array_free(prefetch->positions, TRUE);
    g_array_free(prefetch->own_asked, TRUE);
    if (prefetch->names)
        g_array_free(prefetch->names, TRUE);
    pthread_mutex_destroy(&prefetch->lock);
    g_free(prefetch);
}

/* Turn positions into names; what is not here yet of the map is asked for, all of it at
 * once. The names are favoured. */
static void
look_up(PupPrefetch *prefetch)
{
    PupPages *pages = prefetch->config.pages;
    GArray *names = g_array_new(FALSE, FALSE, sizeof(PupName));
    gboolean complete = TRUE;

    for (guint i = 0; i < prefetch->positions->len; i++) {
        PupName name;
        guint32 position = g_array_index(prefetch->positions, guint32, i);
        if (!pup_pages_try(pages, position, &name))
            complete = FALSE;
        else if (complete && !pup_name_is_null(&name))
            g_array_append_val(names, name);
    }
    if (!complete) {
        g_array_free(names, TRUE);
        return;
    }
    prefetch->names = names;
    for (guint i = 0; i < names->len; i++)
        pup_supply_favour(prefetch->config.supply, &g_array_index(names, PupName, i));
}

static gboolean
is_own(const PupPrefetch *prefetch, const PupName *name)
{
    const PupPrefetchConfig *config = &prefetch->config;

    return !config->owns || config->owns(config->user, name);
}

/* Ask for @name, if it is neither here nor on its way. TRUE when it was asked for. */
static gboolean
ask(PupPrefetch *prefetch, const PupName *name)
{
    PupSupply *supply = prefetch->config.supply;

    if (pup_supply_has(supply, name) || pup_supply_is_coming(supply, name))
        return FALSE;
    pup_supply_ask(supply, name, PUP_FETCH_LATER);
    return TRUE;
}

/* How many of our own chunks are on their way. */
static guint
count_own(PupPrefetch *prefetch)
{
    GArray *asked = prefetch->own_asked;

    for (guint i = asked->len; i > 0; i--) {
        if (!pup_supply_is_coming(prefetch->config.supply,
                                  &g_array_index(asked, PupName, i - 1)))
            g_array_remove_index_fast(asked, i - 1);
    }
    return asked->len;
}

static gboolean
ask_own(PupPrefetch *prefetch)
{
    while (prefetch->next_own < prefetch->names->len) {
        const PupName *name =
            &g_array_index(prefetch->names, PupName, prefetch->next_own++);
        if (is_own(prefetch, name) && ask(prefetch, name)) {
            g_array_append_val(prefetch->own_asked, *name);
            return TRUE;
        }
    }
    return FALSE;
}

/* What the other walk has passed and became ours since, as a neighbour left, is taken
 * here, too. */
static gboolean
ask_other(PupPrefetch *prefetch)
{
    while (prefetch->next_other < prefetch->names->len) {
        guint i = prefetch->next_other++;
        const PupName *name = &g_array_index(prefetch->names, PupName, i);
        if ((i < prefetch->next_own || !is_own(prefetch, name)) && ask(prefetch, name))
            return TRUE;
    }
    return FALSE;
}

static gboolean
step(PupPrefetch *prefetch)
{
    if (!prefetch->names)
        look_up(prefetch);
    if (!prefetch->names || !pup_supply_has_room(prefetch->config.supply))
        return FALSE;
    if (count_own(prefetch) < prefetch->config.max_own && ask_own(prefetch))
        return TRUE;
    return ask_other(prefetch) || ask_own(prefetch);
}

gboolean
pup_prefetch_step(PupPrefetch *prefetch)
{
    gboolean asked;

    pthread_mutex_lock(&prefetch->lock);
    asked = step(prefetch);
    pthread_mutex_unlock(&prefetch->lock);
    return asked;
}

void
pup_prefetch_coverage(PupPrefetch *prefetch, guint *n_chunks, guint *n_present)
{
    *n_chunks = *n_present = 0;
    pthread_mutex_lock(&prefetch->lock);
    if (prefetch->names)
        *n_chunks = prefetch->names->len;
    for (guint i = 0; i < *n_chunks; i++)
        *n_present += pup_supply_has(prefetch->config.supply,
                                     &g_array_index(prefetch->names, PupName, i));
    pthread_mutex_unlock(&prefetch->lock);
}

gboolean
pup_prefetch_is_done(PupPrefetch *prefetch)
{
    gboolean done;

    pthread_mutex_lock(&prefetch->lock);
    done = prefetch->names && prefetch->next_own == prefetch->names->len &&
           prefetch->next_other == prefetch->names->len;
    for (guint i = 0; done && i < prefetch->names->len; i++)
        done = !pup_supply_is_coming(prefetch->config.supply,
                                     &g_array_index(prefetch->names, PupName, i));
    pthread_mutex_unlock(&prefetch->lock);
    return done;
}
