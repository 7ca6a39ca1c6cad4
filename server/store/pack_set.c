/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Each publish adds a pack, so a year's store has thousands: looking through their
 * indexes one by one would make each served chunk dearer than its sendfile. One
 * open-addressing table over all of them, eight bytes a slot and at most half full, finds
 * a chunk with about two cache misses whatever their number. A new set is made from
 * scratch when a pack comes or goes; that is rare, and readers keep the old one
 * meanwhile. Names are SHA-256, so their first bytes are the hash.
 */
#include "config.h"
#include "server/store/pack_set.h"

#define NO_SLOT G_MAXUINT64

struct PupPackSet {
    gatomicrefcount refs;
    GPtrArray *packs;  /* of PupPack, largest first */
    GHashTable *by_id; /* id's text -> PupPack */
    guint64 *slots;    /* pack << 32 | entry, NO_SLOT where empty */
    guint64 mask;      /* number of slots - 1 */
};

static gint
larger_first(gconstpointer a, gconstpointer b)
{
    const PupPack *left = *(PupPack *const *) a, *right = *(PupPack *const *) b;
    if (left->bytes != right->bytes)
        return left->bytes > right->bytes ? -1 : 1;
    return strcmp(left->id.text, right->id.text);
}

static guint64
first_slot(const PupPackSet *set, const PupName *name)
{
    guint64 hash;
    memcpy(&hash, name->bytes, sizeof hash);
    return hash & set->mask;
}

static PupPlace
place_of(guint64 slot)
{
    return (PupPlace){.pack = (guint32) (slot >> 32), .entry = (guint32) slot};
}

static const PupName *
name_at(const PupPackSet *set, guint64 slot)
{
    PupPlace place = place_of(slot);
    return pup_pack_index_name(pup_pack_set_pack(set, place.pack)->index, place.entry);
}

/* The slot that @name has, or would get. */
static guint64 *
find_slot(const PupPackSet *set, const PupName *name)
{
    guint64 i = first_slot(set, name);
    while (set->slots[i] != NO_SLOT && !pup_name_equal(name_at(set, set->slots[i]), name))
        i = (i + 1) & set->mask;
    return &set->slots[i];
}

static void
add_pack(PupPackSet *set, guint32 pack)
{
    const PupPackIndex *index = pup_pack_set_pack(set, pack)->index;
    guint32 n = pup_pack_index_n_entries(index);
    for (guint32 i = 0; i < n; i++) {
        guint64 *slot = find_slot(set, pup_pack_index_name(index, i));
        if (*slot == NO_SLOT)
            *slot = (guint64) pack << 32 | i;
    }
}

static void
make_slots(PupPackSet *set)
{
    guint64 n_entries = 0, n_slots = 2;
    for (guint i = 0; i < set->packs->len; i++)
        n_entries += pup_pack_index_n_entries(pup_pack_set_pack(set, i)->index);
    while (n_slots < 2 * n_entries)
        n_slots *= 2;
    set->mask = n_slots - 1;
    set->slots = g_new(guint64, n_slots);
    memset(set->slots, 0xff, n_slots * sizeof *set->slots);
}

static void
unref_pack(gpointer pack)
{
    pup_pack_unref(pack);
}

PupPackSet *
pup_pack_set_new(GPtrArray *packs)
{
    PupPackSet *set = g_new0(PupPackSet, 1);
    g_atomic_ref_count_init(&set->refs);
    set->packs = g_ptr_array_new_with_free_func(unref_pack);
    for (guint i = 0; i < packs->len; i++)
        g_ptr_array_add(set->packs, pup_pack_ref(g_ptr_array_index(packs, i)));
    g_ptr_array_sort(set->packs, larger_first);
    set->by_id = g_hash_table_new(g_str_hash, g_str_equal);
    make_slots(set);
    for (guint i = 0; i < set->packs->len; i++) {
        PupPack *pack = pup_pack_set_pack(set, i);
        g_hash_table_insert(set->by_id, pack->id.text, pack);
        add_pack(set, i);
    }
    return set;
}

PupPackSet *
pup_pack_set_ref(PupPackSet *set)
{
    g_atomic_ref_count_inc(&set->refs);
    return set;
}

void
pup_pack_set_unref(PupPackSet *set)
{
    if (!set || !g_atomic_ref_count_dec(&set->refs))
        return;
    g_hash_table_destroy(set->by_id);
    g_ptr_array_unref(set->packs);
    g_free(set->slots);
    g_free(set);
}

guint32
pup_pack_set_n_packs(const PupPackSet *set)
{
    return set->packs->len;
}

PupPack *
pup_pack_set_pack(const PupPackSet *set, guint32 i)
{
    return g_ptr_array_index(set->packs, i);
}

PupPack *
pup_pack_set_by_id(const PupPackSet *set, const PupPackId *id)
{
    return g_hash_table_lookup(set->by_id, id->text);
}

gboolean
pup_pack_set_find(const PupPackSet *set, const PupName *name, PupPlace *place)
{
    guint64 slot = *find_slot(set, name);
    if (slot == NO_SLOT)
        return FALSE;
    *place = place_of(slot);
    return TRUE;
}
