/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "client-image/stream/prefetch.h"

#include <pthread.h>

#define AGAIN_FIRST_US G_USEC_PER_SEC
#define AGAIN_MAX_US (60 * G_USEC_PER_SEC)

/* A chunk of the profile that is not all zeros. */
typedef struct {
    PupName name;
    guint at; /* index into positions */
} Item;

struct PupPrefetch {
    PupPrefetchConfig config;
    pthread_mutex_t lock;
    GArray *positions;
    GArray *items;     /* of Item, in the profile's order; NULL: not all known yet */
    guint next_own;    /* index into items */
    guint next_other;  /* likewise */
    GArray *own_asked; /* of PupName: not known to have come */
    gint64 again_us;   /* when to look for what did not come; 0: not known */
    gint64 delay_us;

    GHashTable *places;         /* position -> its index and one; never changes */
    pthread_mutex_t guest_lock; /* of what follows; a read does not wait for a step */
    guint guest;                /* what it has read of the profile ends here */
    guint held;        /* guest, when a step stopped because of it; or far away */
    guint64 n_reading; /* chunks of the profile that it waits for */
    gint64 read_us;    /* when it had the last of them */
};

PupPrefetch *
pup_prefetch_new(const PupPrefetchConfig *config, const GArray *positions)
{
    PupPrefetch *prefetch = g_new0(PupPrefetch, 1);

    prefetch->config = *config;
    pthread_mutex_init(&prefetch->lock, NULL);
    pthread_mutex_init(&prefetch->guest_lock, NULL);
    prefetch->held = G_MAXUINT;
    prefetch->read_us = -PUP_PREFETCH_REST_US;
    prefetch->delay_us = AGAIN_FIRST_US;
    prefetch->places = g_hash_table_new(NULL, NULL);
    for (guint i = 0; i < positions->len; i++) {
        guint32 position = g_array_index(positions, guint32, i);
        g_hash_table_insert(prefetch->places, GUINT_TO_POINTER(position),
                            GUINT_TO_POINTER(i + 1));
    }
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
    if (prefetch->items)
        g_array_free(prefetch->items, TRUE);
    g_hash_table_destroy(prefetch->places);
    pthread_mutex_destroy(&prefetch->guest_lock);
    pthread_mutex_destroy(&prefetch->lock);
    g_free(prefetch);
}

/* Turn positions into names; what is not here yet of the map is asked for, all of it at
 * once. The names are favoured. */
