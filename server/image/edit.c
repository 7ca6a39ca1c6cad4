/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "server/image/edit.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/error.h"
#include "lib/failpoint.h"
#include "lib/file.h"
#include "lib/ident.h"
#include "server/image/chain.h"
#include "server/image/needs.h"
#include "server/image/qemu_img.h"
#include "server/image/workbench.h"
#include "server/image/workshop.h"

/* A Windows with updates to install takes its time. */
#define SHUTDOWN_S 900u
#define ENDING_MS 3000
#define FOLDER_MODE 0711 /* QEMU may run as another user */

typedef struct {
    const PupWorkshop *shop;
    const char *room;
    char *disk; /* the sub-master */
    char *overlay, *kept, *folder;
} Job;

static Job
job_of(const PupWorkshop *shop, const char *room)
{
    return (Job){.shop = shop,
                 .room = room,
                 .disk = pup_room_path(shop, room),
                 .overlay = pup_edits_overlay(shop, room),
                 .kept = pup_edits_kept_overlay(shop, room),
                 .folder = pup_edits_folder(shop, room)};
}

static void
job_clear(Job *job)
{
    g_free(job->disk);
    g_free(job->overlay);
    g_free(job->kept);
    g_free(job->folder);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Job, job_clear)

static gboolean
exists(const char *path)
{
    return access(path, F_OK) == 0;
}

static guint64
allocated_bytes(const char *path)
{
    struct stat st;

    return stat(path, &st) == 0 ? (guint64) st.st_blocks * 512 : 0;
}

static gboolean
sync_folder(const char *path, GError **error)
{
    g_autofree char *folder = g_path_get_dirname(path);

    return pup_file_sync_dir(folder, error);
}

static gboolean
remove_file(const char *path, GError **error)
{
    if (unlink(path) < 0 && errno != ENOENT) {
        pup_error_set_errno(error, errno, "cannot remove '%s'", path);
        return FALSE;
    }
    return sync_folder(path, error);
}

static void
set_not_edited(const Job *job, GError **error)
{
    pup_error_set(error, PUP_ERROR_NOT_FOUND,
                  "room '%s' is not being edited; `pupitre room edit-disk %s` begins",
                  job->room, job->room);
}

/* End @job's edit in one way or the other, under the room's lock. */
typedef gboolean (*Ending)(const Job *job, PupVirt *virt, PupEditReport *report,
                           GError **error);

static gboolean
end_edit(const PupWorkshop *shop, PupVirt *virt, const char *room, Ending ending,
         PupEditReport *report, GError **error)
{
    g_autoptr(PupLock) lock = NULL;
    g_auto(Job) job = job_of(shop, room);
    PupEditReport made = {0};

    if (!pup_ident_check("room", room, error))
        return FALSE;
    lock = pup_lock_take(shop->settings, "room", room, error);
    if (!lock || !ending(&job, virt, &made, error))
        return FALSE;
    if (virt)
        pup_virt_end_kept(virt);
    pup_workshop_show_pools(shop);
    *report = made;
    return TRUE;
}

/* ---- keeping -------------------------------------------------------------------------
 */

static gboolean
sync_file(const char *path, GError **error)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    gboolean synced = fd >= 0 && fsync(fd) == 0;

    if (!synced)
        pup_error_set_errno(error, errno, "cannot finish '%s'", path);
    if (fd >= 0)
        close(fd);
    return synced;
}

/* Write the overlay at job->kept into the sub-master. It stays whole until that is done,
 * so doing this again does no harm. Not to be cancelled: a part of it is worth nothing.
 */
static gboolean
commit_kept(const Job *job, GError **error)
{
    PupWorkshopPercent percent = {job->shop, "keeping the changes",
                                  allocated_bytes(job->kept)};

    if (!pup_failpoint("edit-kept", error) ||
        !pup_image_commit(job->kept, pup_workshop_percent, &percent, error) ||
        !sync_file(job->disk, error) || !pup_failpoint("edit-committed", error)) {
        g_prefix_error(error,
                       "what was changed in room '%s' is still there, try --keep "
                       "again: ",
                       job->room);
        return FALSE;
    }
    if (!remove_file(job->kept, error))
        return FALSE;
    pup_file_remove_tree(job->folder);
    return TRUE;
}

