/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "server/image/rename.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "lib/error.h"
#include "lib/failpoint.h"
#include "lib/file.h"
#include "lib/ident.h"
#include "server/catalog/schedules.h"
#include "server/image/edits.h"
#include "server/image/screens.h"
#include "server/image/workshop.h"

#define NOTE_PREFIX "rename-"
/* A name, and its end of line. */
#define NOTE_MAX 64u

typedef struct {
    const PupWorkshop *shop;
    const char *from, *to;
    char *note;
    PupLock *from_lock, *to_lock;
} Rename;

static void
rename_clear(Rename *job)
{
    g_free(job->note);
    pup_lock_free(job->from_lock);
    pup_lock_free(job->to_lock);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Rename, rename_clear)

static gboolean
lock_both(Rename *job, GError **error)
{
    g_autofree char *file = g_strconcat("run/" NOTE_PREFIX, job->from, NULL);

    job->note = pup_settings_path(job->shop->settings, file);
    job->from_lock = pup_edits_lock_room(job->shop, job->from, error);
    job->to_lock = job->from_lock ? pup_edits_lock_room(job->shop, job->to, error) : NULL;
    return job->to_lock != NULL;
}

static gboolean
has_profile(const PupWorkshop *shop, const char *room)
{
    return pup_catalog_has_room(shop->catalog, room, NULL);
}

/* ---- checks --------------------------------------------------------------------------
 */

static gboolean
set_taken(GError **error, const char *room, const char *what)
{
    pup_error_set(error, PUP_ERROR_EXISTS, "the name '%s' is taken: there is %s", room,
                  what);
    return FALSE;
}

static char *
recipe_path(const PupWorkshop *shop, const char *room)
{
    return g_build_filename(shop->settings->recipes_dir, room, NULL);
}

/* Nothing may be there of the new name that would be mixed up with the room's. */
static gboolean
check_free(const Rename *job, GError **error)
{
    const PupWorkshop *shop = job->shop;
    g_autofree char *disk = pup_room_path(shop, job->to);
    g_autofree char *recipe = recipe_path(shop, job->to);
    g_autoptr(GArray) versions =
        pup_store_versions(shop->store, PUP_KIND_ROOM, job->to, error);

    if (!versions)
        return FALSE;
    if (has_profile(shop, job->to))
        return set_taken(error, job->to, "such a room");
    if (access(disk, F_OK) == 0)
        return set_taken(error, job->to, disk);
    if (access(recipe, F_OK) == 0)
        return set_taken(error, job->to, recipe);
    if (versions->len > 0)
        return set_taken(error, job->to, "a version of that name in the store");
    return TRUE;
}

/* A PC that is on asks for the rest of its version, and for its neighbours, by the name
 * that it started with. */
static gboolean
check_seats(const Rename *job, GError **error)
{
    const PupWorkshop *shop = job->shop;
    g_autoptr(GPtrArray) seats = pup_catalog_seats(
        shop->catalog, g_get_real_time() / 1000, shop->settings->poll_s, error);
    g_autoptr(GString) on = g_string_new(NULL);

    if (!seats)
        return FALSE;
    for (guint i = 0; i < seats->len; i++) {
        const PupSeat *seat = g_ptr_array_index(seats, i);
        if (strcmp(seat->room, job->from) == 0 && strcmp(seat->state, "off") != 0)
            g_string_append_printf(on, "%s%s", on->len ? ", " : "",
                                   *seat->seat ? seat->seat : seat->mac);
    }
    if (on->len == 0)
        return TRUE;
    pup_error_set(error, PUP_ERROR_BUSY,
                  "room '%s' cannot be renamed while PCs run from it by that name: "
                  "switch off %s",
                  job->from, on->str);
    return FALSE;
}

