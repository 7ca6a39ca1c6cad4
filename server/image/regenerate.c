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

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "lib/error.h"
#include "lib/failpoint.h"
#include "lib/file.h"
#include "lib/time_text.h"
#include "lib/ident.h"
#include "server/image/canary.h"
#include "server/image/chain.h"
#include "server/image/disk.h"
#include "server/image/edits.h"
#include "server/image/layers.h"
#include "server/image/needs.h"
#include "server/image/qemu_img.h"
#include "server/image/runs.h"
#include "server/image/screens.h"
#include "server/image/workshop.h"

typedef struct {
    const PupWorkshop *shop;
    const char *room;
    const PupRegenerate *options;
    char *path;      /* of the sub-master */
    char *candidate; /* what is to become it */
    char *folder;    /* run/regenerate-ROOM */
    char *log_path;
    FILE *log; /* NULL before anything is done */
    PupRoomProfile *profile;
    PupManifest *master;
    PupTrial trial;
    PupRecipe *recipe;
    char **digests;       /* of its steps */
    char *base;           /* backing file that the sub-master shall have */
    char *base_path;      /* the same as an absolute path */
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
    g_free(job->folder);
    g_free(job->log_path);
    if (job->log)
        fclose(job->log);
    pup_room_profile_free(job->profile);
    pup_manifest_free(job->master);
    pup_recipe_free(job->recipe);
    g_strfreev(job->digests);
    g_free(job->base);
    g_free(job->base_path);
    pup_disk_free(job->old);
    pup_regenerate_report_clear(&job->report);
}

/* What the sub-master stands on when all steps are done. */
static void
set_base(Regenerate *job)
{
    const PupManifest *master = job->master;
    const char *last = NULL;

    for (char **digest = job->digests; *digest; digest++)
        last = *digest;
    job->base = last ? pup_backing_layer(last)
                     : pup_backing_master(master->name, master->version);
    job->base_path = last ? pup_layer_path(job->shop, last)
                          : pup_master_path(job->shop, master->name, master->version);
    job->report.base = g_strdup_printf("%s@%u", master->name, master->version);
    job->report.n_steps = g_strv_length(job->digests);
    job->report.n_run = job->report.n_steps - pup_layers_there(job->shop, job->digests);
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
    job->recipe =
        job->master && pup_needs_check(shop, job->master, job->room, job->profile, error)
            ? pup_recipe_read(shop->settings->recipes_dir, job->room, error)
            : NULL;
    job->digests =
        job->recipe ? pup_recipe_digests(job->recipe, job->master, error) : NULL;
    if (!job->digests)
        return FALSE;
    set_base(job);
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
        (job->report.n_steps == 0 && !pup_workshop_same_disk(newest, job->master)))
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

/* ---- steps and boot test -------------------------------------------------------------
 */

/* What the guest prints: to the log, and to whoever watches. */
static void
take_output(gpointer data, const char *text, gsize len)
{
    Regenerate *job = data;

    fwrite(text, 1, len, job->log);
    fflush(job->log);
    if (job->options->output)
        job->options->output(job->options->data, text, len);
}

static gboolean
open_log(Regenerate *job, GError **error)
{
    g_autofree char *folder = g_path_get_dirname(job->log_path);
    g_autofree char *date = pup_time_text(g_get_real_time() / 1000);

    if (!pup_file_make_dir(folder, error))
        return FALSE;
    job->log = fopen(job->log_path, "we");
    if (!job->log) {
        pup_error_set_errno(error, errno, "cannot write '%s'", job->log_path);
        return FALSE;
    }
    fprintf(job->log, "%s: room %s over %s, %u of %u steps to run\n", date, job->room,
            job->report.base, job->report.n_run, job->report.n_steps);
    return TRUE;
}