/* The disk must be at rest: its machine is gone. */
static gboolean
check_overlay(const Job *job, GError **error)
{
    g_autofree char *what = g_strdup_printf("keeping what was changed in room '%s' takes "
                                            "up to",
                                            job->room);

    return pup_image_check(job->overlay, "qcow2", job->shop->cancellable, error) &&
           pup_workshop_check_space(job->disk, allocated_bytes(job->overlay), what,
                                    error);
}

static gboolean
keep_overlay(const Job *job, GError **error)
{
    if (!check_overlay(job, error))
        return FALSE;
    if (!sync_file(job->overlay, error))
        return FALSE;
    if (rename(job->overlay, job->kept) < 0) {
        pup_error_set_errno(error, errno, "cannot rename '%s'", job->overlay);
        return FALSE;
    }
    return sync_folder(job->kept, error) && commit_kept(job, error);
}

/* The machine of the edit, NULL without @error where none runs. */
static PupVirtDomain *
find_machine(PupVirt *virt, const char *room, GError **error)
{
    g_autofree char *name = g_strdup_printf("pupitre-edit-%s", room);
    g_autoptr(GError) why = NULL;
    PupVirtDomain *domain = pup_virt_find(virt, name, &why);

    if (!domain && !g_error_matches(why, PUP_ERROR, PUP_ERROR_NOT_FOUND))
        g_propagate_error(error, g_steal_pointer(&why));
    return domain;
}

static gboolean
stop_machine(const Job *job, PupVirt *virt, GError **error)
{
    g_autoptr(GError) why = NULL;
    g_autoptr(PupVirtDomain) domain = find_machine(virt, job->room, &why);

    if (why)
        g_propagate_error(error, g_steal_pointer(&why));
    else if (!domain || (pup_virt_domain_states(domain) & PUP_VIRT_GONE))
        return TRUE;
    else if (pup_workbench_stop(domain, SHUTDOWN_S, job->shop->cancellable, error))
        return TRUE;
    else if (error && g_error_matches(*error, PUP_ERROR, PUP_ERROR_TIMEOUT))
        g_prefix_error(error, "shut it down by hand, then keep it, or --discard: ");
    return FALSE;
}

static gboolean
keep_locked(const Job *job, PupVirt *virt, PupEditReport *report, GError **error)
{
    report->finished = exists(job->kept);
    report->bytes = allocated_bytes(report->finished ? job->kept : job->overlay);
    if (!report->finished && !exists(job->overlay)) {
        set_not_edited(job, error);
        return FALSE;
    }
    if (job->shop->dry_run)
        return TRUE;
    if (report->finished)
        return commit_kept(job, error);
    return stop_machine(job, virt, error) && keep_overlay(job, error);
}

gboolean
pup_edit_keep(const PupWorkshop *shop, PupVirt *virt, const char *room,
              PupEditReport *report, GError **error)
{
    return end_edit(shop, virt, room, keep_locked, report, error);
}

/* ---- throwing away -------------------------------------------------------------------
 */

static gboolean
end_machine(const Job *job, PupVirt *virt, GError **error)
{
    g_autoptr(GError) why = NULL;
    g_autoptr(PupVirtDomain) domain = find_machine(virt, job->room, &why);

    if (!why)
        return !domain || pup_virt_domain_destroy(domain, error);
    g_propagate_error(error, g_steal_pointer(&why));
    return FALSE;
}

static gboolean
discard_locked(const Job *job, PupVirt *virt, PupEditReport *report, GError **error)
{
    report->bytes = allocated_bytes(job->overlay);
    if (exists(job->kept)) {
        pup_error_set(error, PUP_ERROR_DENIED,
                      "what was changed in room '%s' is in its sub-master in part; "
                      "`pupitre room edit-disk %s --keep` finishes that",
                      job->room, job->room);
        return FALSE;
    }
    if (!exists(job->overlay)) {
        set_not_edited(job, error);
        return FALSE;
    }
    if (job->shop->dry_run)
        return TRUE;
    if (!end_machine(job, virt, error) || !remove_file(job->overlay, error))
        return FALSE;
    pup_file_remove_tree(job->folder);
    return TRUE;
}

gboolean
pup_edit_discard(const PupWorkshop *shop, PupVirt *virt, const char *room,
                 PupEditReport *report, GError **error)
{
    return end_edit(shop, virt, room, discard_locked, report, error);
}

/* ---- beginning -----------------------------------------------------------------------
 */