static gboolean
check(const Rename *job, GError **error)
{
    const char *unknown = job->shop->settings->default_room;

    if (g_strcmp0(unknown, job->from) == 0) {
        pup_error_set(error, PUP_ERROR_INVALID,
                      "%s gives PCs that no room knows to room '%s': change that first",
                      job->shop->settings->path, job->from);
        return FALSE;
    }
    return pup_catalog_has_room(job->shop->catalog, job->from, error) &&
           check_free(job, error) && check_seats(job, error) &&
           pup_workshop_check_key(job->shop, error);
}

/* ---- what is made before -------------------------------------------------------------
 */

/* The version as it is, of the other room. */
static gboolean
copy_version(const Rename *job, PupStoreWrite *write, unsigned version, GError **error)
{
    const PupWorkshop *shop = job->shop;
    g_autoptr(PupManifest) manifest =
        pup_workshop_manifest(shop, PUP_KIND_ROOM, job->from, version, error);
    g_autoptr(GBytes) text = NULL, signature = NULL;
    char *sig;

    if (!manifest)
        return FALSE;
    g_free(manifest->name);
    manifest->name = g_strdup(job->to);
    text = pup_manifest_format(manifest);
    sig = pup_sign(shop->key, g_bytes_get_data(text, NULL), g_bytes_get_size(text));
    signature = g_bytes_new_take(sig, strlen(sig));
    return pup_store_write_commit(write, PUP_KIND_ROOM, job->to, version, text, signature,
                                  error) &&
           (!pup_store_is_pinned(shop->store, PUP_KIND_ROOM, job->from, version) ||
            pup_store_pin(shop->store, PUP_KIND_ROOM, job->to, version, TRUE, error));
}

/* Ascending, as they were published. */
static gboolean
copy_versions(const Rename *job, const GArray *versions, GError **error)
{
    PupStore *store = job->shop->store;

    for (guint i = 0; i < versions->len; i++) {
        PupStoreWrite *write = pup_store_begin(store, job->shop->cancellable, error);
        gboolean done =
            write &&
            copy_version(job, write, g_array_index(versions, unsigned, i), error);
        if (write)
            pup_store_write_free(write);
        if (!done)
            return FALSE;
    }
    return TRUE;
}

/* The room's name and its canary, where they stand. */
static gboolean
copy_names(const Rename *job, GError **error)
{
    PupStore *store = job->shop->store;
    PupCanary canary = {0};
    unsigned current = pup_store_current(store, PUP_KIND_ROOM, job->from, error);

    return current > 0 &&
           pup_store_set_current(store, PUP_KIND_ROOM, job->to, current, error) &&
           pup_store_canary(store, job->from, &canary, error) &&
           (canary.version == 0 || pup_store_set_canary(store, job->to, &canary, error));
}

static gboolean
link_disk(const Rename *job, GError **error)
{
    g_autofree char *from = pup_room_path(job->shop, job->from);
    g_autofree char *to = pup_room_path(job->shop, job->to);
    g_autofree char *folder = g_path_get_dirname(to);

    if (access(from, F_OK) < 0 && errno == ENOENT)
        return TRUE; /* as after a removal that was cut short */
    if (link(from, to) == 0)
        return pup_file_sync_dir(folder, error);
    pup_error_set_errno(error, errno, "cannot give '%s' the name '%s'", from, to);
    return FALSE;
}

static gboolean
prepare(const Rename *job, const GArray *versions, GError **error)
{
    g_autofree char *text = g_strconcat(job->to, "\n", NULL);

    return pup_file_replace(job->note, text, strlen(text), 0644, error) &&
           pup_failpoint("rename-begun", error) && copy_versions(job, versions, error) &&
           (versions->len == 0 || copy_names(job, error)) &&
           pup_failpoint("rename-stored", error) && link_disk(job, error) &&
           pup_failpoint("rename-linked", error);
}

/* ---- what follows, or is taken back --------------------------------------------------
 */

/* What is not there needs no removal. */
static gboolean
drop_versions(const PupWorkshop *shop, const char *room, GError **error)
{
    g_autoptr(GError) why = NULL;

    if (pup_store_remove(shop->store, PUP_KIND_ROOM, room, &why) ||
        g_error_matches(why, PUP_ERROR, PUP_ERROR_NOT_FOUND))
        return TRUE;
    g_propagate_error(error, g_steal_pointer(&why));
    return FALSE;
}

