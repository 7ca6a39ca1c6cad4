/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Whose thread runs what, while libvirt is open. */
#include "config.h"

#include <libvirt/libvirt.h>
#include <unistd.h>

#include "tests/unit/unit.h"

#include "client-image/seat/domain.h"
#include "client-image/seat/libvirt_loop.h"
#include "lib/file.h"

static void
on_event(gpointer user, PupGuestEvent event)
{
}

static gboolean
note_thread(gpointer data)
{
    g_atomic_pointer_set((GThread **) data, g_thread_self());
    return G_SOURCE_REMOVE;
}

/* The main loop does not run yet, and libvirt opens in its threads: nobody may take the
 * main thread's callbacks meanwhile. */
static void
main_thread_keeps_its_callbacks(void **state)
{
    g_autofree char *root = unit_make_dir();
    g_autoptr(GError) error = NULL;
    g_autoptr(PupHypervisor) hypervisor = NULL;
    GThread *caller = NULL;

    hypervisor = pup_hypervisor_new(root, "/nowhere/qemu", FALSE, on_event, NULL, &error);
    assert_non_null(hypervisor);
    g_idle_add(note_thread, &caller);
    pup_hypervisor_await(hypervisor);
    assert_null(g_atomic_pointer_get(&caller));
    while (!caller)
        g_main_context_iteration(NULL, TRUE);
    assert_ptr_equal(caller, g_thread_self());
    g_clear_pointer(&hypervisor, pup_hypervisor_free);
    pup_file_remove_tree(root);
}

typedef struct {
    GThread *thread; /* of the last call */
    int calls;
    int id, events;
    gboolean freed;
} Seen;

static void
note(Seen *seen, int id, int events)
{
    seen->thread = g_thread_self();
    seen->calls++;
    seen->id = id;
    seen->events = events;
}

static void
on_timeout(int id, void *opaque)
{
    note(opaque, id, 0);
}

static void
on_handle(int id, int fd, int events, void *opaque)
{
    note(opaque, id, events);
}

static void
on_free(void *opaque)
{
    ((Seen *) opaque)->freed = TRUE;
}

static gpointer
add_timeout(gpointer data)
{
    return GINT_TO_POINTER(virEventAddTimeout(0, on_timeout, data, on_free));
}

static void
turn(void)
{
    while (g_main_context_iteration(NULL, FALSE))
        ;
}

static void
timer(void **state)
{
    Seen seen = {0};
    int id = GPOINTER_TO_INT(g_thread_join(g_thread_new("adds", add_timeout, &seen)));

    assert_true(id > 0);
    assert_int_equal(seen.calls, 0);
    while (seen.calls < 2)
        g_main_context_iteration(NULL, TRUE);
    assert_ptr_equal(seen.thread, g_thread_self());
    assert_int_equal(seen.id, id);

    virEventUpdateTimeout(id, -1);
    seen.calls = 0;
    turn();
    assert_int_equal(seen.calls, 0);

    virEventUpdateTimeout(id, 1);
    while (seen.calls < 1)
        g_main_context_iteration(NULL, TRUE);
    assert_int_equal(virEventRemoveTimeout(id), 0);
    assert_false(seen.freed);
    virEventUpdateTimeout(id, 0);
    seen.calls = 0;
    turn();
    assert_int_equal(seen.calls, 0);
    assert_true(seen.freed);
    assert_int_equal(virEventRemoveTimeout(id), -1);
}

static void
watch(void **state)
{
    Seen seen = {0};
    int ends[2], id;

    assert_int_equal(pipe(ends), 0);
    id = virEventAddHandle(ends[0], 0, on_handle, &seen, on_free);
    assert_true(id > 0);
    assert_int_equal(write(ends[1], "x", 1), 1);
    turn();
    assert_int_equal(seen.calls, 0);

    virEventUpdateHandle(id, VIR_EVENT_HANDLE_READABLE);
    g_main_context_iteration(NULL, FALSE);
    assert_int_equal(seen.calls, 1);
    assert_int_equal(seen.id, id);
    assert_int_equal(seen.events, VIR_EVENT_HANDLE_READABLE);
    close(ends[1]);
    g_main_context_iteration(NULL, FALSE);
    assert_int_equal(seen.events, VIR_EVENT_HANDLE_READABLE | VIR_EVENT_HANDLE_HANGUP);

    assert_int_equal(virEventRemoveHandle(id), 0);
    turn();
    assert_int_equal(seen.calls, 2);
    assert_true(seen.freed);
    close(ends[0]);
}

static int
set_up(void **state)
{
    pup_libvirt_loop_register();
    return 0;
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(main_thread_keeps_its_callbacks),
        cmocka_unit_test(timer),
        cmocka_unit_test(watch),
    };

    return cmocka_run_group_tests(tests, set_up, NULL);
}
