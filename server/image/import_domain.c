/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "server/image/import_domain.h"

#include <unistd.h>

#include "lib/error.h"
#include "lib/file.h"
#include "lib/ident.h"
#include "server/image/lock.h"
#include "server/image/probe.h"
#include "server/image/virt_backup.h"
#include "server/image/workshop.h"

typedef struct {
    const PupWorkshop *shop;
    const char *name, *domain;
    PupVirtBackup *backup;
    char *folder, *scratch;
} Job;

static void
end_backup(Job *job)
{
    g_clear_pointer(&job->backup, pup_virt_backup_free);
    unlink(job->scratch);
    pup_file_remove_tree(job->folder);
}

static gboolean
on_copied(gpointer data, GError **error)
{
    end_backup(data);
    return TRUE;
}

static gboolean
begin_backup(Job *job, GError **error)
{
    g_autofree char *masters = g_path_get_dirname(job->scratch);

    if (!pup_file_make_dir(masters, error) || !pup_file_make_dir(job->folder, error))
        return FALSE;
    unlink(job->scratch); /* of one that was killed */
    return pup_virt_backup_begin(job->backup, job->folder, job->scratch, error);
}

/* What is read is raw whatever the domain's file is: QEMU serves it. */
static gboolean
import_running(Job *job, PupDomainImport *made, GError **error)
{
    PupImportSource from = {.format = "raw", .copied = on_copied, .data = job};
    gboolean done;

    from.virtual_bytes = pup_virt_backup_virtual_bytes(job->backup);
    from.actual_bytes = pup_virt_backup_allocated_bytes(job->backup);
    if (job->shop->dry_run) {
        from.source = pup_virt_backup_file(job->backup);
        return pup_master_import_source(job->shop, job->name, &from, &made->report,
                                        error);
    }
    done = begin_backup(job, error);
    made->clean = pup_virt_backup_is_clean(job->backup);
    from.source = pup_virt_backup_uri(job->backup);
    done = done &&
           pup_probe_guest(job->shop->settings, from.source, from.format, job->domain,
                           job->shop->cancellable, error) &&
           pup_master_import_source(job->shop, job->name, &from, &made->report, error);
    end_backup(job);
    return done;
}

static gboolean
import_shut_off(const Job *job, PupDomainImport *made, GError **error)
{
    PupImportFile of = {.file = pup_virt_backup_file(job->backup),
                        .format = pup_virt_backup_format(job->backup)};

    return pup_master_import_locked(job->shop, job->name, &of, &made->report, error);
}

/* What the domain tells, and over it what the admin said. */
static gboolean
import_told(Job *job, PupDomainImport *made, GError **error)
{
    const PupWorkshop *before = job->shop;
    PupWorkshop shop = *before;
    gboolean done;
    PupNeedsChange needs = *pup_virt_backup_needs(job->backup);

    if (shop.needs)
        pup_needs_change_merge(&needs, shop.needs);
    shop.needs = &needs;
    job->shop = &shop;
    done =
        made->ran ? import_running(job, made, error) : import_shut_off(job, made, error);
    job->shop = before;
    return done;
}

gboolean
pup_master_import_domain(const PupWorkshop *shop, const char *name, const char *domain,
                         const char *target, PupDomainImport *made, GError **error)
{
    g_autofree char *sub = g_strdup_printf("images/masters/.%s.qcow2.tmp", name);
    g_autofree char *run = g_strdup_printf("run/import-%s", name);
    g_autofree char *scratch = pup_settings_path(shop->settings, sub);
    g_autofree char *folder = pup_settings_path(shop->settings, run);
    g_autoptr(PupLock) lock = NULL;
    PupDomainImport result = {0};
    Job job = {shop, name, domain, NULL, folder, scratch};
    gboolean done;

    if (!pup_ident_check("master", name, error) || !pup_workshop_check_key(shop, error) ||
        !pup_workshop_check_pools(shop, error))
        return FALSE;
    lock = pup_lock_take(shop->settings, "master", name, error);
    job.backup =
        lock ? pup_virt_backup_find(shop->settings, domain, target, error) : NULL;
    if (!job.backup)
        return FALSE;
    result.ran = pup_virt_backup_runs(job.backup);
    done = import_told(&job, &result, error);
    g_clear_pointer(&job.backup, pup_virt_backup_free);
    if (done)
        *made = result;
    return done;
}