/* Forget @room's part of what both have, and the note. */
static gboolean
drop(const Rename *job, const char *room, GError **error)
{
    g_autofree char *disk = pup_room_path(job->shop, room);

    if (!drop_versions(job->shop, room, error))
        return FALSE;
    if ((unlink(disk) < 0 && errno != ENOENT) ||
        (unlink(job->note) < 0 && errno != ENOENT)) {
        pup_error_set_errno(error, errno, "cannot remove '%s' or '%s'", disk, job->note);
        return FALSE;
    }
    pup_workshop_show_pools(job->shop);
    return pup_failpoint("rename-done", error);
}

/* Move a file or folder that may not be there, or was moved before. */
static gboolean
move(const char *from, const char *to, GError **error)
{
    if (access(from, F_OK) < 0 || rename(from, to) == 0)
        return TRUE;
    pup_error_set_errno(error, errno, "cannot move '%s' to '%s'", from, to);
    return FALSE;
}

/* @format: a path in the state folder, with '*' for the room's name. */
static gboolean
move_state(const Rename *job, const char *format, GError **error)
{
    g_auto(GStrv) parts = g_strsplit(format, "*", 2);
    g_autofree char *from_sub = g_strconcat(parts[0], job->from, parts[1], NULL);
    g_autofree char *to_sub = g_strconcat(parts[0], job->to, parts[1], NULL);
    g_autofree char *from = pup_settings_path(job->shop->settings, from_sub);
    g_autofree char *to = pup_settings_path(job->shop->settings, to_sub);

    return move(from, to, error);
}

static gboolean
move_screens(const Rename *job, GError **error)
{
    g_autoptr(GArray) versions =
        pup_store_versions(job->shop->store, PUP_KIND_ROOM, job->to, error);

    for (guint i = 0; versions && i < versions->len; i++) {
        unsigned version = g_array_index(versions, unsigned, i);
        g_autofree char *from = pup_screen_path(job->shop, job->from, version);
        g_autofree char *to = pup_screen_path(job->shop, job->to, version);
        if (!move(from, to, error))
            return FALSE;
    }
    return versions != NULL;
}

/* What `room edit` kept of an edit that was refused. */
static gboolean
move_refused(const Rename *job, GError **error)
{
    g_autofree char *from_conf = pup_catalog_room_path(job->shop->catalog, job->from);
    g_autofree char *to_conf = pup_catalog_room_path(job->shop->catalog, job->to);
    g_autofree char *from = g_strconcat(from_conf, ".refused", NULL);
    g_autofree char *to = g_strconcat(to_conf, ".refused", NULL);

    return move(from, to, error);
}

/* The profile has the new name. */
static gboolean
finish(const Rename *job, GError **error)
{
    g_autofree char *from_recipe = recipe_path(job->shop, job->from);
    g_autofree char *to_recipe = recipe_path(job->shop, job->to);

    return move_refused(job, error) && move_state(job, "profiles/*.conf", error) &&
           pup_catalog_room_moved(job->shop->catalog, job->from, job->to, error) &&
           pup_failpoint("rename-told", error) && move(from_recipe, to_recipe, error) &&
           move_state(job, "boot-profiles/*", error) &&
           move_state(job, "logs/regenerate-*.log", error) &&
           move_state(job, "logs/regenerate-*.png", error) && move_screens(job, error) &&
           pup_failpoint("rename-followed", error) && drop(job, job->from, error);
}

/* A note is there: @job->to is what it says. */
static gboolean
settle(const Rename *job, GError **error)
{
    if (has_profile(job->shop, job->from))
        return drop(job, job->to, error);
    return finish(job, error);
}

