/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "server/http/kept.h"

#define SWEEP_SLOTS 4u

typedef struct {
    GMutex lock;
    char *key; /* NULL: empty */
    gpointer value;
    gint64 made_us;
} Slot;

struct PupKept {
    GDestroyNotify unref;
    unsigned n_slots;
    gint hand; /* where the next sweep begins, atomic */
    Slot slots[];
};

PupKept *
pup_kept_new(unsigned n_slots, GDestroyNotify unref)
{
    PupKept *kept = g_malloc0(sizeof *kept + n_slots * sizeof kept->slots[0]);
    kept->unref = unref;
    kept->n_slots = n_slots;
    for (unsigned i = 0; i < n_slots; i++)
        g_mutex_init(&kept->slots[i].lock);
    return kept;
}

static void
empty(PupKept *kept, Slot *slot)
{
    if (!slot->key)
        return;
    g_clear_pointer(&slot->key, g_free);
    kept->unref(slot->value);
}

void
pup_kept_free(PupKept *kept)
{
    if (!kept)
        return;
    for (unsigned i = 0; i < kept->n_slots; i++) {
        empty(kept, &kept->slots[i]);
        g_mutex_clear(&kept->slots[i].lock);
    }
    g_free(kept);
}

static Slot *
slot_of(PupKept *kept, const char *key)
{
    return &kept->slots[g_str_hash(key) % kept->n_slots];
}

gboolean
pup_kept_use(PupKept *kept, const char *key, PupKeptUse use, gpointer data)
{
    Slot *slot = slot_of(kept, key);
    g_mutex_lock(&slot->lock);
    gboolean found = slot->key && g_str_equal(slot->key, key);
    if (found)
        use(slot->value, data);
    g_mutex_unlock(&slot->lock);
    return found;
}

void
pup_kept_put(PupKept *kept, const char *key, gpointer value, gint64 now_us)
{
    Slot *slot = slot_of(kept, key);
    g_mutex_lock(&slot->lock);
    empty(kept, slot);
    slot->key = g_strdup(key);
    slot->value = value;
    slot->made_us = now_us;
    g_mutex_unlock(&slot->lock);
}

void
pup_kept_sweep(PupKept *kept, gint64 now_us)
{
    unsigned first = (guint) g_atomic_int_add(&kept->hand, SWEEP_SLOTS);
    for (unsigned i = 0; i < SWEEP_SLOTS; i++) {
        Slot *slot = &kept->slots[(first + i) % kept->n_slots];
        g_mutex_lock(&slot->lock);
        if (slot->key && now_us - slot->made_us >= PUP_KEPT_MAX_AGE_US)
            empty(kept, slot);
        g_mutex_unlock(&slot->lock);
    }
}