/* Start a disk over the candidate's base: what the guest writes is not published. */
static gboolean
test_base(Regenerate *job, const PupRecipeRun *run, GError **error)
{
    const PupWorkshop *shop = job->shop;
    g_autofree char *disk = g_build_filename(job->folder, "test.qcow2", NULL);
    g_autofree char *screen = g_build_filename(job->folder, "screen.png", NULL);
    static const char head[] = "\n== boot test\n";

    if (run->recipe->boot_test == PUP_BOOT_TEST_NONE)
        return TRUE;
    if (shop->progress)
        shop->progress(shop->progress_data, "boot test", 0, 0);
    take_output(job, head, sizeof head - 1);
    job->report.tested =
        pup_image_create_overlay(disk, job->base_path, shop->cancellable, error) &&
        pup_recipe_run_test(run, disk, screen, error);
    unlink(disk);
    return job->report.tested;
}

/* Run what the recipe says, up to a base that may be published. */
static gboolean
follow_recipe(Regenerate *job, GError **error)
{
    g_autofree char *failed_screen = g_strdup_printf(
        "%.*s.png", (int) (strlen(job->log_path) - strlen(".log")), job->log_path);
    PupRecipeRun run = {.shop = job->shop,
                        .room = job->room,
                        .profile = job->profile,
                        .recipe = job->recipe,
                        .folder = job->folder,
                        .failed_screen = failed_screen,
                        .output = take_output,
                        .data = job};

    if (job->report.n_run == 0 && job->recipe->boot_test == PUP_BOOT_TEST_NONE)
        return TRUE;
    if (!open_log(job, error) || !pup_file_make_dir(job->folder, error))
        return FALSE;
    run.virt = job->options->virt(job->options->data, error);
    return run.virt &&
           pup_layers_make(&run, job->digests, job->master, job->candidate,
                           &job->report.n_run, error) &&
           test_base(job, &run, error);
}

/* ---- all of it -----------------------------------------------------------------------
 */

static gboolean
keep_screen(const Regenerate *job, GError **error)
{
    g_autofree char *screen = g_build_filename(job->folder, "screen.png", NULL);

    return !job->report.tested || pup_screen_keep(job->shop, screen, job->room,
                                                  job->report.publish.version, error);
}

/* Publish the candidate, and have it take the sub-master's place. */
static gboolean
publish_candidate(Regenerate *job, GError **error)
{
    const PupWorkshop *shop = job->shop;

    return pup_failpoint("regenerate-made", error) &&
           pup_room_publish_locked(shop, job->room, job->candidate, job->options->canary,
                                   &job->report.publish, error) &&
           pup_failpoint("regenerate-published", error) && keep_screen(job, error) &&
           pup_workshop_place(job->candidate, job->path, 0644, error);
}

static gboolean
make_folder(const char *path, GError **error)
{
    g_autofree char *folder = g_path_get_dirname(path);

    return pup_file_make_dir(folder, error);
}

/* The message of what failed in the guest says where to read on. */
static void
name_log(const Regenerate *job, GError **error)
{
    g_autofree char *message = NULL;

    if (!error || !job->log || g_cancellable_is_cancelled(job->shop->cancellable))
        return;
    message = g_strdup_printf("%s; see '%s'", (*error)->message, job->log_path);
    g_free((*error)->message);
    (*error)->message = g_steal_pointer(&message);
}

static gboolean
make_candidate(Regenerate *job, GError **error)
{
    gboolean done = make_folder(job->path, error) && follow_recipe(job, error);

    if (!done)
        name_log(job, error);
    done = done &&
           pup_image_create_overlay(job->candidate, job->base, job->shop->cancellable,
                                    error) &&
           publish_candidate(job, error);
    if (!done)
        unlink(job->candidate);
    pup_file_remove_tree(job->folder);
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

static void
set_paths(Regenerate *job)
{
    g_autofree char *run = g_strdup_printf("run/regenerate-%s", job->room);
    g_autofree char *log = g_strdup_printf("logs/regenerate-%s.log", job->room);

    job->path = pup_room_path(job->shop, job->room);
    job->candidate = pup_workshop_temp_path(job->path);
    job->folder = pup_settings_path(job->shop->settings, run);
    job->log_path = pup_settings_path(job->shop->settings, log);
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
    set_paths(&job);
    done = regenerate_locked(&job, error);
    if (done) {
        *report = job.report;
        job.report.base = NULL;
    }
    regenerate_clear(&job);
    return done;
}
