/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "server/image/workbench.h"

#include <string.h>
#include <unistd.h>

#include "lib/error.h"
#include "server/image/machine.h"

#define DEFAULT_MEMORY_MIB 4096u
#define DEFAULT_CPUS 4u
/* A guest may miss the first request, e.g. while it still starts. */
#define ASKED_AGAIN_MS 20000

void
pup_workbench_of_room(PupWorkbench *bench, const PupRoomProfile *profile)
{
    bench->guest = &profile->guest;
    bench->local_time = pup_room_profile_wants_local_time(profile);
    bench->timezone = profile->timezone;
}

static unsigned
cpus_of(const PupWorkbench *bench)
{
    unsigned have = g_get_num_processors();
    unsigned most = MIN(have, DEFAULT_CPUS);

    if (bench->cpus > 0)
        return bench->cpus;
    return bench->guest->cpus > 0 ? MIN(bench->guest->cpus, most) : most;
}

static unsigned
memory_of(const PupWorkbench *bench)
{
    guint64 half =
        (guint64) sysconf(_SC_PHYS_PAGES) * (guint64) sysconf(_SC_PAGESIZE) / 2;
    unsigned wanted = bench->guest->memory_mib;

    if (bench->memory_mib > 0)
        return bench->memory_mib;
    return (unsigned) MIN(wanted > 0 ? wanted : DEFAULT_MEMORY_MIB, half >> 20);
}

PupVirtDomain *
pup_workbench_start(const PupWorkshop *shop, PupVirt *virt, const PupWorkbench *bench,
                    GError **error)
{
    g_autofree char *name = g_strdup_printf("pupitre-%s", bench->name);
    g_autofree char *nvram = g_build_filename(bench->folder, "nvram.fd", NULL);
    g_autofree char *serial = g_build_filename(bench->folder, "serial.log", NULL);
    PupMachine machine = {
        .name = name,
        .title = bench->title ? bench->title : name,
        .guest = bench->guest,
        .watched = bench->display,
        .durable = bench->durable,
        .local_time = bench->local_time,
        .timezone = bench->timezone,
        .cpus = cpus_of(bench),
        .memory_mib = memory_of(bench),
        .disk = bench->disk,
        .nvram = nvram,
        .serial_log = serial,
    };

    if (g_cancellable_set_error_if_cancelled(shop->cancellable, error))
        return NULL;
    return pup_machine_start(shop, virt, &machine, error);
}

gboolean
pup_workbench_check_end(PupVirtDomain *domain, PupVirtStates states, GError **error)
{
    static const struct {
        PupVirtStates states;
        PupErrorCode code;
        const char *words;
    } ends[] = {
        {PUP_VIRT_FULL, PUP_ERROR_NO_SPACE,
         "stands still: its disk's file system has no room left"},
        {PUP_VIRT_HALTED, PUP_ERROR_IO,
         "stands still: its disk cannot be read or written; see the system's log"},
        {PUP_VIRT_DESTROYED, PUP_ERROR_IO, "was ended by somebody"},
        {PUP_VIRT_LOST, PUP_ERROR_NET,
         "is lost: the libvirt daemon went away; see its log and try again"},
        {~0u, PUP_ERROR_IO, "crashed"},
    };
    const char *name = pup_virt_domain_name(domain);
    unsigned i = 0;

    if (states & PUP_VIRT_ENDED)
        return TRUE;
    while (!(states & ends[i].states) && i + 1 < G_N_ELEMENTS(ends))
        i++;
    pup_error_set(error, ends[i].code, "the virtual machine '%s' %s", name,
                  ends[i].words);
    return FALSE;
}

gboolean
pup_workbench_wait(PupVirtDomain *domain, GCancellable *cancellable, GError **error)
{
    PupVirtStates states =
        pup_virt_domain_wait(domain, PUP_VIRT_STUCK, -1, cancellable, error);

    return states && pup_workbench_check_end(domain, states, error);
}

gboolean
pup_workbench_stop(PupVirtDomain *domain, unsigned timeout_s, GCancellable *cancellable,
                   GError **error)
{
    gint64 left_ms = (gint64) timeout_s * 1000;

    for (;;) {
        gint64 wait_ms = MIN(left_ms, ASKED_AGAIN_MS);
        g_autoptr(GError) late = NULL;
        PupVirtStates states;

        pup_virt_domain_shutdown(domain, NULL);
        states =
            pup_virt_domain_wait(domain, PUP_VIRT_STUCK, wait_ms, cancellable, &late);
        if (states)
            return pup_workbench_check_end(domain, states, error);
        left_ms -= wait_ms;
        if (left_ms > 0 && g_error_matches(late, PUP_ERROR, PUP_ERROR_TIMEOUT))
            continue;
        if (g_error_matches(late, PUP_ERROR, PUP_ERROR_TIMEOUT))
            pup_error_set(error, PUP_ERROR_TIMEOUT,
                          "the guest of '%s' did not shut down within %u s",
                          pup_virt_domain_name(domain), timeout_s);
        else
            g_propagate_error(error, g_steal_pointer(&late));
        return FALSE;
    }
}