static gboolean
make_overlay(const Job *job, GError **error)
{
    g_autofree char *backing = g_path_get_basename(job->disk);
    g_auto(PupChain) chain = {0};

    if (!exists(job->disk)) {
        pup_error_set(error, PUP_ERROR_NOT_FOUND, "room '%s' has no sub-master '%s'",
                      job->room, job->disk);
        return FALSE;
    }
    if (!pup_chain_read_whole(job->shop, job->disk, &chain, error))
        return FALSE;
    return job->shop->dry_run ||
           pup_workshop_make_overlay(job->shop, job->overlay, backing, error);
}

static const char *
who(void)
{
    const char *user = g_getenv("SUDO_USER");

    return user && *user ? user : g_get_user_name();
}

static gboolean
start_machine(const Job *job, PupVirt *virt, const PupRoomProfile *profile, PupEdit *edit,
              GError **error)
{
    g_autofree char *name = g_strdup_printf("edit-%s", job->room);
    g_autofree char *title = g_strdup_printf("Pupitre edits room %s", job->room);
    PupWorkbench bench = {.name = name,
                          .title = title,
                          .disk = job->overlay,
                          .display = TRUE,
                          .durable = TRUE,
                          .folder = job->folder};
    g_autoptr(PupVirtDomain) domain = NULL;

    pup_workbench_of_room(&bench, profile);
    if (!pup_failpoint("edit-made", error) || !pup_file_make_dir(job->folder, error))
        return FALSE;
    if (chmod(job->folder, FOLDER_MODE) < 0) {
        pup_error_set_errno(error, errno, "cannot change '%s'", job->folder);
        return FALSE;
    }
    domain = pup_workbench_start(job->shop, virt, &bench, error);
    if (!domain)
        return FALSE;
    g_free(edit->spice);
    edit->spice = pup_virt_domain_spice(domain, NULL);
    if (!edit->spice)
        edit->spice = g_strdup("");
    if (pup_failpoint("edit-started", error) &&
        pup_edits_note(job->shop, job->room, edit, error))
        return TRUE;
    pup_virt_domain_destroy(domain, NULL);
    return FALSE;
}

/* The machine runs. One whose guest shut down while nobody looked is still there when
 * libvirt finds it, and ends a moment later. */
static gboolean
machine_runs(const Job *job, PupVirt *virt, gboolean *runs, GError **error)
{
    g_autoptr(GError) why = NULL;
    g_autoptr(PupVirtDomain) domain = virt ? find_machine(virt, job->room, &why) : NULL;

    *runs = domain && !pup_virt_domain_wait(domain, PUP_VIRT_GONE, ENDING_MS,
                                            job->shop->cancellable, NULL);
    if (!why)
        return TRUE;
    g_propagate_error(error, g_steal_pointer(&why));
    return FALSE;
}

/* Neither the machine runs already, nor does somebody else write to the overlay. */
static gboolean
check_at_rest(const Job *job, PupVirt *virt, const PupEdit *edit, GError **error)
{
    gboolean busy = FALSE;

    if (!machine_runs(job, virt, &busy, error) ||
        (!busy && !pup_image_is_busy(job->overlay, &busy, job->shop->cancellable, error)))
        return FALSE;
    if (busy)
        pup_edits_set_busy(error, job->room, edit);
    return !busy;
}

/* A new edit, or the one that is there, at rest. */
static gboolean
take_up(const Job *job, PupVirt *virt, PupEdit *edit, gboolean *again, GError **error)
{
    *again = pup_edits_find(job->shop, job->room, edit);
    if (*again && edit->kept && !job->shop->dry_run) {
        if (!commit_kept(job, error))
            return FALSE;
        pup_edit_clear(edit);
        *again = FALSE;
    }
    if (*again)
        return edit->kept || check_at_rest(job, virt, edit, error);
    *edit = (PupEdit){.since_s = g_get_real_time() / G_USEC_PER_SEC,
                      .user = g_strdup(who()),
                      .spice = g_strdup("")};
    return make_overlay(job, error);
}

static gboolean
begin_locked(const Job *job, PupVirt *virt, PupEdit *edit, gboolean *again,
             GError **error)
{
    const PupWorkshop *shop = job->shop;
    g_autoptr(PupRoomProfile) profile = pup_catalog_room(shop->catalog, job->room, error);

    if (!profile || !pup_needs_check_room(shop, job->room, profile, error) ||
        !take_up(job, virt, edit, again, error))
        return FALSE;
    if (shop->dry_run || start_machine(job, virt, profile, edit, error))
        return TRUE;
    /* What was written before stays. */
    if (!*again) {
        unlink(job->overlay);
        pup_file_remove_tree(job->folder);
        pup_virt_end_kept(virt);
    }
    return FALSE;
}

