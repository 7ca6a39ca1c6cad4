/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Nothing is remembered of earlier runs. The old sub-master tells by its header what it
 * stands on, and by holding nothing that it is as it was made. It was put into place
 * after the newest version was published from it. So a catalog that got lost costs
 * nothing, and there is no note that could be wrong. A room that was rolled back stays so
 * until something changes: whoever did that had a reason.
 *
 * The old sub-master is held open for reading all the while: QEMU lets no writer in whose
 * work would be lost.
 */
#include "server/image/regenerate.h"

#include <string.h>
#include <unistd.h>

#include "lib/error.h"
#include "lib/failpoint.h"
#include "lib/file.h"
#include "lib/ident.h"
#include "server/image/canary.h"
#include "server/image/chain.h"
#include "server/image/disk.h"
#include "server/image/edits.h"
#include "server/image/qemu_img.h"
#include "server/image/runs.h"
#include "server/image/workshop.h"

typedef struct {
    const PupWorkshop *shop;
    const char *room;
    const PupRegenerate *options;
    char *path;      /* of the sub-master */
    char *candidate; /* what is to become it */
    PupRoomProfile *profile;
    PupManifest *master;
    PupTrial trial;
    char *base;           /* backing file that the sub-master shall have */
    PupDisk *old;         /* the sub-master that is there; NULL: none, or unreadable */
    guint64 edited_bytes; /* that it holds of its own */
    PupRegenerateReport report;
} Regenerate;

void
pup_regenerate_report_clear(PupRegenerateReport *report)
{
    g_clear_pointer(&report->base, g_free);
}

static void
regenerate_clear(Regenerate *job)
{
    g_free(job->path);
    g_free(job->candidate);
    pup_room_profile_free(job->profile);
    pup_manifest_free(job->master);
    g_free(job->base);
    pup_disk_free(job->old);
    pup_regenerate_report_clear(&job->report);
}

/* What the sub-master is to be. */
static gboolean
plan(Regenerate *job, GError **error)
{
    const PupWorkshop *shop = job->shop;
    unsigned version;

    job->profile = pup_catalog_room(shop->catalog, job->room, error);
    if (!job->profile || !pup_trial_plan(shop, job->room, job->profile,
                                         job->options->canary, &job->trial, error))
        return FALSE;
    version = pup_workshop_find_master(shop, job->profile, error);
    if (version == 0)
        return FALSE;
    job->master = pup_workshop_manifest(shop, PUP_KIND_MASTER, job->profile->master,
                                        version, error);
    if (!job->master)
        return FALSE;
    job->base = pup_backing_master(job->profile->master, version);
    job->report.base = g_strdup_printf("%s@%u", job->profile->master, version);
    return TRUE;
}

/* Hold the sub-master that is there and see what it has of its own. One that cannot be
 * read is no obstacle to making it anew, where that was ordered. */
static gboolean
look_at_old(Regenerate *job, GError **error)
{
    GCancellable *cancellable = job->shop->cancellable;
    g_autoptr(GError) why = NULL;
    g_autoptr(GArray) runs = NULL;

    if (access(job->path, F_OK) < 0)
        return TRUE;
    job->old = pup_disk_open(job->shop->settings, job->path, 1, cancellable, &why);
    runs = job->old ? pup_disk_runs(job->old, 1, cancellable, &why) : NULL;
    if (runs) {
        job->edited_bytes = pup_runs_count(runs, FALSE) * PUP_CHUNK_BYTES;
        return TRUE;
    }
    if (job->options->discard_edits && !g_error_matches(why, PUP_ERROR, PUP_ERROR_BUSY) &&
        !g_cancellable_is_cancelled(cancellable))
        return TRUE;
    g_propagate_error(error, g_steal_pointer(&why));
    return FALSE;
}

static gboolean
check_edits(const Regenerate *job, GError **error)
{
    if (job->edited_bytes == 0 || job->options->discard_edits)
        return TRUE;
    pup_error_set(
        error, PUP_ERROR_DENIED,
        "the sub-master of room '%s' was changed by hand and would lose %.1f MiB; "
        "publish it as it is with `pupitre room publish %s`, or add "
        "--discard-edits to throw that away",
        job->room, (double) job->edited_bytes / (1 << 20), job->room);
    return FALSE;
}