/* The name that an interrupted rename of @from was about to give; NULL: there is none. */
static char *
read_note(const PupWorkshop *shop, const char *from)
{
    g_autofree char *file = g_strconcat("run/" NOTE_PREFIX, from, NULL);
    g_autofree char *path = pup_settings_path(shop->settings, file);
    g_autoptr(GBytes) bytes = pup_file_read(path, NOTE_MAX, NULL);
    g_autofree char *to = NULL;

    if (!bytes)
        return NULL;
    to = g_strchomp(g_strndup(g_bytes_get_data(bytes, NULL), g_bytes_get_size(bytes)));
    return pup_ident_check("room", to, NULL) ? g_steal_pointer(&to) : NULL;
}

static gboolean
settle_note(const PupWorkshop *shop, const char *from, const char *to, GError **error)
{
    g_auto(Rename) job = {.shop = shop, .from = from, .to = to};

    return lock_both(&job, error) && settle(&job, error);
}

/* ---- the whole -----------------------------------------------------------------------
 */

static gboolean
tell(const Rename *job, const GArray *versions, PupRename *report, GError **error)
{
    g_autofree char *recipe = recipe_path(job->shop, job->from);
    g_autoptr(GArray) schedules =
        pup_catalog_schedules(job->shop->catalog, job->from, error);

    if (!schedules)
        return FALSE;
    report->n_versions = versions->len;
    report->n_schedules = schedules->len;
    report->has_recipe = access(recipe, F_OK) == 0;
    return TRUE;
}

static gboolean
run(const Rename *job, PupRename *report, GError **error)
{
    const PupWorkshop *shop = job->shop;
    g_autoptr(GArray) versions = NULL;

    if (!check(job, error))
        return FALSE;
    versions = pup_store_versions(shop->store, PUP_KIND_ROOM, job->from, error);
    if (!versions || !tell(job, versions, report, error))
        return FALSE;
    if (shop->dry_run)
        return TRUE;
    if (!prepare(job, versions, error) ||
        !pup_catalog_room_rename(shop->catalog, job->from, job->to, error)) {
        settle(job, NULL);
        return FALSE;
    }
    return pup_failpoint("rename-committed", error) && finish(job, error);
}

gboolean
pup_room_rename(const PupWorkshop *shop, const char *from, const char *to,
                PupRename *report, GError **error)
{
    g_auto(Rename) job = {.shop = shop, .from = from, .to = to};
    g_autofree char *begun = NULL;

    if (!pup_ident_check("room", from, error) || !pup_ident_check("room", to, error))
        return FALSE;
    if (strcmp(from, to) == 0) {
        pup_error_set(error, PUP_ERROR_INVALID, "room '%s' has that name already", from);
        return FALSE;
    }
    begun = shop->dry_run ? NULL : read_note(shop, from);
    if (begun && !settle_note(shop, from, begun, error))
        return FALSE;
    if (begun && strcmp(begun, to) == 0 && has_profile(shop, to) &&
        !has_profile(shop, from))
        return TRUE;
    return lock_both(&job, error) && run(&job, report, error);
}

char *
pup_rename_begun(const PupWorkshop *shop, const char *from)
{
    return read_note(shop, from);
}

gboolean
pup_rename_sweep(const PupWorkshop *shop, unsigned *n_files, GError **error)
{
    g_autofree char *folder = pup_settings_path(shop->settings, "run");
    g_autoptr(GDir) dir = g_dir_open(folder, 0, NULL);
    const char *file;

    while (dir && (file = g_dir_read_name(dir))) {
        const char *from = file + strlen(NOTE_PREFIX);
        g_autofree char *to =
            g_str_has_prefix(file, NOTE_PREFIX) && pup_ident_check("room", from, NULL)
                ? read_note(shop, from)
                : NULL;
        g_autoptr(GError) why = NULL;
        if (!to)
            continue;
        if (!shop->dry_run && !settle_note(shop, from, to, &why)) {
            g_autoptr(GError) trouble = pup_catalog_trouble(shop->catalog);
            if (trouble || g_error_matches(why, PUP_ERROR, PUP_ERROR_BUSY))
                continue;
            g_propagate_error(error, g_steal_pointer(&why));
            return FALSE;
        }
        (*n_files)++;
    }
    return TRUE;
}