gboolean
pup_edit_begin(const PupWorkshop *shop, PupVirt *virt, const char *room, PupEdit *edit,
               gboolean *again, GError **error)
{
    g_autoptr(PupLock) lock = NULL;
    g_auto(Job) job = job_of(shop, room);
    g_auto(PupEdit) made = {0};

    if (!pup_ident_check("room", room, error))
        return FALSE;
    lock = pup_lock_take(shop->settings, "room", room, error);
    if (!lock || !begin_locked(&job, virt, &made, again, error))
        return FALSE;
    *edit = made;
    made = (PupEdit){0};
    return TRUE;
}

gboolean
pup_edit_wait(const PupWorkshop *shop, PupVirt *virt, const char *room, GError **error)
{
    g_autoptr(GError) why = NULL;
    g_autoptr(PupVirtDomain) domain = find_machine(virt, room, &why);

    if (domain)
        return pup_workbench_wait(domain, shop->cancellable, error);
    if (why)
        g_propagate_error(error, g_steal_pointer(&why));
    else
        pup_error_set(error, PUP_ERROR_NOT_FOUND,
                      "the virtual machine of room '%s' does not run", room);
    return FALSE;
}

/* ---- what was left -------------------------------------------------------------------
 */

/* ROOM of a name BEFORE ROOM AFTER; NULL for another name. New string. */
static char *
room_between(const char *name, const char *before, const char *after)
{
    size_t cut = strlen(before) + strlen(after);
    g_autofree char *room = NULL;

    if (!g_str_has_prefix(name, before) || !g_str_has_suffix(name, after) ||
        strlen(name) <= cut)
        return NULL;
    room = g_strndup(name + strlen(before), strlen(name) - cut);
    return pup_ident_check("room", room, NULL) ? g_steal_pointer(&room) : NULL;
}

static gboolean
sweep_kept(const PupWorkshop *shop, const char *room, PupSweepReport *report,
           GError **error)
{
    g_auto(Job) job = job_of(shop, room);
    g_autoptr(PupLock) lock = pup_lock_take(shop->settings, "room", room, NULL);

    if (!lock || !exists(job.kept))
        return TRUE;
    report->n_files++;
    report->bytes += allocated_bytes(job.kept);
    return shop->dry_run || commit_kept(&job, error);
}

static gboolean
sweep_unfinished(const PupWorkshop *shop, const char *room, const char *path,
                 PupSweepReport *report, GError **error)
{
    g_autoptr(PupLock) lock = pup_lock_take(shop->settings, "room", room, NULL);

    if (!lock || !exists(path))
        return TRUE;
    report->n_files++;
    report->bytes += allocated_bytes(path);
    return shop->dry_run || remove_file(path, error);
}

/* The folder of an edit that ended, or never began. */
static void
sweep_folder(const PupWorkshop *shop, const char *room, PupSweepReport *report)
{
    g_auto(Job) job = job_of(shop, room);
    g_autoptr(PupLock) lock = pup_lock_take(shop->settings, "room", room, NULL);

    if (!lock || exists(job.overlay) || exists(job.kept) || !exists(job.folder))
        return;
    report->n_files++;
    if (!shop->dry_run)
        pup_file_remove_tree(job.folder);
}

gboolean
pup_edit_sweep(const PupWorkshop *shop, PupSweepReport *report, GError **error)
{
    g_autofree char *rooms = pup_settings_path(shop->settings, "images/rooms");
    g_autofree char *run = pup_settings_path(shop->settings, "run");
    g_autoptr(GDir) images = g_dir_open(rooms, 0, NULL);
    g_autoptr(GDir) folders = g_dir_open(run, 0, NULL);
    const char *file;

    while (images && (file = g_dir_read_name(images))) {
        g_autofree char *path = g_build_filename(rooms, file, NULL);
        g_autofree char *kept = room_between(file, ".", ".keep.qcow2");
        g_autofree char *unfinished = room_between(file, "..", ".edit.qcow2.tmp");

        if ((kept && !sweep_kept(shop, kept, report, error)) ||
            (unfinished && !sweep_unfinished(shop, unfinished, path, report, error)))
            return FALSE;
    }
    while (folders && (file = g_dir_read_name(folders))) {
        g_autofree char *room = room_between(file, "edit-", "");
        if (room)
            sweep_folder(shop, room, report);
    }
    return TRUE;
}