/* Whether the newest version is what would be published from a sub-master as it was made.
 * Over the bare master a room that was just added looks the same: its disk tells. */
static gboolean
newest_is_it(const Regenerate *job, const PupManifest *newest, gboolean *it_is,
             GError **error)
{
    *it_is = FALSE;
    if (strcmp(newest->master, job->master->name) != 0 ||
        newest->master_version != job->master->version ||
        !pup_workshop_same_disk(newest, job->master))
        return TRUE;
    return pup_room_settings_equal(job->shop, job->profile, newest, it_is, error);
}

static gboolean
see_if_unchanged(Regenerate *job, GError **error)
{
    const PupWorkshop *shop = job->shop;
    g_autoptr(PupImageInfo) info = NULL;
    g_autoptr(PupManifest) newest = NULL;
    unsigned next;

    if (!job->old || job->edited_bytes > 0)
        return TRUE;
    info = pup_image_info(job->path, "qcow2", shop->cancellable, error);
    if (!info)
        return FALSE;
    next = pup_workshop_next_version(shop, PUP_KIND_ROOM, job->room, error);
    if (next == 0)
        return FALSE;
    if (next == 1 || g_strcmp0(info->backing, job->base) != 0)
        return TRUE;
    newest = pup_workshop_manifest(shop, PUP_KIND_ROOM, job->room, next - 1, error);
    job->report.publish.version = next - 1;
    return newest && newest_is_it(job, newest, &job->report.unchanged, error);
}

/* Publish the candidate, and have it take the sub-master's place. */
static gboolean
publish_candidate(Regenerate *job, GError **error)
{
    const PupWorkshop *shop = job->shop;

    return pup_failpoint("regenerate-made", error) &&
           pup_room_publish_locked(shop, job->room, job->candidate, job->options->canary,
                                   &job->report.publish, error) &&
           pup_failpoint("regenerate-published", error) &&
           pup_workshop_place(job->candidate, job->path, 0644, error);
}

static gboolean
make_folder(const char *path, GError **error)
{
    g_autofree char *folder = g_path_get_dirname(path);

    return pup_file_make_dir(folder, error);
}

static gboolean
make_candidate(Regenerate *job, GError **error)
{
    gboolean done = make_folder(job->path, error) &&
                    pup_image_create_overlay(job->candidate, job->base,
                                             job->shop->cancellable, error) &&
                    publish_candidate(job, error);

    if (!done)
        unlink(job->candidate);
    return done;
}

static gboolean
regenerate_locked(Regenerate *job, GError **error)
{
    const PupWorkshop *shop = job->shop;

    if (!plan(job, error) || !look_at_old(job, error) || !check_edits(job, error) ||
        !see_if_unchanged(job, error))
        return FALSE;
    if (job->report.unchanged)
        return shop->dry_run || job->trial.now.version != job->report.publish.version ||
               pup_trial_move(shop, job->room, &job->trial, error);
    if (shop->dry_run) {
        job->report.publish.version =
            pup_workshop_next_version(shop, PUP_KIND_ROOM, job->room, error);
        return job->report.publish.version > 0;
    }
    if (!pup_workshop_check_pools(shop, error) || !make_candidate(job, error))
        return FALSE;
    pup_workshop_show_pools(shop);
    return TRUE;
}

gboolean
pup_room_regenerate(const PupWorkshop *shop, const char *room,
                    const PupRegenerate *options, PupRegenerateReport *report,
                    GError **error)
{
    Regenerate job = {.shop = shop, .room = room, .options = options};
    g_autoptr(PupLock) lock = NULL;
    gboolean done;

    if (!pup_ident_check("room", room, error) || !pup_workshop_check_key(shop, error))
        return FALSE;
    lock = pup_edits_lock_room(shop, room, error);
    if (!lock)
        return FALSE;
    job.path = pup_room_path(shop, room);
    job.candidate = pup_workshop_temp_path(job.path);
    done = regenerate_locked(&job, error);
    if (done) {
        *report = job.report;
        job.report.base = NULL;
    }
    regenerate_clear(&job);
    return done;
}
