/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "client-image/stream/owner.h"

/* The finalizer of splitmix64 (Steele, Lea and Flood, 2014): each bit of the result
 * depends on each of @x. */
static guint64
mix(guint64 x)
{
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
    x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
    return x ^ (x >> 31);
}

guint64
pup_owner_key(const char *mac)
{
    guint64 hash = 0xcbf29ce484222325u; /* FNV-1a */

    for (const char *c = mac; *c; c++)
        hash = (hash ^ (guint8) *c) * 0x100000001b3u;
    return mix(hash);
}

static guint64
weight(guint64 key, const PupName *name)
{
    guint64 head;

    memcpy(&head, name->bytes, sizeof head);
    return mix(key ^ GUINT64_FROM_LE(head));
}

guint
pup_owner_next(const guint64 *keys, guint n, const PupName *name, guint after)
{
    guint64 below = after == PUP_OWNER_NONE ? 0 : weight(keys[after], name);
    guint64 most = 0;
    guint best = PUP_OWNER_NONE;

    /* mix() is one to one: different keys never weigh the same. */
    for (guint i = 0; i < n; i++) {
        guint64 own = weight(keys[i], name);
        if ((after == PUP_OWNER_NONE || own < below) &&
            (best == PUP_OWNER_NONE || own > most)) {
            best = i;
            most = own;
        }
    }
    return best;
}
