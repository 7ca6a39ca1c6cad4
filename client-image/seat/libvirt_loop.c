/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * An entry lives until the loop's turn after its removal: its callback may be running in
 * the main thread while another one removes it, and libvirt wants its free function
 * called from the loop and not from within the removal.
 */
#include "config.h"
#include "client-image/seat/libvirt_loop.h"

#include <glib-unix.h>
#include <libvirt/libvirt.h>

typedef struct {
    int id;
    int fd;          /* -1: a timer */
    GSource *source; /* NULL: nothing is waited for */
    virEventHandleCallback on_ready;
    virEventTimeoutCallback on_time;
    void *opaque;
    virFreeCallback free_opaque;
} Entry;

static GMutex lock;         /* of what follows, and of each entry's source */
static GHashTable *entries; /* id -> Entry */
static int last_id;

static const struct {
    int event;
    GIOCondition condition;
} conditions[] = {
    {VIR_EVENT_HANDLE_READABLE, G_IO_IN},
    {VIR_EVENT_HANDLE_WRITABLE, G_IO_OUT},
    {VIR_EVENT_HANDLE_ERROR, G_IO_ERR},
    {VIR_EVENT_HANDLE_HANGUP, G_IO_HUP},
};

static gboolean
on_ready(int fd, GIOCondition condition, gpointer data)
{
    const Entry *entry = data;
    int events = 0;

    for (unsigned i = 0; i < G_N_ELEMENTS(conditions); i++)
        if (condition & conditions[i].condition)
            events |= conditions[i].event;
    entry->on_ready(entry->id, fd, events, entry->opaque);
    return G_SOURCE_CONTINUE;
}

static gboolean
on_time(gpointer data)
{
    const Entry *entry = data;

    entry->on_time(entry->id, entry->opaque);
    return G_SOURCE_CONTINUE;
}

static void
stop(Entry *entry)
{
    if (entry->source)
        g_source_destroy(entry->source);
    g_clear_pointer(&entry->source, g_source_unref);
}

/* @what: a timer's milliseconds, negative for never; a watch's events, 0 for none. */
static void
wait_for(Entry *entry, int what)
{
    GIOCondition condition = G_IO_ERR | G_IO_HUP;

    stop(entry);
    if (what < 0 || (what == 0 && entry->fd >= 0))
        return;
    for (unsigned i = 0; i < G_N_ELEMENTS(conditions); i++)
        if (what & conditions[i].event)
            condition |= conditions[i].condition;
    if (entry->fd >= 0) {
        entry->source = g_unix_fd_source_new(entry->fd, condition);
        g_source_set_callback(entry->source, G_SOURCE_FUNC(on_ready), entry, NULL);
    } else {
        entry->source = g_timeout_source_new((guint) what);
        g_source_set_callback(entry->source, on_time, entry, NULL);
    }
    g_source_attach(entry->source, NULL);
}

/* Takes what @like has. Returns its id. */
static int
add(const Entry *like, int what)
{
    g_autoptr(GMutexLocker) locker G_GNUC_UNUSED = g_mutex_locker_new(&lock);
    Entry *entry = g_memdup2(like, sizeof *like);

    entry->id = ++last_id;
    g_hash_table_insert(entries, GINT_TO_POINTER(entry->id), entry);
    wait_for(entry, what);
    return entry->id;
}

static int
add_handle(int fd, int events, virEventHandleCallback call, void *opaque,
           virFreeCallback free_opaque)
{
    const Entry like = {
        .fd = fd, .on_ready = call, .opaque = opaque, .free_opaque = free_opaque};

    return add(&like, events);
}

static int
add_timeout(int ms, virEventTimeoutCallback call, void *opaque,
            virFreeCallback free_opaque)
{
    const Entry like = {
        .fd = -1, .on_time = call, .opaque = opaque, .free_opaque = free_opaque};

    return add(&like, ms);
}

static void
update(int id, int what)
{
    g_autoptr(GMutexLocker) locker G_GNUC_UNUSED = g_mutex_locker_new(&lock);
    Entry *entry = g_hash_table_lookup(entries, GINT_TO_POINTER(id));

    if (entry)
        wait_for(entry, what);
}

static gboolean
on_removed(gpointer data)
{
    Entry *entry = data;

    if (entry->free_opaque)
        entry->free_opaque(entry->opaque);
    g_free(entry);
    return G_SOURCE_REMOVE;
}

static int
remove_entry(int id)
{
    g_autoptr(GMutexLocker) locker G_GNUC_UNUSED = g_mutex_locker_new(&lock);
    gpointer entry;

    if (!g_hash_table_steal_extended(entries, GINT_TO_POINTER(id), NULL, &entry))
        return -1;
    stop(entry);
    g_idle_add(on_removed, entry);
    return 0;
}

void
pup_libvirt_loop_register(void)
{
    static gsize registered;

    if (!g_once_init_enter(&registered))
        return;
    entries = g_hash_table_new(NULL, NULL);
    virEventRegisterImpl(add_handle, update, remove_entry, add_timeout, update,
                         remove_entry);
    g_once_init_leave(&registered, 1);
}