static void
look_up(PupPrefetch *prefetch)
{
    PupPages *pages = prefetch->config.pages;
    GArray *items = g_array_new(FALSE, FALSE, sizeof(Item));
    gboolean complete = TRUE;

    for (guint i = 0; i < prefetch->positions->len; i++) {
        Item item = {.at = i};
        guint32 position = g_array_index(prefetch->positions, guint32, i);
        if (!pup_pages_try(pages, position, &item.name))
            complete = FALSE;
        else if (complete && !pup_name_is_null(&item.name))
            g_array_append_val(items, item);
    }
    if (!complete) {
        g_array_free(items, TRUE);
        return;
    }
    prefetch->items = items;
    for (guint i = 0; i < items->len; i++)
        pup_supply_favour(prefetch->config.supply, &g_array_index(items, Item, i).name);
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

/* The first index into positions that is not to be asked for yet, as the guest is at
 * *@guest. */
static guint
find_end(PupPrefetch *prefetch, gint64 now_us, guint *guest)
{
    guint end = prefetch->positions->len;

    pthread_mutex_lock(&prefetch->guest_lock);
    *guest = prefetch->guest;
    if (prefetch->config.max_lead > 0 &&
        (prefetch->n_reading > 0 || now_us - prefetch->read_us < PUP_PREFETCH_REST_US))
        end = MIN(end, prefetch->guest + prefetch->config.max_lead);
    pthread_mutex_unlock(&prefetch->guest_lock);
    return end;
}

/* The item at *@next, which moves on, if it is before @end; NULL otherwise. */
static const Item *
pass(PupPrefetch *prefetch, guint *next, guint end)
{
    const Item *item = NULL;

    if (*next < prefetch->items->len)
        item = &g_array_index(prefetch->items, Item, *next);
    if (!item || item->at >= end)
        return NULL;
    (*next)++;
    return item;
}

static gboolean
ask_own(PupPrefetch *prefetch, guint end)
{
    const Item *item;

    while ((item = pass(prefetch, &prefetch->next_own, end))) {
        if (is_own(prefetch, &item->name) && ask(prefetch, &item->name)) {
            g_array_append_val(prefetch->own_asked, item->name);
            return TRUE;
        }
    }
    return FALSE;
}

/* What the other walk has passed and became ours since, as a neighbour left, is taken
 * here, too. */
static gboolean
ask_other(PupPrefetch *prefetch, guint end)
{
    const Item *item;

    while ((item = pass(prefetch, &prefetch->next_other, end))) {
        gboolean passed = prefetch->next_other <= prefetch->next_own;
        if ((passed || !is_own(prefetch, &item->name)) && ask(prefetch, &item->name))
            return TRUE;
    }
    return FALSE;
}

static gboolean
is_walked(const PupPrefetch *prefetch)
{
    return prefetch->items && prefetch->next_own == prefetch->items->len &&
           prefetch->next_other == prefetch->items->len;
}

/* The first item from position @from on that both walks have passed and that is neither
 * here nor on its way; G_MAXUINT: there is none. */
static guint
find_missing(PupPrefetch *prefetch, guint from)
{
    guint passed = MIN(prefetch->next_own, prefetch->next_other);

    for (guint i = 0; i < passed; i++) {
        const Item *item = &g_array_index(prefetch->items, Item, i);
        if (item->at >= from && !pup_supply_has(prefetch->config.supply, &item->name) &&
            !pup_supply_is_coming(prefetch->config.supply, &item->name))
            return i;
    }
    return G_MAXUINT;
}

/* What was asked for and given up (an owner was late, no server answered) is asked for
 * again when there is nothing else to ask for, less and less often: all of it at the end,
 * before that what lies ahead of the guest, which is at @guest. */
static void
walk_again(PupPrefetch *prefetch, guint guest, gint64 now_us)
{
    gboolean walked = is_walked(prefetch);
    guint missing;

    if (prefetch->again_us == 0)
        prefetch->again_us = now_us + prefetch->delay_us;
    if (now_us < prefetch->again_us)
        return;
    prefetch->again_us = 0;
    missing = find_missing(prefetch, walked ? 0 : guest);
    if (missing != G_MAXUINT)
        prefetch->next_own = prefetch->next_other = missing;
    if (missing != G_MAXUINT || walked)
        prefetch->delay_us = MIN(2 * prefetch->delay_us, AGAIN_MAX_US);
    else
        prefetch->delay_us = AGAIN_FIRST_US;
}

/* Ask for the next one before @end. */
static gboolean
ask_next(PupPrefetch *prefetch, guint end)
{
    if (count_own(prefetch) < prefetch->config.max_own && ask_own(prefetch, end))
        return TRUE;
    return ask_other(prefetch, end) || ask_own(prefetch, end);
}

/* Nothing is to be asked for until the guest has moved on from @guest. */
static void
hold(PupPrefetch *prefetch, guint guest)
{
    pthread_mutex_lock(&prefetch->guest_lock);
    prefetch->held = guest;
    pthread_mutex_unlock(&prefetch->guest_lock);
}

static gboolean
step(PupPrefetch *prefetch, gint64 now_us)
{
    guint end, guest;

    if (!prefetch->items)
        look_up(prefetch);
    if (!prefetch->items)
        return FALSE;
    end = find_end(prefetch, now_us, &guest);
    if (pup_supply_has_room(prefetch->config.supply)) {
        if (ask_next(prefetch, end))
            return TRUE;
        walk_again(prefetch, guest, now_us);
        if (ask_next(prefetch, end))
            return TRUE;
    }
    if (!is_walked(prefetch))
        hold(prefetch, guest);
    return FALSE;
}

gboolean
pup_prefetch_step(PupPrefetch *prefetch, gint64 now_us)
{
    gboolean asked;

    pthread_mutex_lock(&prefetch->lock);
    asked = step(prefetch, now_us);
    pthread_mutex_unlock(&prefetch->lock);
    return asked;
}

/* How many of the profile's chunks are among @first to @last; in *@furthest the end of
 * them in the profile. */
static guint64
find_places(const PupPrefetch *prefetch, guint64 first, guint64 last, guint *furthest)
{
    guint64 n = 0;

    *furthest = 0;
    for (guint64 i = first; i <= last; i++) {
        gpointer place = g_hash_table_lookup(prefetch->places, GSIZE_TO_POINTER(i));
        *furthest = MAX(*furthest, GPOINTER_TO_UINT(place));
        n += place != NULL;
    }
    return n;
}

gboolean
pup_prefetch_begin_read(PupPrefetch *prefetch, guint64 first, guint64 last)
{
    guint furthest;
    guint64 n = find_places(prefetch, first, last, &furthest);
    gboolean more;

    pthread_mutex_lock(&prefetch->guest_lock);
    prefetch->n_reading += n;
    prefetch->guest = MAX(prefetch->guest, furthest);
    more = prefetch->guest > prefetch->held &&
           prefetch->guest - prefetch->held > prefetch->config.max_lead / 4;
    if (more)
        prefetch->held = G_MAXUINT;
    pthread_mutex_unlock(&prefetch->guest_lock);
    return more;
}

void
pup_prefetch_end_read(PupPrefetch *prefetch, guint64 first, guint64 last, gint64 now_us)
{
    guint furthest;
    guint64 n = find_places(prefetch, first, last, &furthest);

    pthread_mutex_lock(&prefetch->guest_lock);
    /* One that began before there was a profile was not counted. */
    prefetch->n_reading -= MIN(n, prefetch->n_reading);
    if (n > 0)
        prefetch->read_us = now_us;
    pthread_mutex_unlock(&prefetch->guest_lock);
}

void
pup_prefetch_coverage(PupPrefetch *prefetch, guint *n_chunks, guint *n_present)
{
    *n_chunks = *n_present = 0;
    pthread_mutex_lock(&prefetch->lock);
    if (prefetch->items)
        *n_chunks = prefetch->items->len;
    for (guint i = 0; i < *n_chunks; i++)
        *n_present += pup_supply_has(prefetch->config.supply,
                                     &g_array_index(prefetch->items, Item, i).name);
    pthread_mutex_unlock(&prefetch->lock);
}

gboolean
pup_prefetch_is_done(PupPrefetch *prefetch)
{
    gboolean done;

    pthread_mutex_lock(&prefetch->lock);
    done = is_walked(prefetch);
    for (guint i = 0; done && i < prefetch->items->len; i++)
        done = !pup_supply_is_coming(prefetch->config.supply,
                                     &g_array_index(prefetch->items, Item, i).name);
    pthread_mutex_unlock(&prefetch->lock);
    return done;
}
